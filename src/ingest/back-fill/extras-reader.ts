import { foldHeader } from '../../catalogue/build/fold-header.ts';
import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import type { Period } from '../convert/computed-column.ts';
import type { RowConverter, RowFault } from '../convert/row-converter.ts';
import { matchHeader } from '../identify/match-header.ts';
import { converterFor } from '../load/load-file.ts';
import { storedTable } from '../load/stored-table.ts';

/** A load, as far as reading its rows' Extras needs it. */
export interface ExtrasLoad {
  readonly target: Export;
  /** Its file's header; empty: it had none. */
  readonly header: readonly string[];
  readonly period: Period | null;
}

/** A stored row with cells under headers that were not known. */
export interface ExtrasRow {
  /** JSON object; null: all cells under such headers were empty. */
  readonly extras: string | null;
  /** Columns whose cells older files stated, since the last one was not known to have them. */
  readonly carried: ReadonlySet<string>;
  /** Values of `ExtrasReader.companions`. */
  readonly stored: ReadonlyMap<string, string | null>;
}

export interface FilledRow {
  /** By property. */
  readonly values: ReadonlyMap<string, string | null>;
  /** What is left; null: nothing. */
  readonly extras: string | null;
  readonly faults: readonly RowFault[];
}

/**
 * Reads the Extras of one load's rows as its file would be read now: the same rules for headers, the same converters. A cell
 * that has no value stays where it is.
 */
export class ExtrasReader {
  readonly companions: ReadonlySet<string>;
  readonly #converter: RowConverter;
  readonly #target: Export;
  /** Key in Extras to property, of the file's own header. */
  readonly #properties = new Map<string, string>();
  /** Properties that the file has a column of, under whatever header. */
  readonly #present: ReadonlySet<string>;
  readonly #emptied: readonly string[];
  readonly #columns: ReadonlyMap<string, string>;

  /** `emptied`: folded headers whose empty cells empty their property, since it may hold what an older file said. */
  constructor(catalogue: Catalogue, { target, header, period }: ExtrasLoad, emptied: ReadonlySet<string>) {
    const match = matchHeader(target, header);
    this.#target = target;
    const { columns } = storedTable(catalogue, target.set);
    this.#columns = new Map([...columns].map(([property, { name }]) => [property, name]));
    this.#converter = converterFor(catalogue, match, period);
    this.companions = this.#converter.companions;
    const named = match.cells.flatMap(({ column }) => (column === null ? [] : [column.property]));
    this.#present = new Set(named);
    const once = match.cells.filter(({ column }) => named.filter((name) => name === column?.property).length === 1);
    for (const { column, text, index } of once)
      this.#properties.set(text.trim() === '' ? `column ${index + 1}` : text, column?.property ?? '');
    this.#emptied = once
      .filter(({ text }) => emptied.has(foldHeader(text)))
      .flatMap(({ column }) => column?.property ?? []);
  }

  /** null: nothing of the row is known now that was not before. */
  read({ extras, stored, carried }: ExtrasRow): FilledRow | null {
    const cells = extras === null ? {} : (JSON.parse(extras) as Record<string, string>);
    const found = new Map<string, string>();
    const keys = new Map<string, string>();
    for (const [key, text] of Object.entries(cells)) {
      const property = this.#properties.get(key) ?? this.#byName(key);
      if (property === null || found.has(property)) continue;
      found.set(property, text);
      keys.set(property, key);
    }
    const values = new Map<string, string | null>();
    const faults: RowFault[] = [];
    const left = new Map(Object.entries(cells));
    for (const [property, value] of this.#converter.convertCells(found, stored)) {
      if (value !== null && typeof value === 'object') {
        faults.push(value);
        continue;
      }
      values.set(property, value);
      left.delete(keys.get(property) ?? '');
    }
    for (const property of this.#emptied) if (!found.has(property)) values.set(property, null);
    // What an older file said counts no more where the last one has the column, by a header that is known only now.
    for (const property of this.#properties.values()) {
      if (!found.has(property) && carried.has(this.#columns.get(property) ?? '')) values.set(property, null);
    }
    for (const key of [...left.keys()]) {
      if (carried.has(`+${key}`) && this.#isStatedElsewhere(key)) left.delete(key);
    }
    if (values.size + faults.length === 0 && left.size === Object.keys(cells).length) return null;
    return { values, faults, extras: left.size === 0 ? null : JSON.stringify(Object.fromEntries(left)) };
  }

  /** Whether the file that wrote the row last has the column of this header under another one. */
  #isStatedElsewhere(key: string): boolean {
    const property = matchHeader(this.#target, [key]).cells[0]?.column?.property;
    return property !== undefined && this.#present.has(property) && !this.#properties.has(key);
  }

  /** A cell that an older file left in the row: the file that wrote it last has no such column. */
  #byName(key: string): string | null {
    const property = matchHeader(this.#target, [key]).cells[0]?.column?.property;
    return property === undefined || this.#present.has(property) ? null : property;
  }
}
