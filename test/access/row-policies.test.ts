import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Access } from '../../src/access/access.ts';
import { openAccess } from '../../src/access/open-access.ts';
import { checkRowSecurity, openRowSecurity, rowSecurityWarnings } from '../../src/commands/serving/row-security.ts';
import { unobserved } from '../../src/observation/observe.ts';
import { everything } from '../../src/plan/grants.ts';
import { namedPrincipal } from '../../src/sign-in/principal.ts';
import { rowRights } from '../../src/source/stored/row-rights.ts';
import type { Database, ReadOptions, RowRights } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { guardedDatabase } from '../../src/warehouse/row-policies/guarded-database.ts';
import { removeAllPolicies, standingPolicies } from '../../src/warehouse/row-policies/remove-policies.ts';
import { RowPolicies } from '../../src/warehouse/row-policies/row-policies.ts';
import { keepInstance, removeInstance } from '../../src/warehouse/shared/instances.ts';
import { byName } from '../http/by-name.ts';
import { catalogue } from '../http/rights/personal-model.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';
import { putInPlace } from '../support/put-in-place.ts';
import { until } from '../support/until.ts';

const rules = `claims:
  bonn: { cities: [Bonn], ids: [2, 4], least: 0.5 }
  kiel: { cities: [Kiel], ids: [3] }
  torn: { cities: ["\\ud83d", Bonn], ids: [3] }
roles:
  city:
    who: [{ names: [bonn, kiel, torn, nowhere] }]
    read:
      - { sets: [Cases], rows: Agent/City in $user/cities }
      - { sets: [Messages], rows: CaseId in $user/ids }
  chief:
    who: [{ names: [chief] }]
    read: [{ sets: [Cases, Messages] }]
`;

const rows = `
  INSERT INTO feed."Agents" ("Id", "Name", "City") VALUES (1, 'Zoë Smit', 'Bonn'), (2, 'Ann', 'Kiel');
  INSERT INTO feed."Cases" ("Id", "Title", "AgentId", "Score") SELECT i, 'Case ' || i, i % 2 + 1, i / 10.0 FROM generate_series(1, 6) AS i;
  INSERT INTO feed."Messages" ("CaseId", "Number", "Body") SELECT i, 1, 'hello' FROM generate_series(1, 6) AS i;`;

const nobody = { timeout: 30_000, signal: new AbortController().signal };

