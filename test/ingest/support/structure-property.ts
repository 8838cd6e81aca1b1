import { deepEqual } from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import type { useFiles } from './inspected.ts';
import { attributes, ca7 } from './inspected.ts';

const names = ca7.split(',');

/** Cells that no header and no null word is; a key is always there. */
const cell = fc.oneof(
  fc.constant(''),
  fc.constantFrom(
    'x',
    '7',
    'Zoë',
    'a b',
    'a,b',
    'a;b',
    'say "hi"',
    'two\nlines',
    'two\r\nlines',
    '\u2028',
    'a\u0085b',
    '|',
  ),
);
const row = fc.tuple(fc.constantFrom('cp-1', 'cp-2', 'cp-3'), ...names.slice(1).map(() => cell));

/** What people and programs leave between rows. */
const clutter = fc.constantFrom(
  'none',
  'empty',
  'delimiters',
  'blanks',
  'quoted empties',
  'header',
  'marked header',
  'sep',
);

/** Files as people have them. */
export const clutteredFile = fc.record({
  rows: fc.array(
    fc.record({
      cells: row,
      before: clutter,
      quoteAll: fc.boolean(),
      blanks: fc.boolean(),
      end: fc.constantFrom('\n', '\r\n', '\r\r\n'),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  delimiter: fc.constantFrom(',', ';', '\t'),
  start: fc.array(fc.constantFrom('\ufeff', '\u200b', '\r\n', 'sep', '\n'), { maxLength: 3 }),
  headerEnd: fc.constantFrom('\n', '\r\n', '\r\r\n'),
  quoteHeader: fc.boolean(),
  blankBehindHeader: fc.boolean(),
  trailing: fc.boolean(),
  encoding: fc.constantFrom('utf-8', 'utf-16le', 'utf-16be'),
  end: fc.constantFrom('', '\n', '\0\0\0', '\u001a', '\r\n\u001a\r\n'),
});

type Sample = typeof clutteredFile extends fc.Arbitrary<infer T> ? T : never;

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** The file as it arrives, and the same rows as a program without habits would write them. */
export function texts(sample: Sample): { readonly given: string; readonly clean: string } {
  const { delimiter, trailing } = sample;
  const behind = trailing ? delimiter : '';
  const blank = delimiter === '\t' ? ' ' : ' \t';
  const header = names.map((name) => (sample.quoteHeader ? quoted(name) : name)).join(delimiter);
  const separator = `sep=${delimiter}`;
  const between: Record<string, string> = {
    none: '',
    empty: '\n',
    delimiters: `${delimiter.repeat(names.length - 1 + behind.length)}\n`,
    blanks: `${names.map(() => blank).join(delimiter)}\r\n`,
    'quoted empties': `${names.map(() => '""').join(delimiter)}${behind}\n`,
    header: `${header.toUpperCase()}${behind}\r\n`,
    'marked header': `\ufeff${names.map(quoted).join(delimiter)}${behind}\n`,
    sep: `${separator}\n`,
  };
  const start = sample.start.map((one) => (one === 'sep' ? `${separator}\r\n` : one)).join('');
  const ending = sample.blankBehindHeader && sample.quoteHeader && !trailing ? ' ' : '';
  const rows = sample.rows.map(({ cells, before, quoteAll, blanks, end }, index) => {
    const line = cells.map((text) => {
      const plain = !quoteAll && !/[",;\t\r\n]/.test(text);
      const written = plain ? text : quoted(text);
      return blanks && !plain ? ` ${written} ` : written;
    });
    const last = index === sample.rows.length - 1;
    return `${between[before] ?? ''}${line.join(delimiter)}${behind}${last ? '' : end}`;
  });
  const clean = [names, ...sample.rows.map(({ cells }) => cells)];
  return {
    given: `${start}${header}${ending}${behind}${sample.headerEnd}${rows.join('')}${sample.end}`,
    clean: clean.map((cells) => `${cells.map(quoted).join(',')}\n`).join(''),
  };
}

export function encoded(text: string, encoding: Sample['encoding']): Buffer {
  const bytes = Buffer.from(text, encoding === 'utf-8' ? 'utf8' : 'utf16le');
  return encoding === 'utf-16be' ? bytes.swap16() : bytes;
}

/** Files as people have them give the rows that csv-parse reads of the same rows written without a fault, and no other. */
export async function structureProperty(files: ReturnType<typeof useFiles>, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(clutteredFile, async (sample) => {
      const { given, clean } = texts(sample);
      const expected = (parse(clean, { record_delimiter: '\n' }) as string[][]).slice(1);
      const found = await files.rows(encoded(given, sample.encoding), attributes);
      deepEqual(
        found.map(({ fault, fields }) => fault ?? fields.slice(0, names.length)),
        expected,
      );
    }),
    { numRuns },
  );
}
