import { type CellConverter, type CellFault, type Converted, fault, isFault } from './cell.ts';
import { fitNumber, type NumberForm } from './number-cells.ts';
import { readNumber, withoutExponent } from './number-text.ts';

const clockPattern = /^([+-]?)(\d{1,9}):([0-5]\d):([0-5]\d)(?:[.,](\d{1,12}))?$/;
/** OData ABNF `dayTimeDurationValue`: days, hours, minutes, seconds, each at most once and none without a number. */
const isoPattern =
  /^([+-]?)P(?=\d|T\d)(?:(\d{1,15})D)?(?:T(?=\d)(?:(\d{1,15})H)?(?:(\d{1,15})M)?(?:(\d{1,15})(?:\.(\d{1,12}))?S)?)?$/i;
/** .NET's TimeSpan counts 2^63 times 100 nanoseconds, about 10.7 million days; PostgreSQL's interval holds more. */
const longest = 922_337_203_685_477_580n;
const day = 86_400_000_000n;

/** Edm.Duration as OData writes it, `P1DT2H3M4.5S`. Months and years have no fixed length and are no part of it. */
export const convertDuration: CellConverter = (cell) => {
  const parts = isoPattern.exec(cell);
  if (parts === null) {
    return fault('INVALID_DURATION', cell, 'a duration in days, hours, minutes and seconds: P1DT2H3M4S');
  }
  const [, sign, days = '0', hours = '0', minutes = '0', seconds = '0', fraction] = parts;
  const whole = BigInt(days) * 86_400n + BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds);
  return interval(cell, sign === '-', whole * 1_000_000n + microseconds(fraction));
};

/** Seconds as a number, or hours:minutes:seconds, to a number of seconds, or to a duration. */
export function secondsConverter(form: NumberForm): CellConverter {
  if (form.type === 'Edm.Duration') {
    return (cell) => secondsInterval(cell, form);
  }
  return (cell) => {
    const number = secondsText(cell, form);
    const value = isFault(number) ? number : fitNumber(number, cell, form);
    return isFault(value) ? durationFault(cell, value) : value;
  };
}

function secondsInterval(cell: string, form: NumberForm): Converted {
  const number = secondsText(cell, form);
  if (isFault(number)) {
    return durationFault(cell, number);
  }
  const digits = withoutExponent(number);
  if (digits === null) {
    return outOfRange(cell);
  }
  const [whole = '0', fraction] = digits.replace('-', '').split('.');
  return interval(cell, digits.startsWith('-'), BigInt(whole) * 1_000_000n + microseconds(fraction));
}

/** The cell as a number of seconds in digits. */
function secondsText(cell: string, form: NumberForm): string | CellFault {
  const clock = clockPattern.exec(cell);
  if (clock === null) {
    return readNumber(cell, form);
  }
  const [, sign, hours = '0', minutes = '0', seconds = '0', fraction] = clock;
  const whole = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return `${sign === '-' ? '-' : ''}${whole}${fraction === undefined ? '' : `.${fraction}`}`;
}

function durationFault(cell: string, { code, message }: CellFault): CellFault {
  return code === 'INVALID_DECIMAL' || code === 'INVALID_INTEGER'
    ? fault('INVALID_DURATION', cell, 'seconds or hh:mm:ss')
    : { code, message };
}

/** PostgreSQL's interval of days and seconds: .NET's own spelling of a duration counts whole days, too. */
function interval(cell: string, negative: boolean, total: bigint): Converted {
  if (total > longest) {
    return outOfRange(cell);
  }
  const sign = negative ? '-' : '';
  const rest = total % day;
  const seconds = `${sign}${rest / 1_000_000n}.${String(rest % 1_000_000n).padStart(6, '0')} seconds`;
  return total < day ? seconds : `${sign}${total / day} days ${seconds}`;
}

const outOfRange = (cell: string): CellFault => fault('OUT_OF_RANGE', cell, 'within 10675199 days, which readers hold');

/** Digits beyond the microsecond are cut off, as in times. */
const microseconds = (fraction: string | undefined): bigint => BigInt((fraction ?? '').slice(0, 6).padEnd(6, '0'));
