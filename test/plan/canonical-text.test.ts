import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalText } from '../../src/plan/value/canonical-text.ts';
import { canonicalDecimal, canonicalDouble, narrowestType } from '../../src/plan/value/numeric-text.ts';
import {
  canonicalDate,
  canonicalDateTimeOffset,
  canonicalDuration,
  canonicalTimeOfDay,
} from '../../src/plan/value/temporal-text.ts';

const instants = fc.date({ min: new Date('0002-01-01'), max: new Date('9998-12-31'), noInvalidDate: true });
const offsets = fc.integer({ min: -14 * 60, max: 14 * 60 });

/** Wall-clock text of an instant at an offset in minutes. */
function withOffset(instant: Date, offset: number): string {
  const wall = new Date(instant.getTime() + offset * 60_000).toISOString().slice(0, -1);
  const size = Math.abs(offset);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${wall}${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

describe('canonical text', () => {
  it('of an instant is the same instant in UTC, whatever its offset', () => {
    fc.assert(
      fc.property(instants, offsets, (instant, offset) => {
        const text = canonicalDateTimeOffset(withOffset(instant, offset));
        assert.ok(text !== null);
        assert.equal(new Date(text).getTime(), instant.getTime());
        assert.match(text, /Z$/);
        assert.equal(canonicalDateTimeOffset(text), text);
      }),
    );
  });

  it('of a date is its own, where the calendar has it', () => {
    fc.assert(
      fc.property(fc.nat(9999), fc.nat(13), fc.nat(32), (year, month, day) => {
        const text = [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join(
          '-',
        );
        const read = new Date(`${text}T00:00:00Z`);
        const exists = year > 0 && !Number.isNaN(read.getTime()) && read.toISOString().startsWith(text);
        assert.equal(canonicalDate(text), exists ? text : null);
      }),
      { numRuns: 2000 },
    );
  });

  it('of a decimal is the same number without exponent', () => {
    const digits = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n });
    fc.assert(
      fc.property(digits, fc.integer({ min: -40, max: 40 }), (whole, exponent) => {
        const text = canonicalDecimal(`${whole}e${exponent}`);
        assert.ok(text !== null);
        assert.match(text, /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
        // Both sides times 10^40 are whole numbers.
        const [before = '', after = ''] = text.split('.');
        assert.equal(BigInt(before + after.padEnd(40, '0')), whole * 10n ** BigInt(40 + exponent));
      }),
    );
  });

  it('of a double reads back as the same double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = canonicalDouble(String(value).replace('e+', 'E+'));
        assert.equal(Number(text), value === 0 ? 0 : value);
        assert.doesNotMatch(text ?? '', /\+/);
      }),
    );
  });

  it('of a duration keeps its length', () => {
    const part = fc.option(fc.nat(100_000), { nil: null });
    fc.assert(
      fc.property(fc.boolean(), part, part, part, part, (negative, days, hours, minutes, seconds) => {
        const time = [
          [hours, 'H'],
          [minutes, 'M'],
          [seconds, 'S'],
        ]
          .filter(([value]) => value !== null)
          .map((one) => one.join(''))
          .join('');
        if (days === null && time === '') {
          return;
        }
        const text = `${negative ? '-' : ''}P${days === null ? '' : `${days}D`}${time === '' ? '' : `T${time}`}`;
        const canonical = canonicalDuration(text);
        assert.equal(secondsOf(canonical ?? ''), secondsOf(text), text);
        assert.equal(canonicalDuration(canonical ?? ''), canonical);
      }),
    );
  });

  it('of a time of day has seconds and no zeros at its end', () => {
    assert.equal(canonicalTimeOfDay('10:30'), '10:30:00');
    assert.equal(canonicalTimeOfDay('10:30:15.100'), '10:30:15.1');
    assert.equal(canonicalTimeOfDay('10:30:15.000'), '10:30:15');
    assert.equal(canonicalTimeOfDay('24:00'), null);
    assert.equal(canonicalTimeOfDay('10:60'), null);
  });

  for (const [type, text] of [
    ['Edm.Int64', '9223372036854775808'],
    ['Edm.Byte', '-1'],
    ['Edm.Int32', '1.0'],
    ['Edm.Int32', ''],
    ['Edm.Decimal', '.'],
    ['Edm.Decimal', 'INF'],
    ['Edm.Double', ''],
    ['Edm.Boolean', 'yes'],
    ['Edm.Guid', '0a1b2c3d'],
    ['Edm.Binary', '*'],
    ['Edm.Duration', 'P'],
    ['Edm.Duration', 'PT'],
    ['Edm.Duration', 'P1Y'],
    ['Edm.DateTimeOffset', '2024-01-01T10:00:00'],
    ['Edm.DateTimeOffset', '2024-01-01T10:00:00+15:00'],
    ['Edm.DateTimeOffset', '0001-01-01T00:30:00+01:00'],
    ['Edm.DateTimeOffset', '9999-12-31T23:30:00-01:00'],
  ] as const) {
    it(`refuses '${text}' as ${type}`, () => assert.equal(canonicalText(text, type), null));
  }

  it('narrowest type of an integer', () => {
    const types = ['127', '128', '255', '256', '32768', '2147483648', '9223372036854775808'].map(narrowestType);
    const names = ['SByte', 'Byte', 'Byte', 'Int16', 'Int32', 'Int64', 'Decimal'];
    assert.deepEqual(
      types,
      names.map((name) => `Edm.${name}`),
    );
  });
});

function secondsOf(duration: string): number {
  const match = /^(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(duration);
  const [days, hours, minutes, seconds] = [2, 3, 4, 5].map((index) => Number(match?.[index] ?? '0'));
  const total = (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0);
  return match?.[1] === '-' && total > 0 ? -total : total;
}
