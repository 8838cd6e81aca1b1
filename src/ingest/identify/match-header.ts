import type { Export, ExportColumn } from '../../catalogue/catalogue.ts';
import { foldHeader } from '../../catalogue/compile/export/fold-header.ts';

/** A column of a file and the export's column it is, if any. */
export interface HeaderCell {
  /** 0-based place in the file. */
  readonly index: number;
  /** As `visibleName` reads it from the file. */
  readonly text: string;
  readonly column: ExportColumn | null;
  /** The header was not known; the column was recognised by its place. */
  readonly byPosition: boolean;
}

/** How well a file's header fits an export. */
export interface HeaderMatch {
  readonly export: Export;
  readonly cells: readonly HeaderCell[];
  /** Columns of the export that the file has. */
  readonly matched: number;
  /** Headers of the file that the export does not know. */
  readonly unknown: readonly string[];
  /** Columns of the export that the file does not have, by documented header. */
  readonly missing: readonly string[];
  readonly missingRequired: readonly string[];
  /** Headers that say the same twice. */
  readonly duplicates: readonly string[];
}

/**
 * Matches by name after folding, with the export's own aliases in all languages; by place only where the metadata says
 * so, everything else is found and the place is not taken. Never by resemblance: headers one letter apart mean different things.
 */
export function matchHeader(target: Export, header: readonly string[]): HeaderMatch {
  const names = namesOf(target);
  const cells: HeaderCell[] = header.map((text, index) => ({
    index,
    text,
    column: names.get(foldHeader(text)) ?? null,
    byPosition: false,
  }));
  const placed = placeByPosition(target, cells);
  const found = new Set(placed.flatMap((cell) => (cell.column === null ? [] : [cell.column.property])));
  const absent = target.columns.filter((column) => !found.has(column.property));
  return {
    export: target,
    cells: placed,
    matched: found.size,
    unknown: placed
      .slice(0, namedWidth(placed))
      .filter((cell) => cell.column === null)
      .map((cell) => cell.text),
    missing: absent.map(documentedHeader),
    missingRequired: absent.filter((column) => column.required).map(documentedHeader),
    duplicates: duplicatesOf(placed),
  };
}

/** Columns up to the last one with a name: a delimiter behind it makes no column. */
export function namedWidth(cells: readonly HeaderCell[]): number {
  return cells.findLastIndex((cell) => cell.text.trim() !== '') + 1;
}

/** The header that stands for a column in messages. */
export function documentedHeader(column: ExportColumn): string {
  return column.headers[0]?.text ?? column.property;
}

const nameMaps = new WeakMap<Export, ReadonlyMap<string, ExportColumn>>();

/** The columns of an export by their folded headers, in all languages. */
export function namesOf(target: Export): ReadonlyMap<string, ExportColumn> {
  const known = nameMaps.get(target);
  if (known !== undefined) {
    return known;
  }
  const names = new Map<string, ExportColumn>();
  for (const column of target.columns) {
    for (const header of column.headers) {
      const folded = foldHeader(header.text);
      if (!names.has(folded)) {
        names.set(folded, column);
      }
    }
  }
  nameMaps.set(target, names);
  return names;
}

function placeByPosition(target: Export, cells: readonly HeaderCell[]): readonly HeaderCell[] {
  const found = new Set(cells.map((cell) => cell.column?.property));
  const absent = target.columns.filter((column) => !found.has(column.property));
  const [lost] = absent;
  if (absent.length !== 1 || lost === undefined || lost.position === null) {
    return cells;
  }
  const at = lost.position - 1;
  const there = cells[at];
  if (there === undefined) {
    return cells;
  }
  // The cell is free when nobody knows its header, or when another cell has the same header as well (a document that
  // printed one header twice).
  const taken = there.column;
  const free = taken === null || cells.some((cell) => cell.index !== at && cell.column === taken);
  return free ? cells.map((cell) => (cell.index === at ? { ...cell, column: lost, byPosition: true } : cell)) : cells;
}

function duplicatesOf(cells: readonly HeaderCell[]): readonly string[] {
  const seen = new Set<string>();
  const duplicates: string[] = [];
  for (const cell of cells) {
    if (cell.column === null && cell.text.trim() === '') {
      continue;
    }
    const name = cell.column === null ? `?${foldHeader(cell.text)}` : cell.column.property;
    if (seen.has(name)) {
      duplicates.push(cell.text);
    }
    seen.add(name);
  }
  return duplicates;
}
