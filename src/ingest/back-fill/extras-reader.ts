import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { foldHeader } from '../../catalogue/compile/export/fold-header.ts';
import { converterFor } from '../convert/converter-for.ts';
import type { RowConverter } from '../convert/row-converter.ts';
import type { RowFault } from '../convert/row-fault.ts';
import { matchHeader } from '../identify/match-header.ts';
import type { Period } from '../identify/period.ts';
import { lineSpan } from '../ledger/file-order.ts';

import { storedTable } from '../stored/stored-table.ts';

/** A load, as far as reading its rows' Extras needs it. */
export interface ExtrasLoad {
  readonly target: Export;
  /** Its file's header; empty: it had none. */
  readonly header: readonly string[];
  readonly period: Period | null;
  /** Folded headers whose empty cells empty their property, since it may hold what an older file said. */
  readonly emptied: ReadonlySet<string>;
}

/** A stored row with cells under headers that were not known. */
export interface ExtrasRow {
  /** JSON object; null: all cells under such headers were empty. */
  readonly extras: string | null;
  /** How new cells are that the row's last writer did not state, as the row has it (see carried-cells.ts). */
  readonly cells: Cells;
  /** Values of `ExtrasReader.companions`. */
  readonly stored: ReadonlyMap<string, string | null>;
}

/** By column, those of unknown headers by the header behind a `+`: file time, place, winner value. */
export type Cells = Readonly<Record<string, CellNewness>>;
export type CellNewness = readonly [time: string, place: number, winner?: unknown];

export interface FilledRow {
  /** By property. */
  readonly values: ReadonlyMap<string, string | null>;
  /** What is left; null: nothing. */
  readonly extras: string | null;
  readonly cells: Cells;
  /** By property: how new the value is, where the row's last writer did not state it. */
  readonly newness: ReadonlyMap<string, CellNewness>;
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
  readonly #columns: ReadonlyMap<string, { readonly name: string }>;
  /** Key in Extras to property, of the file's own header. */
  readonly #properties = new Map<string, string>();
  /** Properties that the file has a column of, under whatever header. */
  readonly #present: ReadonlySet<string>;
  readonly #emptied: readonly string[];
  /** Columns whose newness stands in columns of their own. */
  readonly #kept: ReadonlySet<string>;
  readonly #ranks: ReadonlyMap<string, number>;
  /** Keys of the file's own header. */
  readonly #own: ReadonlySet<string>;

  /** `ranks`: the place of each load among all of its set, by load id. */
  constructor(
    catalogue: Catalogue,
    { target, header, period, emptied }: ExtrasLoad,
    ranks: ReadonlyMap<string, number>,
  ) {
    const match = matchHeader(target, header);
    this.#ranks = ranks;
    this.#target = target;
    const table = storedTable(catalogue, target.set);
    this.#columns = table.columns;
    this.#kept = new Set(table.kept.map(({ column }) => column));
    this.#own = new Set(match.cells.map(({ text, index }) => keyOf(text, index)));
    this.#converter = converterFor(catalogue, match, { period, delimiter: ',' });
    this.companions = this.#converter.companions;
    const named = match.cells.flatMap(({ column }) => (column === null ? [] : [column.property]));
    this.#present = new Set(named);
    const once = match.cells.filter(({ column }) => named.filter((name) => name === column?.property).length === 1);
    for (const { column, text, index } of once) {
      if (column !== null) {
        this.#properties.set(keyOf(text, index), column.property);
      }
    }
    this.#emptied = once
      .filter(({ text }) => emptied.has(foldHeader(text)))
      .flatMap(({ column }) => column?.property ?? []);
  }

