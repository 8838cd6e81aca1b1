import { requireCatalogue } from '../../../src/catalogue/read-metadata.ts';
import { loadFile } from '../../../src/ingest/load/load-file.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { withoutUnified } from '../../support/without-unified.ts';

/** Loads one file and says when half of it was read; the test kills this process then. */
const [, , connection = '', path = ''] = process.argv;
const database = await openDatabase({ connection });
const catalogue = withoutUnified(requireCatalogue('metadata', {}));
let said = false;
await loadFile({ catalogue, database }, path, {
  observe: (one) => {
    if (said || one.event !== 'load-progress' || one.bytes * 2 < one.totalBytes) {
      return;
    }
    said = true;
    process.stdout.write('halfway\n');
    // Holds the load open until the signal comes.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5000);
  },
});
