import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import path from 'node:path';
import { deliveryStates } from '../../src/ingest/ledger/delivery-rounds.ts';
import { DeliveryRounds } from '../../src/ingest/remote/delivery-rounds.ts';
import type { IngestEvent } from '../../src/observation/events/ingest.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { type OwnFtp, ownFtp } from '../support/servers/own-ftp.ts';
import { casesFile } from './support/drop.ts';
import { exportFile, useFeed } from './support/feed.ts';
import { password, roundsOf, serverFolder, settingsOf, upload, user } from './support/remote.ts';

describe('rounds of a delivery', () => {
  const feed = useFeed();
  let root: string;
  let ftp: OwnFtp;
  let events: IngestEvent[];
  let count = 0;
  beforeEach(async () => {
    root = serverFolder();
    ftp = await ownFtp({ root, user, password });
    events = [];
    count += 1;
  });
  afterEach(() => ftp.close());
  const settings = () =>
    settingsOf({ id: `tracebuzz/round-${count}`, protocol: 'ftp', port: ftp.port, directory: 'in' });
  const rounds = (environment: Record<string, string> = { TEST_PASSWORD: password }, database = feed().database) =>
    new DeliveryRounds({ catalogue: feed().catalogue, database }, settings(), {
      ...{ environment, keepIn: null, delays: [5, 10], observe: (event: IngestEvent) => events.push(event) },
    });
  const stateNow = async () =>
    (await deliveryStates(feed().database)).find(({ delivery }) => delivery === settings().id);
  const failures = () => events.flatMap((event) => (event.event === 'delivery-failed' ? [event] : []));

  it('three gateways at one server: one asks at a time, and nothing is loaded twice', async () => {
    const files = Array.from({ length: 9 }, () => casesFile(3));
    for (const { name, text } of files) {
      upload(root, name, text);
    }
    const databases = await Promise.all([1, 2, 3].map(() => openDatabase({ connection: feed().connectionString })));
    const results = await Promise.all(
      databases.map(async (database) => {
        const one = rounds(undefined, database);
        const states = [];
        for (let round = 0; round < 4; round++) {
          states.push((await one.round()).state);
        }
        return states;
      }),
    );
    await Promise.all(databases.map((database) => database.close()));
    assert.ok(results.flat().includes('busy'), 'they met');
    assert.equal(ftp.manners.most, 1);
    const loads = await feed().rows<{ state: string; n: number }>(
      `SELECT state, count(*)::int AS n FROM gateway.load WHERE file_name = ANY('{${files.map(({ name }) => name)}}') GROUP BY state`,
    );
    assert.deepEqual(loads, [{ state: 'loaded', n: 9 }]);
  });

  it('a refused login is not tried again as it is: not in later rounds, nor by another gateway', async () => {
    const wrong = { TEST_PASSWORD: 'wrong' };
    const one = rounds(wrong);
    for (let round = 0; round < 3; round++) {
      assert.equal((await one.round()).state, 'failed');
    }
    const again = await rounds(wrong).round();
    assert.ok(again.state === 'failed' && again.error.code === 'LoginRefused');
    assert.match(again.error.message, /Login incorrect.*not tried again for 24 hours/);
    assert.deepEqual([ftp.manners.logins, failures().length], [1, 1]);
    assert.equal((await stateNow())?.failing?.code, 'LoginRefused');
    assert.doesNotMatch(JSON.stringify(events), /wrong/, 'nothing tells a secret');

    await rounds(wrong).round({ retriesLogin: true });
    assert.equal(ftp.manners.logins, 2, 'somebody asked for it');
    await feed().rows(
      `UPDATE gateway.delivery SET login_refused_at = login_refused_at - interval '1 day' WHERE delivery = '${settings().id}'`,
    );
    await one.round();
    assert.equal(ftp.manners.logins, 3, 'a day has passed');
    assert.equal((await rounds().round()).state, 'done', 'another password');
    assert.equal((await stateNow())?.failing, null);
  });

  it('tells a failure loudly once, keeps it until a round is all right, and says since when', async () => {
    const one = rounds();
    await ftp.close();
    assert.equal((await one.round()).state, 'failed');
    const since = (await stateNow())?.failing;
    assert.equal((await one.round()).state, 'failed');
    assert.deepEqual(
      failures().map(({ code, first }) => [code, first]),
      [
        ['ServerUnreachable', true],
        ['ServerUnreachable', false],
      ],
    );
    assert.equal((await stateNow())?.failing?.since, since?.since);
    ftp = await ownFtp({ root, user, password, port: ftp.port });
    const file = casesFile(1);
    upload(root, file.name, file.text);
    assert.deepEqual(await one.round(), { state: 'done', found: 1, fetched: 1, waiting: 0 });
    assert.deepEqual([(await stateNow())?.failing, (await stateNow())?.lastDoneAt === null], [null, false]);
  });

  it('a secret that is not there ends the round without a connection', async () => {
    const result = await rounds({}).round();
    assert.ok(result.state === 'failed' && result.error.code === 'DeliveryInvalid');
    assert.match(result.error.message, /the environment does not give TEST_PASSWORD/);
    assert.equal(ftp.manners.most, 0);
  });

  it('looks without a trace', async () => {
    const file = casesFile(1);
    upload(root, file.name, file.text);
    const { verdicts } = await rounds().preview();
    assert.deepEqual(
      verdicts.map(({ path, fate, reason }) => [path, fate, reason]),
      [[file.name, 'fetch', 'new']],
    );
    assert.deepEqual(await feed().rows(`SELECT FROM gateway.delivery_file WHERE delivery = '${settings().id}'`), []);
    assert.ok(!ftp.manners.commands.some((command) => /^(RETR|DELE|RNFR)/.test(command)));
  });

  it('files are fetched in the order of what they speak of: the stamp in the name, else the time there', async () => {
    const day = (n: number): Date => new Date(Date.UTC(2026, 10, n));
    const stamp = (n: number): string => `raw-cases-${day(n).getTime() / 1000}.csv`;
    const names: readonly (readonly [string, number])[] = [
      // A stamp, and another time there: the file came late.
      [stamp(3), 29],
      ['unnamed.csv', 2],
      [stamp(1), 28],
      ['another.csv', 4],
    ];
    for (const [name, at] of names) {
      upload(root, name, casesFile(1).text);
      utimesSync(path.join(root, 'in', name), day(at), day(at));
    }
    assert.equal((await rounds().round()).state, 'done');
    const fetched = ftp.manners.commands.flatMap((command) => /^RETR .*\/(.*)$/.exec(command)?.[1] ?? []);
    assert.deepEqual(fetched, [stamp(1), 'unnamed.csv', stamp(3), 'another.csv']);
  });

  it('files of the same bytes under two names have each its own time: exports without rows are alike', async () => {
    const empty = exportFile('sparkcentral/tag-metrics', []);
    const names = ['01112026000000][02112026000000', '02112026000000][03112026000000'].map(
      (period) => `[1][tag][${period}][${count}].csv`,
    );
    const times = [new Date('2026-11-02T03:00:00Z'), new Date('2026-11-03T03:00:00Z')];
    for (const [index, name] of names.entries()) {
      upload(root, name, empty);
      utimesSync(path.join(root, 'in', name), times[index] ?? 0, times[index] ?? 0);
    }
    const of = { ...settings(), id: `sparkcentral/round-${count}`, source: 'sparkcentral' };
    const result = await roundsOf(feed(), of).round();
    assert.deepEqual(Object.values(result), ['accepted loaded', 'accepted loaded']);
    const rows = await feed().rows<{ at: string }>(
      `SELECT modified_at::text AS at FROM gateway.load WHERE file_name = ANY('{"${names.join('","')}"}') ORDER BY file_name`,
    );
    assert.deepEqual(
      rows.map(({ at }) => new Date(at).getTime()),
      times.map((time) => time.getTime()),
    );
  });
});
