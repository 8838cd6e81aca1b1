import assert from 'node:assert/strict';
import fc from 'fast-check';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import type { PrimitiveTypeName } from '../../src/edm/model.ts';
import { ByteOutput } from '../../src/json/bytes/byte-output.ts';
import { CellInput } from '../../src/json/cells/cell-input.ts';
import type { JsonFormat } from '../../src/json/json-format.ts';
import type { ControlShape, FieldShape, RowShape } from '../../src/json/row-shape.ts';
import { rowWriter } from '../../src/json/row-writer.ts';
import { anyCharacter } from '../support/any-character.ts';
import { testDatabase } from '../support/postgres.ts';

const minimal: JsonFormat = {
  metadata: 'minimal',
  ieee754Compatible: false,
  omitNulls: false,
  root: 'https://feed.example/odata/',
  namespace: 'Gateway',
};

const value = (name: string, type: PrimitiveTypeName, collection = false): FieldShape => ({
  kind: 'value',
  name,
  type,
  collection,
});

/** COPY text as PostgreSQL sends it, to the JSON text of each row. */
function transcode(
  copy: Buffer,
  fields: readonly FieldShape[],
  options: { format?: Partial<JsonFormat>; control?: ControlShape } = {},
): string[] {
  const writer = rowWriter({ fields }, { ...minimal, ...options.format }, options.control ?? null);
  const input = new CellInput(copy);
  const output = new ByteOutput(16);
  const rows: string[] = [];
  for (let start = 0; start < copy.length; ) {
    const end = copy.indexOf(0x0a, start);
    output.position = 0;
    writer.row(input, { start, end }, output);
    rows.push(output.bytes.toString('utf8', 0, output.position));
    start = end + 1;
  }
  return rows;
}

const one = (copy: string, type: PrimitiveTypeName, format: Partial<JsonFormat> = {}): string =>
  transcode(Buffer.from(`${copy}\n`), [value('V', type)], { format })[0] ?? '';

