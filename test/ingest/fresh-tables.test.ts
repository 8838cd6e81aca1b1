import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import pg from 'pg';
import { setsTouched } from '../../src/ingest/derive/derived-sets.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { storedTable } from '../../src/ingest/stored/stored-table.ts';
import { allRowsPolicy } from '../../src/sql/row-policy.ts';
import type { Transaction } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { putPolicy } from '../../src/warehouse/row-policies/put-policy.ts';
import { FreshTables } from '../../src/warehouse/tables/fresh-tables.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { catalogue, exportFile, type Feed, useFeed } from './support/feed.ts';
import { loaded } from './support/loaded.ts';

const set = 'HootsuiteInboxMessages';
const members = 'HootsuiteInboxMessageTags';
const table = `feed."${set}"`;
const options = { source: 'hootsuite-inbox' };

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();

/** Some deleted, some said twice, some without what they name, one that cannot be taken. */
const messages = (ids: number) =>
  [...Array(ids).keys()].map((n) => ({
    MessageId: `m${n}`,
    ConversationId: `c${n % 500}`,
    Content: n % 5 === 0 ? null : `word${n} of many, `.repeat(20),
    AgentId: n % 7 === 0 ? null : n % 30,
    AgentName: n % 11 === 0 ? null : `Agent ${(n % 30) + (n > 2000 ? 100 : 0)}`,
    TeamId: n % 4,
    TagIds: n % 3 === 0 ? null : `${n % 8}; ${n % 9}`,
    TagNames: n % 3 === 0 ? null : `tag ${n % 8} ;tag ${n % 9}`,
    CreatedAt: at(n),
    LastUpdatedAt: n % 13 === 0 ? null : at(n + 1),
    DeletedAt: n % 10 === 0 ? at(n + 2) : null,
  }));

/** More bytes than a file has that is worth a table of its own. */
const first = [
  ...messages(3500),
  { MessageId: 'm7', Content: 'again', AgentId: 3, LastUpdatedAt: at(90_000) },
  { MessageId: 'm9', Content: null, LastUpdatedAt: at(90_000) },
  { MessageId: 'no', CreatedAt: 'yesterday' },
];
const text = exportFile('hootsuite-inbox/messages', first);
/** Without a rejected row, which later files would have to be looked through for. */
const clean = exportFile('hootsuite-inbox/messages', first.slice(0, -1));

async function identity(feed: Feed, name: string): Promise<number> {
  const [row] = await feed.rows<{ id: number }>(`SELECT 'feed."${name}"'::regclass::oid::int AS id`);
  return row?.id ?? 0;
}

/** All that is stored of the set and what is derived from it, but for numbers and times of their own. */
async function content(feed: Feed): Promise<Readonly<Record<string, readonly string[]>>> {
  const tables: Record<string, readonly string[]> = {};
  for (const name of setsTouched(catalogue, set)) {
    const { name: stored } = storedTable(catalogue, name);
    const rows = await feed.rows<{ r: string }>(
      `SELECT (to_jsonb(t) - '_row' - '_loaded_at')::text AS r FROM ${stored} t`,
    );
    tables[name] = rows.map(({ r }) => r).sort();
  }
  return tables;
}

/** All that is stored of the set and what is derived from it goes. */
async function removeRows(feed: Feed): Promise<void> {
  const deletes = setsTouched(catalogue, set).map((name) => `DELETE FROM ${storedTable(catalogue, name).name}`);
  await feed.database.query(deletes.join('; '));
}

