import { Buffer } from 'node:buffer';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { KeptColumn } from '../../catalogue/kept-columns.ts';
import { copyLine } from '../../sql/copy-line.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { maintainDerived } from '../derive/maintain-derived.ts';
import { manyChanges, noteAffected } from '../derive/note-affected.ts';
import { storedPlace } from '../ledger/file-order.ts';
import { nextVersion, publishVersion } from '../ledger/set-version.ts';
import { columnDefinition } from '../stored/column-lists.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';
import type { FilledRow } from './extras-reader.ts';

const filledTable = 'filled_rows';

/** The rows of one set that are filled: collected in a temporary table, then written at once. */
export class FilledRows {
  readonly #transaction: Transaction;
  readonly #table: StoredTable;
  readonly #properties: readonly string[];
  readonly #written = new Set<string>();
  #lines = '';
  #count = 0;

  // biome-ignore lint/style/useConsistentMemberAccessibility: made by its static method alone, which waits for what it needs
  private constructor(transaction: Transaction, table: StoredTable) {
    this.#transaction = transaction;
    this.#table = table;
    this.#properties = [...table.columns.keys()].filter((name) => name !== 'Extras');
  }

  static async begin(transaction: Transaction, table: StoredTable): Promise<FilledRows> {
    const filled = new FilledRows(transaction, table);
    const columns = filled.#properties.map((property) => {
      const { name, sqlType } = table.columns.get(property) ?? { name: property, sqlType: 'text' };
      return columnDefinition(name, sqlType);
    });
    await transaction.query(
      `CREATE TEMP TABLE ${filledTable} (_target bigint NOT NULL, _load bigint NOT NULL, _extras text COLLATE "C", _cells jsonb, _newness jsonb NOT NULL, _says text[] NOT NULL, ${columns.join(', ')}) ON COMMIT DROP`,
    );
    return filled;
  }

  add({ row, load_id: loadId }: { readonly row: string; readonly load_id: string }, read: FilledRow): void {
    const says = `{${[...read.values.keys()].map((name) => JSON.stringify(name)).join(',')}}`;
    for (const name of read.values.keys()) {
      this.#written.add(name);
    }
    const cells = Object.keys(read.cells).length === 0 ? null : JSON.stringify(read.cells);
    const newness = JSON.stringify(Object.fromEntries(read.newness));
    const values = this.#properties.map((name) => read.values.get(name) ?? null);
    this.#lines += copyLine([row, loadId, read.extras, cells, newness, says, ...values]);
    this.#count++;
  }

  /** Sends what was added. */
  async flush(): Promise<void> {
    if (this.#lines === '') {
      return;
    }
    const bytes = Buffer.from(this.#lines, 'utf8');
    this.#lines = '';
    const one = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes;
    };
    const columns = this.#properties.map((name) => quoteIdentifier(columnOf(this.#table, name)));
    await this.#transaction.copyIn(
      `COPY ${filledTable} (_target, _load, _extras, _cells, _newness, _says, ${columns.join(', ')}) FROM STDIN`,
      one(),
    );
  }

  /** Writes the rows, with a new version of their set, and makes what is derived from them again. */
  async apply(catalogue: Catalogue): Promise<void> {
    const [transaction, table] = [this.#transaction, this.#table];
    if (this.#count > 0) {
      await transaction.query(`ANALYZE ${filledTable}`);
      const newest = await transaction.query<{ load_id: string; file_time: string }>(
        `SELECT load_id::text, file_time::text FROM gateway.load l WHERE load_id IN (SELECT _load FROM ${filledTable}) ORDER BY l.file_time DESC, l.load_id DESC LIMIT 1`,
      );
      const marks = { loadId: newest.rows[0]?.load_id ?? '', fileTime: newest.rows[0]?.file_time ?? '' };
      const bulk = this.#count > manyChanges;
      const version = await nextVersion(transaction, table.set.name);
      // They change as rows that a load updates do; none is restated.
      const rows = { changing: `SELECT _target FROM ${filledTable}`, restated: 'SELECT NULL::bigint WHERE false' };
      await noteAffected(transaction, catalogue, { source: table, rows, fileTime: marks.fileTime, bulk });
      const assigned = [
        ...this.#assignments(),
        [quoteIdentifier(columnOf(table, 'Extras')), 'f._extras'] as const,
        ['_cells', 'f._cells'] as const,
      ];
      const differs = assigned.map(([name, value]) => `t.${name} IS DISTINCT FROM ${value}`).join(' OR ');
      const rowCount = transaction.isDistributed
        ? await this.#assignApart(assigned, { version, differs })
        : (
            await transaction.query(
              `UPDATE ${table.name} t SET ${assigned.map(([name, value]) => `${name} = ${value}`).join(', ')}, _version = $1 FROM ${filledTable} f JOIN gateway.load l ON l.load_id = f._load WHERE f._target = t._row AND (${differs})`,
              [version],
            )
          ).rowCount;
      if (rowCount > 0) {
        await publishVersion(transaction, table.set.name, version);
        await maintainDerived(transaction, catalogue, { source: table, version, marks, bulk });
      }
    }
    await transaction.query(`DROP TABLE ${filledTable}`);
  }

  /** Citus takes no text that is read as a time inside of CASE in an UPDATE: what rows become is worked out before. */
  async #assignApart(
    assigned: readonly (readonly [column: string, value: string])[],
    { version, differs }: { readonly version: string; readonly differs: string },
  ): Promise<number> {
    const [transaction, table, values] = [this.#transaction, this.#table, 'filled_values'];
    await transaction.query(
      `CREATE TEMP TABLE ${values} ON COMMIT DROP AS SELECT t._row AS _target, ${assigned.map(([name, value]) => `${value} AS ${name}`).join(', ')} FROM ${table.name} t JOIN ${filledTable} f ON f._target = t._row JOIN gateway.load l ON l.load_id = f._load WHERE ${differs}`,
    );
    const { rowCount } = await transaction.query(
      `UPDATE ${table.name} t SET ${assigned.map(([name]) => `${name} = v.${name}`).join(', ')}, _version = $1 FROM ${values} v WHERE v._target = t._row`,
      [version],
    );
    await transaction.query(`DROP TABLE ${values}`);
    return rowCount;
  }

  /** The row's last writer states the cell. A cell that an empty one does not overwrite may be newer than its row. */
  #assignments(): readonly (readonly [column: string, value: string])[] {
    return [...this.#written].flatMap((property) => {
      const column = columnOf(this.#table, property);
      const name = quoteIdentifier(column);
      const says = `${escapeText(property)} = ANY(f._says)`;
      const kept = fillingOf(this.#table, { column, property });
      if (kept === undefined) {
        return [[name, `CASE WHEN ${says} THEN f.${name} ELSE t.${name} END`]];
      }
      const [stamp, place] = [quoteIdentifier(kept.stamp), quoteIdentifier(kept.place)];
      // Of a cell that is empty, though it was spoken of, a deletion was said.
      const older = `((t.${name} IS NULL AND t.${stamp} IS NULL) OR (t.${stamp} IS NOT NULL AND ${olderCell(kept, stamp)}))`;
      const takes = `${says} AND f.${name} IS NOT NULL AND ${older}`;
      const take = (target: string, value: string): readonly [string, string] => [
        target,
        `CASE WHEN ${takes} THEN ${value} ELSE t.${target} END`,
      ];
      return [
        take(name, `f.${name}`),
        take(stamp, kept.said.stamp),
        take(place, kept.said.place),
        ...(kept.winner === null ? [] : [take(quoteIdentifier(kept.winner.mark), kept.said.winner)]),
      ];
    });
  }
}

