import { DateTime } from 'luxon';
import type { Export } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';

/** The period a file speaks of, as instants. `start` is inside, `end` is the first moment outside, as the export gives them. */
export interface Period {
  readonly start: Date;
  readonly end: Date;
}

/** The period an operator gives: `FROM..TO`, ISO 8601 dates or date-times, in `zone` unless an offset is given. Throws PeriodInvalid. */
export function parsePeriod(text: string, zone: string): Period {
  const parts = text.split('..').map((part) => DateTime.fromISO(part.trim(), { zone }));
  const [from, to] = parts;
  if (parts.length !== 2 || !from?.isValid || !to?.isValid || from >= to) {
    throw new GatewayError('PeriodInvalid', `"${text}" is not a period FROM..TO with FROM before TO`, {
      target: '--period',
    });
  }
  return { start: from.toJSDate(), end: to.toJSDate() };
}

/** The period a file name says by the export's rule; null: it says none. */
export function periodOfName(target: Export, name: string): Period | null {
  const rule = target.period;
  if (rule === null || rule.name === null) {
    return null;
  }
  const groups = new RegExp(rule.name, 'i').exec(name)?.groups;
  const from = read(groups?.['from'], rule.format, target.files.timeZone);
  const to = read(groups?.['to'], rule.format, target.files.timeZone);
  return from !== null && to !== null && from < to ? { start: from, end: to } : null;
}

/** The period of a load: the operator's word first. Throws PeriodMissing where the export needs one and nothing says it. */
export function periodOf(target: Export, name: string, given: string | null): Period | null {
  if (given !== null) {
    return parsePeriod(given, target.files.timeZone);
  }
  const named = periodOfName(target, name);
  if (target.period !== null && named === null && target.computed.some((one) => one.kind === 'period')) {
    throw new GatewayError(
      'PeriodMissing',
      `${name} does not say which period it covers, and the rows of ${target.source}/${target.name} do not either`,
      { target: name },
    );
  }
  return named;
}

function read(text: string | undefined, format: string, zone: string): Date | null {
  if (text === undefined) {
    return null;
  }
  const parsed = DateTime.fromFormat(text, format, { zone });
  return parsed.isValid ? parsed.toJSDate() : null;
}

const firstInstant = Date.UTC(2000, 0, 1);
const lastInstant = Date.UTC(2100, 0, 1);

/**
 * When a file speaks, for "newest file wins": the end of the period its name says, the named group `stamp` of its
 * file rule, a unix time, `yyyyMMddHHmmss`, `ddMMyyyyHHmmss` or a date in its name, else its modification time.
 * Files restating the same period are told apart by their modification time, so their name does not count.
 */
export function fileTime(target: Export, file: { readonly name: string; readonly modifiedAt: Date }): Date {
  return namedTime(target, file.name) ?? file.modifiedAt;
}

/** The time that a file's name says it speaks of; null: it says none, or only a period. */
export function namedTime(target: Export, name: string): Date | null {
  if (target.computed.some((one) => one.kind === 'period')) {
    return null;
  }
  return periodOfName(target, name)?.end ?? ruledStamp(target, name) ?? stampOfName(name, target.files.timeZone);
}

function ruledStamp(target: Export, name: string): Date | null {
  for (const rule of target.fileRules) {
    const groups = rule.name === null ? undefined : new RegExp(rule.name, 'i').exec(name)?.groups;
    const text = groups?.['stamp'] ?? groups?.['to'];
    const stamp = text === undefined ? null : readStamp(text, target.files.timeZone);
    if (stamp !== null) {
      return stamp;
    }
  }
  return null;
}

/** The last time that a file name seems to say; null: none. */
export function stampOfName(name: string, zone: string): Date | null {
  for (const text of digitRuns(name)) {
    const stamp = readStamp(text, zone);
    if (stamp !== null) {
      return stamp;
    }
  }
  return null;
}

const digitRuns = (name: string): readonly string[] =>
  [...name.matchAll(/(?<![\da-f])(?:\d{4}-\d\d-\d\d|\d{28}|\d{8,14})(?![\da-f])/gi)]
    .map(([text]) => (text.length === 28 ? text.slice(14) : text))
    .reverse();

function readStamp(text: string, zone: string): Date | null {
  const milliseconds =
    text.length === 10 && /^\d+$/.test(text)
      ? Number(text) * 1000
      : text.length === 13
        ? Number(text)
        : ['yyyyMMddHHmmss', 'ddMMyyyyHHmmss', 'yyyy-MM-dd', 'yyyyMMdd']
            .map((format) => DateTime.fromFormat(text, format, { zone }).toMillis())
            .find((value) => value >= firstInstant && value < lastInstant);
  return milliseconds !== undefined && milliseconds >= firstInstant && milliseconds < lastInstant
    ? new Date(milliseconds)
    : null;
}
