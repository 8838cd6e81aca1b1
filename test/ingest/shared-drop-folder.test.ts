import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { DropFolder } from '../../src/ingest/delivery/folder/drop-folder.ts';
import type { IngestEvent } from '../../src/observation/events/ingest.ts';
import { until } from '../support/until.ts';
import { casesFile, drops } from './support/drop.ts';
import { useFeed } from './support/feed.ts';
import { zipOf } from './support/zips.ts';

describe('A drop folder that several gateways share', () => {
  const feed = useFeed();
  const make = drops(feed);
  const gateway = (folder: string, observe: (one: IngestEvent) => void = () => {}): DropFolder =>
    new DropFolder(feed(), folder, { settle: 0, minimumAge: 0, observe });
  /** State of every row that the ledger has of these paths, members of containers included. */
  const ledger = async (...paths: readonly string[]): Promise<readonly string[]> => {
    const rows = await feed().rows<{ path: string; state: string }>(
      'SELECT path, state FROM gateway.load ORDER BY load_id',
    );
    return rows
      .filter(({ path }) => paths.some((one) => path === one || path.startsWith(`${one}/`)))
      .map(({ path, state }) => `${path} ${state}`);
  };

  it('three gateways take each file in once, put all away, tell nothing, and the ledger has one row of each', async () => {
    const drop = make();
    const files = Array.from({ length: 6 }, () => casesFile(2));
    for (const { name, text } of files) {
      drop.write(name, text);
    }
    drop.write('nobody.csv', 'a,b\n1,2\n');
    const packed = casesFile(2);
    writeFileSync(drop.at('packed.zip'), zipOf([{ name: packed.name, text: packed.text }]));
    const notices: string[] = [];
    const observe = (one: IngestEvent): void => {
      if (one.event === 'drop-folder' || one.event === 'not-settled') {
        notices.push(JSON.stringify(one));
      }
    };
    const gateways = [1, 2, 3].map(() => gateway(drop.folder, observe));
    const taken: string[] = [];
    for (let round = 0; round < 2; round++) {
      for (const { results } of await Promise.all(gateways.map((one) => one.scan()))) {
        taken.push(...results.map(({ state }) => state));
      }
    }
    assert.deepEqual(notices, []);
    assert.deepEqual(taken.sort(), [...files.map(() => 'loaded'), 'refused', 'unpacked']);
    assert.deepEqual(readdirSync(drop.at('loaded')).sort(), [...files.map(({ name }) => name), 'packed.zip'].sort());
    assert.deepEqual(readdirSync(drop.at('refused')).sort(), ['nobody.csv', 'nobody.csv.reason.txt']);
    assert.deepEqual(
      (await ledger(...files.map(({ name }) => name), 'nobody.csv', 'packed.zip')).toSorted(),
      [
        ...files.map(({ name }) => `${name} loaded`),
        'nobody.csv refused',
        `packed.zip unpacked`,
        `packed.zip/${packed.name} loaded`,
      ].sort(),
    );
  });

  it('a file that another gateway has in hand is left alone without a wait or a word', async () => {
    const drop = make();
    const { name, text } = casesFile(2);
    const other = casesFile(1);
    drop.write(name, text);
    const begun: string[] = [];
    const first = gateway(drop.folder, (one) => void (one.event === 'load-step' && begun.push(one.step)));
    const scanning = await feed().database.transaction(async (transaction) => {
      // As another load of its set does.
      await transaction.query('LOCK TABLE feed."TracebuzzCases" IN ACCESS EXCLUSIVE MODE');
      const scan = first.scan();
      await until('the first gateway has the file in hand', () => begun.includes('identified'));
      drop.write('nobody.csv', 'a,b\n1,2\n');
      const { results } = await gateway(drop.folder).scan();
      assert.deepEqual(
        results.map(({ state, movedTo }) => [state, movedTo]),
        [['refused', drop.at('refused', 'nobody.csv')]],
        'others are taken in meanwhile',
      );
      assert.ok(existsSync(drop.at(name)));
      return { scan };
    });
    assert.deepEqual(
      (await scanning.scan).results.map(({ state }) => state),
      ['loaded'],
    );
    drop.write(other.name, other.text);
    assert.deepEqual(
      (await gateway(drop.folder).scan()).results.map(({ state }) => state),
      ['loaded'],
    );
    assert.deepEqual(await ledger(name, other.name), [`${name} loaded`, `${other.name} loaded`]);
  });

  it('what a gateway had in hand that was killed, or lost its connection, the next round of another one takes', async () => {
    const drop = make();
    const { name, text } = casesFile(2);
    drop.write(name, text);
    const begun: string[] = [];
    const lost = gateway(drop.folder, (one) => void (one.event === 'load-step' && begun.push(one.step)));
    await feed().database.transaction(async (transaction) => {
      await transaction.query('LOCK TABLE feed."TracebuzzCases" IN ACCESS EXCLUSIVE MODE');
      const scan = lost.scan().catch(() => null);
      await until('it has the file in hand', () => begun.includes('identified'));
      // All of its connections, as when its machine goes away.
      await transaction.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      await scan;
    });
    assert.ok(existsSync(drop.at(name)));
    assert.deepEqual(
      (await gateway(drop.folder).scan()).results.map(({ state }) => state),
      ['loaded'],
    );
    assert.deepEqual(await ledger(name), [`${name} loaded`]);
  });

  it('a file that goes away while it is read is no failure of the program: nothing is noted', async () => {
    const drop = make();
    const { name, text } = casesFile(2);
    drop.write(name, text);
    const scan = await gateway(drop.folder, (one) => {
      if (one.event === 'load-step' && one.step === 'identified') {
        rmSync(drop.at(name));
      }
    }).scan();
    assert.deepEqual(
      scan.results.map((one) => [one.state, 'error' in one && one.error.code]),
      [['failed', 'FileUnreadable']],
    );
    assert.deepEqual(await ledger(name), []);
    drop.write(name, text);
    assert.deepEqual(
      (await gateway(drop.folder).scan()).results.map(({ state }) => state),
      ['loaded'],
    );
  });

  it('a file that changed after it was put away is noted once, and taken in again once', async () => {
    const drop = make();
    const { name, text } = casesFile(3);
    const half = text.slice(0, text.indexOf('\n', text.indexOf('\n') + 1) + 1);
    drop.write(name, half);
    const gateways = [1, 2, 3].map(() => gateway(drop.folder));
    const scanAll = () => Promise.all(gateways.map((one) => one.scan()));
    await scanAll();
    appendFileSync(drop.at('loaded', name), text.slice(half.length));
    await scanAll();
    await scanAll();
    await scanAll();
    assert.deepEqual(await ledger(name), [`${name} loaded`, `${name} failed`, `${name} loaded`]);
  });
});