describe('The first load of a set', () => {
  const feed = useFeed();
  const ordinary = useFeed();
  const untouched = useFeed();
  const said = useFeed();

  it('goes into a table without indexes, and says what any other load would have said', async () => {
    equal(text.length > 1024 * 1024, true);
    const before = await identity(feed(), set);
    const beforeMembers = await identity(feed(), members);
    const { counts } = loaded(await feed().load('messages.csv', text, { minute: 0, ...options }));
    deepEqual(counts, { ...counts, read: 3503, inserted: 3500, duplicate: 2, rejected: 1 });
    notEqual(await identity(feed(), set), before);
    notEqual(await identity(feed(), members), beforeMembers);
    // A view hangs on the other one's table, so that stays.
    await ordinary().database.query(`CREATE VIEW public.theirs AS SELECT "MessageId" FROM ${table}`);
    const stays = await identity(ordinary(), set);
    const others = loaded(await ordinary().load('messages.csv', text, { minute: 0, ...options }));
    equal(await identity(ordinary(), set), stays);
    deepEqual(others.counts, counts);
    const found = await content(feed());
    deepEqual(found, await content(ordinary()));
    equal(found[set]?.length, 3500);
    equal((found[members]?.length ?? 0) > 3000, true);
  });

  it('leaves the tables as they were made: columns and their defaults, indexes, numbers, who may read', async () => {
    const report = await provision(feed().database, catalogue);
    deepEqual(report.changes, []);
    const made = `SELECT c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid) AS given FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
       LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.oid IN ('${table}'::regclass, 'feed."${members}"'::regclass) ORDER BY 1, a.attnum`;
    deepEqual(await feed().rows(made), await untouched().rows(made));
    const [row] = await feed().rows<{ identity: string; readable: boolean; invalid: string; left: string }>(
      `SELECT (SELECT attidentity::text FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attname = '_row') AS identity,
              has_table_privilege('gateway_reader', '${table}', 'SELECT') AS readable,
              (SELECT count(*)::text FROM pg_index WHERE NOT indisvalid) AS invalid,
              (SELECT count(*)::text FROM pg_class WHERE relname LIKE '~%' AND relkind IN ('r', 'i')) AS left`,
    );
    deepEqual(row, { identity: 'a', readable: true, invalid: '0', left: '0' });
  });

  it('copies lines without what all rows have, which the table says once', async () => {
    const statements: string[] = [];
    const database = await openDatabase({
      connection: said().connectionString,
      observe: (one) => one.event === 'statement' && statements.push(one.sql('shown')),
    });
    const file = said().write('messages.csv', clean, 0);
    const loadedOnce = await loadFile({ ...said(), database }, file, options);
    await database.close();
    equal(loadedOnce.state, 'loaded');
    const copies = statements.filter((statement) => /^COPY feed\."~fresh/.test(statement.replaceAll('"feed"', 'feed')));
    equal(copies.length > 0, true);
    deepEqual(
      copies.filter((statement) => / _(?:version|load_id|loaded_at|stamp)[,)]/.test(statement)),
      [],
    );
    const [row] = await said().rows(
      `SELECT count(*)::int AS n, bool_and(t._version = v.version AND t._load_id = l.load_id AND t._stamp = l.file_time AND t._loaded_at > l.started_at - interval '1 second') AS said
         FROM ${table} t, gateway.set_versions v, gateway.load l WHERE v.entity_set = '${set}'`,
    );
    deepEqual(row, { n: 3500, said: true });
  });

  it('is followed by others in the same tables', async () => {
    const before = await identity(feed(), set);
    const more = exportFile('hootsuite-inbox/messages', [
      { MessageId: 'm1', Content: null, LastUpdatedAt: at(95_000) },
      { MessageId: 'm3', Content: 'changed', LastUpdatedAt: at(95_000) },
      ...messages(3600).slice(3500),
    ]);
    for (const one of [feed(), ordinary()]) {
      const { counts } = loaded(await one.load('more.csv', more, { minute: 5, ...options }));
      deepEqual([counts.inserted, counts.updated], [100, 2]);
    }
    equal(await identity(feed(), set), before);
    deepEqual(await content(feed()), await content(ordinary()));
  });

  it('makes every index afterwards but that of the numbers by which rows are found meanwhile', async () => {
    const indexes = (transaction: Transaction, prefix: string) =>
      transaction
        .query<{ on: string }>(
          `SELECT regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') AS on FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
           WHERE c.relnamespace = 'feed'::regnamespace AND c.relname LIKE $1 ORDER BY i.indexrelid`,
          [prefix],
        )
        .then(({ rows }) => rows.map(({ on }) => on));
    // Of its own: autovacuum may be at work on tables that had rows, and these are not replaced then.
    await untouched().database.transaction(async (transaction) => {
      const fresh = await FreshTables.open(transaction, catalogue, [set, members]);
      deepEqual(await indexes(transaction, '~fresh%'), ['btree (_row)']);
      await fresh?.index(transaction, members);
      const [, key = '', ...others] = await indexes(transaction, '~fresh%');
      equal(key, 'btree ("MessageId", "TagId") NULLS NOT DISTINCT');
      deepEqual([key, ...others].sort(), (await indexes(transaction, members)).sort());
      await fresh?.settle(transaction);
    });
  });
});

describe('Empty tables that the first load of a set does not replace', () => {
  const feed = useFeed();
  const hung: readonly (readonly [what: string, made: string, undone: string])[] = [
    ['a grant', `GRANT SELECT ON ${table} TO PUBLIC`, `REVOKE SELECT ON ${table} FROM PUBLIC`],
    [
      'a grant of a column',
      `GRANT SELECT ("MessageId") ON ${table} TO PUBLIC`,
      `REVOKE SELECT ("MessageId") ON ${table} FROM PUBLIC`,
    ],
    ['an index', `CREATE INDEX theirs ON ${table} ("Medium")`, 'DROP INDEX feed.theirs'],
    ['a column', `ALTER TABLE ${table} ADD COLUMN theirs integer`, `ALTER TABLE ${table} DROP COLUMN theirs`],
    ['a comment', `COMMENT ON COLUMN ${table}."Content" IS 'x'`, `COMMENT ON COLUMN ${table}."Content" IS NULL`],
    ['a setting', `ALTER TABLE ${table} SET (fillfactor = 90)`, `ALTER TABLE ${table} RESET (fillfactor)`],
    ['statistics', `CREATE STATISTICS feed.theirs ON "AgentId", "TeamId" FROM ${table}`, 'DROP STATISTICS feed.theirs'],
    ['a policy', `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`, `ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`],
    [
      'a constraint',
      `ALTER TABLE ${table} ADD CONSTRAINT theirs CHECK (true)`,
      `ALTER TABLE ${table} DROP CONSTRAINT theirs`,
    ],
    ['an inheriting table', `CREATE TABLE public.theirs () INHERITS (${table})`, 'DROP TABLE public.theirs'],
  ];

  for (const [what, made, undone] of hung) {
    it(`are those with ${what} of somebody else`, async () => {
      await feed().database.query(made);
      const before = await identity(feed(), set);
      const { isEmptyAndPlain } = await import('../../src/warehouse/tables/plain-table.ts');
      const plain = (): Promise<boolean> =>
        feed().database.transaction((transaction) => isEmptyAndPlain(transaction, catalogue, set));
      equal(await plain(), false);
      await feed().database.query(undone);
      equal(what === 'an inheriting table' || (await plain()), true);
      equal(await identity(feed(), set), before);
    });
  }
});

