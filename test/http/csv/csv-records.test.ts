import assert from 'node:assert/strict';
import fc from 'fast-check';
import { csvCopyRow } from '../../../src/csv/copy-row.ts';
import type { CsvFormat } from '../../../src/csv/csv-format.ts';
import { objectRow } from '../../../src/csv/object-row.ts';
import type { PrimitiveTypeName } from '../../../src/edm/model.ts';
import { ByteOutput } from '../../../src/json/bytes/byte-output.ts';
import { CellInput } from '../../../src/json/cells/cell-input.ts';
import type { FieldShape } from '../../../src/json/row-shape.ts';
import { copyLine } from '../../../src/sql/copy-line.ts';
import { readCsv, usual } from './read-csv.ts';

const links = {
  metadata: 'minimal',
  ieee754Compatible: false,
  omitNulls: false,
  root: 'https://feed.example/odata/',
  namespace: 'Gateway',
} as const;

interface Shape {
  readonly fields: readonly FieldShape[];
  readonly columns: readonly (readonly string[])[];
}

const typed = (type: PrimitiveTypeName, more: { collection?: boolean; dynamic?: boolean } = {}): Shape => ({
  fields: [{ kind: 'value', name: 'V', type, collection: false, ...more }],
  columns: [['V']],
});

/** The records of COPY text. */
function records(copy: string, { fields, columns }: Shape, format: Partial<CsvFormat> = {}, mixed = false): string {
  const bytes = Buffer.from(copy);
  const writer = csvCopyRow(
    { shape: { fields }, control: null, columns, links: { ...links, mixed } },
    { ...usual, ...format },
  );
  const input = new CellInput(bytes);
  const output = new ByteOutput(16);
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    writer.row(input, { start, end }, output);
    start = end + 1;
  }
  return output.bytes.toString('utf8', 0, output.position);
}

describe('csv: COPY text to records', () => {
  const comma = { delimiter: ';', decimal: ',' } as const;
  const cases: readonly [copy: string, PrimitiveTypeName, field: string, Partial<CsvFormat>?][] = [
    ['\\N', 'Edm.String', ''],
    ['', 'Edm.String', '""'],
    ['plain text', 'Edm.String', 'plain text'],
    [' blanks stay ', 'Edm.String', ' blanks stay '],
    ['a,b', 'Edm.String', '"a,b"'],
    ['a,b', 'Edm.String', 'a,b', comma],
    ['a;b', 'Edm.String', '"a;b"', comma],
    ['a\\tb', 'Edm.String', 'a\tb'],
    ['a\\tb', 'Edm.String', '"a\tb"', { delimiter: '\t' }],
    ['say "no"', 'Edm.String', '"say ""no"""'],
    ['"', 'Edm.String', '""""'],
    ['line\\r\\nline', 'Edm.String', '"line\r\nline"'],
    ['c:\\\\temp', 'Edm.String', 'c:\\temp'],
    ['\\\\N', 'Edm.String', '\\N'],
    ['\\b\\f\\v\u0001', 'Edm.String', '\b\f\v\u0001'],
    ['=SUM(A1)', 'Edm.String', '=SUM(A1)'],
    ['=SUM(A1)', 'Edm.String', "'=SUM(A1)", { guarded: true }],
    ['@x', 'Edm.String', "'@x", { guarded: true }],
    ['+1,2', 'Edm.String', '"\'+1,2"', { guarded: true }],
    ['-', 'Edm.String', "'-", { guarded: true }],
    ['\\tx', 'Edm.String', "'\tx", { guarded: true }],
    ['a=b', 'Edm.String', 'a=b', { guarded: true }],
    ['-1.5', 'Edm.Decimal', '-1.5', { guarded: true }],
    ['-1.5', 'Edm.Decimal', '-1,5', comma],
    ['1234567890123456789.0123456789', 'Edm.Decimal', '1234567890123456789.0123456789'],
    ['NaN', 'Edm.Double', 'NaN'],
    ['-Infinity', 'Edm.Double', '-INF'],
    ['248668584.15709278', 'Edm.Double', '248668584.15709278'],
    ['1.5e-07', 'Edm.Double', '1,5e-07', comma],
    ['t', 'Edm.Boolean', 'true'],
    ['f', 'Edm.Boolean', 'false'],
    ['7', 'Edm.Int32', '7'],
    ['2024-01-02 03:04:05.123+00', 'Edm.DateTimeOffset', '2024-01-02T03:04:05.123Z', comma],
    ['PT1.5S', 'Edm.Duration', 'PT1.5S', comma],
    ['\\\\x0102', 'Edm.Binary', 'AQI='],
    ['\\N', 'Edm.Decimal', ''],
  ];
  for (const [copy, type, field, format] of cases) {
    it(`${type} ${JSON.stringify(copy)} ${JSON.stringify(format ?? {})}`, () =>
      assert.equal(records(`${copy}\n`, typed(type), format), `${field}\r\n`));
  }

  it('a collection is its JSON array, and null an empty one, as in JSON', () => {
    const copy = '["a","b"]\n[]\n\\N\n';
    assert.equal(records(copy, typed('Edm.String', { collection: true })), '"[""a"",""b""]"\r\n[]\r\n[]\r\n');
  });

  it('a computed Decimal that JSON readers cannot hold is null, as in JSON', () => {
    const copy = `${'9'.repeat(30)}\n1\n`;
    assert.equal(records(copy, typed('Edm.Decimal', { dynamic: true })), '\r\n1\r\n');
  });

  it('objects are columns of their own, empty where there is no object', () => {
    const value = (name: string) => ({ kind: 'value', name, type: 'Edm.Int32', collection: false }) as const;
    const shape: Shape = {
      fields: [
        { kind: 'object', name: 'A', row: { fields: [value('X'), value('Y')] }, control: null, optional: true },
        value('N'),
        { kind: 'hidden', name: 'H' },
        { kind: 'object', name: 'B', row: { fields: [value('Z')] }, control: null },
      ],
      columns: [['A', 'X'], ['A', 'Y'], ['N'], ['B', 'Z']],
    };
    const lines = ['1 1 2 3 4 0 5', '0 1 2 3 4 \\N 5', '\\N 1 2 \\N 4 0 \\N'];
    const copy = lines.map((line) => `${line.replaceAll(' ', '\t')}\n`).join('');
    assert.equal(records(copy, shape), '1,2,3,5\r\n,,3,\r\n,,,\r\n');
  });

  it('rows of several sets find their columns, in whatever order they have their values', () => {
    const value = (name: string) => ({ kind: 'value', name, type: 'Edm.String', collection: false }) as const;
    const shape: Shape = { fields: [value('C'), value('A')], columns: [['A'], ['B'], ['C'], ['D']] };
    assert.equal(records('c\ta\n\\N\t\n', shape, {}, true), 'a,,c,\r\n"",,,\r\n');
  });

  it('a row with fewer cells than columns, or a statement with other columns, is a fault', () => {
    const two: Shape = { fields: [...typed('Edm.Int32').fields, ...typed('Edm.Int32').fields], columns: [['V']] };
    assert.throws(() => records('1\n', { ...two }), RangeError);
    assert.throws(() => records('1\n', { ...typed('Edm.Int32'), columns: [['W']] }), /No column of the statement is W/);
  });
});

