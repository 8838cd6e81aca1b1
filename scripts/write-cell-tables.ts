import { writeFileSync } from 'node:fs';
import { cellDocument } from '../test/cells/support/cell-document.ts';

/** Writes `docs/cells.md` anew: `npx tsx scripts/write-cell-tables.ts`, after a change in `test/cells/tables`. */
writeFileSync(new URL('../docs/cells.md', import.meta.url), cellDocument());
