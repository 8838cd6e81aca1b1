import type { Catalogue, Export, ExportColumn } from '../catalogue/catalogue.ts';
import type { Growth } from './growth.ts';
import { codeListRows, type Reference } from './key-pool.ts';
import { thingCount } from './sample-files.ts';
import type { SampleOrder } from './sample-order.ts';

interface Things {
  readonly catalogue: Catalogue;
  readonly order: SampleOrder;
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly growth: Growth;
}

interface KeyedExport extends Things {
  readonly exported: Export;
  readonly references: ReadonlyMap<string, Reference>;
}

/** A quarter of an hour each. */
export const intervalsPerDay = 96;

/** Keys of the rows of an export: the number of a row is written in digits, one for each key column. */
export class RowKeys {
  readonly columns: readonly ExportColumn[];
  readonly #of: KeyedExport;
  readonly #sizes = new Map<number, readonly number[]>();

  constructor(of: KeyedExport) {
    this.#of = of;
    this.columns = keyColumns(of.exported, of.references);
  }

  /** How many rows with keys of their own a file of so many days can have. */
  capacity(days: number): number {
    return this.columns.length === 0
      ? Number.POSITIVE_INFINITY
      : this.#sizesIn(days).reduce((product, size) => product * size, 1);
  }

  /** The digit of each key property in the row of that number. */
  digits(number: number, days: number): ReadonlyMap<string, number> {
    const sizes = this.#sizesIn(days);
    const digits = new Map<string, number>();
    let rest = number;
    this.columns.forEach((column, i) => {
      const size = sizes[i] ?? Number.POSITIVE_INFINITY;
      digits.set(column.property, Number.isFinite(size) ? rest % size : rest);
      rest = Number.isFinite(size) ? Math.floor(rest / size) : 0;
    });
    return digits;
  }

  #sizesIn(days: number): readonly number[] {
    const sizes = this.#sizes.get(days) ?? this.columns.map((column) => this.#size(column, days));
    this.#sizes.set(days, sizes);
    return sizes;
  }

  /** How many different values a key column takes; Infinity where it counts on without end. */
  #size(column: ExportColumn, days: number): number {
    const reference = this.#of.references.get(column.property);
    if (reference !== undefined) {
      const { exported, growth } = this.#of;
      const grown = growth.exportOf(reference.set);
      // What the rows themselves bring into the world, share with others, or say is still to come, is counted without end.
      return grown !== undefined && exported.key.length === 1
        ? Number.POSITIVE_INFINITY
        : targetCount(this.#of, reference.set);
    }
    switch (column.encoding) {
      case 'time-of-day':
        return intervalsPerDay;
      case 'date':
        return days;
      case 'boolean':
        return 2;
      case 'text':
        return this.#of.exported.key.length > 1 ? 3 : Number.POSITIVE_INFINITY;
      default:
        return Number.POSITIVE_INFINITY;
    }
  }
}

/**
 * Quarters of an hour come after things and days: so few rows a day are about all things, each now and then. What is counted
 * without end comes last, as nothing after it would ever change.
 */
function keyColumns({ columns, key }: Export, references: ReadonlyMap<string, Reference>): readonly ExportColumn[] {
  const rank = ({ property, encoding }: ExportColumn): number => {
    if (references.has(property) || encoding === 'date' || encoding === 'boolean') {
      return 0;
    }
    return encoding === 'time-of-day' ? 1 : 2;
  };
  const keys = columns.filter(({ property }) => key.includes(property));
  return keys.toSorted((one, other) => rank(one) - rank(other));
}

/** How many rows of a set samples refer to. */
export function targetCount({ catalogue, order, names, growth }: Things, set: string): number {
  const rows = codeListRows(catalogue, set);
  if (rows !== null) {
    return Math.max(rows.length, 1);
  }
  const grown = growth.exportOf(set);
  return grown === undefined ? thingCount(names, set, order) : growth.rowsPerDay(grown);
}
