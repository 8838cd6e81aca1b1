import assert from 'node:assert/strict';
import type { Database } from '../../../src/warehouse/database.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { openStandbys } from '../../../src/warehouse/standby/open-standbys.ts';
import { type DatabaseGate, databaseGate } from '../../support/database-gate.ts';
import { type StandbyPair, startStandbyPair } from '../../support/standby.ts';
import { unhurried } from '../../support/unhurried.ts';
import { until } from '../../support/until.ts';
import { type DatabaseFeed, feedOn, withSmallModel } from './standby-feed.ts';

const rows = `INSERT INTO feed."Agents" ("Id", "Name", "_version") SELECT g, 'Agent ' || g, 1 FROM generate_series(1, 5) AS g`;
const serverOf = (reply: Response): string | null => reply.headers.get('X-Read-Server')?.split(';')[0] ?? null;

/** Both doors lead to one standby: which of them is asked is what is looked at. */
describe('a database with two standbys', () => {
  let gates: readonly DatabaseGate[];
  let several: Database;
  let whole: DatabaseFeed;
  let pair: StandbyPair;
  before(async () => {
    pair = await startStandbyPair(withSmallModel(rows));
    gates = [await databaseGate(pair.standby), await databaseGate(pair.standby)];
    const settings = { ...unhurried, connection: pair.primary };
    several = await openStandbys(await openDatabase(settings), {
      database: settings,
      addresses: gates.map(({ connectionString }) => connectionString),
      ...{ maxLag: 3_600_000, every: 20 },
    });
    whole = await feedOn(several);
    await until('both are read', () => states().join() === 'current,current');
  });
  after(async () => {
    for (const gate of gates) {
      gate.set('open');
    }
    await whole.close();
    await several.close();
    for (const gate of gates) {
      await gate.close();
    }
    await pair.close();
  });
  const states = () => (several.occupancy().standbys ?? []).map(({ state }) => state);
  const asked = async (path: string): Promise<string | null> => {
    const reply = await whole.get(path);
    assert.equal(reply.status, 200, await reply.text());
    return serverOf(reply);
  };

  it('asks one while the other one is at work', async () => {
    const change = await pair.hold('LOCK TABLE feed."Cases" IN ACCESS EXCLUSIVE MODE');
    await pair.caughtUp();
    const held = asked(`Cases/$count?$filter=Title eq 'held'`);
    await until('it waits', async () => {
      const text = `SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%held%'`;
      return (await pair.ask('standby', text))[0]?.['n'] === '1';
    });
    assert.deepEqual([await asked('Agents(1)'), await asked('Agents(2)')], ['standby 2', 'standby 2']);
    await change.end();
    assert.equal(await held, 'standby 1');
    assert.equal(await asked('Agents(3)'), 'standby 1');
  });

  it('has one do what the other was to do that is lost, and the primary what none of them can', async () => {
    const [first, second] = gates;
    first?.set('refuses');
    assert.equal(await asked('Agents(1)'), 'standby 2');
    second?.set('refuses');
    assert.equal(await asked('Agents(1)'), 'primary');
    first?.set('open');
    await until('the first is read again', () => states().join() === 'current,lost');
    assert.equal(await asked('Agents(1)'), 'standby 1');
    second?.set('open');
    await until('both are read again', () => states().join() === 'current,current');
  });
});
