import { inputsOf } from '../convert/computed-column.ts';
import { unknownCells } from '../convert/unknown-cells.ts';
import { type HeaderMatch, matchHeader } from '../identify/match-header.ts';
import { extraCell, type StatesOf } from '../merge/file-shape.ts';
import { sharesNewness } from '../stored/bound-columns.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';

/** Names of the cells that a file with this header states; the key and cells with newness of their own are left out. */
export function statedCells(table: StoredTable, { export: target, cells }: HeaderMatch): ReadonlySet<string> {
  const properties = new Set(cells.flatMap((cell) => (cell.column === null ? [] : [cell.column.property])));
  const computed = target.computed.filter((one) => inputsOf(one).every((property) => properties.has(property)));
  const columns = [...properties, ...computed.map((one) => one.property)].map((property) => columnOf(table, property));
  const others = columns.filter((name) => sharesNewness(table, name));
  return new Set([...others, ...unknownCells(cells).map(({ header }) => extraCell(header))]);
}

/** The same of any export that writes the set, by the text of its header. */
export const statesOf =
  (table: StoredTable): StatesOf =>
  (target, header) =>
    statedCells(table, matchHeader(target, header));
