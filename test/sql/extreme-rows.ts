import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ArithmeticOperator } from '../../src/plan/model/read-plan.ts';

/** Cases whose values are at the ends of what their types and their readers hold; and what may be asked of them. */

export const lastId = 2 ** 63;

export const extremeRows = `
  INSERT INTO feed."Cases" ("Id", "Priority", "Small", "Cost", "Score", "CreatedAt", "DueOn", "StartsAt", "Took") VALUES
    (1, -2147483648, -32768, -79228162514264337593543950335, 1.5, '0001-01-01T00:00:00Z', '0001-01-01', '00:00', 'PT0S'),
    (2, 2147483647, 32767, 79228162514264337593543950335, 1.7976931348623157e308, '9999-12-31T23:59:59.999999Z', '9999-12-31', '23:59:59.999999', 'P10675199D'),
    (3, 0, 0, 0.0000000000000000000000000001, 5e-324, '2024-02-29T00:00:00Z', '2024-02-29', '12:30', 'PT1S'),
    (4, NULL, NULL, NULL, 'NaN', NULL, NULL, NULL, NULL),
    (9223372036854775807, NULL, NULL, -0.1, '-Infinity', NULL, NULL, NULL, 'P-10675199D');`;

/** The words of PostgreSQL for a double that a JavaScript number is. */
export const sqlDouble = (value: number): string => {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return `'${text}'::double precision`;
};

export const unsigned = (value: number): number => (value === 0 ? 0 : value);

export const anyDouble = fc.oneof(
  fc.double(),
  fc.integer({ min: -9, max: 9 }),
  fc.constantFrom(
    0,
    -0,
    5e-324,
    -5e-324,
    1.7976931348623157e308,
    -1.7976931348623157e308,
    1e154,
    1e-162,
    3.4e38,
    1e-45,
    // Half a unit of the largest, and less.
    9.979201547673599e291,
    9.979201547673597e291,
  ),
);

export const floatOperators: readonly (readonly [ArithmeticOperator, (a: number, b: number) => number])[] = [
  ['add', (a, b) => a + b],
  ['sub', (a, b) => a - b],
  ['mul', (a, b) => a * b],
  ['div', (a, b) => a / b],
];

const leaf: Readonly<Record<'number' | 'instant' | 'date' | 'time' | 'duration', fc.Arbitrary<string>>> = {
  number: fc.constantFrom(
    ...['Id', 'Priority', 'Small', 'Cost', 'Score', '0', '-1', '2', '0.5', '1e308', '1e-308', 'INF', 'NaN'],
    ...['2147483647', '9223372036854775807', '79228162514264337593543950335', 'totalseconds(Took)'],
    // Beyond the range of a double, as texts of a Decimal.
    `0.${'0'.repeat(400)}1`,
    `1${'0'.repeat(400)}.5`,
  ),
  instant: fc.constantFrom('CreatedAt', 'now()', 'mindatetime()', 'maxdatetime()', '2024-12-31T23:59:59.9999999Z'),
  date: fc.constantFrom('DueOn', '0001-01-01', '9999-12-31', 'date(CreatedAt)'),
  time: fc.constantFrom('StartsAt', '23:59:59.9999999', 'time(CreatedAt)'),
  duration: fc.constantFrom('Took', "duration'P1D'", "duration'-P10675199D'", "duration'PT0.0000001S'"),
};

const { number, instant, date, duration } = fc.letrec<Record<'number' | 'instant' | 'date' | 'duration', string>>(
  (tie) => {
    const joined = (left: string, operators: readonly string[], right: string): fc.Arbitrary<string> =>
      fc
        .tuple(tie(left as 'number'), fc.constantFrom(...operators), tie(right as 'number'))
        .map(([a, operator, b]) => `(${a} ${operator} ${b})`);
    const called = (names: readonly string[], argument: fc.Arbitrary<string>): fc.Arbitrary<string> =>
      fc.tuple(fc.constantFrom(...names), argument).map(([name, text]) => `${name}(${text})`);
    const numbers = ['add', 'sub', 'mul', 'div', 'divby', 'mod'];
    const types = ['Byte', 'SByte', 'Int16', 'Int32', 'Int64', 'Decimal', 'Single', 'Double'];
    return {
      number: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        { weight: 3, arbitrary: leaf.number },
        { weight: 4, arbitrary: joined('number', numbers, 'number') },
        tie('number').map((text) => `(-(${text}))`),
        called(['round', 'floor', 'ceiling'], tie('number')),
        fc.tuple(tie('number'), fc.constantFrom(...types)).map(([text, type]) => `cast(${text},Edm.${type})`),
        called(['year', 'month', 'day'], fc.oneof(tie('instant'), tie('date'))),
        called(['hour', 'minute', 'second', 'fractionalseconds'], fc.oneof(tie('instant'), leaf.time)),
        called(['totalseconds'], tie('duration')),
      ),
      instant: fc.oneof(
        { maxDepth: 3 },
        { weight: 3, arbitrary: leaf.instant },
        joined('instant', ['add', 'sub'], 'duration'),
        joined('duration', ['add'], 'instant'),
      ),
      date: fc.oneof(
        { maxDepth: 3 },
        { weight: 3, arbitrary: leaf.date },
        joined('date', ['add', 'sub'], 'duration'),
        called(['date'], tie('instant')),
      ),
      duration: fc.oneof(
        { maxDepth: 3 },
        { weight: 3, arbitrary: leaf.duration },
        joined('duration', ['add', 'sub'], 'duration'),
        joined('duration', ['mul', 'div', 'divby'], 'number'),
        joined('instant', ['sub'], 'instant'),
        joined('date', ['sub'], 'date'),
        tie('duration').map((text) => `(-(${text}))`),
      ),
    };
  },
);

/** OData text of an expression of a Case, of any type. */
export const anyExpression: fc.Arbitrary<string> = fc.oneof(
  number,
  instant,
  date,
  duration,
  fc.oneof(number, instant, date, duration).map((text) => `cast(${text},Edm.String)`),
);

const longestSeconds = 922_337_203_685.5;

/** Fails for a date or time outside of the years 1 to 9999 and for a duration beyond .NET's TimeSpan. */
export function assertReadable(value: unknown, query: string): void {
  if (typeof value !== 'string') {
    return;
  }
  if (/^-?\d+-\d\d-\d\d/.test(value)) {
    // As COPY prints a date or an instant, or as a cast to text does.
    assert.match(value, /^(?!0000)\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00|Z))?$/, query);
  }
  if (!/^-?P/.test(value)) {
    return;
  }
  const parts = /^(-?)P(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d+)?)S)?)?$/.exec(value);
  assert.ok(parts !== null, `${value}: ${query}`);
  const [days, hours, minutes, seconds] = parts.slice(2).map((text) => Number(text ?? 0));
  const total = (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0);
  assert.ok(Math.abs(total) < longestSeconds, `${value}: ${query}`);
}
