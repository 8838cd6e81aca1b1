import { DateTime } from 'luxon';
import type { Export } from '../../catalogue/catalogue.ts';
import { timeOfName } from '../../catalogue/name-time.ts';
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

/**
 * When a file speaks, for "newest file wins": the end of the period its name says, the named group `stamp` of its
 * file rule, the time in its name (see `timeOfName`), else its modification time.
 * Files restating the same period are told apart by the group `stamp`, where their rule has one, else by their modification time: other
 * times in their names are those of the period.
 */
export function fileTime(target: Export, file: { readonly name: string; readonly modifiedAt: Date }): Date {
  return namedTime(target, file.name) ?? file.modifiedAt;
}

/** The time that a file's name says it speaks of; null: it says none, or only a period. */
export function namedTime(target: Export, name: string): Date | null {
  if (target.computed.some((one) => one.kind === 'period')) {
    return ruledTime(target, name, ['stamp']);
  }
  return (
    periodOfName(target, name)?.end ??
    ruledTime(target, name, ['stamp', 'to']) ??
    timeOfName(name, target.files.timeZone)
  );
}

function ruledTime(target: Export, name: string, wanted: readonly ('stamp' | 'to')[]): Date | null {
  for (const rule of target.fileRules) {
    const groups = rule.name === null ? undefined : new RegExp(rule.name, 'i').exec(name)?.groups;
    const text = wanted.map((group) => groups?.[group]).find((one) => one !== undefined);
    const time = text === undefined ? null : timeOfName(text, target.files.timeZone);
    if (time !== null) {
      return time;
    }
  }
  return null;
}