describe('Policies of PostgreSQL for rows', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-policies-'));
  const file = path.join(folder, 'access.yaml');
  let server: TestServer;
  let access: Access;
  let database: Database;
  let connection: string;

  before(async () => {
    putInPlace(file, rules);
    access = openAccess(file, { catalogue, isOperator: () => false, observe: unobserved, watch: unobserved });
    server = await startTestServer({
      rows,
      authentication: byName,
      settings: { publicUrl: null, pageSize: 100 },
      catalogue: () => catalogue,
      grantsOf: access.grantsOf,
      rowLevelSecurity: true,
      proxy: async (connectionString) => {
        connection = connectionString;
        return { connectionString };
      },
    });
    database = await openDatabase({ connection, statesRights: true });
  });
  after(async () => {
    await database.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => putInPlace(file, rules));

  const ids = async (user: string, url: string): Promise<unknown> => {
    const reply = await server.get(url, { 'api-key': user });
    const { value } = (await reply.json()) as { readonly value: readonly { readonly Id: number }[] };
    return value.map(({ Id }) => Id);
  };
  const rightsOf = (user: string, ...sets: readonly string[]): RowRights =>
    rowRights(sets, access.grantsOf(namedPrincipal('key', user), catalogue), catalogue);
  /** What a statement that forgot every condition gives to somebody, once policies are there. */
  const unconditioned = async (
    table: string,
    rights?: RowRights,
    from = database,
    policies = new RowPolicies(from),
  ): Promise<readonly number[]> => {
    const column = table === 'Messages' ? 'CaseId' : 'Id';
    const options: ReadOptions<readonly number[]> = rights === undefined ? nobody : { ...nobody, rights };
    return guardedDatabase(from, policies, { maxLag: 0 }).read(async (session) => {
      const found = await session.query<{ id: number }>(`SELECT "${column}" AS id FROM feed."${table}" ORDER BY 1`);
      return found.rows.map(({ id }) => Number(id));
    }, options);
  };

  it('let through what a rule grants, also where a statement lacks its condition', async () => {
    assert.deepEqual(await ids('bonn', 'Cases?$select=Id'), [2, 4, 6]);
    assert.deepEqual(await unconditioned('Cases', rightsOf('bonn', 'Cases')), [2, 4, 6]);
    assert.deepEqual(await unconditioned('Cases', rightsOf('kiel', 'Cases')), [1, 3, 5]);
    assert.deepEqual(await unconditioned('Messages', rightsOf('bonn', 'Messages')), [2, 4]);
    assert.deepEqual(await unconditioned('Messages', rightsOf('kiel', 'Messages')), [3]);
    assert.deepEqual(await unconditioned('Messages', rightsOf('chief', 'Messages')), [1, 2, 3, 4, 5, 6]);
    // Half a character, which is none to PostgreSQL.
    assert.deepEqual(await ids('torn', 'Cases?$select=Id'), [2, 4, 6]);
    // A claim is missing.
    assert.deepEqual(await unconditioned('Cases', rightsOf('nowhere', 'Cases')), []);
  });

  it('narrow what one reader sees, and not what others are given of rows that were looked up for that reader', async () => {
    const createdAt = `UPDATE feed."Cases" SET "CreatedAt" = '2021-01-01T00:00:00Z'`;
    await server.client.query(createdAt);
    putInPlace(file, rules.replace('Agent/City in $user/cities', 'Id in $user/ids'));
    const messages = async (user: string): Promise<unknown> => {
      const reply = await server.get('Messages?$search=hello&$select=CaseId', { 'api-key': user });
      const { value } = (await reply.json()) as { readonly value: readonly { readonly CaseId: number }[] };
      return value.map(({ CaseId }) => CaseId);
    };
    const ofYear = 'Cases?$select=Id&$filter=CreatedAt ge 2021-01-01T00:00:00Z and CreatedAt lt 2022-01-01T00:00:00Z';
    for (const [user, seen] of [
      ['bonn', [2, 4]],
      ['kiel', [3]],
      ['chief', [1, 2, 3, 4, 5, 6]],
      ['bonn', [2, 4]],
    ] as const) {
      assert.deepEqual(await messages(user), seen, `the search of ${user}`);
      assert.deepEqual(await ids(user, ofYear), seen, `the time range of ${user}`);
    }
  });

  it('compare numbers of every type with a claim as the rule does', async () => {
    putInPlace(file, rules.replace('Agent/City in $user/cities', 'Score ge $user/least'));
    assert.deepEqual(await ids('bonn', 'Cases?$select=Id'), [5, 6]);
    assert.deepEqual(await unconditioned('Cases', rightsOf('bonn', 'Cases')), [5, 6]);
  });

  it('let nothing through of sets that the request is not about or nobody granted, and nothing to who says nothing', async () => {
    assert.deepEqual(await unconditioned('Messages', rightsOf('bonn', 'Cases')), []);
    assert.deepEqual(await unconditioned('Agents', rightsOf('chief', 'Agents')), []);
    assert.deepEqual(await unconditioned('Agents', rightsOf('stranger', 'Agents')), []);
    for (const table of ['Cases', 'Agents', 'Messages']) {
      assert.deepEqual(await unconditioned(table), []);
    }
  });

  it('let all rows of a set through that a condition of the request looks into', async () => {
    // Cases are read by the city of their agents.
    assert.deepEqual(await unconditioned('Agents', rightsOf('bonn', 'Agents', 'Cases')), [1, 2]);
  });

  it('hold whoever connects as the read role, and say nothing that lasts beyond a transaction', async () => {
    const client = new pg.Client({ connectionString: connection });
    await client.connect();
    try {
      const seen = async (): Promise<number | null> => (await client.query('SELECT "Id" FROM feed."Cases"')).rowCount;
      const { text, claims } = rightsOf('bonn', 'Cases');
      await client.query('BEGIN READ ONLY');
      await client.query("SELECT set_config('gateway.rights', $1, true), set_config('gateway.claims', $2, true)", [
        text,
        claims,
      ]);
      await client.query('SET LOCAL ROLE gateway_reader');
      assert.equal(await seen(), 3);
      assert.match(
        (await client.query<{ 'QUERY PLAN': string }>('EXPLAIN SELECT * FROM feed."Messages"')).rows
          .map((row) => row['QUERY PLAN'])
          .join('\n'),
        /InitPlan/,
      );
      await client.query('COMMIT; BEGIN READ ONLY; SET LOCAL ROLE gateway_reader');
      assert.equal(await seen(), 0);
      await client.query('COMMIT');
      // Loads are the owner's.
      assert.equal(await seen(), 6);
    } finally {
      await client.end();
    }
  });

  it('change with the rules, and a read goes by those that it began with', async () => {
    const before = rightsOf('bonn', 'Messages');
    putInPlace(file, rules.replace('CaseId in', '(CaseId add 1) in'));
    assert.deepEqual(await unconditioned('Messages', rightsOf('bonn', 'Messages')), [1, 3]);
    assert.deepEqual(await unconditioned('Messages', before), [2, 4]);
    putInPlace(file, rules.replace('ids: [2, 4]', 'ids: [6]'));
    const after = rightsOf('bonn', 'Messages');
    assert.deepEqual(after.policies, before.policies);
    assert.deepEqual(await unconditioned('Messages', after), [6]);
  });

  it('are put by the first of several gateways, and found by the others', async () => {
    putInPlace(file, rules.replace('CaseId in', '(CaseId sub 1) in'));
    const rights = rightsOf('bonn', 'Messages');
    const all = await Promise.all([1, 2, 3, 4].map(() => unconditioned('Messages', rights)));
    assert.deepEqual(all, Array(4).fill([3, 5]));
  });

  it('wait for who reads the table now, and keep nobody else waiting', async () => {
    const client = new pg.Client({ connectionString: connection });
    await client.connect();
    try {
      await client.query('BEGIN; SELECT FROM feed."Messages"');
      putInPlace(file, rules.replace('CaseId in', '(CaseId add 2) in'));
      let isDone = false;
      const waiting = unconditioned('Messages', rightsOf('bonn', 'Messages')).finally(() => {
        isDone = true;
      });
      await pause(600);
      assert.deepEqual(await unconditioned('Messages', rightsOf('chief', 'Messages')), [1, 2, 3, 4, 5, 6]);
      assert.equal(isDone, false);
      await client.query('COMMIT');
      assert.deepEqual(await waiting, [2]);
    } finally {
      await client.end();
    }
  });

  it('are no hindrance to a gateway without them, and to who may see everything', async () => {
    const other = await openDatabase({ connection });
    try {
      assert.deepEqual(await unconditioned('Cases', undefined, other), [1, 2, 3, 4, 5, 6]);
    } finally {
      await other.close();
    }
    const all = rowRights(['Cases', 'Agents'], everything, catalogue);
    assert.deepEqual(await unconditioned('Agents', all), [1, 2]);
  });

  it('are read on a standby once it has them for sure', async () => {
    const asked: unknown[] = [];
    const recorded: Database = {
      ...database,
      query: database.query.bind(database),
      transaction: database.transaction.bind(database),
      snapshot: database.snapshot.bind(database),
      exclusively: database.exclusively.bind(database),
      occupancy: database.occupancy.bind(database),
      close: database.close.bind(database),
      readWith: database.readWith.bind(database),
      read: async (work, options) => {
        asked.push(options.recency);
        return database.read(work, options);
      },
    };
    const rights = rightsOf('chief', 'Cases');
    const policies = new RowPolicies(recorded);
    for (const maxLag of [10_000, Number.NEGATIVE_INFINITY]) {
      await guardedDatabase(recorded, policies, { maxLag }).read(async () => {}, { ...nobody, rights, recency: 'any' });
    }
    assert.deepEqual(asked, ['latest', 'any']);
  });

  it('are told of where they let more through than a rule, and refused on Citus', async () => {
    const odd = `claims: { bonn: { pattern: B.*, cities: [Bonn] } }
roles:
  odd:
    who: [{ names: [bonn] }]
    read:
      - { sets: [Agents], rows: "matchesPattern(City,$user/pattern)" }
      - { sets: [Cases], rows: Agent/City in $user/cities }
      - { sets: [Messages], rows: "CaseId eq 1" }
  chief: { who: [{ names: [chief] }], read: [{ sets: [Agents], rows: "Leader/City eq 'Bonn'" }] }
`;
    putInPlace(file, odd);
    const warned = rowSecurityWarnings({ rowLevelSecurity: true, accessFile: file }, catalogue);
    assert.deepEqual(warned, [
      'ROW_LEVEL_SECURITY: all rows of Agents are let through to the role odd, since a claim in its condition is more than a value',
      'ROW_LEVEL_SECURITY: all rows of Agents are let through to the role chief, since its condition looks at other rows of the set',
    ]);
    assert.deepEqual(rowSecurityWarnings({ rowLevelSecurity: false, accessFile: file }, catalogue), []);
    const citus = { query: async () => ({ rows: [], rowCount: 1 }) };
    await assert.rejects(checkRowSecurity(citus, { rowLevelSecurity: true }), /must be off where the tables lie on/);
    await checkRowSecurity(citus, { rowLevelSecurity: false });
    await checkRowSecurity(database, { rowLevelSecurity: true });
  });

  it('go when no gateway wants them any more, all or those of rules of before', async () => {
    const count = async (): Promise<number> => (await standingPolicies(database)).length;
    const policies = new RowPolicies(database);
    await new RowPolicies(database).put(rightsOf('bonn', 'Cases', 'Messages').policies, nobody.signal);
    await database.query("UPDATE gateway.row_policy SET wanted_at = wanted_at - interval '8 days'");
    assert.equal(await count(), 10);
    await policies.put(rightsOf('bonn', 'Messages').policies, nobody.signal);
    await policies.follow(catalogue);
    // One for each table, and what was wanted of late.
    const left = (await standingPolicies(database)).map(({ name }) => name).sort();
    assert.deepEqual(left, ['Agents', 'Cases', 'Messages', 'Messages']);
    await keepInstance(database, { id: 'other', version: 'x' });
    await keepInstance(database, { id: 'own', version: 'x' });
    await removeAllPolicies(database, 'own');
    assert.equal(await count(), 4);
    await removeInstance(database, 'other');
    await removeAllPolicies(database, 'own');
    assert.equal(await count(), 0);
    const { rows: still } = await database.query(
      `SELECT relname FROM pg_class WHERE relrowsecurity UNION ALL SELECT proname FROM pg_proc WHERE proname LIKE 'gateway rows %' UNION ALL SELECT token FROM gateway.row_policy WHERE wanted_at > 'now'`,
    );
    assert.deepEqual(still, []);
    assert.deepEqual(await unconditioned('Cases'), [1, 2, 3, 4, 5, 6]);
  });

  it('are there for a gateway that finds them from before a start, also when they go', async () => {
    const rights = rightsOf('bonn', 'Messages');
    const older = new RowPolicies(database);
    await older.put(rights.policies, nobody.signal);
    const age = "UPDATE gateway.row_policy SET wanted_at = wanted_at - interval '8 days'";
    let time = 0;
    const policies = new RowPolicies(database, () => time);
    const seen = (): Promise<readonly number[]> => unconditioned('Messages', rights, database, policies);
    await policies.follow(catalogue);
    await database.query(age);
    time += 600_000;
    // What it found is old, and it has not said that it wants it.
    await policies.follow(catalogue);
    assert.deepEqual(await seen(), [2, 4]);
    await database.query(age);
    time += 600_000;
    // Another one takes away what nobody wants, while this one says what it reads.
    await policies.follow(catalogue);
    await new RowPolicies(database).follow(catalogue);
    assert.deepEqual(await seen(), [2, 4]);
  });

  it('stand at a table that was made anew under the name of another one soon after', async () => {
    const stored = await openRowSecurity(
      database,
      { rowLevelSecurity: true, readMaxLag: 0 },
      { own: null, catalogue: () => catalogue, observe: unobserved, looking: 20 },
    );
    try {
      await database.query(
        'CREATE TABLE feed.copy (LIKE feed."Messages" INCLUDING ALL); INSERT INTO feed.copy OVERRIDING SYSTEM VALUE SELECT * FROM feed."Messages"; DROP TABLE feed."Messages"; ALTER TABLE feed.copy RENAME TO "Messages"; GRANT SELECT ON feed."Messages" TO gateway_reader',
      );
      const isOpen = `SELECT 1 FROM pg_class WHERE oid = 'feed."Messages"'::regclass AND relrowsecurity`;
      await until('the table has its policies', async () => (await database.query(isOpen)).rowCount === 1);
      const rights = rightsOf('bonn', 'Messages');
      const seen = await stored.database.read(
        async (session) => (await session.query('SELECT FROM feed."Messages"')).rowCount,
        { ...nobody, rights },
      );
      assert.equal(seen, 2);
    } finally {
      stored.close();
    }
  });
});
