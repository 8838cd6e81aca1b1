import { convertBoolean } from '../../catalogue/cells/boolean-cells.ts';
import { isFault } from '../../catalogue/cells/cell.ts';
import { convertDuration } from '../../catalogue/cells/duration-cells.ts';
import { type DecimalMark, numberText, shownMark } from '../../catalogue/cells/number-text.ts';
import {
  convertTimeOfDay,
  convertUnixSeconds,
  dateConverter,
  dateTimeConverter,
} from '../../catalogue/cells/time-cells.ts';
import { ZoneClock } from '../../catalogue/cells/zone-clock.ts';
import { isBlank, unguarded } from '../identify/blank-cells.ts';
import { type DateShape, dateShape, dayPlace } from './shapes.ts';

/** What may have become of every cell so far. */
export type Reading =
  | 'integer'
  | 'number'
  | 'percentage'
  | 'boolean'
  | 'unix'
  | 'date'
  | 'date-time'
  | 'shaped'
  | 'time'
  | 'clock'
  | 'duration';

const iso = { clock: new ZoneClock('UTC'), patterns: [] };
const isoDate = dateConverter(iso);
const isoDateTime = dateTimeConverter(iso);
const wholeNumber = /^-?(?:0|[1-9]\d{0,17})$/;
/** A number that begins with 0 is a code (post, phone, article), and a long one behind a plus a telephone number. */
const codeLike = /^(?:[+-]?0\d+|\+\d[\d ().-]{6,})$/;
const clock = /^-?(\d{1,5}):[0-5]\d:[0-5]\d(?:[.,]\d+)?$/;

/** 2000 to 2040: what a number must be for anybody to take it for unix seconds who is not told. */
const plausible = (cell: string): boolean => {
  const seconds = Number(cell.length === 13 ? cell.slice(0, 10) : cell);
  return seconds === 0 || (seconds >= 946_684_800 && seconds < 2_208_988_800);
};

const tests: Readonly<Record<Exclude<Reading, 'shaped'>, (cell: string) => boolean>> = {
  integer: (cell) => wholeNumber.test(cell),
  number: (cell) => {
    if (codeLike.test(cell)) {
      return false;
    }
    const number = numberText(cell, { stated: null, shown: null });
    return number !== null && (!isFault(number) || number.code === 'AMBIGUOUS_DECIMAL');
  },
  percentage: (cell) => {
    const number = /^(.*\d) ?%$/.exec(cell)?.[1];
    return number !== undefined && typeof numberText(number, { stated: null, shown: null }) === 'string';
  },
  boolean: (cell) => !isFault(convertBoolean(cell)),
  unix: (cell) => /^\d+$/.test(cell) && plausible(cell) && !isFault(convertUnixSeconds(cell)),
  date: (cell) => /^\d{4}-/.test(cell) && !isFault(isoDate(cell)),
  'date-time': (cell) => /^\d{4}-/.test(cell) && !isFault(isoDateTime(cell)),
  time: (cell) => !isFault(convertTimeOfDay(cell)),
  clock: (cell) => clock.test(cell),
  duration: (cell) => !isFault(convertDuration(cell)),
};

/** Words with which programs say that there is no value. Only among values of a type they are taken for that. */
const nullWords = new Set(['null', '\\n', 'n/a', 'na', '#n/a', '-', '--', 'none', 'nan', '(null)', 'nil', '(blank)']);

const mostDistinct = 60;
const mostShapes = 6;

/** What is known of one column after its rows: counts, and which readings held for all of them. */
export class ColumnProfile {
  readonly header: string;
  readonly property: string;
  filled = 0;
  empty = 0;
  longest = 0;
  shortest = Number.POSITIVE_INFINITY;
  characters = 0;
  /** Cells with an @ between words, and with a line end or three blanks. */
  mails = 0;
  sentences = 0;
  phones = 0;
  firstCell: string | null = null;
  /** A number whose decimal mark is beyond doubt. */
  markedCell: string | null = null;
  ambiguous = 0;
  readonly marks = new Map<DecimalMark, number>();
  readonly readings = new Set<Reading>([...(Object.keys(tests) as (keyof typeof tests)[]), 'shaped']);
  /** Date shapes by their pattern; empty once there were too many. */
  readonly shapes = new Map<string, DateShape>();
  readonly dayPlaces = { first: 0, second: 0 };
  /** A clock went beyond a day, so it is no time of day. */
  beyondDay = false;
  /** A time stands beside a date. */
  hasTime = false;
  /** Values with their counts; null: there are too many. */
  distinct: Map<string, number> | null = new Map();
  readonly nullWords = new Map<string, number>();

  constructor(header: string, property: string) {
    this.header = header;
    this.property = property;
  }

  /** `nullTokens`: words that the source says mean null. */
  take(field: string, nullTokens: ReadonlySet<string>): void {
    const cell = unguarded(field).trim();
    if (isBlank(cell) || nullTokens.has(cell)) {
      this.empty += 1;
      return;
    }
    this.filled += 1;
    this.#text(cell);
    if (nullWords.has(cell.toLowerCase())) {
      this.nullWords.set(cell, (this.nullWords.get(cell) ?? 0) + 1);
      return;
    }
    this.firstCell ??= cell;
    for (const reading of this.readings) {
      if (reading === 'shaped' ? !this.#shaped(cell) : !tests[reading](cell)) {
        this.readings.delete(reading);
      }
    }
    if (this.readings.has('number') || this.readings.has('percentage')) {
      this.#number(cell);
    }
    if (this.readings.has('clock')) {
      this.beyondDay ||= cell.startsWith('-') || Number(clock.exec(cell)?.[1] ?? 0) >= 24;
    }
    if (this.readings.has('date-time')) {
      this.hasTime ||= cell.length > 10;
    }
  }

  /** Filled cells that are no null words. */
  get values(): number {
    return this.filled - [...this.nullWords.values()].reduce((sum, count) => sum + count, 0);
  }

  #text(cell: string): void {
    this.longest = Math.max(this.longest, cell.length);
    this.shortest = Math.min(this.shortest, cell.length);
    this.characters += cell.length;
    this.mails += /\S@\S+\.\S/.test(cell) ? 1 : 0;
    this.phones += /^\+\d[\d ().-]{6,18}$/.test(cell) ? 1 : 0;
    this.sentences += /[\r\n]|\S+ \S+ \S+ \S/.test(cell) ? 1 : 0;
    if (this.distinct !== null) {
      this.distinct.set(cell, (this.distinct.get(cell) ?? 0) + 1);
      if (this.distinct.size > mostDistinct) {
        this.distinct = null;
      }
    }
  }

  #number(cell: string): void {
    const mark = shownMark(cell);
    if (mark !== null) {
      this.marks.set(mark, (this.marks.get(mark) ?? 0) + 1);
      this.markedCell ??= cell;
    } else if (isFault(numberText(cell.replace(/ ?%$/, ''), { stated: null, shown: null }))) {
      this.ambiguous += 1;
    }
  }

  #shaped(cell: string): boolean {
    const shape = dateShape(cell);
    if (shape === null) {
      return false;
    }
    this.shapes.set(shape.dayFirst, shape);
    const place = dayPlace(cell);
    if (place !== null) {
      this.dayPlaces[place] += 1;
    }
    return this.shapes.size <= mostShapes;
  }
}