describe('http: COPY text to OData JSON', () => {
  const cases: readonly [string, PrimitiveTypeName, string, Partial<JsonFormat>?][] = [
    ['2024-01-02 03:04:05.123+00', 'Edm.DateTimeOffset', '"2024-01-02T03:04:05.123Z"'],
    ['2024-01-02 03:04:05+00', 'Edm.DateTimeOffset', '"2024-01-02T03:04:05Z"'],
    ['12024-01-02 03:04:05+00', 'Edm.DateTimeOffset', '"12024-01-02T03:04:05Z"'],
    ['0044-03-15 12:00:00+00 BC', 'Edm.DateTimeOffset', '"-0043-03-15T12:00:00Z"'],
    ['0001-03-15 12:00:00+00 BC', 'Edm.DateTimeOffset', '"0000-03-15T12:00:00Z"'],
    ['infinity', 'Edm.DateTimeOffset', '"9999-12-31T23:59:59.999999Z"'],
    ['-infinity', 'Edm.DateTimeOffset', '"0001-01-01T00:00:00Z"'],
    ['2024-02-29', 'Edm.Date', '"2024-02-29"'],
    ['0044-03-15 BC', 'Edm.Date', '"-0043-03-15"'],
    ['infinity', 'Edm.Date', '"9999-12-31"'],
    ['24:00:00', 'Edm.TimeOfDay', '"23:59:59.999999"'],
    ['23:04:05.5', 'Edm.TimeOfDay', '"23:04:05.5"'],
    ['PT36H', 'Edm.Duration', '"PT36H"'],
    ['P1DT2H3M4.5S', 'Edm.Duration', '"P1DT2H3M4.5S"'],
    ['PT-1H-30M', 'Edm.Duration', '"-PT1H30M"'],
    ['P1M', 'Edm.Duration', '"P30D"'],
    ['P1DT-1H', 'Edm.Duration', '"PT23H"'],
    ['PT-0.5S', 'Edm.Duration', '"-PT0.5S"'],
    ['PT0S', 'Edm.Duration', '"PT0S"'],
    ['NaN', 'Edm.Double', '"NaN"'],
    ['-Infinity', 'Edm.Double', '"-INF"'],
    ['Infinity', 'Edm.Single', '"INF"'],
    ['1e+20', 'Edm.Double', '1e+20'],
    ['7', 'Edm.Double', '7'],
    ['248668584.15709278', 'Edm.Double', '248668584.15709278E0'],
    ['-248668584.15709278', 'Edm.Double', '-248668584.15709278E0'],
    ['248668584.157092', 'Edm.Double', '248668584.157092'],
    ['0.000123456789012345', 'Edm.Double', '0.000123456789012345'],
    ['0.0001234567890123456', 'Edm.Double', '0.0001234567890123456E0'],
    ['1.2345678901234567e-07', 'Edm.Double', '1.2345678901234567e-07'],
    ['1.2345678901234567e+15', 'Edm.Double', '1.2345678901234567e+15'],
    ['0', 'Edm.Double', '0'],
    ['-0', 'Edm.Double', '-0.0'],
    ['-0', 'Edm.Single', '-0.0'],
    ['-0.5', 'Edm.Single', '-0.5'],
    ['248668584.15709278', 'Edm.Decimal', '248668584.15709278'],
    ['1234567890123456789.0123456789', 'Edm.Decimal', '1234567890123456789.0123456789'],
    ['1234567890123456789', 'Edm.Int64', '1234567890123456789'],
    ['9007199254740993', 'Edm.Int64', '9007199254740993'],
    ['9007199254740993', 'Edm.Int64', '"9007199254740993"', { ieee754Compatible: true }],
    ['0.10', 'Edm.Decimal', '0.10'],
    ['-0.10', 'Edm.Decimal', '"-0.10"', { ieee754Compatible: true }],
    ['5', 'Edm.Int32', '5', { ieee754Compatible: true }],
    ['t', 'Edm.Boolean', 'true'],
    ['f', 'Edm.Boolean', 'false'],
    ['\\\\xfffe68', 'Edm.Binary', '"//5o"'],
    ['\\N', 'Edm.String', 'null'],
    ['\\\\N', 'Edm.String', '"\\\\N"'],
    ['', 'Edm.String', '""'],
    ['a\\tb\\nc\\vd', 'Edm.String', '"a\\tb\\nc\\u000bd"'],
    ['a\u001bA\u001fz', 'Edm.String', '"a\\u001bA\\u001fz"'],
  ];
  for (const [copy, type, json, format] of cases) {
    it(`${type} ${JSON.stringify(copy)} is ${json}`, () => assert.equal(one(copy, type, format), `{"V":${json}}`));
  }

  it('C14 a computed Decimal that no reader holds is null; a stored one is as it is', () => {
    const computed: FieldShape = { kind: 'value', name: 'V', type: 'Edm.Decimal', collection: false, dynamic: true };
    const read = (copy: string, format: Partial<JsonFormat> = {}): string =>
      transcode(Buffer.from(`${copy}\t1\n`), [computed, value('W', 'Edm.Int32')], { format })[0] ?? '';
    const kept = ['79228162514264337593543950335', '-79228162514264337593543950335.9', '0', `0.${'1'.repeat(60)}`];
    for (const text of kept) {
      assert.match(read(text), new RegExp(`"V":${text.replace('.', '\\.')},"W":1`), text);
    }
    for (const text of ['79228162514264337593543950336', '-99999999999999999999999999999.5', `1${'0'.repeat(29)}.00`]) {
      assert.match(read(text), /"V":null,"W":1}/);
      assert.match(read(text, { ieee754Compatible: true }), /"V":null,"W":1}/);
      assert.equal(read(text, { omitNulls: true }), '{"W":1}');
      assert.equal(one(text, 'Edm.Decimal'), `{"V":${text}}`);
    }
    assert.match(read('NaN') + read('-Infinity'), /^{"V@odata.type":"#Decimal","V":null,"W":1}{.*"V":null,"W":1}$/);
  });

  it('leaves nulls out on request, and stays an object when nothing is left', () => {
    const fields = [value('A', 'Edm.String'), value('B', 'Edm.Int32'), value('C', 'Edm.String')];
    const format = { omitNulls: true };
    assert.deepEqual(transcode(Buffer.from('\\N\t5\t\\N\n\\N\t\\N\t\\N\n'), fields, { format }), ['{"B":5}', '{}']);
  });

  it('names the types with metadata=full', () => {
    const fields = [value('A', 'Edm.Int64'), value('B', 'Edm.String'), value('C', 'Edm.String', true)];
    const control: ControlShape = { set: 'Cases', type: 'Case', key: [{ name: 'K', type: 'Edm.String' }] };
    assert.deepEqual(
      transcode(Buffer.from('o\'b /é\t5\tx\t["a\\\\nb"]\n'), fields, { format: { metadata: 'full' }, control }),
      [
        '{"@odata.type":"#Gateway.Case","@odata.id":"https://feed.example/odata/Cases(\'o%27%27b%20%2F%C3%A9\')",' +
          '"A@odata.type":"#Int64","A":5,"B":"x","C@odata.type":"#Collection(String)","C":["a\\nb"]}',
      ],
    );
  });

  it('writes nested objects and collections', () => {
    const deep: FieldShape = {
      kind: 'array',
      name: 'Deep',
      row: { fields: [value('D', 'Edm.String')] },
      rowEnd: 0x02,
      columnEnd: 0x01,
      withCount: false,
      control: null,
    };
    const many: FieldShape = {
      kind: 'array',
      name: 'Many',
      row: { fields: [value('T', 'Edm.String'), deep, value('N', 'Edm.Int32')] },
      rowEnd: 0x1f,
      columnEnd: 0x1e,
      withCount: true,
      control: null,
    };
    const object: RowShape = { fields: [value('X', 'Edm.String'), value('Y', 'Edm.Int32')] };
    const fields: FieldShape[] = [
      { kind: 'object', name: 'One', row: object, control: null },
      many,
      value('Last', 'Edm.Int32'),
    ];
    const inner =
      '\u001d\u001e' + 'x\u0002\u0002\u001e' + '7\u001f' + 'q"\u001b\\\\\u001bZ\\n\u001e' + '\u001e' + '\u001d\u001f';
    assert.deepEqual(transcode(Buffer.from(`1\tx\t5\t2\t${inner}\t9\n\\N\t\\N\t\\N\t\\N\t\\N\t1\n`), fields), [
      '{"One":{"X":"x","Y":5},"Many@odata.count":2,"Many":[{"T":null,"Deep":[{"D":"x"},{"D":""}],"N":7},{"T":"q\\"\\u001c\\u001a\\n","Deep":[],"N":null}],"Last":9}',
      '{"One":null,"Many@odata.count":0,"Many":[],"Last":1}',
    ]);
  });
});

