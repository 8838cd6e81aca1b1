import assert from 'node:assert/strict';
import { fastify } from 'fastify';
import { GatewayMetrics } from '../../../src/commands/metrics/gateway-metrics.ts';
import { Readiness } from '../../../src/commands/serving/readiness.ts';
import { healthRoutes } from '../../../src/http/operations/health.ts';
import type { WarehouseEvent } from '../../../src/observation/events/warehouse.ts';
import type { Database, StandbyStatus } from '../../../src/warehouse/database.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { openStandbys } from '../../../src/warehouse/standby/open-standbys.ts';
import { type DatabaseGate, databaseGate } from '../../support/database-gate.ts';
import { type StandbyPair, startStandbyPair } from '../../support/standby.ts';
import { unhurried } from '../../support/unhurried.ts';
import { until } from '../../support/until.ts';
import { type DatabaseFeed, feedOn, withSmallModel } from './standby-feed.ts';

const rows = `
  INSERT INTO feed."Agents" ("Id", "Name", "_version") SELECT g, 'Agent ' || g, 1 FROM generate_series(1, 5) AS g;
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "AgentId", "_version")
    SELECT g, repeat('x', 500), g % 7, 1 + g % 5, 1 FROM generate_series(1, 20000) AS g;`;

/** A load of agents: rows and version in one transaction. */
const loadAgents = (version: number, change: string): string =>
  `BEGIN; ${change}; UPDATE gateway.set_versions SET version = ${version} WHERE entity_set = 'Agents'; COMMIT`;

interface Page {
  readonly value: readonly Readonly<Record<string, unknown>>[];
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
}

