import fc from 'fast-check';
import { isFault } from '../../../src/catalogue/cells/cell.ts';
import { type CellForm, cellConverter, keepsBlanks, timeReading } from '../../../src/catalogue/cells/cell-converter.ts';
import { encodingTypes } from '../../../src/catalogue/compile/sets/conversions.ts';
import type { PrimitiveTypeName } from '../../../src/edm/model.ts';
import { primitiveType } from '../../../src/edm/primitive-types.ts';
import type { Database } from '../../../src/warehouse/database.ts';
import { cellTables } from './cell-tables.ts';

const files = { timeZone: 'Europe/Amsterdam', dateTimePatterns: ['dd-MM-yyyy HH:mm', 'd/M/yyyy H:mm:ss ZZ'] };
const none = { maxLength: undefined, precision: undefined, scale: undefined, example: null, identifies: false };

/** Every encoding with every type that it may fill, with and without a stated decimal mark. */
export const forms: readonly CellForm[] = Object.entries(encodingTypes).flatMap(([encoding, types]) =>
  types.flatMap((type) =>
    [undefined, '.', ','].map((decimalMark) => ({
      ...none,
      encoding: encoding as CellForm['encoding'],
      type,
      files: { ...files, ...(decimalMark === undefined ? {} : { decimalMark: decimalMark as '.' | ',' }) },
    })),
  ),
);

/** Texts near what converters know: cells of the tables, with pieces of others and strange characters in them. */
export function oddCell(): fc.Arbitrary<string> {
  const known = fc.constantFrom(...cellTables().flatMap(({ cells }) => cells.map(({ cell }) => cell)));
  const piece = fc.constantFrom(
    ...[
      ...'0123456789.,-+eE:/TZPDHMSWY%=_ "\'’\\',
      '\u00a0',
      '\u202f',
      '\u2212',
      '١',
      '１',
      'é',
      '😀',
      '\ud800',
      '\n',
      '\t',
    ],
    ...[
      '00',
      '000',
      '999999999',
      '-0',
      'e308',
      'inf',
      'nan',
      'now',
      'BC',
      '24:00',
      '0001',
      '9999',
      '+14:00',
      '\\N',
      '\\.',
    ],
  );
  const mended = fc
    .tuple(known, fc.nat(40), fc.nat(4), fc.array(piece, { maxLength: 3 }))
    .map(([cell, at, cut, pieces]) => `${cell.slice(0, at)}${pieces.join('')}${cell.slice(at + cut)}`);
  const digits = fc.stringMatching(/^[+-]?\d{0,40}[.,]?\d{0,40}([eE][+-]?\d{1,4})?$/);
  const duration = fc.stringMatching(/^-?P\d{0,16}D?(T\d{0,16}H?\d{0,16}M?\d{0,16}(\.\d{0,13})?S?)?$/);
  const date = fc.stringMatching(
    /^\d{4}-[01]\d-[0-3]\d([T ][012]\d:[0-5]\d(:[0-6]\d(\.\d{1,12})?)?([+-][01]\d:[0-7]\d)?)?$/,
  );
  return fc.oneof(
    known,
    mended,
    mended,
    digits,
    duration,
    date,
    fc.array(piece).map((all) => all.join('')),
    fc.string(),
  );
}

/** What PostgreSQL must be able to say of each value that a cell becomes: what the type's readers hold. */
const held: Partial<Record<PrimitiveTypeName, string>> = {
  'Edm.Date': `v::date BETWEEN '0001-01-01' AND '9999-12-31'`,
  'Edm.DateTimeOffset': `v::timestamptz BETWEEN '0001-01-01T00:00:00Z' AND '9999-12-31T23:59:59.999999Z'`,
  'Edm.Duration': `extract(epoch FROM v::interval) BETWEEN -922337203685.477580 AND 922337203685.477580 AND extract(month FROM v::interval) = 0 AND extract(year FROM v::interval) = 0`,
  'Edm.Decimal': `v::numeric <> 'NaN' AND length(ltrim(replace(replace(trim_scale(v::numeric)::text, '-', ''), '.', ''), '0')) <= 28 AND scale(trim_scale(v::numeric)) <= 28`,
  'Edm.Double': `v::float8 BETWEEN '-1.7976931348623157e308' AND '1.7976931348623157e308'`,
  'Edm.Single': `v::float4 BETWEEN '-3.4028235e38' AND '3.4028235e38'`,
  'Edm.Byte': `v::smallint BETWEEN 0 AND 255`,
  'Edm.SByte': `v::smallint BETWEEN -128 AND 127`,
  'Edm.TimeOfDay': `v::time < '24:00'`,
};

/**
 * Cells as a load would give them to PostgreSQL: it must take each value that is no fault, as one that readers hold. Returns
 * how many values there were.
 * @throws where it does not, with the cell.
 */
export async function assertAllHeld(database: Database, form: CellForm, cells: readonly string[]): Promise<number> {
  const convert = cellConverter(form, timeReading(form.files));
  const meant = cells.map((cell) => (keepsBlanks(form) ? cell : cell.trim())).filter((cell) => cell.trim() !== '');
  // A row with U+0000 is rejected before its cells are looked at; COPY gets the bytes of UTF-8.
  const values = meant
    .filter((cell) => !cell.includes('\0'))
    .map((cell) => [cell, convert(cell)] as const)
    .filter((pair): pair is readonly [string, string] => !isFault(pair[1]) && pair[1] !== null);
  const { postgres } = primitiveType(form.type);
  const condition = held[form.type] ?? `v::${postgres} IS NOT NULL`;
  const sql = `SELECT v FROM unnest($1::text[]) AS v WHERE (${condition}) IS NOT TRUE OR v::${postgres} IS NULL`;
  const wrong = await refused(
    database,
    sql,
    values.map(([, value]) => sent(value)),
  );
  if (wrong === null) {
    return values.length;
  }
  const [cell] = values.find(([, value]) => sent(value) === wrong) ?? [];
  throw new Error(
    `${form.encoding} as ${form.type} reads ${JSON.stringify(cell)} as ${JSON.stringify(wrong)}, which is none`,
  );
}

/** One of the values that PostgreSQL refuses or that fails the condition; null: none. */
async function refused(database: Database, sql: string, values: readonly string[]): Promise<string | null> {
  try {
    const { rows } = await database.query<{ v: string }>(sql, [values]);
    return rows[0]?.v ?? null;
  } catch (error) {
    const [only] = values;
    if (only === undefined) {
      throw error;
    }
    if (values.length === 1) {
      return only;
    }
    const half = Math.ceil(values.length / 2);
    return (await refused(database, sql, values.slice(0, half))) ?? (await refused(database, sql, values.slice(half)));
  }
}

/** As COPY sends it: a lone surrogate becomes U+FFFD. */
const sent = (value: string): string => Buffer.from(value, 'utf8').toString('utf8');