describe('csv: any text, by a reader of others', () => {
  const characters = fc.constantFrom(
    ',',
    ';',
    '\t',
    '"',
    '\r',
    '\n',
    '\\',
    "'",
    '=',
    'a',
    'é',
    '😀',
    ' ',
    '\u0001',
    '\v',
  );
  const text = fc.option(fc.string({ unit: fc.oneof(characters, fc.string({ minLength: 1, maxLength: 9 })) }), {
    nil: null,
  });
  const rows = fc.array(fc.array(text, { minLength: 3, maxLength: 3 }), { maxLength: 6 });
  const names = ['A', 'B', 'C'];
  const fields = names.map((name): FieldShape => ({ kind: 'value', name, type: 'Edm.String', collection: false }));
  const columns = names.map((name) => [name]);
  const plain = (table: readonly (readonly (string | null)[])[]): (string | null)[][] =>
    table.map((row) => row.map((cell) => cell?.replaceAll('\0', '') ?? null));

  for (const delimiter of [',', ';', '\t'] as const) {
    it(`from COPY and from JSON the same, delimited by ${JSON.stringify(delimiter)}`, () =>
      fc.assert(
        fc.property(rows, (table) => {
          const given = plain(table);
          const csv = records(given.map(copyLine).join(''), { fields, columns }, { delimiter });
          assert.deepEqual(readCsv(csv, delimiter), given);
          const row = objectRow(columns, { ...usual, delimiter });
          const objects = given.map((cells) => Object.fromEntries(cells.map((cell, index) => [names[index], cell])));
          assert.equal(objects.map((one) => row(JSON.stringify(one))).join(''), csv);
        }),
        { numRuns: 300 },
      ));
  }
});

describe('csv: rows that come as JSON', () => {
  const columns = [['Id'], ['Case', 'Cost'], ['Case', 'Tags'], ['Name@odata.type']];
  const cases: readonly [json: string, record: string][] = [
    ['{"Id":1,"Case":{"Cost":1.50,"Tags":["a"]}}', '1,1.50,"[""a""]",'],
    ['{"Case":null,"Id":12345678901234567890}', '12345678901234567890,,,'],
    ['{"Id":248668584.15709278E0,"Name@odata.type":"#x"}', '248668584.15709278,,,#x'],
    ['{"Id":"","Other":5}', '"",,,'],
    ['{"Id":"INF","Case":{"Cost":true}}', 'INF,true,,'],
  ];
  for (const [json, record] of cases) {
    it(json, () => assert.equal(objectRow(columns, usual)(json), `${record}\r\n`));
  }

  it('numbers alone get a decimal comma', () => {
    const format: CsvFormat = { ...usual, delimiter: ';', decimal: ',' };
    assert.equal(objectRow([['A'], ['B']], format)('{"A":1.5,"B":"1.5"}'), '1,5;1.5\r\n');
  });
});