describe('http: objects that are null inside a nested collection', () => {
  const object: FieldShape = {
    kind: 'object',
    name: 'One',
    row: { fields: [value('X', 'Edm.String'), value('Y', 'Edm.Int32')] },
    control: null,
  };
  const many = (fields: readonly FieldShape[]): FieldShape => {
    return { kind: 'array', name: 'Many', row: { fields }, rowEnd: 1, columnEnd: 2, withCount: false, control: null };
  };

  it('take their own columns and no other', () => {
    const fields = [many([value('A', 'Edm.String'), object, value('Z', 'Edm.Int32')]), value('Last', 'Edm.Int32')];
    const rows = 'a\x02\x1d\x02\x1d\x02\x1d\x023\x01' + 'b\x027\x02x\x02\x1d\x02\x1d\x01';
    assert.deepEqual(transcode(Buffer.from(`${rows}\t9\n`), fields), [
      '{"Many":[{"A":"a","One":null,"Z":3},{"A":"b","One":{"X":"x","Y":null},"Z":null}],"Last":9}',
    ]);
  });

  it('may end the row and the collection', () => {
    const rows = '\x1d\x02\x1d\x02\x1d\x01'.repeat(3);
    const json = '{"Many":[{"One":null},{"One":null},{"One":null}]}';
    assert.deepEqual(transcode(Buffer.from(`${rows}\n`), [many([object])]), [json]);
  });
});