  /** null: nothing of the row is known now that was not before. */
  read({ extras, cells, stored: companions }: ExtrasRow): FilledRow | null {
    const texts = new Map(Object.entries(extras === null ? {} : (JSON.parse(extras) as Record<string, string>)));
    const newness = new Map<string, CellNewness>();
    const found = new Map<string, string>();
    const keys = new Map<string, string>();
    const left = new Map(texts);
    const marks = new Map(Object.entries(cells));
    // An older file's empty cell is in no Extras, and yet newer than others.
    const empty = [...marks.keys()].filter((name) => name.startsWith('+') && !texts.has(name.slice(1)));
    const cellsOf = [...texts, ...empty.map((name) => [name.slice(1), ''] as const)];
    for (const [key, text] of cellsOf.sort(([a], [b]) => this.#newestFirst(a, b, marks))) {
      const property = this.#properties.get(key) ?? this.#byName(key);
      if (property === null) {
        continue;
      }
      const own = this.#own.has(key);
      const said = marks.get(`+${key}`);
      const stored = marks.get(this.#columns.get(property)?.name ?? '');
      if (!own && (this.#present.has(property) || found.has(property) || this.#isNewer(stored, said))) {
        left.delete(key);
        marks.delete(`+${key}`);
        continue;
      }
      found.set(property, text);
      keys.set(property, key);
      if (!own && said !== undefined) {
        newness.set(property, said);
      }
    }
    const values = new Map<string, string | null>();
    const faults: RowFault[] = [];
    for (const [property, value] of this.#converter.convertCells(found, companions)) {
      if (value !== null && typeof value === 'object') {
        faults.push(value);
        continue;
      }
      values.set(property, value);
      const key = keys.get(property) ?? '';
      left.delete(key);
      marks.delete(`+${key}`);
      const said = newness.get(property);
      const column = this.#columns.get(property)?.name ?? '';
      if (said !== undefined && !this.#kept.has(column)) {
        marks.set(column, said);
      }
    }
    for (const property of this.#emptied) {
      if (!found.has(property)) {
        values.set(property, null);
      }
    }
    // What an older file said counts no more where the last one has the column, by a header that is known only now.
    for (const property of this.#properties.values()) {
      const column = this.#columns.get(property)?.name ?? '';
      if (!found.has(property) && marks.has(column)) {
        values.set(property, null);
      }
    }
    if (values.size + faults.length + (texts.size - left.size) === 0) {
      return null;
    }
    return {
      values,
      faults,
      newness,
      extras: left.size === 0 ? null : JSON.stringify(Object.fromEntries(left)),
      cells: Object.fromEntries(marks),
    };
  }

  /** Cells of the row's last writer, then others, the newer ones first. */
  #newestFirst(a: string, b: string, marks: ReadonlyMap<string, CellNewness>): number {
    const [ownA, ownB] = [this.#own.has(a), this.#own.has(b)];
    if (ownA || ownB) {
      return Number(ownB) - Number(ownA);
    }
    return this.#isNewer(marks.get(`+${a}`), marks.get(`+${b}`)) ? -1 : 1;
  }

  /** By winner value, then by file, then by line, as loads decide. Winner values of one type and one zone are compared as they are written. */
  #isNewer(a: CellNewness | undefined, b: CellNewness | undefined): boolean {
    if (a === undefined || b === undefined) {
      return false;
    }
    const order = compare(a[2] ?? null, b[2] ?? null) || this.#rank(a) - this.#rank(b) || a[1] - b[1];
    return order > 0;
  }

  #rank([, place]: CellNewness): number {
    return this.#ranks.get(String(Math.floor(place / Number(lineSpan)))) ?? -1;
  }

  /** A cell that an older file left in the row: the file that wrote it last has no such column. */
  #byName(key: string): string | null {
    if (this.#own.has(key)) {
      return null;
    }
    return matchHeader(this.#target, [key]).cells[0]?.column?.property ?? null;
  }
}

/** The name of a cell in Extras. */
const keyOf = (text: string, index: number): string => (text.trim() === '' ? `column ${index + 1}` : text);

function compare(a: unknown, b: unknown): number {
  if (a === b) {
    return 0;
  }
  if (a === null || b === null) {
    return a === null ? -1 : 1;
  }
  if (typeof a === 'number' && typeof b === 'number') {
    return a - b;
  }
  return String(a) < String(b) ? -1 : 1;
}
