import type { Catalogue } from '../../catalogue/catalogue.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import type { RowFault } from '../convert/row-fault.ts';
import { setsTouched } from '../derive/derived-sets.ts';
import { settleConfirmations } from '../ledger/confirmations.ts';
import { type ChangedExport, changedExports, noteHeaders } from '../ledger/known-headers.ts';
import { pastLoads } from '../ledger/past-loads.ts';
import { lockSets } from '../ledger/set-version.ts';
import { columnOf, type StoredTable, storedTable } from '../stored/stored-table.ts';
import { candidateLoads } from './candidate-loads.ts';
import { type Cells, type ExtrasLoad, ExtrasReader } from './extras-reader.ts';
import { FilledRows } from './write-filled.ts';

/** What the rows stored before know now of one property. */
export interface FilledProperty {
  readonly set: string;
  readonly property: string;
  /** Rows that have a value of it now. */
  readonly rows: number;
  /** Cells that have no value, and stay in Extras. */
  readonly left: number;
  /** Why, of the first of them; null: none was left. */
  readonly reason: string | null;
}

/** Rows read at once. */
const batch = 5000;

/**
 * Fills properties that the metadata names since the last start, by a new property or a new alias, from the cells that loads kept in
 * `Extras`: they are converted as a load would, and the files count as new as they are. Call after `provision`. One statement where
 * the metadata knows no new header; else one transaction for each set concerned, in which its loads wait; memory does not grow with its
 * rows. Rows that change get a new version, and derived sets are made again of them.
 */
export async function fillFromExtras(database: Database, catalogue: Catalogue): Promise<readonly FilledProperty[]> {
  const sets = new Set((await changedExports(database, catalogue)).map(({ target }) => target.set));
  const filled: FilledProperty[] = [];
  for (const set of sets) {
    filled.push(
      ...(await database.transaction(async (transaction) => {
        await lockSets(transaction, setsTouched(catalogue, set));
        // Another gateway may have filled it while this one waited.
        const changed = (await changedExports(transaction, catalogue)).filter(({ target }) => target.set === set);
        // The header of the file that stated a row last says what its Extras are.
        await settleConfirmations(transaction, storedTable(catalogue, set), null);
        const report = await fillSet(transaction, catalogue, { set, changed });
        for (const { target } of changed) {
          await noteHeaders(transaction, catalogue, target);
        }
        return report;
      })),
    );
  }
  return filled;
}

async function fillSet(
  transaction: Transaction,
  catalogue: Catalogue,
  { set, changed }: { readonly set: string; readonly changed: readonly ChangedExport[] },
): Promise<readonly FilledProperty[]> {
  const table = storedTable(catalogue, set);
  if (!table.columns.has('Extras')) {
    return [];
  }
  const loads = await candidateLoads(transaction, { table, changed });
  if (loads.size === 0) {
    return [];
  }
  const past = await pastLoads(transaction, catalogue, set);
  const ranks = new Map(past.map(({ load_id: loadId }, rank) => [loadId, rank] as const));
  const readers = new Map(
    [...loads].map(([loadId, load]) => [loadId, new ExtrasReader(catalogue, load, ranks)] as const),
  );
  const tally = new Tally(set);
  const filled = await FilledRows.begin(transaction, table);
  const companions = [...new Set([...readers.values()].flatMap((one) => [...one.companions]))];
  for await (const rows of storedRows(transaction, { table, loads, companions })) {
    for (const row of rows) {
      const stored = new Map(companions.map((name, index) => [name, row.companions[index] ?? null]));
      const read = readers.get(row.load_id)?.read({ extras: row.extras, cells: row.cells ?? {}, stored });
      if (read === undefined || read === null) {
        continue;
      }
      tally.add(read);
      if (read.values.size > 0 || read.extras !== row.extras) {
        filled.add(row, read);
      }
    }
    await filled.flush();
  }
  await filled.apply(catalogue);
  return tally.report();
}

interface StoredRow {
  readonly row: string;
  readonly load_id: string;
  readonly extras: string | null;
  readonly cells: Cells | null;
  readonly companions: readonly (string | null)[];
}

/** Rows that the loads wrote and that may have something to say, in batches. */
async function* storedRows(
  transaction: Transaction,
  {
    table,
    loads,
    companions,
  }: {
    readonly table: StoredTable;
    readonly loads: ReadonlyMap<string, ExtrasLoad>;
    readonly companions: readonly string[];
  },
): AsyncGenerator<readonly StoredRow[]> {
  const texts = companions.map((property) => `t.${quoteIdentifier(columnOf(table, property))}::text`);
  const extras = `t.${quoteIdentifier(columnOf(table, 'Extras'))}`;
  // The load that stated the row last: its header tells what the row's Extras are.
  const load = 'coalesce(t._place >> 31, t._load_id)';
  const emptying = [...loads].filter(([, load]) => load.emptied.size > 0).map(([loadId]) => loadId);
  await transaction.query(
    `DECLARE stored_extras NO SCROLL CURSOR FOR SELECT t._row::text AS row, ${load}::text AS load_id, ${extras} AS extras, t._cells AS cells, ARRAY[${texts.join(', ')}]::text[] AS companions
       FROM ${table.name} t WHERE ${load} = ANY($1::bigint[]) AND (${extras} IS NOT NULL OR t._cells IS NOT NULL OR ${load} = ANY($2::bigint[])) ORDER BY t._row`,
    [[...loads.keys()], emptying],
  );
  for (;;) {
    const { rows } = await transaction.query<StoredRow & Record<string, unknown>>(`FETCH ${batch} FROM stored_extras`);
    if (rows.length === 0) {
      break;
    }
    yield rows;
  }
  await transaction.query('CLOSE stored_extras');
}

/** Counts by property. */
class Tally {
  readonly #set: string;
  readonly #properties = new Map<string, { rows: number; left: number; reason: string | null }>();

  constructor(set: string) {
    this.#set = set;
  }

  add(row: { readonly values: ReadonlyMap<string, string | null>; readonly faults: readonly RowFault[] }): void {
    for (const [property, value] of row.values) {
      if (value !== null) {
        this.#of(property).rows++;
      }
    }
    for (const { property, message } of row.faults) {
      const one = this.#of(property ?? '');
      one.left++;
      one.reason ??= message;
    }
  }

  report(): readonly FilledProperty[] {
    return [...this.#properties].map(([property, counts]) => ({ set: this.#set, property, ...counts }));
  }

  #of(property: string): { rows: number; left: number; reason: string | null } {
    const known = this.#properties.get(property) ?? { rows: 0, left: 0, reason: null };
    this.#properties.set(property, known);
    return known;
  }
}