const row = fc.record({
  text: fc.option(fc.string({ unit: anyCharacter, maxLength: 40 }).filter((text) => !text.includes('\0'))),
  ascii: fc.string({ unit: fc.constantFrom(...'ab"\\\t\n\r\b\f\v\u0001\u001b\u001fN'), maxLength: 12 }),
  int: fc.option(fc.integer()),
  big: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  double: fc.option(fc.double()),
  real: fc.option(fc.float()),
  bool: fc.option(fc.boolean()),
  instant: fc.option(fc.date({ min: new Date('0001-01-01'), max: new Date('+012000-01-01'), noInvalidDate: true })),
  uuid: fc.option(fc.uuid()),
  bytes: fc.option(fc.uint8Array({ maxLength: 20 })),
});

const types: readonly [string, PrimitiveTypeName, string][] = [
  ['text', 'Edm.String', 'text'],
  ['ascii', 'Edm.String', 'text'],
  ['int', 'Edm.Int32', 'integer'],
  ['big', 'Edm.Int64', 'bigint'],
  ['double', 'Edm.Double', 'double precision'],
  ['real', 'Edm.Single', 'real'],
  ['bool', 'Edm.Boolean', 'boolean'],
  ['instant', 'Edm.DateTimeOffset', 'timestamptz'],
  ['uuid', 'Edm.Guid', 'uuid'],
  ['bytes', 'Edm.Binary', 'bytea'],
];

function expected(cell: unknown): unknown {
  if (typeof cell === 'number' && !Number.isFinite(cell)) {
    return Number.isNaN(cell) ? 'NaN' : cell > 0 ? 'INF' : '-INF';
  }
  // `pg` sends it as 0.
  if (Object.is(cell, -0)) {
    return 0;
  }
  if (cell instanceof Uint8Array) {
    return Buffer.from(cell).toString('base64');
  }
  if (cell instanceof Date) {
    return cell.getTime();
  }
  if (typeof cell === 'bigint') {
    return String(cell);
  }
  return cell;
}

