import type { Expectation } from '../../catalogue.ts';
import { isTimeZone } from '../sets/conversions.ts';

/** Why a text is no expectation, and what may stand there. */
export interface ExpectationFault {
  readonly message: string;
  readonly remedy: string;
}

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

const examples =
  'Write for example "daily by 07:00 Europe/Amsterdam", "workdays by 09:00", "weekly on Monday by 08:00", "monthly on day 1", "every 3 days", "hourly" or "every 6 hours".';

/** What the text says but how often: by when, in which zone, and about which time. */
const tail =
  /^(?: by (?<by>\d{1,2}:\d{2})(?: (?<zone>(?!for )\S+))?)?(?: for the (?<about>same|(?:day|days|week|month) before))?$/i;

/**
 * Reads how often an export comes, in a closed grammar:
 *
 *     often [by HH:MM [ZONE]] [for the same | for the day|days|week|month before]
 *     often = daily | workdays | every N days | weekly on WEEKDAY | monthly on day N | hourly | every N hours
 *
 * Hours are counted in UTC, and say neither by when nor about which time: a file about an hour is due when that is over.
 * @param usual the zone where none is said, and whether files tell of the time before, as those do whose name says a period
 */
export function parseExpectation(
  text: string,
  usual: { readonly timeZone: string; readonly before: boolean },
): Expectation | ExpectationFault {
  const words = text.trim().replace(/\s+/g, ' ');
  const often = oftenOf(words);
  if (often === null) {
    return { message: `"${text}" does not say how often files come.`, remedy: examples };
  }
  if ('message' in often) {
    return often;
  }
  const { rest, ...slots } = often;
  const said = tail.exec(rest)?.groups;
  if (said === undefined) {
    return { message: `"${rest.trim()}" cannot stand behind how often files come.`, remedy: examples };
  }
  const { by, zone, about } = said;
  if (slots.unit === 'hour') {
    return rest === ''
      ? { text: words, ...slots, by: null, timeZone: 'UTC', before: false }
      : { message: 'A file about some hours is due when they are over.', remedy: 'Leave "by" and "for" out.' };
  }
  const [hour = 0, minute = 0] = (by ?? '24:00').split(':').map(Number);
  if (hour * 60 + minute > 24 * 60 || minute > 59) {
    return { message: `There is no time of day ${by ?? ''}.`, remedy: 'Write one from 00:00 to 24:00.' };
  }
  const timeZone = zone ?? usual.timeZone;
  if (!isTimeZone(timeZone)) {
    return { message: `There is no time zone "${timeZone}".`, remedy: 'Use an IANA name, e.g. Europe/Amsterdam.' };
  }
  const before = about === undefined ? usual.before : about.toLowerCase() !== 'same';
  return { text: words, ...slots, by: by === undefined ? null : hour * 60 + minute, timeZone, before };
}

type Slots = Pick<Expectation, 'unit' | 'every' | 'on'> & { readonly rest: string };

function oftenOf(words: string): Slots | ExpectationFault | null {
  const plain = /^(?<word>daily|workdays|hourly)(?<rest>.*)$/i.exec(words)?.groups;
  if (plain !== undefined) {
    const unit = ({ daily: 'day', workdays: 'workday', hourly: 'hour' } as const)[
      (plain['word'] ?? '').toLowerCase() as 'daily' | 'workdays' | 'hourly'
    ];
    return { unit, every: 1, on: null, rest: plain['rest'] ?? '' };
  }
  const every = /^every (?<n>\d{1,3}) (?<unit>hours?|days?)(?<rest>.*)$/i.exec(words)?.groups;
  if (every !== undefined) {
    const unit = every['unit']?.toLowerCase().startsWith('hour') === true ? 'hour' : 'day';
    return counted(unit, Number(every['n']), every['rest'] ?? '');
  }
  const week = /^weekly on (?<day>\p{L}+)(?<rest>.*)$/iu.exec(words)?.groups;
  if (week !== undefined) {
    const on = weekdays.indexOf((week['day'] ?? '').toLowerCase()) + 1;
    return on === 0
      ? { message: `"${week['day'] ?? ''}" is no day of the week.`, remedy: 'Write one from Monday to Sunday.' }
      : { unit: 'week', every: 1, on, rest: week['rest'] ?? '' };
  }
  const month = /^monthly on day (?<day>\d{1,2})(?<rest>.*)$/i.exec(words)?.groups;
  if (month !== undefined) {
    const on = Number(month['day']);
    return on < 1 || on > 28
      ? { message: `Not every month has a day ${on}.`, remedy: 'Write a day from 1 to 28.' }
      : { unit: 'month', every: 1, on, rest: month['rest'] ?? '' };
  }
  return null;
}

function counted(unit: 'hour' | 'day', every: number, rest: string): Slots | ExpectationFault {
  if (unit === 'hour' && (every < 1 || 24 % every !== 0)) {
    const message = `A day cannot be divided into parts of ${every} hours.`;
    return { message, remedy: 'Write 1, 2, 3, 4, 6, 8, 12 or 24 hours.' };
  }
  if (unit === 'day' && (every < 1 || every > 366)) {
    return { message: `Files that come every ${every} days are not expected.`, remedy: 'Write from 1 to 366 days.' };
  }
  return { unit, every, on: null, rest };
}
