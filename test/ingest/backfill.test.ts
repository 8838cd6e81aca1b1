import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { ingestPaths } from '../../src/ingest/delivery/paths/ingest-paths.ts';
import { pathFiles } from '../../src/ingest/delivery/paths/path-files.ts';
import { casesFile } from './support/drop.ts';
import { catalogue, exportFile, useFeed } from './support/feed.ts';

describe('Backfill', () => {
  const feed = useFeed();

  it('tries files in the order of what they speak of, whatever the order of names, folders and times on disk', async () => {
    const at = (name: string, minute: number): string => feed().write(`order/${name}`, gzipSync(name), minute);
    at('z/raw-cases-1750000000.csv', 9);
    at('a/raw-cases-1760000000.csv.gz', 1);
    at('m/raw-cases-1740000000.csv', 5);
    at('sparkcentral/topic/org_topic_01012026000000_31012026000000_1.csv', 7);
    at('b/no-time.csv', 3);
    const { files } = await pathFiles(catalogue, [path.join(feed().folder, 'order'), at('b/no-time.csv', 3)]);
    assert.deepEqual(
      files.map(({ path: file }) => path.basename(file).slice(0, 20)),
      ['raw-cases-1740000000', 'raw-cases-1750000000', 'raw-cases-1760000000', 'no-time.csv', 'org_topic_0101202600'],
    );
  });

  it('a run that was cut off goes on where it ended; a file rewritten with its length and time is read', async () => {
    const files = [casesFile(2), casesFile(2), casesFile(2)];
    const paths = files.map(({ name, text }) => feed().write(`resume/${name}`, text));
    const folder = path.join(feed().folder, 'resume');
    const context = { catalogue, database: feed().database };
    for await (const { state } of ingestPaths(context, [folder], { resumes: true })) {
      assert.equal(state, 'loaded');
      break;
    }
    const states = async (options = {}): Promise<readonly string[]> => {
      const found: string[] = [];
      for await (const { state } of ingestPaths(context, [folder], { resumes: true, ...options })) {
        found.push(state);
      }
      return found;
    };
    assert.deepEqual(await states(), ['known', 'loaded', 'loaded']);
    const [path0 = '', path1 = ''] = paths;
    feed().write(`resume/${path.basename(path1)}`, files[1]?.text.replace(/,(?=\n)/, ';') ?? '');
    feed().write(
      `resume/${path.basename(path0)}`,
      exportFile('tracebuzz/cases', [{ CaseId: 1 }]).padEnd(files[0]?.text.length ?? 0, ' '),
    );
    assert.equal((await states()).filter((state) => state === 'known').length, 1);
    utimesSync(paths[2] ?? '', new Date(), new Date());
    assert.equal((await states()).at(-1), 'duplicate', 'other times are a reason to look');
    assert.ok(!(await states({ source: 'tracebuzz', again: true })).includes('known'));
    assert.ok((await states({ source: 'tracebuzz' })).includes('known'));
  });
});
