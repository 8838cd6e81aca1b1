import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scanDropFolder } from '../../src/ingest/delivery/folder/drop-folder.ts';
import { replayRejects } from '../../src/ingest/load/replay-rejects.ts';
import { catalogue, exportFile, useFeed } from './support/feed.ts';
import { ingestAll } from './support/ingest-all.ts';

describe('Drop folder', () => {
  const feed = useFeed();
  const drop = () => join(feed().folder, 'drop');
  const put = (below: string, text: string) => feed().write(join('drop', below), text);
  const scan = () => scanDropFolder(feed(), drop(), { settle: 20 });

  it('loads, refuses with a reason, leaves unfinished uploads alone, takes the source from the folder', async () => {
    put('raw-cases-1750000000.csv', exportFile('tracebuzz/cases', [{ CaseId: 1 }]));
    put('nobody.csv', 'a,b\n1,2\n');
    put('raw-cases-1750000001.csv.part', 'Id\n');
    put('.hidden', 'x');
    put(
      'hootsuite-inbox/teams.csv',
      exportFile('hootsuite-inbox/contact-attributes', [{ ContactProfileId: 'p', AttributeId: '1' }]),
    );
    const { results } = await scan();
    deepEqual(results.map((one) => one.state).sort(), ['loaded', 'loaded', 'refused']);
    ok(existsSync(join(drop(), 'loaded', 'raw-cases-1750000000.csv')));
    ok(existsSync(join(drop(), 'loaded', 'hootsuite-inbox', 'teams.csv')));
    ok(existsSync(join(drop(), 'raw-cases-1750000001.csv.part')));
    match(
      readFileSync(join(drop(), 'refused', 'nobody.csv.reason.txt'), 'utf8'),
      /^FileUnknown\n\nnobody\.csv is no known export[\s\S]*\n\nWhat to do: .*gateway draft FILE --source NAME/,
    );
    equal((await feed().rows('SELECT 1 FROM feed."HootsuiteInboxContactAttributes"')).length, 1);
    deepEqual((await scan()).results, []);
    const paths = await feed().rows<{ path: string }>('SELECT path FROM gateway.load ORDER BY 1');
    deepEqual(
      paths.map((row) => row.path),
      ['hootsuite-inbox/teams.csv', 'nobody.csv', 'raw-cases-1750000000.csv'],
    );
  });

  it('keeps both files when a name comes again, one where their bytes are the same, and moves one that was loaded but not moved before a crash', async () => {
    const text = exportFile('tracebuzz/cases', [{ CaseId: 2 }]);
    put('raw-cases-1750000000.csv', text);
    equal((await scan()).results[0]?.state, 'loaded');
    ok(existsSync(join(drop(), 'loaded', 'raw-cases-1750000000 (2).csv')));
    put('raw-cases-1750000000.csv', text);
    equal((await scan()).results[0]?.state, 'duplicate');
    deepEqual(
      readdirSync(drop()).filter((name) => name.endsWith('.csv')),
      [],
    );
    // The same bytes lie there under this name already.
    deepEqual(
      readdirSync(join(drop(), 'loaded'))
        .filter((name) => name.startsWith('raw-cases-1750000000'))
        .sort(),
      ['raw-cases-1750000000 (2).csv', 'raw-cases-1750000000.csv'],
    );
    for (let time = 0; time < 2; time++) {
      put('nobody.csv', readFileSync(join(drop(), 'refused', 'nobody.csv'), 'utf8'));
      const { results } = await scan();
      deepEqual([results[0]?.state, results[0]?.movedTo], ['refused', join(drop(), 'refused', 'nobody.csv')]);
    }
    deepEqual(
      readdirSync(join(drop(), 'refused'))
        .filter((name) => name.startsWith('nobody'))
        .sort(),
      ['nobody.csv', 'nobody.csv.reason.txt'],
    );
  });

  it('moves a file that was loaded by hand as what somebody said it is', async () => {
    const both = { ContactProfileId: 'by-hand', AttributeId: '1' };
    put('whose.csv', exportFile('hootsuite-inbox/contact-attributes', [both]));
    const [byHand] = await ingestAll(feed(), [join(drop(), 'whose.csv')], { source: 'sparkcentral' });
    equal(byHand?.state, 'loaded');
    deepEqual(
      (await scan()).results.map(({ state, movedTo }) => [state, movedTo]),
      [['duplicate', join(drop(), 'loaded', 'whose.csv')]],
    );
    deepEqual(await feed().rows(`SELECT state FROM gateway.load WHERE path = 'whose.csv' AND state = 'refused'`), []);
  });

  it('waits for a file that grows between two looks', async () => {
    const path = put('raw-cases-1750000009.csv', exportFile('tracebuzz/cases', [{ CaseId: 3 }]));
    const scanning = scanDropFolder(feed(), drop(), { settle: 200 });
    const growing = setInterval(() => appendFileSync(path, '4\n'), 5);
    const { unfinished } = await scanning.finally(() => clearInterval(growing));
    deepEqual(unfinished, [path]);
    ok(existsSync(path));
    equal((await scan()).results.length, 1);
  });

  it('loads folders and files named on the command line and leaves them where they are', async () => {
    const folder = join(feed().folder, 'given');
    mkdirSync(folder);
    writeFileSync(join(folder, 'raw-cases-1750000500.csv'), exportFile('tracebuzz/cases', [{ CaseId: 50 }]));
    writeFileSync(join(folder, 'odd.csv'), 'x\n');
    const results = await ingestAll(feed(), [folder, join(folder, 'missing.csv')]);
    deepEqual(
      results.map((one) => one.state),
      ['refused', 'loaded', 'failed'].sort((a, b) => order(results, a) - order(results, b)),
    );
    ok(existsSync(join(folder, 'raw-cases-1750000500.csv')));
  });
});

