import assert from 'node:assert/strict';
import type { PrimitiveTypeName } from '../../src/edm/model.ts';
import { primitiveTypes } from '../../src/edm/primitive-types.ts';
import type { GatewayError } from '../../src/errors.ts';
import { searchVector } from '../../src/sql/expression/search.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { tableFaults, wantedTables } from '../../src/warehouse/tables/wanted-tables.ts';
import { migratedDatabase } from '../support/made-databases.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { type SmallSet, smallCatalogue } from './small-catalogue.ts';

const cases: SmallSet = {
  properties: {
    CaseId: 'Edm.String!',
    Day: 'Edm.Date!',
    Title: 'Edm.String',
    AgentId: 'Edm.Int64',
    Opened: 'Edm.DateTimeOffset',
  },
  key: ['CaseId', 'Day'],
  indexes: [['AgentId'], ['Opened']],
  searchable: ['Title', 'CaseId'],
};
const changedCases = (change: Partial<SmallSet['properties']>, key = cases.key): SmallSet => ({
  ...cases,
  key,
  properties: { ...cases.properties, ...change } as SmallSet['properties'],
});

describe('provision', () => {
  let store: TestDatabase;
  let database: Database;
  const options = { timeout: 10_000, signal: new AbortController().signal };

  beforeEach(async () => {
    store = await migratedDatabase();
    database = await openDatabase({ connection: store.connectionString });
  });
  afterEach(async () => {
    await database.close();
    await store.drop();
  });

  const insertCase = (): Promise<unknown> =>
    database.query(
      `INSERT INTO feed."Cases" ("CaseId", "Day", "Title", "AgentId") VALUES ('a', '2024-02-29', 'A title', 7)`,
    );
  const plan = async (text: string): Promise<string> => {
    const { rows } = await database.query(`EXPLAIN (COSTS OFF) ${text}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  };

  it('makes a table that holds every type, and finds nothing to do afterwards', async () => {
    const properties: Record<string, PrimitiveTypeName | `${PrimitiveTypeName}!`> = { Id: 'Edm.Int32!' };
    for (const type of primitiveTypes.keys()) {
      properties[type.replace('Edm.', 'A')] = type;
    }
    const catalogue = smallCatalogue({ Types: { properties, key: ['Id'] }, Cases: cases });
    const first = await provision(database, catalogue);
    assert.deepEqual(first.changes, ['Types: created', 'Cases: created']);
    const nothing = { changes: [], givenRows: [], retiredColumns: [], retiredTables: [] };
    assert.deepEqual(await provision(database, catalogue), nothing);
  });

  it('can be run by several gateways at once', async () => {
    const catalogue = smallCatalogue({ Cases: cases });
    const reports = await Promise.all([1, 2, 3].map(() => provision(database, catalogue)));
    assert.deepEqual(
      reports.flatMap((report) => report.changes),
      ['Cases: created'],
    );
  });

  it('has what all rows have in front of the properties, where indexes find it without reading through texts', async () => {
    const front = ['_row', '_version', '_load_id', '_loaded_at', '_stamp'];
    const [wanted] = wantedTables(smallCatalogue({ Cases: cases }));
    const behind = ['_line', '_hash', '_place', '_cells', '_deleted_at'];
    const names = [...front, ...Object.keys(cases.properties), ...behind];
    assert.deepEqual(
      wanted?.columns.map(({ name }) => name),
      names,
    );
    await provision(database, smallCatalogue({ Cases: cases }));
    const { rows } = await database.query(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'feed."Cases"'::regclass AND attnum > 0 ORDER BY attnum`,
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      names,
    );
  });

  it('numbers rows, compares text by code point, and lets the reader read', async () => {
    await provision(database, smallCatalogue({ Cases: cases }));
    await insertCase();
    const { rows } = await database.read(
      (session) =>
        session.query(
          `SELECT _row, _version, _load_id, _loaded_at IS NOT NULL AS stamped, "Title" < 'a' AS c FROM feed."Cases"`,
        ),
      options,
    );
    assert.deepEqual(rows, [{ _row: '1', _version: '0', _load_id: null, stamped: true, c: true }]);
  });

  it('refuses two rows with one key, nulls counted as equal', async () => {
    const loose: SmallSet = { properties: { A: 'Edm.String', B: 'Edm.String' }, key: ['A', 'B'] };
    await provision(database, smallCatalogue({ Loose: loose }));
    const insert = (): Promise<unknown> => database.query(`INSERT INTO feed."Loose" ("A", "B") VALUES ('x', NULL)`);
    await insert();
    await assert.rejects(insert(), (error: GatewayError) => /Loose_key_/.test(String(error.cause)));
  });

  it('makes indexes that answer the order and the search of a feed', async () => {
    const catalogue = smallCatalogue({ Cases: cases });
    await provision(database, catalogue);
    await database.query(
      `INSERT INTO feed."Cases" ("CaseId", "Day", "AgentId", "Title") SELECT i::text, '2024-01-01', i % 50, 'word' || i FROM generate_series(1, 3000) AS i`,
    );
    await database.query('ANALYZE feed."Cases"');
    const by = (order: string): Promise<string> => plan(`SELECT * FROM feed."Cases" ORDER BY ${order} LIMIT 10`);
    assert.match(await by('"AgentId" ASC NULLS FIRST, _row'), /Index Scan using "Cases_by_/);
    assert.match(await by('"AgentId" DESC NULLS LAST, _row DESC'), /Index Scan Backward using "Cases_by_/);
    assert.match(await by('"CaseId", "Day"'), /Index Scan using "Cases_key_/);
    assert.match(await by('_row'), /Index Scan using "Cases_row_/);
    const set = catalogue.sets.get('Cases');
    assert.ok(set?.kind === 'stored');
    const found = await plan(
      `SELECT * FROM feed."Cases" AS t WHERE ${searchVector(set, ['Title', 'CaseId'], 't')} @@ phraseto_tsquery('simple', 'word17')`,
    );
    assert.match(found, /Cases_search_/);
  });

  it('adds a set, a property and an index beside the rows that are there', async () => {
    await provision(database, smallCatalogue({ Cases: cases }));
    await insertCase();
    const more = { ...changedCases({ Score: 'Edm.Decimal' }), indexes: [['AgentId'], ['Score']] };
    const report = await provision(
      database,
      smallCatalogue({ Cases: more, Agents: { properties: { Id: 'Edm.Int32!' }, key: ['Id'] } }),
    );
    assert.deepEqual(report.changes.slice(0, 2), [
      'Cases.Score: added (numeric)',
      'Cases: index ("Score" NULLS FIRST, "_row")',
    ]);
    assert.match(String(report.changes[2]), /^Cases: index Cases_by_\w+ dropped$/);
    assert.deepEqual(report.changes.slice(3), ['Agents: created']);
    const { rows } = await database.query('SELECT "CaseId", "Score" FROM feed."Cases"');
    assert.deepEqual(rows, [{ CaseId: 'a', Score: null }]);
  });

  it('has tables vacuumed after a fiftieth of their rows, but for those of which somebody said something else', async () => {
    const settings = async (): Promise<readonly unknown[]> =>
      (
        await database.query(
          `SELECT relname AS table, reloptions AS set FROM pg_class WHERE relnamespace = 'feed'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname`,
        )
      ).rows;
    const catalogue = smallCatalogue({ Cases: cases, Mine: cases, Old: cases });
    await provision(database, catalogue);
    const ours = ['autovacuum_vacuum_scale_factor=0.02'];
    assert.deepEqual(
      await settings(),
      ['Cases', 'Mine', 'Old'].map((table) => ({ table, set: ours })),
    );
    await database.query(
      `ALTER TABLE feed."Mine" RESET (autovacuum_vacuum_scale_factor); ALTER TABLE feed."Mine" SET (autovacuum_enabled = off);
       ALTER TABLE feed."Old" RESET (autovacuum_vacuum_scale_factor)`,
    );
    assert.deepEqual((await provision(database, catalogue)).changes, []);
    assert.deepEqual(await settings(), [
      { table: 'Cases', set: ours },
      { table: 'Mine', set: ['autovacuum_enabled=off'] },
      { table: 'Old', set: ours },
    ]);
  });

  it('refuses all other differences at once, exactly, and changes nothing', async () => {
    await provision(database, smallCatalogue({ Cases: cases }));
    await insertCase();
    const other = changedCases({ AgentId: 'Edm.String', Title: 'Edm.String!', Must: 'Edm.Int32!', New: 'Edm.Int32' }, [
      'CaseId',
    ]);
    const changed = smallCatalogue({ Cases: other, More: { properties: { Id: 'Edm.Int32!' }, key: ['Id'] } });
    await assert.rejects(provision(database, changed), (error: GatewayError) => {
      assert.equal(error.code, 'ProvisionRefused');
      assert.deepEqual(
        error.message.split('\n').filter((line) => line.startsWith('- ')),
        [
          '- Cases.Title may be null in the database, and the metadata says it may not.',
          '- Cases.AgentId is bigint in the database, and the metadata wants text.',
          '- Cases.Must is new and may not be null, but the table has rows without it: let it be nullable.',
          '- Cases has the key (CaseId, Day) in the database, and the metadata wants (CaseId).',
        ],
      );
      return true;
    });
    const { rows } = await database.query(
      `SELECT 1 FROM information_schema.columns WHERE table_schema = 'feed' AND (column_name = 'New' OR table_name = 'More')`,
    );
    assert.deepEqual(rows, []);
  });

  it('makes a table without rows anew instead of refusing', async () => {
    await provision(database, smallCatalogue({ Cases: cases }));
    const catalogue = smallCatalogue({ Cases: changedCases({ AgentId: 'Edm.String' }, ['CaseId']) });
    assert.deepEqual((await provision(database, catalogue)).changes, ['Cases: made anew (it had no rows)']);
    assert.deepEqual((await provision(database, catalogue)).changes, []);
  });

  it('B2 a table renamed by hand is out of the way, its indexes too', async () => {
    const catalogue = smallCatalogue({ Cases: cases });
    await provision(database, catalogue);
    await insertCase();
    for (const name of ['Cases_old', 'Cases_older']) {
      await database.query(`ALTER TABLE feed."Cases" RENAME TO "${name}"`);
      const report = await provision(database, smallCatalogue({ Cases: changedCases({ AgentId: 'Edm.String' }) }));
      assert.deepEqual(report.changes, ['Cases: created'], name);
      assert.deepEqual(
        (await provision(database, smallCatalogue({ Cases: changedCases({ AgentId: 'Edm.String' }) }))).changes,
        [],
      );
    }
    const { rows } = await database.query(`SELECT "CaseId" FROM feed."Cases_old"`);
    assert.deepEqual(rows, [{ CaseId: 'a' }]);
  });

  it('B2 two tables that change names with each other keep no index of the other', async () => {
    const catalogue = smallCatalogue({ Cases: cases, Others: cases });
    await provision(database, catalogue);
    await database.query(
      `ALTER TABLE feed."Cases" RENAME TO "Between"; ALTER TABLE feed."Others" RENAME TO "Cases"; ALTER TABLE feed."Between" RENAME TO "Others"`,
    );
    await provision(database, catalogue);
    assert.deepEqual((await provision(database, catalogue)).changes, []);
  });

  it('B2 a name that something else than a table has is told, with what it is', async () => {
    await database.query(`CREATE VIEW feed."Cases" AS SELECT 1 AS x`);
    await assert.rejects(provision(database, smallCatalogue({ Cases: cases })), {
      code: 'ProvisionRefused',
      message: /- "feed"\."Cases" is a view, and the gateway needs the name: rename it\./,
    });
  });

  it('B2 a refusal names the command that makes the sets anew', async () => {
    await provision(database, smallCatalogue({ Cases: cases }));
    await insertCase();
    const error = await provision(database, smallCatalogue({ Cases: changedCases({ AgentId: 'Edm.String' }) })).catch(
      (thrown: GatewayError) => thrown,
    );
    assert.ok(error instanceof Error);
    assert.equal(error.message.split('\n').at(-1), '  gateway rebuild Cases');
  });

  it('keeps what the metadata does not name any more, and still takes rows', async () => {
    await provision(
      database,
      smallCatalogue({
        Cases: changedCases({ Old: 'Edm.String!' }),
        Gone: { properties: { Id: 'Edm.Int32!' }, key: ['Id'] },
      }),
    );
    await database.query(`INSERT INTO feed."Cases" ("CaseId", "Day", "Old") VALUES ('o', '2024-01-01', 'kept')`);
    const report = await provision(database, smallCatalogue({ Cases: cases }));
    assert.deepEqual([report.retiredColumns, report.retiredTables], [['Cases.Old'], ['Gone']]);
    await insertCase();
    const { rows } = await database.query(`SELECT "Old" FROM feed."Cases" ORDER BY _row`);
    assert.deepEqual(rows, [{ Old: 'kept' }, { Old: null }]);
  });

  it('D10 refuses names that PostgreSQL would cut off and more columns than it holds, all at once; check tells the same', async () => {
    const many = Object.fromEntries(Array.from({ length: 1600 }, (_, at) => [`P${String(at)}`, 'Edm.String']));
    const catalogue = smallCatalogue({
      Cases: changedCases({ [`P${'x'.repeat(63)}`]: 'Edm.String', [`Q${'é'.repeat(32)}`]: 'Edm.String' }),
      Wide: { properties: { Id: 'Edm.Int32!', ...many }, key: ['Id'] },
    });
    const faults = tableFaults(wantedTables(catalogue));
    assert.equal(faults.length, 3);
    assert.match(faults[1] ?? '', /longer than PostgreSQL's 63 bytes/);
    assert.match(
      faults[2] ?? '',
      /^Wide: its table would have 161\d columns with the gateway's own, and PostgreSQL holds 1600/,
    );
    await assert.rejects(provision(database, catalogue), (error: Error) => {
      for (const fault of faults) {
        assert.ok(error.message.includes(fault), error.message);
      }
      return true;
    });
  });

  const codes = (rows: SmallSet['rows']): SmallSet => ({
    properties: { Code: 'Edm.Int32!', Title: 'Edm.String', Closed: 'Edm.Boolean' },
    key: ['Code'],
    rows: rows ?? [],
  });
  const version = async (set: string): Promise<unknown> =>
    (await database.query('SELECT version FROM gateway.set_versions WHERE entity_set = $1', [set])).rows[0]?.[
      'version'
    ];

  it('makes a code list exactly the rows given, with versions and tombstones', async () => {
    const run = (rows: SmallSet['rows']): Promise<readonly string[]> =>
      provision(database, smallCatalogue({ Codes: codes(rows) })).then((report) => report.givenRows);
    assert.deepEqual(
      await run([
        ['1', 'one', 'false'],
        ['2', null, 'true'],
        ['3', 'three', null],
      ]),
      ['Codes'],
    );
    assert.deepEqual(
      await run([
        ['1', 'one', 'false'],
        ['2', null, 'true'],
        ['3', 'three', null],
      ]),
      [],
    );
    assert.equal(await version('Codes'), '1');
    assert.deepEqual(
      await run([
        ['1', 'one', 'false'],
        ['2', 'two', 'true'],
        ['4', 'four', null],
      ]),
      ['Codes'],
    );
    const { rows } = await database.query('SELECT "Code", "Title", "Closed", _version FROM feed."Codes" ORDER BY 1');
    assert.deepEqual(rows, [
      { Code: 1, Title: 'one', Closed: false, _version: '1' },
      { Code: 2, Title: 'two', Closed: true, _version: '2' },
      { Code: 4, Title: 'four', Closed: null, _version: '2' },
    ]);
    const gone = await database.query('SELECT entity_set, key, version FROM gateway.tombstones');
    assert.deepEqual(gone.rows, [{ entity_set: 'Codes', key: { Code: 3 }, version: '2' }]);
    await run([]);
    assert.deepEqual((await database.query('SELECT 1 FROM feed."Codes"')).rows, []);
  });

  it('puts seed rows beside those of loads and never over them', async () => {
    const seeded = (title: string): Promise<unknown> =>
      provision(
        database,
        smallCatalogue({
          Agents: {
            properties: { Id: 'Edm.Int32!', Name: 'Edm.String' },
            key: ['Id'],
            seedRows: [
              ['0', title],
              ['1', title],
            ],
          },
        }),
      );
    await seeded('system');
    await database.query(`UPDATE feed."Agents" SET "Name" = 'loaded', _load_id = 5 WHERE "Id" = 1`);
    await database.query(`INSERT INTO feed."Agents" ("Id", "Name", _load_id) VALUES (2, 'own', 5)`);
    await seeded('renamed');
    const { rows } = await database.query('SELECT "Id", "Name" FROM feed."Agents" ORDER BY 1');
    assert.deepEqual(rows, [
      { Id: 0, Name: 'renamed' },
      { Id: 1, Name: 'loaded' },
      { Id: 2, Name: 'own' },
    ]);
  });
});