const pageOf = async (reply: Response): Promise<Page> => {
  assert.equal(reply.status, 200, await reply.clone().text());
  return (await reply.json()) as Page;
};
const idsOf = ({ value }: Page): readonly unknown[] => value.map((row) => row['Id']);
const readRest = async (reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<void> => {
  for (let done = reader === undefined; !done; ) {
    done = (await reader?.read())?.done ?? true;
  }
};
const serverOf = (reply: Response): string | null => reply.headers.get('X-Read-Server')?.split(';')[0] ?? null;

describe('a database with a standby', () => {
  let pair: StandbyPair;
  /** Read on the standby, and by the primary alone. */
  let database: Database;
  let alone: Database;
  let feed: DatabaseFeed;
  let plain: DatabaseFeed;
  const events: WarehouseEvent[] = [];

  before(async () => {
    // What the primary locks is replayed at once, whoever reads.
    pair = await startStandbyPair(withSmallModel(rows), { max_standby_streaming_delay: '0' });
    const settings = { ...unhurried, connection: pair.primary };
    alone = await openDatabase(settings);
    database = await openStandbys(await openDatabase(settings), {
      database: { ...settings, observe: (event) => events.push(event) },
      addresses: [pair.standby],
      maxLag: 3_600_000,
      every: 20,
      patience: 60,
    });
    feed = await feedOn(database, { pageSize: 2 });
    plain = await feedOn(alone, { pageSize: 2 });
  });
  after(async () => {
    await feed?.close();
    await plain?.close();
    await database?.close();
    await alone?.close();
    await pair?.close();
  });

  const status = (): StandbyStatus | undefined => database.occupancy().standbys?.[0];
  const turns = (state: StandbyStatus['state']): Promise<void> =>
    until(`the standby is ${state}`, () => status()?.state === state);

  it('reads there, and gives the bytes that the primary gives', async () => {
    for (const path of [
      'Agents',
      'Agents?$count=true&$orderby=Name desc',
      'Agents(3)?$expand=Cases($top=2)',
      'Cases/$count?$filter=Priority eq 3',
      'Cases?$apply=groupby((Agent/Name),aggregate($count as N))',
      '$crossjoin(Agents,Cases)?$filter=Agents/Id eq Cases/AgentId and Cases/Id lt 4',
      '$all?$top=3',
    ]) {
      const [there, here] = await Promise.all([feed.get(path), plain.get(path)]);
      assert.equal(serverOf(there), 'standby 1', path);
      assert.equal(serverOf(here), null);
      assert.equal(there.headers.get('ETag'), here.headers.get('ETag'));
      assert.equal(await there.text(), await here.text());
    }
  });

  it('reads what was committed last from the primary, and writes there', async () => {
    const options = { timeout: 10_000, signal: new AbortController().signal };
    const inRecovery = (recency: 'any' | 'latest'): Promise<unknown> =>
      database.read(
        async (session) => (await session.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')).rows,
        { ...options, recency },
      );
    assert.deepEqual(await inRecovery('any'), [{ standby: true }]);
    assert.deepEqual(await inRecovery('latest'), [{ standby: false }]);
    const bring = { create: 'CREATE TEMPORARY TABLE b (a int) ON COMMIT DROP', copy: 'COPY b FROM STDIN', settle: [] };
    const lines = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('7\n');
    };
    const brought = await database.readWith(
      [{ ...bring, settle: ['GRANT SELECT ON b TO gateway_reader'], lines }],
      async (session) => (await session.query('SELECT a FROM b')).rows,
      options,
    );
    assert.deepEqual(brought, [{ a: 7 }]);
  });

  describe('while the standby has not caught up', () => {
    before(async () => {
      await pair.pause();
      await pair.ask(
        'primary',
        loadAgents(2, `INSERT INTO feed."Agents" ("Id", "Name", "_version") VALUES (6, 'New', 2)`),
      );
    });
    after(() => pair.resume());

    it('a reply that begins anew is of its rows and its version', async () => {
      const [old, now] = [await feed.get('Agents/$count'), await plain.get('Agents/$count')];
      assert.deepEqual([await old.text(), await now.text()], ['5', '6']);
      assert.notEqual(old.headers.get('ETag'), now.headers.get('ETag'));
    });

    it('a copy of other rows is not taken for its reply, and known counts are those of their versions', async () => {
      const [old, now] = [await feed.get('Agents(1)'), await plain.get('Agents(1)')];
      const asked = (tag: string | null): Promise<Response> =>
        feed.get('Agents(1)', { headers: { 'If-None-Match': tag ?? '' } });
      assert.deepEqual(
        [(await asked(old.headers.get('ETag'))).status, (await asked(now.headers.get('ETag'))).status],
        [304, 200],
      );
      const counts = ['Agents?$count=true', 'Agents?$count=true&$skip=4', 'Agents?$count=true'].map(async (path) => {
        const page = (await (await feed.get(path)).json()) as { readonly '@odata.count': number };
        return page['@odata.count'];
      });
      assert.deepEqual(await Promise.all(counts), [5, 6, 5]);
    });

    it('a page behind one of the primary is of the primary: no row is lost', async () => {
      const first = await pageOf(await plain.get('Agents'));
      const ids = [...idsOf(first)];
      for (let next = first['@odata.nextLink']; next !== undefined; ) {
        const reply = await feed.get(next);
        assert.equal(serverOf(reply), 'primary');
        const page = await pageOf(reply);
        ids.push(...idsOf(page));
        next = page['@odata.nextLink'];
      }
      assert.deepEqual(ids, [1, 2, 3, 4, 5, 6]);
      assert.deepEqual(idsOf(await pageOf(await feed.get('Agents?$skip=4'))), [5, 6]);
    });

    it('a delta link is followed by the primary, the newest one too', async () => {
      const follow = async (from: DatabaseFeed): Promise<string> => {
        let page = await pageOf(await from.get('Agents', { headers: { Prefer: 'track-changes' } }));
        for (let next = page['@odata.nextLink']; next !== undefined; next = page['@odata.nextLink']) {
          page = await pageOf(await from.get(next));
        }
        return page['@odata.deltaLink'] ?? '';
      };
      const newest = await feed.get(await follow(plain));
      assert.deepEqual([serverOf(newest), idsOf(await pageOf(newest))], ['primary', []]);
      // The first page was the standby's, and so the link begins with what that had.
      const older = await feed.get(await follow(feed));
      assert.deepEqual([serverOf(older), idsOf(await pageOf(older))], ['primary', [6]]);
    });

    it('what the standby does not have as yet is looked for on the primary', async () => {
      assert.equal(((await pageOf(await feed.get('Agents(6)'))) as unknown as { Id: number }).Id, 6);
      await pair.ask(
        'primary',
        'ALTER TABLE feed."Messages" RENAME TO "Messages2"; CREATE TABLE feed.later (a int); GRANT SELECT ON feed.later TO gateway_reader',
      );
      const options = { timeout: 10_000, signal: new AbortController().signal };
      const found = await database.read(
        async (session) => (await session.query('SELECT a FROM feed.later')).rows,
        options,
      );
      assert.deepEqual(found, []);
      await pair.ask('primary', 'ALTER TABLE feed."Messages2" RENAME TO "Messages"; DROP TABLE feed.later');
    });

    it('says how far it is behind', async () => {
      await until('the lag is known', () => (status()?.lag?.seconds ?? 0) > 0 && (status()?.lag?.bytes ?? 0) > 0);
      assert.equal(status()?.state, 'current');
    });
  });

  describe('afterwards', () => {
    it('waits for a standby that is about to catch up', async () => {
      const connection = { ...unhurried, connection: pair.primary };
      const patient = await openStandbys(await openDatabase(connection), {
        ...{ database: connection, addresses: [pair.standby], maxLag: 3_600_000, every: 20, patience: 240_000 },
      });
      const waiting = await feedOn(patient, { pageSize: 2 });
      const found = (): StandbyStatus | undefined => patient.occupancy().standbys?.[0];
      try {
        await until('it is read', () => found()?.state === 'current');
        await pair.pause();
        await pair.ask('primary', loadAgents(3, `UPDATE feed."Agents" SET "_version" = 3 WHERE "Id" = 5`));
        const link = (await pageOf(await plain.get('Agents')))['@odata.nextLink'] ?? '';
        const asked = waiting.get(link);
        await until('the standby was asked in vain', () => (found()?.reads ?? 0) > 1);
        await pair.resume();
        assert.equal(serverOf(await asked), 'standby 1');
      } finally {
        await pair.resume();
        await waiting.close();
        await patient.close();
      }
    });

    it('is not asked while it is behind by more than it may be, and asked again afterwards', async () => {
      const connection = pair.primary;
      const strict = await openStandbys(await openDatabase({ connection }), {
        ...{ database: { connection }, addresses: [pair.standby], maxLag: 1, every: 20 },
      });
      const state = (): string | undefined => strict.occupancy().standbys?.[0]?.state;
      const options = { timeout: 10_000, signal: new AbortController().signal };
      const inRecovery = (): Promise<unknown> =>
        strict.read(async (session) => (await session.query('SELECT pg_is_in_recovery() AS standby')).rows, options);
      try {
        await until('it is read', () => state() === 'current');
        await pair.pause();
        await pair.ask('primary', 'CREATE TABLE feed.more (a int); DROP TABLE feed.more');
        await until('it is behind', () => state() === 'behind');
        assert.deepEqual(await inRecovery(), [{ standby: false }]);
        await pair.resume();
        await until('it is read again', () => state() === 'current');
        assert.deepEqual(await inRecovery(), [{ standby: true }]);
      } finally {
        await strict.close();
      }
    });

    it('cancels a statement where it runs', async () => {
      const client = new AbortController();
      const running = async (): Promise<number> =>
        Number(
          (
            await pair.ask(
              'standby',
              `SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%marked one%' AND state = 'active' AND pid <> pg_backend_pid()`,
            )
          )[0]?.['n'],
        );
      const change = await pair.hold('LOCK TABLE feed."Cases" IN ACCESS EXCLUSIVE MODE');
      await pair.caughtUp();
      const asked = feed.get(`Cases/$count?$filter=Title eq 'marked one'`, { signal: client.signal });
      await until('it runs', async () => (await running()) > 0);
      client.abort();
      await assert.rejects(asked);
      await until('it runs no more', async () => (await running()) === 0);
      await change.end();
    });

    describe('where the recovery is in conflict with a read', () => {
      /** Waits until the reader waits on the standby, for a lock that a change on the primary holds. */
      const waitsForLock = (): Promise<void> =>
        until('the reader waits', async () => {
          const [found] = await pair.ask(
            'standby',
            `SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'gateway reader' AND wait_event_type = 'Lock'`,
          );
          return found?.['n'] === '1';
        });

      it('it is 503, to be asked again, before the first row', async () => {
        const change = await pair.hold('LOCK TABLE feed."Agents" IN ACCESS EXCLUSIVE MODE');
        await pair.caughtUp();
        const asked = feed.get('Cases?$expand=Agent');
        await waitsForLock();
        await change.more('LOCK TABLE feed."Cases" IN ACCESS EXCLUSIVE MODE');
        const reply = await asked;
        const { error } = (await reply.json()) as { readonly error: { readonly code: string } };
        assert.deepEqual([reply.status, error.code, reply.headers.get('Retry-After')], [503, 'RecoveryConflict', '5']);
        await change.end();
      });

      it('the reply is broken off after it', async () => {
        const whole = await feedOn(database);
        const reply = await whole.get('Cases');
        const reader = reply.body?.getReader();
        await reader?.read();
        const change = await pair.hold('LOCK TABLE feed."Cases" IN ACCESS EXCLUSIVE MODE');
        await assert.rejects(readRest(reader));
        await change.end();
        assert.deepEqual(whole.broken, ['RecoveryConflict']);
        await whole.close();
      });
    });

    it('is lost without a failed request, but for a reply that has begun, and is asked again when it is back', async () => {
      await turns('current');
      const whole = await feedOn(database);
      const begun = await whole.get('Cases');
      assert.equal(serverOf(begun), 'standby 1');
      const reader = begun.body?.getReader();
      await reader?.read();
      await pair.kill();
      const next = await whole.get('Cases/$count');
      assert.deepEqual([serverOf(next), await next.text()], ['primary', '20000']);
      await assert.rejects(readRest(reader));
      assert.deepEqual(whole.broken, ['DatabaseUnavailable']);
      const again = await whole.get('Cases');
      assert.deepEqual([serverOf(again), (await pageOf(again)).value.length], ['primary', 20_000]);
      assert.equal(status()?.state, 'lost');
      await pair.restart();
      await turns('current');
      assert.equal(serverOf(await whole.get('Agents(1)')), 'standby 1');
      await whole.close();
      const told = events.flatMap((event) => (event.event === 'standby' ? [event.state] : []));
      assert.deepEqual(told, ['current', 'lost', 'current']);
    });

    describe('behind a network', () => {
      let toPrimary: DatabaseGate;
      let toStandby: DatabaseGate;
      let far: Database;
      let whole: DatabaseFeed;
      before(async () => {
        [toPrimary, toStandby] = [await databaseGate(pair.primary), await databaseGate(pair.standby)];
        const settings = { connection: toPrimary.connectionString, patience: 4000 };
        far = await openStandbys(await openDatabase(settings), {
          ...{ database: settings, addresses: [toStandby.connectionString], maxLag: 3_600_000 },
          ...{ every: 20, lookPatience: 1000 },
        });
        whole = await feedOn(far);
        await until('it is read', () => state() === 'current');
      });
      after(async () => {
        toPrimary.set('open');
        toStandby.set('open');
        await whole.close();
        await far.close();
        await toPrimary.close();
        await toStandby.close();
      });
      const state = (): string | undefined => far.occupancy().standbys?.[0]?.state;

      it('is not waited for once it says nothing any more', async () => {
        assert.equal(serverOf(await whole.get('Agents(1)')), 'standby 1');
        toStandby.set('silent');
        const asked = await whole.get('Agents(1)');
        assert.deepEqual([asked.status, serverOf(asked), state()], [200, 'primary', 'lost']);
        toStandby.set('refuses');
        toStandby.set('open');
        await until('it is read again', () => state() === 'current');
      });

      it('reads go on there while the primary is lost, but for those that may not be older', async () => {
        toPrimary.set('refuses');
        const anew = await whole.get('Agents(1)');
        assert.deepEqual([anew.status, serverOf(anew)], [200, 'standby 1']);
        assert.equal((await whole.get('Agents?$skip=1')).status, 503);
        assert.equal(state(), 'current', 'it is not the standby that is lost');
        assert.equal(serverOf(await whole.get('Agents(2)')), 'standby 1');
        toPrimary.set('open');
        assert.equal((await whole.get('Agents?$skip=1')).status, 200);
      });
    });

    it('is told to probes and to whoever scrapes', async () => {
      await turns('current');
      const readiness = new Readiness();
      assert.equal(readiness.standbys(), null);
      readiness.reads(database);
      readiness.serves(async () => 'ok');
      const app = fastify();
      healthRoutes(app, readiness);
      const ready = await app.inject('/health/ready');
      const standbys = readiness.standbys();
      assert.deepEqual([ready.statusCode, ready.json()], [200, { status: 'ready', standbys }]);
      assert.deepEqual(standbys?.map(Object.keys), [['state', 'lagBytes', 'lagSeconds']]);
      const metrics = new GatewayMetrics('1', readiness);
      metrics.serves(app.server, database);
      const text = await metrics.text();
      assert.match(text, /^gateway_standby_state\{standby="1",state="current"\} 1$/m);
      assert.match(text, /^gateway_standby_lag_seconds\{standby="1"\} [\d.]+$/m);
      const [reads = 0, handedOn = 0] = ['reads_total', 'reads_handed_on_total'].map((name) =>
        Number(new RegExp(`^gateway_standby_${name}\\{standby="1"\\} (\\d+)$`, 'm').exec(text)?.[1]),
      );
      assert.ok(reads > handedOn && handedOn > 0, `${reads}, ${handedOn}`);
      await app.close();
      readiness.reads(alone);
      assert.equal(readiness.standbys(), null);
    });

    it('is not taken for the primary, nor another server for it', async () => {
      await assert.rejects(openDatabase({ connection: pair.standby }), {
        code: 'DatabaseIsStandby',
        message: 'The server of DATABASE_URL is a standby, and nothing can be written there: name its primary.',
      });
      const connection = pair.primary;
      const other = pair.standby.replace(/\/gateway$/, '/postgres');
      await assert.rejects(
        async () =>
          openStandbys(await openDatabase({ connection }), { database: { connection }, addresses: [other], maxLag: 1 }),
        { code: 'DatabaseUnsupported', message: /^Server 1 of READ_DATABASE_URL does not have the database/ },
      );
    });
  });
});
