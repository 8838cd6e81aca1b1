import { DateTime } from 'luxon';
import type { Export } from '../catalogue/catalogue.ts';
import { dayAt, shareBefore } from './day-shape.ts';
import type { Growth } from './growth.ts';
import { randomIndex } from './random.ts';
import { daysPerFile, type SampleFile } from './sample-files.ts';
import type { SampleOrder } from './sample-order.ts';

/** When a row happened. */
export interface RowPlace {
  /** Midnight of its day in the source's zone. */
  readonly date: DateTime;
  /** Days since the first of the order. */
  readonly day: number;
  /** Which row of its day it is, counted from 0. */
  readonly nth: number;
}

/** Beyond all that is ever delivered. */
const neverEnded = 1_000_000_000;

/**
 * Where in time the rows of an export lie. Rows that are added day by day keep their day for ever, also in files that state
 * them again; all others belong to the period of their file. Numbers follow time, so that rows of two exports can have
 * happened together.
 */
export class RowPlaces {
  readonly #exported: Export;
  readonly #order: SampleOrder;
  readonly #growth: Growth;
  readonly #dates: DateTime[] = [];
  readonly #first: DateTime;

  constructor(exported: Export, order: SampleOrder, growth: Growth) {
    this.#exported = exported;
    this.#order = order;
    this.#growth = growth;
    this.#first = DateTime.fromISO(order.from, { zone: exported.files.timeZone });
  }

  /** @param ownDay which day of the file's period the row's key names, counted from 0; undefined where it names none */
  of(number: number, file: SampleFile, ownDay?: number): RowPlace {
    if (this.#exported.write.mode !== 'upsert') {
      const begin = Math.round(file.date.diff(this.#first, 'days').days);
      const share = Math.max(0, number - file.first) / Math.max(1, file.count);
      return { ...this.#at(begin + (ownDay ?? dayAt(share, file.days, file.date.weekday - 1))), nth: number };
    }
    const perDelivery = this.#perDelivery(this.#exported);
    const { begin, days, rows } = this.#delivery(
      this.#exported,
      Math.min(Math.floor(number / perDelivery), file.delivery),
    );
    const place = number % perDelivery;
    const monday = this.#weekday(begin);
    const day = dayAt(place / rows, days, monday);
    return { ...this.#at(begin + day), nth: place - Math.ceil(rows * shareBefore(day, days, monday)) };
  }

  /**
   * The number of a row of an export that grows day by day and happened on the day of `place`. The first rows of a day name
   * one each, so that none is left without; those after them name any.
   */
  numberOnDay(target: Export, { day, nth }: RowPlace, ...parts: readonly (string | number)[]): number {
    const perDelivery = this.#perDelivery(target);
    const delivery = Math.floor(day / daysPerFile(target, this.#order));
    const { begin, days, rows } = this.#delivery(target, delivery);
    const monday = this.#weekday(begin);
    const low = Math.min(rows - 1, Math.ceil(rows * shareBefore(day - begin, days, monday)));
    const high = Math.ceil(rows * shareBefore(day - begin + 1, days, monday));
    const count = Math.max(1, high - low);
    return delivery * perDelivery + low + (nth < count ? nth : randomIndex(count, this.#order.seed, ...parts));
  }

  /** The number of what has no end yet: every fourth ends with the next delivery, the others never do. */
  openNumber(target: Export, number: number, { delivery }: SampleFile): number {
    return number % 4 === 1 ? (delivery + 1) * this.#perDelivery(target) + number : neverEnded + number;
  }

  #perDelivery(exported: Export): number {
    return this.#growth.rowsPerDay(exported) * daysPerFile(exported, this.#order);
  }

  /** The first day of a delivery, how many it has, and how many rows are new in it. */
  #delivery(
    exported: Export,
    delivery: number,
  ): { readonly begin: number; readonly days: number; readonly rows: number } {
    const step = daysPerFile(exported, this.#order);
    const begin = delivery * step;
    const days = Math.max(1, Math.min(step, this.#order.days - begin));
    return { begin, days, rows: this.#growth.rowsPerDay(exported) * days };
  }

  #weekday(day: number): number {
    return this.#at(day).date.weekday - 1;
  }

  #at(day: number): Omit<RowPlace, 'nth'> {
    const date = this.#dates[day] ?? this.#first.plus({ days: day });
    this.#dates[day] = date;
    return { date, day };
  }
}
