import { deepEqual, equal } from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import type { CsvRecord } from '../../src/ingest/csv/csv-record.ts';
import { detectLineEnd } from '../../src/ingest/csv/line-end.ts';
import { CsvTokenizer, type TokenizerOptions } from '../../src/ingest/csv/tokenizer.ts';

const defaults: TokenizerOptions = {
  delimiter: ',',
  lineEnd: '\n',
  unitBytes: 1,
  byteOffset: 0,
  line: 1,
  maxRecordLength: 1_000_000,
};

function tokenize(pieces: readonly string[], options: Partial<TokenizerOptions> = {}): CsvRecord[] {
  const tokenizer = new CsvTokenizer({ ...defaults, ...options });
  return [...pieces.flatMap((piece) => tokenizer.push(piece)), ...tokenizer.end()];
}

const cellText = fc.string({ unit: fc.constantFrom('a', 'Z', '0', ' ', ',', ';', '"', '\n', '\r\n', 'é', '\t', '[') });

function quoteCell(text: string, always: boolean): string {
  return always || /[",;\t\r\n]/.test(text) || text === '' ? `"${text.replaceAll('"', '""')}"` : text;
}

function cut(text: string, places: readonly number[]): string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [...at, text.length].map((end, index) => text.slice(at[index - 1] ?? 0, end));
}

describe('CSV tokenizer', () => {
  it('gives fields, start lines, byte ranges and raw text', () => {
    const text = 'a,b\r\n1,"x ""y""\nz"\r\n\r\n2,\n';
    const records = tokenize([text]);
    deepEqual(
      records.map((r) => r.fields),
      [
        ['a', 'b'],
        ['1', 'x "y"\nz'],
        ['2', ''],
      ],
    );
    deepEqual(
      records.map((r) => r.line),
      [1, 2, 5],
    );
    for (const record of records) {
      equal(text.slice(record.byteStart, record.byteEnd), record.raw);
    }
  });

  it('agrees with csv-parse on well-formed files cut at any place', () => {
    const file = fc.record({
      rows: fc.array(fc.array(cellText, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 12 }),
      delimiter: fc.constantFrom(',', ';', '\t', '|'),
      lineEnd: fc.constantFrom('\n', '\r\n'),
      always: fc.boolean(),
      finalEnd: fc.boolean(),
      cuts: fc.array(fc.nat({ max: 400 }), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(file, ({ rows, delimiter, lineEnd, always, finalEnd, cuts }) => {
        const lines = rows.map((row) => row.map((cell) => quoteCell(cell, always)).join(delimiter));
        const text = lines.join(lineEnd) + (finalEnd ? lineEnd : '');
        const expected: string[][] = parse(text, {
          delimiter,
          record_delimiter: ['\n', '\r\n'],
          relax_column_count: true,
          skip_empty_lines: true,
        });
        const records = tokenize(cut(text, cuts), { delimiter });
        deepEqual(
          records.map((record) => record.fields),
          expected,
        );
        for (const record of records) {
          equal(record.fault, null);
          equal(text.slice(record.byteStart, record.byteEnd), record.raw);
          equal(text.slice(0, record.byteStart).split('\n').length, record.line);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same records wherever a broken file is cut', () => {
    const broken = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', '1'), maxLength: 60 });
    fc.assert(
      fc.property(broken, fc.array(fc.nat({ max: 80 }), { maxLength: 5 }), (text, cuts) => {
        deepEqual(tokenize(cut(text, cuts), { maxRecordLength: 100 }), tokenize([text], { maxRecordLength: 100 }));
      }),
      { numRuns: 500 },
    );
  });

  it('reports a broken quote and goes on at the next line', () => {
    const records = tokenize(['h1,h2\n1,"un"quoted\n2,b\n3,b"c\n4,d\n5,"open\n6,f\n']);
    deepEqual(
      records.map((r) => [r.line, r.fault, r.raw]),
      [
        [1, null, 'h1,h2'],
        [2, 'TEXT_AFTER_QUOTE', '1,"un"quoted'],
        [3, null, '2,b'],
        [4, null, '3,b"c'],
        [5, null, '4,d'],
        [6, 'UNTERMINATED_QUOTE', '5,"open'],
        [7, null, '6,f'],
      ],
    );
  });

  it('takes a quote inside a field that does not begin with one as text, as csv-parse does when told to', () => {
    const inner = fc.string({ unit: fc.constantFrom('a', 'é', '"', ' ', ';'), minLength: 1, maxLength: 6 });
    const cell = fc.tuple(fc.constantFrom('a', 'Zoë ', 'é'), inner).map(([start, rest]) => start + rest);
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 }), (rows) => {
        const text = rows.map((row) => row.join(',')).join('\n');
        const records = tokenize([text]);
        deepEqual(
          records.map((record) => record.fields),
          parse(text, { relax_quotes: true }),
        );
        for (const record of records) {
          equal(record.fault, null);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('believes no such quote below a broken one, until a row has the width of the header again', () => {
    const records = tokenize(['id,text\n1,"He said "hi"\nmiddle\nand "left",2\n3,5" pipe\n4,x\n5,6" pipe\n']);
    deepEqual(
      records.map((r) => [r.line, r.fault]),
      [
        [1, null],
        [2, 'TEXT_AFTER_QUOTE'],
        [3, null],
        [4, 'QUOTE_IN_UNQUOTED_FIELD'],
        [5, 'QUOTE_IN_UNQUOTED_FIELD'],
        [6, null],
        [7, null],
      ],
    );
  });

  it('an open quote cannot swallow more than the longest record', () => {
    const rows = Array.from({ length: 100 }, (_, i) => `${i},row`);
    const records = tokenize(cut(`1,"open\n${rows.join('\n')}\n`, [10, 50, 90, 200]), { maxRecordLength: 64 });
    equal(records[0]?.fault, 'UNTERMINATED_QUOTE');
    deepEqual(
      records.slice(1).map((r) => r.raw),
      rows,
    );
  });

  it('cuts and reports a record that is too long, in the middle and at the end', () => {
    const long = 'x'.repeat(500);
    const records = tokenize(cut(`a,b\n${long}\nc,d\n${long}`, [100, 300, 450, 700]), { maxRecordLength: 64 });
    deepEqual(
      records.map((r) => [r.line, r.fault, r.raw.length]),
      [
        [1, null, 3],
        [2, 'RECORD_TOO_LARGE', 64],
        [3, null, 3],
        [4, 'RECORD_TOO_LARGE', 64],
      ],
    );
  });

  it('reads old Macintosh line ends and counts UTF-16 in bytes', () => {
    equal(detectLineEnd('"a\nb",c\rd,e\r'), '\r');
    equal(detectLineEnd('"a\rb",c\r\nd,e\r'), '\n');
    const records = tokenize(['a,b\r"1\r2",3\r'], { lineEnd: '\r', unitBytes: 2, byteOffset: 2 });
    deepEqual(
      records.map((r) => [r.line, r.byteStart, r.byteEnd, r.fields]),
      [
        [1, 2, 8, ['a', 'b']],
        [2, 10, 24, ['1\r2', '3']],
      ],
    );
  });
});
