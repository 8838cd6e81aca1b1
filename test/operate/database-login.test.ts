import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import type { Observation } from '../../src/observation/observation.ts';
import { type Gateways, startGateways } from '../sharing/gateways.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { putInPlace } from '../support/put-in-place.ts';
import { until } from '../support/until.ts';

describe('a password for PostgreSQL changes while gateways run', () => {
  let database: TestDatabase;
  let administrator: pg.Client;
  let gateways: Gateways;
  let hba = '';
  let rules = '';
  let folder = '';
  const user = `rotating_${randomBytes(4).toString('hex')}`;
  const spare = `${user}_b`;

  const addressOf = (login: string): string => {
    const url = new URL(database.connectionString);
    const [name = '', password = ''] = login.split(':');
    url.username = name;
    url.password = password;
    return url.href;
  };
  const reload = async (text: string): Promise<void> => {
    writeFileSync(hba, text);
    await administrator.query('SELECT pg_reload_conf()');
  };

  before(async function () {
    database = await testDatabase();
    administrator = new pg.Client({ connectionString: database.connectionString });
    await administrator.connect();
    const { rows } = await administrator.query<{ file: string }>(`SELECT current_setting('hba_file') AS file`);
    hba = rows[0]?.file ?? '';
    if (!existsSync(hba)) {
      this.skip();
    }
    rules = readFileSync(hba, 'utf8');
    await administrator.query(
      `CREATE ROLE ${user} SUPERUSER LOGIN PASSWORD 'one'; CREATE ROLE ${spare} SUPERUSER LOGIN PASSWORD 'other'`,
    );
    await reload(asked(user) + asked(spare) + rules);
    await until('PostgreSQL asks for the password', async () => (await login(`${user}:wrong`)) === '28P01');
    gateways = await startGateways(1, database, (place) => {
      folder = place;
      writeFileSync(path.join(place, 'password'), 'one\n');
      writeFileSync(path.join(place, 'address'), addressOf(`${user}:one`));
      return { DATABASE_URL: addressOf(user), PGPASSWORD_FILE: path.join(place, 'password') };
    });
    await gateways.start({ DATABASE_URL: '', DATABASE_URL_FILE: path.join(folder, 'address'), PGPASSWORD_FILE: '' });
  });
  after(async () => {
    await gateways?.close();
    if (rules !== '') {
      await reload(rules);
      await administrator.query(
        `REASSIGN OWNED BY ${user}, ${spare} TO CURRENT_USER; DROP OWNED BY ${user}, ${spare}; DROP ROLE ${user}, ${spare}`,
      );
    }
    await administrator?.end();
    await database?.drop();
  });

  const asked = (name: string): string => `local all ${name} scram-sha-256\nhost all ${name} all scram-sha-256\n`;
  /** SQLSTATE with which a login is refused; null: it is let in. */
  async function login(as: string): Promise<string | null> {
    const client = new pg.Client({ connectionString: addressOf(as) });
    try {
      await client.connect();
      return null;
    } catch (error) {
      return (error as { code?: string }).code ?? 'none';
    } finally {
      await client.end().catch(() => {});
    }
  }
  const told = (n: number): readonly Observation[] =>
    gateways.all[n]?.events.filter(({ event }) => event === 'credentials') ?? [];
  const lastFault = (n: number): string | null | undefined => {
    const last = told(n).at(-1);
    return last?.event === 'credentials' ? last.fault : undefined;
  };
  async function serves(n: number): Promise<void> {
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, at) => gateways.all[n]?.get(`AcmeThings?$filter=ThingId ne '${at}'&$count=true`)),
    );
    for (const reply of replies) {
      assert.equal(reply?.status, 200, await reply?.text());
    }
  }
  /** How those who are connected signed in, other than the one who looks. */
  const connected = async (name: string): Promise<number> => {
    const { rows } = await administrator.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = $1 AND datname = current_database()',
      [name],
    );
    return rows[0]?.n ?? 0;
  };
  const endAll = (name: string) =>
    administrator.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND datname = current_database()',
      [name],
    );

  it('a file that PostgreSQL refuses is told, and what was right before goes on', async () => {
    await serves(0);
    putInPlace(path.join(folder, 'password'), 'mistyped\n');
    await until('it is told', () => typeof lastFault(0) === 'string');
    assert.match(
      lastFault(0) ?? '',
      /^PostgreSQL does not let in what the file says now.*password authentication failed for user "rotating_/,
    );
    assert.doesNotMatch(lastFault(0) ?? '', /mistyped|one\b.*one\b/);
    await endAll(user);
    await until('new connections are there', async () => {
      await (await gateways.all[0]?.get('AcmeThings'))?.text();
      return (await connected(user)) > 0;
    });
    await serves(0);
  });

  it('the file first, PostgreSQL later: it is taken over then, and nothing fails in between', async () => {
    putInPlace(path.join(folder, 'password'), 'two words: é%/@\n');
    await until('it was tried', () => told(0).length > 1 || typeof lastFault(0) === 'string');
    await serves(0);
    await administrator.query(`ALTER ROLE ${user} PASSWORD 'two words: é%/@'`);
    await until('it is taken over', () => lastFault(0) === null);
    assert.equal(await login(`${user}:one`), '28P01');
    await endAll(user);
    await until(
      'it serves over new connections',
      async () => (await gateways.all[0]?.get('AcmeThings'))?.status === 200,
    );
    await serves(0);
  });

  it('an address with another user: connections of the former one end, so that it can be dropped', async () => {
    await administrator.query(`ALTER ROLE ${user} PASSWORD 'one'`);
    putInPlace(path.join(folder, 'password'), 'one\n');
    await until('the first has it', () => lastFault(0) === null);
    await serves(1);
    putInPlace(path.join(folder, 'address'), addressOf(`${spare}:other`));
    await until('it is taken over', () => lastFault(1) === null);
    await until('its connections are those of the other user', async () => {
      await serves(1);
      return (await connected(spare)) > 4;
    });
  });

  it('an address of another database is refused until a restart', async () => {
    const other = new URL(addressOf(`${spare}:other`));
    other.pathname = '/postgres';
    putInPlace(path.join(folder, 'address'), other.href);
    await until('it is told', () => typeof lastFault(1) === 'string');
    assert.match(lastFault(1) ?? '', /another server or database .*restart/);
    await serves(1);
    putInPlace(path.join(folder, 'address'), 'no address');
    await until('it is told', () => /^DATABASE_URL/.test(lastFault(1) ?? ''));
    await serves(1);
  });
});
