import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { loadFile } from '../../../src/ingest/load/load-file.ts';
import { replayRejects } from '../../../src/ingest/load/replay-rejects.ts';
import { rebuildSets } from '../../../src/ingest/rebuild/rebuild-sets.ts';
import type { Feed } from './feed.ts';
import { loadPartial, modes, type PartialExport, type PartialFile } from './random-columns.ts';
import { mended, servedRows } from './random-files.ts';

/** As `mended`, but some keys are null words: their rows are rejected. */
const keyless: Catalogue = {
  ...mended,
  exports: mended.exports.map((one) => ({
    ...one,
    files: { ...one.files, nullTokens: [...one.files.nullTokens, 'm2', 'q', 'v', '3', '2026-01-02'] },
  })),
};

const served = async (feed: Feed, of: PartialExport) => {
  const found = [];
  for (const set of of.sets) {
    found.push(await servedRows(feed, set));
  }
  return found;
};

/** A row of nothing but a null word would be blank. */
const told = (files: readonly PartialFile[]): readonly PartialFile[] =>
  files.map((file) => ({
    ...file,
    columns: [...file.columns, 'Z'],
    rows: file.rows.map((row) => ({ ...row, Z: 'z' })),
  }));

/** What happens to files with some of their columns after they were loaded with metadata that rejected rows. */
const ways: Readonly<
  Record<string, (feed: Feed, of: PartialExport, files: readonly PartialFile[]) => Promise<unknown>>
> = {
  'a replay': ({ database }) => replayRejects({ catalogue: mended, database }),
  'ingest --again': async ({ database, folder }, { name }, files) => {
    const [source = '', short = ''] = name.split('/');
    for (const file of [...files].reverse()) {
      const period = short.endsWith('-metrics') ? { period: '2026-01-01..2026-01-02' } : {};
      const options = { source, export: short, force: true, again: true, ...period };
      const result = await loadFile({ catalogue: mended, database }, `${folder}/${short} ${file.name}.csv`, options);
      equal(result.state, 'loaded');
    }
  },
  'a rebuild': ({ database }, { sets }) =>
    rebuildSets({ database, catalogue: mended, sets: sets.slice(0, 1), folders: [] }),
};

/**
 * One test for each way and write mode: files loaded under metadata that rejects rows of some keys, then made good, give what they give
 * when all rows were good from the start.
 */
export function anewProperty(
  feed: () => Feed,
  arrivals: (of: PartialExport, most: number) => fc.Arbitrary<readonly (readonly PartialFile[])[]>,
  { numRuns, most: mostFiles }: { readonly numRuns: number; readonly most: number },
): void {
  for (const [way, go] of Object.entries(ways)) {
    for (const of of modes) {
      // Of a period whose newest file stated a row that was rejected, the older files' rows have no place until that row is in.
      if (way === 'ingest --again' && of.title === 'restate by the period of the file') {
        continue;
      }
      // Which rows a file held before its rejects are replayed is not known where newer ones stated them, see docs/decisions.md.
      const replacing = /^(restate|delete-insert)/.test(of.title);
      const most = way === 'a replay' && replacing ? 2 : mostFiles;
      it(`${way}: ${of.title}`, async function () {
        this.timeout(7_200_000);
        await fc.assert(
          fc.asyncProperty(arrivals(of, most), async (given) => {
            const [files = [], shuffled = []] = given.map(told);
            await loadPartial(feed(), of, files);
            const expected = await served(feed(), of);
            await loadPartial(feed(), of, shuffled, keyless);
            await go(feed(), of, shuffled);
            equal((await feed().rows(`SELECT FROM gateway.reject WHERE state = 'open'`)).length, 0);
            deepEqual(await served(feed(), of), expected);
          }),
          { numRuns },
        );
      });
    }
  }
}