const order = (results: readonly { readonly state: string }[], state: string): number =>
  results.findIndex((one) => one.state === state);

describe('Replay of rejected rows', () => {
  const feed = useFeed();

  it('merges the rows that pass after the metadata was corrected, with the counts of their load', async () => {
    const text = exportFile('tracebuzz/cases', [
      { CaseId: 1 },
      { CaseId: 2, ReasonLabelId: 'seven' },
      { CaseId: 3, ClosedAt: 'never' },
    ]);
    const first = await feed().load('raw-cases-1750000000.csv', text);
    equal(first.state === 'loaded' && first.counts.rejected, 2);
    deepEqual(
      (await replayRejects(feed())).map((one) => one.replayed),
      [0],
    );
    const corrected = {
      ...catalogue,
      exports: catalogue.exports.map((one) =>
        one.set === 'TracebuzzCases'
          ? { ...one, files: { ...one.files, nullTokens: [...one.files.nullTokens, 'never'] } }
          : one,
      ),
    };
    const [result] = await replayRejects({ catalogue: corrected, database: feed().database });
    deepEqual([result?.tried, result?.replayed], [2, 1]);
    deepEqual(
      (await feed().rows<{ id: string }>('SELECT "CaseId"::text AS id FROM feed."TracebuzzCases" ORDER BY 1')).map(
        (row) => row.id,
      ),
      ['1', '3'],
    );
    deepEqual(
      await feed().rows(
        'SELECT rows_read::int AS r, rows_inserted::int AS i, rows_rejected::int AS x FROM gateway.load',
      ),
      [{ r: 3, i: 2, x: 1 }].map((row) => ({ ...row })),
    );
    deepEqual(
      (await feed().rows('SELECT state FROM gateway.reject ORDER BY line')).map((row) => row['state']),
      ['open', 'replayed'],
    );
  });
});

describe('A load that is killed', () => {
  const feed = useFeed();

  it('leaves nothing behind and loads whole afterwards', async () => {
    const rows = Array.from({ length: 60_000 }, (_, index) => ({ CaseId: index + 1, ExternalId: `case ${index}` }));
    const path = feed().write('raw-cases-1750000000.csv', exportFile('tracebuzz/cases', rows));
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'test/ingest/support/load-child.ts', feed().connectionString, path],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const exited = new Promise((resolve) => child.once('exit', resolve));
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (text: Buffer) => text.includes('halfway') && resolve());
      child.once('exit', () => reject(new Error('the child ended before it was killed')));
    });
    child.kill('SIGKILL');
    await exited;
    equal((await feed().rows('SELECT 1 FROM gateway.load')).length, 0);
    equal((await feed().rows('SELECT 1 FROM feed."TracebuzzCases" LIMIT 1')).length, 0);
    const [result] = await ingestAll(feed(), [path]);
    equal(result?.state === 'loaded' && result.counts.inserted, 60_000);
    deepEqual(
      await feed().rows(
        'SELECT count(*)::text AS n, version::text AS v FROM feed."TracebuzzCases", gateway.set_versions WHERE entity_set = \'TracebuzzCases\' GROUP BY 2',
      ),
      [{ n: '60000', v: '1' }],
    );
  });
});
