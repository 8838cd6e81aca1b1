import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isFault } from '../../../src/catalogue/cells/cell.ts';
import { type CellForm, cellConverter, timeReading } from '../../../src/catalogue/cells/cell-converter.ts';

/** Languages with each of the marks and groups that spreadsheets know, but those that group by two digits. */
const languages = [
  'en-US',
  'nl-NL',
  'de-DE',
  'de-CH',
  'fr-FR',
  'sv-SE',
  'nb-NO',
  'pl-PL',
  'es-ES',
  'pt-BR',
  'it-IT',
  'en-ZA',
  'tr-TR',
];

const number = fc.record({
  language: fc.constantFrom(...languages),
  digits: fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
  scale: fc.integer({ min: 0, max: 6 }),
  grouped: fc.boolean(),
});

/** `digits` divided by ten to the power of `scale`, without rounding. */
function plain(digits: bigint, scale: number): string {
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  const whole = text.slice(0, text.length - scale);
  return `${digits < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${text.slice(-scale)}`}`;
}

const decimal: Omit<CellForm, 'files'> = {
  type: 'Edm.Decimal',
  encoding: 'decimal',
  maxLength: undefined,
  precision: undefined,
  scale: undefined,
  identifies: false,
  example: null,
};

/**
 * A number that Intl writes in some language is read as that number where the decimal mark is stated. Where it is not, it is
 * read as that number or is ambiguous: never as another one.
 */
export function assertNumbersKept(numRuns: number): void {
  fc.assert(
    fc.property(number, ({ language, digits, scale, grouped }) => {
      const format = new Intl.NumberFormat(language, {
        useGrouping: grouped ? 'always' : false,
        minimumFractionDigits: scale,
        maximumFractionDigits: scale,
      });
      const text = plain(digits, scale);
      // A decimal text is formatted without passing through a double (ECMA-402, Intl mathematical values).
      const cell = format.format(text as unknown as number);
      const read = (decimalMark: '.' | ',' | undefined) => {
        const files = { timeZone: 'UTC', dateTimePatterns: [], ...(decimalMark === undefined ? {} : { decimalMark }) };
        return cellConverter({ ...decimal, files }, timeReading(files))(cell);
      };
      const stated = new Intl.NumberFormat(language).formatToParts(0.5).find((part) => part.type === 'decimal')?.value;
      const settled = read(stated === ',' ? ',' : '.');
      assert.ok(typeof settled === 'string', `${cell}: ${JSON.stringify(settled)}`);
      assert.equal(same(settled), same(text), cell);
      const open = read(undefined);
      if (isFault(open)) {
        assert.equal(open.code, 'AMBIGUOUS_DECIMAL', cell);
      } else {
        assert.equal(same(open ?? ''), same(text), cell);
      }
    }),
    { numRuns },
  );
}

/** Without zeros that say nothing, and without the sign of zero. */
function same(text: string): string {
  const short = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return short.replace(/^(-?)0+(?=\d)/, '$1').replace(/^-0$/, '0');
}
