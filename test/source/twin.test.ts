import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { mergeUpstreamModel } from '../../src/catalogue/compile/upstream/merge-upstream-model.ts';
import type { Enumeration, Property } from '../../src/edm/model.ts';
import { GatewayError } from '../../src/errors.ts';
import { ByteOutput } from '../../src/json/bytes/byte-output.ts';
import { CellInput } from '../../src/json/cells/cell-input.ts';
import { columnTexts } from '../../src/json/reading/column-texts.ts';
import { rowWriter } from '../../src/json/row-writer.ts';
import { memberText, namedMembers } from '../../src/plan/logic/member-names.ts';
import { mapPlan } from '../../src/plan/model/walk.ts';
import { copyLine } from '../../src/sql/copy-line.ts';
import { compileCollection } from '../../src/sql/read/compile-read.ts';
import {
  copyIntoTwin,
  createTemporaryTwin,
  temporaryTwin,
  twinOf,
  withTwins,
} from '../../src/warehouse/tables/twin-table.ts';
import { entitySet, entityType, modelOf, property } from '../edm/small-model.ts';
import { testDatabase } from '../support/postgres.ts';
import { planOf, readOptions, tenantCatalogue, tenantSource } from '../upstream/tenant.ts';

const media: Enumeration = {
  name: 'Their.Media',
  flags: true,
  members: new Map([
    ['None', 0n],
    ['Voice', 1n],
    ['Video', 2n],
    ['Chat', 4n],
  ]),
};
const state: Enumeration = {
  name: 'Their.State',
  flags: false,
  members: new Map([
    ['Open', 0n],
    ['Closed', 1n],
  ]),
};
const long = `_${'é'.repeat(60)}`;
const types = [
  ['binary', 'Edm.Binary'],
  ['boolean', 'Edm.Boolean'],
  ['byte', 'Edm.Byte'],
  ['date', 'Edm.Date'],
  ['moment', 'Edm.DateTimeOffset'],
  ['decimal', 'Edm.Decimal'],
  ['double', 'Edm.Double'],
  ['duration', 'Edm.Duration'],
  ['guid', 'Edm.Guid'],
  ['int16', 'Edm.Int16'],
  ['int32', 'Edm.Int32'],
  ['int64', 'Edm.Int64'],
  ['sbyte', 'Edm.SByte'],
  ['single', 'Edm.Single'],
  ['string', 'Edm.String'],
  ['time', 'Edm.TimeOfDay'],
] as const;
const properties: readonly Property[] = [
  property('id', 'Edm.Int64', { nullable: false }),
  ...types.map(([name, type]) => property(name, type)),
  property('tags', 'Edm.String', { collection: true, nullable: false }),
  property('numbers', 'Edm.Int32', { collection: true, nullable: false }),
  { ...property('media', 'Edm.String'), enumeration: media },
  { ...property('state', 'Edm.String'), enumeration: state },
  property('_row', 'Edm.String'),
  property(long, 'Edm.String'),
];
const set = entitySet('FarThings', entityType('FarThing', ['id'], properties));
const catalogue = tenantCatalogue(tenantSource({}), modelOf([set]));
const twin = twinOf(set, { source: 'far', relation: temporaryTwin(1) });

const full =
  '{"id":1,"binary":"AP8=","boolean":true,"byte":255,"date":"2026-02-28","moment":"2026-02-28T23:59:59.123456Z",' +
  '"decimal":123456789012345678901234567890.5000,"double":0.1,"duration":"-P1DT2H3.5S","guid":"0f8fad5b-d9cb-469f-a165-70867728950e",' +
  '"int16":-32768,"int32":2147483647,"int64":-9223372036854775808,"sbyte":-128,"single":1.5,"string":"tab\\t\\"quote\\" \\\\ é \\n𝄞","time":"23:59:59.5",' +
  '"tags":["a\\tb","c"],"numbers":[1,2],"media":"Voice, Chat","state":"Closed","_row":"not ours"';
const rows = [
  `${full},${JSON.stringify(long)}:"long"}`,
  `{"id":2,${properties
    .slice(1)
    .map(({ name, collection }) => `${JSON.stringify(name)}:${collection ? '[]' : 'null'}`)
    .join(',')}}`,
];