describe('http: COPY text to OData JSON, against JSON.stringify', () => {
  let client: pg.Client;
  before(async () => {
    client = new pg.Client({ connectionString: (await testDatabase()).connectionString });
    await client.connect();
    await client.query("SET TimeZone = 'UTC'; SET IntervalStyle = iso_8601; SET extra_float_digits = 1");
    const columns = types.map(([name, , sql]) => `"${name}" ${sql}`).join(', ');
    await client.query(`CREATE TABLE sample (n serial, ${columns})`);
  });
  after(() => client.end());

  it('has room for every name behind a nested collection, however many narrow rows that has', () => {
    const collection = (name: string, fields: readonly FieldShape[]): FieldShape => {
      return { kind: 'array', name, row: { fields }, rowEnd: 1, columnEnd: 2, withCount: true, control: null };
    };
    for (const length of [3, 60, 128]) {
      for (let rows = 0; rows < 150; rows++) {
        const long = 'N'.repeat(length);
        const others = ['B', 'C', 'D'].map((name) => collection(name + long, []));
        const fields = [collection(long, [value(`Own${'x'.repeat(60)}`, 'Edm.Boolean')]), ...others];
        const cells = [String(rows), 't\x01'.repeat(rows) || '\\N', ...others.flatMap(() => ['0', '\\N'])];
        const [row = ''] = transcode(Buffer.from(`${cells.join('\t')}\n`), fields);
        const read = JSON.parse(row) as Record<string, unknown>;
        assert.deepEqual([(read[long] as unknown[]).length, read[`D${long}`]], [rows, []]);
      }
    }
  });

  it('ends with an error where cells are lacking or the bytes end within one', () => {
    const all: readonly PrimitiveTypeName[] = [
      'Edm.String',
      'Edm.Int32',
      'Edm.Boolean',
      'Edm.Decimal',
      'Edm.Binary',
      'Edm.Date',
      'Edm.TimeOfDay',
      'Edm.Duration',
      'Edm.DateTimeOffset',
      'Edm.Guid',
    ];
    const starts: readonly string[] = ['', 'x', '12', '2024-01-02 03:04', '2024-01-02 03:04:05+', 'Na', '\\\\x6'];
    for (const type of all) {
      for (const collection of [false, true]) {
        for (const cell of starts) {
          const fields = [value('A', type, collection), value('B', type, collection)];
          const writer = rowWriter({ fields }, minimal, null);
          for (const text of [cell, `${cell}\t${cell}`, `${cell}\n`]) {
            const bytes = Buffer.from(text);
            const row = () =>
              writer.row(new CellInput(bytes), { start: 0, end: bytes.length - 1 }, new ByteOutput(4096));
            assert.throws(row, RangeError, `${type}${collection ? ' collection' : ''} ${JSON.stringify(text)}`);
          }
        }
      }
    }
  });

  it('ends with an error where a row has fewer cells than columns, with another row behind it', () => {
    const fields = [value('A', 'Edm.Int32'), value('B', 'Edm.Int32')];
    assert.throws(() => transcode(Buffer.from('1\n2\t3\n'), fields), /fewer cells than columns/);
  });

  it('agrees for every type on random rows through a real COPY', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 60 }), async (rows) => {
        await client.query('TRUNCATE sample');
        const names = types.map(([name]) => name);
        for (const sample of rows) {
          const cells = names.map((name) => sqlValue((sample as Record<string, unknown>)[name]));
          const places = names.map((_, index) => `$${index + 1}`).join(',');
          await client.query(
            `INSERT INTO sample (${names.map((name) => `"${name}"`).join(',')}) VALUES (${places})`,
            cells,
          );
        }
        const select = `SELECT ${names.map((name) => `"${name}"`).join(',')} FROM sample ORDER BY n`;
        const copy = client.query(copyStreams.to(`COPY (${select}) TO STDOUT`));
        const bytes = Buffer.concat((await copy.toArray()) as Buffer[]);
        const json = transcode(
          bytes,
          types.map(([name, type]) => value(name, type)),
          { format: { ieee754Compatible: true } },
        );
        assert.deepEqual(
          json.map((text) => comparable(JSON.parse(text))),
          rows.map((sample) => comparable(sample)),
        );
      }),
      { numRuns: 25 },
    );
  });
});

function sqlValue(cell: unknown): unknown {
  if (cell instanceof Uint8Array) {
    return Buffer.from(cell);
  }
  if (cell instanceof Date) {
    return cell.toISOString().replace(/^\+0/, '');
  }
  return typeof cell === 'bigint' || typeof cell === 'number' ? String(cell) : cell;
}

/** Both sides brought to one form: instants as milliseconds, the rest as JSON says. */
function comparable(sample: Record<string, unknown>): Record<string, unknown> {
  const names = Object.entries(sample).map(([name, cell]) => {
    if (name === 'instant' && typeof cell === 'string') {
      return [name, Date.parse(cell.replace(/^(\d{5})-/, '+0$1-'))];
    }
    if (name === 'real' && typeof cell === 'number') {
      return [name, expected(Math.fround(cell))];
    }
    return [name, expected(cell)];
  });
  return Object.fromEntries(names);
}