describe('Tables with policies of the gateway for their rows', () => {
  const feed = useFeed();

  it('are replaced by the first load of a set, and have them afterwards', async () => {
    const relation = { schema: 'feed', name: set };
    const rule = { ...allRowsPolicy(relation), token: '0123456789abcdef', using: `"TeamId" = '1'` };
    await putPolicy(feed().database, rule);
    const [before, policies] = [await identity(feed(), set), await standing(feed())];
    equal(loaded(await feed().load('first.csv', clean, options)).state, 'loaded');
    notEqual(await identity(feed(), set), before);
    equal(policies.length, 2);
    deepEqual(await standing(feed()), policies);
    const [seen] = await feed().rows<{ some: boolean }>(`SELECT count(*) BETWEEN 1 AND 3000 AS some FROM ${table}`);
    equal(seen?.some, false);
    const client = new pg.Client({ connectionString: feed().connectionString });
    await client.connect();
    await client.query('SET ROLE gateway_reader');
    const { rows } = await client.query<{ team: string }>(`SELECT DISTINCT "TeamId" AS team FROM ${table}`);
    await client.end();
    deepEqual(rows, [{ team: '1' }]);
  });
});

const standing = (feed: Feed): Promise<readonly Record<string, unknown>[]> =>
  feed.rows(
    `SELECT p.polname, pg_get_expr(p.polqual, p.polrelid) AS using, p.polroles::regrole[]::text AS roles, c.relrowsecurity FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.oid = '${table}'::regclass ORDER BY 1`,
  );

describe('Readers beside the first load of a set', () => {
  const feed = useFeed();

  it('have the empty set while it is filled, and keep nobody waiting', async () => {
    const seen: number[] = [];
    const client = new pg.Client({ connectionString: feed().connectionString });
    await client.connect();
    await client.query('SET lock_timeout = 200');
    let asked: Promise<unknown> = Promise.resolve();
    const filled = await feed().load('filling.csv', clean, {
      ...options,
      observe: (event) => {
        if (event.event === 'load-step' && event.step === 'staged') {
          asked = client.query(`SELECT FROM ${table}`).then(({ rowCount }) => seen.push(rowCount ?? -1));
        }
      },
    });
    await asked;
    equal(filled.state, 'loaded');
    deepEqual(seen, [0]);
    await client.end();
  });

  it('do not let go: rows are copied, with numbers that nobody had', async () => {
    await removeRows(feed());
    const [{ last = '' } = {}] = await feed().rows<{ last: string }>(
      `SELECT pg_sequence_last_value(pg_get_serial_sequence('${table}', '_row')::regclass)::text AS last`,
    );
    const before = await identity(feed(), set);
    const client = new pg.Client({ connectionString: feed().connectionString });
    await client.connect();
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query(`SELECT FROM ${table}`);
    const { counts } = loaded(await feed().load('again.csv', `${clean}\n`, { ...options, minute: 9 }));
    equal((await client.query(`SELECT FROM ${table}`)).rowCount, 0);
    await client.query('COMMIT');
    await client.end();
    equal(counts.inserted, 3500);
    equal(await identity(feed(), set), before);
    const [numbers] = await feed().rows<{ after: boolean; all: string }>(
      `SELECT min(_row) > ${last} AS after, count(DISTINCT _row)::text AS all FROM ${table}`,
    );
    deepEqual(numbers, { after: true, all: '3500' });
    const one = exportFile('hootsuite-inbox/messages', [{ MessageId: 'last', LastUpdatedAt: at(1) }]);
    equal(loaded(await feed().load('one.csv', one, { ...options, minute: 10 })).counts.inserted, 1);
  });

  it('find it as it was where the load fails', async () => {
    await removeRows(feed());
    const before = await identity(feed(), set);
    const bad = exportFile('hootsuite-inbox/messages', [
      ...messages(3500),
      ...messages(5000).map((one) => ({ ...one, CreatedAt: 'never' })),
    ]);
    const refused = await feed().load('bad.csv', bad, { ...options, minute: 11 });
    equal(refused.state, 'refused');
    match(refused.state === 'refused' ? refused.error.code : '', /TooManyRejects/);
    equal(await identity(feed(), set), before);
  });
});