interface FillingCell extends KeptColumn {
  /** How new the value is that fills the cell, as SQL: as its row's last writer, or as the older file that it comes from. */
  readonly said: { readonly stamp: string; readonly place: string; readonly winner: string };
}

/** undefined: the column has no newness of its own. */
function fillingOf(
  table: StoredTable,
  { column, property }: { readonly column: string; readonly property: string },
): FillingCell | undefined {
  const kept = table.kept.find((one) => one.column === column);
  if (kept === undefined) {
    return undefined;
  }
  const entry = `(f._newness -> ${escapeText(property)})`;
  const { winner } = kept;
  const said = {
    stamp: `coalesce((${entry} ->> 0)::timestamptz, l.file_time)`,
    place: `coalesce((${entry} ->> 1)::bigint, ${storedPlace('t')})`,
    winner:
      winner === null
        ? 'NULL'
        : `CASE WHEN ${entry} IS NULL THEN t.${quoteIdentifier(winner.column)} ELSE (${entry} ->> 2)::${winner.sqlType} END`,
  };
  return { ...kept, said };
}

/** Whether the stored cell was said before the one that fills it. */
function olderCell({ winner, said }: FillingCell, stamp: string): string {
  const older = `t.${stamp} < ${said.stamp}`;
  if (winner === null) {
    return older;
  }
  const cell = `t.${quoteIdentifier(winner.mark)}`;
  return `CASE WHEN (${said.winner}) IS NOT DISTINCT FROM ${cell} THEN ${older} ELSE ${cell} IS NULL OR coalesce((${said.winner}) > ${cell}, false) END`;
}