/** Rows of a feed in a twin of their set, in one transaction. */
describe('the twin of a proxied set', () => {
  let client: pg.Client;
  let drop: () => Promise<void>;

  before(async () => {
    const database = await testDatabase();
    drop = database.drop;
    client = new pg.Client({ connectionString: database.connectionString });
    await client.connect();
    await client.query(`SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'iso_8601'`);
  });
  after(async () => {
    await client?.end();
    await drop?.();
  });

  /** The rows that a request gives, as the reply writes them. */
  async function served(request: string, lines = rows): Promise<readonly string[]> {
    await client.query('BEGIN');
    try {
      await client.query(createTemporaryTwin(twin));
      const texts = columnTexts(properties);
      const copy = client.query(copyFrom(copyIntoTwin(twin, properties)));
      await new Promise<void>((resolve, reject) => {
        copy.on('finish', resolve).on('error', reject);
        copy.end(Buffer.from(lines.map((line) => copyLine(texts(line))).join('')));
      });
      const plan = mapPlan(planOf(request, catalogue), namedMembers);
      assert.equal(plan.kind, 'Collection');
      if (plan.kind !== 'Collection') {
        return [];
      }
      const query = compileCollection(plan, withTwins(catalogue, [twin]), { controls: false });
      const chunks: Buffer[] = [];
      for await (const chunk of client.query(copyTo(`COPY (${query.text}) TO STDOUT`))) {
        chunks.push(chunk as Buffer);
      }
      const bytes = Buffer.concat(chunks);
      const writer = rowWriter(query.shape, readOptions(), null);
      const found: string[] = [];
      for (let start = 0, end = bytes.indexOf(0x0a); end >= 0; start = end + 1, end = bytes.indexOf(0x0a, start)) {
        const output = new ByteOutput(256);
        const line = bytes.subarray(start, end + 1);
        writer.row(new CellInput(line), { start: 0, end: line.length - 1 }, output);
        found.push(output.bytes.toString('utf8', 0, output.position));
      }
      return found;
    } finally {
      await client.query('ROLLBACK');
    }
  }

  it('has a column of its own type for each property, whatever its name', () => {
    const text = createTemporaryTwin(twin);
    assert.match(
      text,
      /^CREATE TEMP TABLE "twin 1" \("_row" bigint NOT NULL GENERATED ALWAYS AS IDENTITY, "id" bigint, "binary" bytea, /,
    );
    assert.match(text, /"tags" text COLLATE "C", "numbers" text COLLATE "C", "media" text COLLATE "C"/);
    const names = [...twin.columns.values()].map(({ name }) => name);
    assert.equal(new Set(names).size, properties.length);
    assert.ok(names.every((name) => Buffer.byteLength(name) <= 63 && !name.startsWith('_')));
  });

  it('gives the rows back, value for value', async () => {
    assert.deepEqual(await served('FarThings'), rows);
  });

  it('is aggregated and filtered by the SQL of stored sets', async () => {
    const lines = [1, 2, 3, 4].map(
      (id) =>
        `{"id":${id},"int32":${id},"string":"${id % 2 === 0 ? 'a' : 'b'}","media":${['null', '"Voice"', '"Voice, Chat"', '"5"'][id - 1]},"state":"${id === 1 ? 'Open' : 'Closed'}"}`,
    );
    const asked = async (request: string): Promise<unknown> =>
      (await served(request, lines)).map((row) => JSON.parse(row) as unknown);
    assert.deepEqual(
      await asked('FarThings?$apply=groupby((string),aggregate(int32 with sum as total))&$orderby=string'),
      [
        { string: 'a', 'total@odata.type': '#Int64', total: 6 },
        { string: 'b', 'total@odata.type': '#Int64', total: 4 },
      ],
    );
    const ids = async (filter: string): Promise<unknown> => asked(`FarThings?$select=id&$filter=${filter}`);
    const of = (...found: readonly number[]): unknown => found.map((id) => ({ id }));
    assert.deepEqual(await ids("media has Their.Media'Chat'"), of(3, 4));
    assert.deepEqual(await ids("not (media has Their.Media'Chat')"), of(2));
    assert.deepEqual(await ids("media has 'Chat,Voice'"), of(3, 4));
    assert.deepEqual(await ids("media eq Their.Media'Chat,Voice'"), of(3));
    assert.deepEqual(await ids("state eq '0'"), of(1));
    assert.deepEqual(await ids("state in ('1')"), of(2, 3, 4));
  });

  it('takes numbers and flags in any order for the text that the feed serves', () => {
    for (const [text, expected] of [
      ['Voice', 'Voice'],
      ['1', 'Voice'],
      ['Chat, Voice', 'Voice, Chat'],
      ['5', 'Voice, Chat'],
      ['0', 'None'],
      ['8', '8'],
      ['Fax', 'Fax'],
    ] as const) {
      assert.equal(memberText(media, text), expected, text);
    }
    assert.equal(memberText(state, 'Open,Closed'), 'Open,Closed');
  });

  it('cuts what PostgreSQL does not hold, and refuses what is of no type', () => {
    const texts = (type: Property['type'], raw: string) => columnTexts([property('x', type)])(`{"x":${raw}}`)[0];
    assert.equal(texts('Edm.DateTimeOffset', '"2026-01-01T00:30:00.9999999+01:00"'), '2025-12-31T23:30:00.999999Z');
    assert.equal(texts('Edm.TimeOfDay', '"23:59:59.9999999"'), '23:59:59.999999');
    assert.equal(texts('Edm.Duration', '"-PT1.0000001S"'), 'PT-1.000000S');
    assert.equal(texts('Edm.String', '"a\\u0000b"'), 'a\ufffdb');
    assert.equal(texts('Edm.Double', '"-INF"'), '-Infinity');
    assert.equal(texts('Edm.Single', '"NaN"'), 'NaN');
    for (const [type, raw] of [
      ['Edm.Guid', '"0f8f"'],
      ['Edm.Date', '"2026-02-30"'],
      ['Edm.DateTimeOffset', '"0000-01-01T00:00:00Z"'],
      ['Edm.Duration', '"P1Y"'],
      ['Edm.String', '5'],
    ] as const) {
      assert.throws(
        () => texts(type, raw),
        (error) =>
          error instanceof GatewayError && error.code === 'UpstreamRefused' && /which is no/.test(error.message),
        raw,
      );
    }
  });

  it('follows the type that the feed declares now', () => {
    const other = modelOf([
      entitySet('Things', entityType('Thing', ['id'], [property('id', 'Edm.String', { nullable: false })])),
    ]);
    const merged = mergeUpstreamModel(catalogue, 'far', other).catalogue;
    const now = merged.model.entitySets.get('FarThings');
    assert.ok(now);
    const columns = twinOf(now, { source: 'far', relation: temporaryTwin(1) }).columns;
    assert.deepEqual([...columns], [['id', { name: 'id', sqlType: 'text' }]]);
  });
});
