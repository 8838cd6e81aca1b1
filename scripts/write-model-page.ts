import { writeFileSync } from 'node:fs';
import { requireCatalogue } from '../src/catalogue/read-metadata.ts';
import { modelPage } from '../src/unify/model-page.ts';

/** Writes docs/model.md from metadata/. */
writeFileSync('docs/model.md', modelPage(requireCatalogue('metadata', {})));
