import { writeFileSync } from 'node:fs';
import { cellDocument } from '../test/ingest/support/cell-document.ts';

/** Writes `docs/cells.md` anew: `npx tsx scripts/write-cell-tables.ts`, after a change in `test/ingest/cells`. */
writeFileSync(new URL('../docs/cells.md', import.meta.url), cellDocument());
