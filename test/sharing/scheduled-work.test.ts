import assert from 'node:assert/strict';
import pg from 'pg';
import { GatewayError } from '../../src/errors.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { type DueWork, oncePerMoment } from '../../src/warehouse/shared/scheduled-work.ts';
import { migratedDatabase } from '../support/made-databases.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

describe('Work that is due at several gateways of a database', () => {
  let test: TestDatabase;
  let databases: readonly Database[];
  let works = 0;
  const { signal } = new AbortController();
  before(async () => {
    test = await migratedDatabase();
    databases = await Promise.all([1, 2, 3].map(() => openDatabase({ connection: test.connectionString })));
  });
  after(async () => {
    await Promise.all(databases.map((database) => database.close()));
    await test.drop();
  });
  beforeEach(() => {
    works += 1;
  });
  const due = (minute: number, more: Partial<DueWork> = {}): DueWork => ({
    ...{ name: `work ${works}`, moment: new Date(Date.UTC(2026, 0, 1, 3, minute)), signal },
    ...more,
  });
  const first = (): Database => databases[0] ?? assert.fail();
  const soon = { every: 5 };

  it('is done once for each moment, whoever comes first, and whoever comes late', async () => {
    const runs: number[] = [];
    const at = (minute: number, database: Database) =>
      oncePerMoment(database, due(minute), async () => runs.push(minute) > 0, soon);
    await Promise.all(databases.map((database) => at(0, database)));
    assert.deepEqual(runs, [0]);
    await Promise.all(databases.map((database) => at(1, database)));
    await at(0, first());
    assert.deepEqual(runs, [0, 1]);
  });

  it('is done by another one where whoever was at it is killed', async () => {
    const killed = new pg.Client({ connectionString: test.connectionString });
    killed.on('error', () => {});
    await killed.connect();
    await killed.query(`SELECT pg_advisory_lock(hashtextextended('gateway.lock:schedule work ${works}', 0))`);
    const runs: number[] = [];
    let looks = 0;
    const waiting = databases.map((database, index) => {
      const watched: Pick<Database, 'query' | 'exclusively'> = {
        query: database.query.bind(database),
        exclusively: (name, work) => {
          looks += 1;
          return database.exclusively(name, work);
        },
      };
      return oncePerMoment(watched, due(0), async () => runs.push(index) > 0, soon);
    });
    await until('they look again', () => looks > 6);
    assert.deepEqual(runs, []);
    await first().query(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted`);
    await Promise.all(waiting);
    assert.equal(runs.length, 1);
    await killed.end();
  });

  it('is done by those who wait for it where the database goes away, and with it whoever was at it', async () => {
    const runs: string[] = [];
    let isAway = false;
    let looks = 0;
    const away = (): void => {
      looks += 1;
      if (isAway) {
        throw new GatewayError('DatabaseUnavailable', 'It is started again.');
      }
    };
    const restarted: Pick<Database, 'query' | 'exclusively'> = {
      query: async (...asked) => {
        away();
        return first().query(...asked);
      },
      exclusively: async (name, work) => {
        away();
        return first().exclusively(name, work);
      },
    };
    let waiting: Promise<void> = Promise.resolve();
    const failing = oncePerMoment(
      first(),
      due(0),
      async () => {
        waiting = oncePerMoment(restarted, due(0), async () => runs.push('the other') > 0, soon);
        await until('it waits', () => looks > 2);
        isAway = true;
        const seen = looks;
        await until('it finds the database away', () => looks > seen + 1);
        throw new GatewayError('DatabaseUnavailable', 'It is started again.');
      },
      soon,
    );
    await assert.rejects(failing, /started again/);
    isAway = false;
    await waiting;
    assert.deepEqual(runs, ['the other']);
  });

  it('is left to others where it fails or is broken off, and tried again where something else kept it from being done', async () => {
    const runs: string[] = [];
    const failing = oncePerMoment(first(), due(0), () => Promise.reject(new Error('no server')), soon);
    await assert.rejects(failing, /no server/);
    const stopping = new AbortController();
    const broken = due(0, { signal: stopping.signal });
    const run = async (): Promise<boolean> => {
      stopping.abort();
      return runs.push('broken off') > 0;
    };
    await oncePerMoment(first(), broken, run, soon);
    await oncePerMoment(first(), due(0), async () => runs.push('busy') > 3 || runs.push('again') === 0, soon);
    await oncePerMoment(first(), due(0), async () => runs.push('twice') > 0, soon);
    assert.deepEqual(runs, ['broken off', 'busy', 'again', 'busy']);
  });

  it('goes on where a clock was ahead', async () => {
    const runs: string[] = [];
    const run = (name: string) => async (): Promise<boolean> => runs.push(name) > 0;
    const ahead = new Date(Date.now() + 86_400_000);
    await oncePerMoment(first(), due(0, { moment: ahead }), run('ahead'), soon);
    await oncePerMoment(first(), due(1), run('now'), soon);
    await oncePerMoment(first(), due(1), run('twice'), soon);
    assert.deepEqual(runs, ['ahead', 'now']);
  });
});
