import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Database } from '../../src/warehouse/database.ts';
import { confirmingFiles } from '../ingest/support/confirming-files.ts';
import { type Feed, useFeed } from '../ingest/support/feed.ts';
import { loadPartial, modes, type PartialExport } from '../ingest/support/random-columns.ts';
import { servedRows } from '../ingest/support/random-files.ts';
import { runs } from '../support/runs.ts';
import { asDistributed } from './support/as-distributed.ts';

/** Loads that leave to a worker what becomes of rows, beside loads that do not. */
describe('What a worker decides of rows', () => {
  const feed = useFeed();

  /** What is served, how new each row is and by which file, and what the ledger says of each file. */
  async function state({ rows }: Feed, of: PartialExport): Promise<unknown> {
    const served = await Promise.all(of.sets.map((set) => servedRows(feed(), set)));
    const [set = ''] = of.sets;
    const key = of.key.map((name) => `t."${name}"::text`).join(', ');
    const newness = await rows(
      `SELECT ${key}, t._stamp::text, l.file_name, t._version::text FROM feed."${set}" t JOIN gateway.load l ON l.load_id = coalesce(t._place >> 31, t._load_id) ORDER BY ${key}`,
    );
    const ledger = await rows(
      `SELECT file_name, rows_read, rows_inserted, rows_updated, rows_unchanged, rows_duplicate, rows_removed FROM gateway.load WHERE state = 'loaded' ORDER BY 1`,
    );
    const noted = await rows(
      'SELECT l.file_name, c.cell, c.line FROM gateway.confirmation c JOIN gateway.load l USING (load_id) ORDER BY 1, 2, 3',
    );
    return { served, newness: relative(newness), ledger, noted };
  }

  for (const of of modes) {
    it(`is what the gateway decides: ${of.title}`, async () => {
      let asked = 0;
      const tell = (text: string): void => {
        asked +=
          / LATERAL \(SELECT \* FROM "feed"\."\w+" k WHERE .* OFFSET 0\) t .* OFFSET 0\) m ON m\._line = s\._line/.test(
            text,
          )
            ? 1
            : 0;
      };
      await fc.assert(
        fc.asyncProperty(confirmingFiles(of, 5), async (files) => {
          const loaded = async (database: Database) => {
            const on = { ...feed(), database };
            await loadPartial(on, of, files);
            return state(on, of);
          };
          const here = await loaded(asDistributed(feed().database, false));
          assert.equal(asked, 0);
          assert.deepEqual(await loaded(asDistributed(feed().database, true, tell)), here);
          assert.ok(asked > 0);
          asked = 0;
        }),
        { numRuns: runs(1) },
      );
    });
  }
});

/** Versions go on from one run to the next. */
function relative(rows: readonly Readonly<Record<string, unknown>>[]): readonly unknown[] {
  const least = Math.min(...rows.map(({ _version: version }) => Number(version)));
  return rows.map((row) => ({ ...row, _version: Number(row['_version']) - least }));
}
