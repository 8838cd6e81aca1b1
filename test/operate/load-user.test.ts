import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { hashKey } from '../../src/sign-in/files/credentials.ts';
import { type Gateways, startGateways } from '../sharing/gateways.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { putInPlace } from '../support/put-in-place.ts';
import { until } from '../support/until.ts';

describe('a user of its own for loads, at a server of somebody else', () => {
  const user = `loads_${randomBytes(4).toString('hex')}`;
  const next = `${user}_b`;
  let database: TestDatabase;
  let client: pg.Client;
  let gateways: Gateways;
  let folder = '';
  const addressOf = (name: string): string => {
    const url = new URL(database.connectionString);
    url.username = name;
    return url.href;
  };
  before(async () => {
    database = await testDatabase();
    client = new pg.Client({ connectionString: database.connectionString });
    await client.connect();
    await client.query(`CREATE ROLE ${user} LOGIN; CREATE ROLE ${next} LOGIN; GRANT ${user} TO ${next}`);
    gateways = await startGateways(1, database, (place) => {
      folder = place;
      writeFileSync(path.join(place, 'load-address'), addressOf(user), { mode: 0o600 });
      writeFileSync(path.join(place, 'keys'), `crm:${hashKey('k-crm')}\n`, { mode: 0o600 });
      return { LOAD_DATABASE_URL_FILE: path.join(place, 'load-address'), INGEST_KEYS_FILE: path.join(place, 'keys') };
    });
  });
  after(async () => {
    await gateways?.close();
    await client.query(
      `REASSIGN OWNED BY ${user}, ${next} TO CURRENT_USER; DROP OWNED BY ${user}, ${next}; DROP ROLE ${user}, ${next}`,
    );
    await client.end();
    await database.drop();
  });

  const send = async (name: string, text: string): Promise<void> => {
    const reply = await fetch(`${gateways.all[0]?.origin}/ingest/acme/${name}`, {
      method: 'PUT',
      headers: { Authorization: 'Bearer k-crm' },
      body: text,
    });
    const said = await reply.text();
    assert.ok(reply.status < 300, said);
  };
  const ask = async (text: string): Promise<readonly unknown[]> =>
    (await client.query<unknown[]>({ text, rowMode: 'array' })).rows.map(([value]) => value);
  const connected = (): Promise<readonly unknown[]> =>
    ask(`SELECT DISTINCT usename FROM pg_stat_activity WHERE usename LIKE '${user}%' AND datname = current_database()`);

  it('takes files in, and owns their tables', async () => {
    await send('things.csv', 'Id,Title\n1,one\n2,two\n');
    assert.deepEqual(await ask('SELECT state FROM gateway.load'), ['loaded']);
    assert.deepEqual(
      await ask(`SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'feed."AcmeThings"'::regclass`),
      [user],
    );
    assert.deepEqual(await connected(), [user]);
    const { value } = (await (await fetch(`${gateways.all[0]?.origin}/odata/AcmeThings?$select=Title`)).json()) as {
      value: unknown;
    };
    assert.deepEqual(value, [{ Title: 'one' }, { Title: 'two' }]);
  });

  it('is another one when its file says so, without a restart', async () => {
    putInPlace(path.join(folder, 'load-address'), addressOf(next));
    const [gateway] = gateways.all;
    await until('it is taken over', () =>
      Promise.resolve(
        gateway?.events.some((one) => one.event === 'credentials' && one.setting === 'LOAD_DATABASE_URL') === true,
      ),
    );
    await send('more.csv', 'Id,Title\n3,three\n');
    assert.deepEqual(await ask('SELECT DISTINCT state FROM gateway.load'), ['loaded']);
    assert.deepEqual((await connected()).includes(next), true);
  });
});
