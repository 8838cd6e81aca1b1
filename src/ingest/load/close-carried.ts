import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';
import type { HeaderMatch } from '../identify/match-header.ts';
import { type FileOrder, fileOrder } from '../ledger/file-order.ts';
import { anyOpenWithKey, closeSuperseded, earlierWithRejects, type RejectShape } from '../ledger/rejects.ts';
import { saysCell } from '../merge/kept-cells.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { statedCells, statesOf } from './stated-cells.ts';

/** What of a set decides whether a row of a newer file says all that a rejected one would say. */
export function rejectShape(table: StoredTable, { write }: Export): RejectShape {
  const properties = new Map([...table.columns].map(([property, { name }]) => [name, property]));
  const winner = write.mode === 'upsert' && write.winner !== null ? table.columns.get(write.winner) : undefined;
  return {
    key: table.key,
    winner: winner === undefined ? null : { column: winner.name, sqlType: winner.sqlType },
    kept: table.kept.map((kept) => ({
      column: kept.column,
      property: properties.get(kept.column) ?? kept.column,
      says: saysCell(kept),
    })),
  };
}

/** A load whose rows are staged and have not met the table yet. */
export interface Carrying {
  readonly table: StoredTable;
  readonly match: HeaderMatch;
  readonly staged: string;
  readonly load: { readonly loadId: string; readonly fileTime: string };
}

/**
 * Closes open rejects of older files whose rows this file brings: those that replay could take nothing from any more. That is so where a row of
 * the same key is accepted here, its winner value is no smaller, the file has all columns that theirs had, and no cell that an empty one
 * would not overwrite is left to them. Asks for little where no reject is open. Resolves to how many it closed.
 */
export async function closeCarried(
  transaction: Transaction,
  catalogue: Catalogue,
  { table, match, staged, load }: Carrying,
): Promise<number> {
  if (!(await anyOpenWithKey(transaction))) {
    return 0;
  }
  const { export: target } = match;
  const writing = catalogue.exports.filter((one) => one.set === target.set);
  const file = await fileOrder(transaction, catalogue, { set: target.set, ...load });
  const loads = await earlierWithRejects(transaction, file, {
    sources: writing.map((one) => one.source),
    exports: writing.map((one) => one.name),
  });
  const states = statedCells(table, match);
  const carried = loads.filter(({ source, export: name, header }) => {
    const of = writing.find((one) => one.source === source && one.name === name);
    const others = of === undefined ? null : statesOf(table)(of, JSON.parse(header) as string[]);
    return others !== null && [...others].every((cell) => states.has(cell));
  });
  if (carried.length === 0) {
    return 0;
  }
  const ids = carried.map(({ load_id: id }) => id);
  return closeSuperseded(transaction, ids, { loadId: load.loadId, staged, shape: rejectShape(table, target) });
}

/** Whether `closeCarried` may close any for a file of this place: then it must see all its rows. */
export async function mayCarry(
  transaction: Transaction,
  catalogue: Catalogue,
  { set, file }: { readonly set: string; readonly file: FileOrder },
): Promise<boolean> {
  if (!(await anyOpenWithKey(transaction))) {
    return false;
  }
  const writing = catalogue.exports.filter((one) => one.set === set);
  const loads = await earlierWithRejects(transaction, file, {
    sources: writing.map((one) => one.source),
    exports: writing.map((one) => one.name),
  });
  return loads.length > 0;
}
