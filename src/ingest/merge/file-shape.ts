import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { boundColumns, type ColumnPair, sharesNewness } from '../stored/bound-columns.ts';
import type { StoredTable } from '../stored/stored-table.ts';

/**
 * What a file says something about. A column that it does not have says nothing: the stored values stay, and how new they
 * are. Cells are named like their columns; those of unknown headers, which go to `Extras`, by the header behind a `+`.
 */
export interface FileShape {
  /** Names of the cells that the file states in each row. */
  readonly states: ReadonlySet<string>;
  /** Columns that it does not have. */
  readonly absent: ReadonlySet<string>;
  /** How the loads differ that wrote rows of the set before; null: all of them state what this file does. */
  readonly others: OtherShapes | null;
}

export interface OtherShapes {
  /** Temporary table: for each load (`load_id`) that states other cells than the file, which more (`dropped`) and which not (`added`). */
  readonly table: string;
  /** Columns of the file that others do not have. */
  readonly fillable: readonly string[];
  /** Some have other unknown headers. */
  readonly extras: boolean;
  /** Columns that mean something together only, see `boundColumns`. */
  readonly bound: readonly ColumnPair[];
}

export const extraCell = (header: string): string => `+${header}`;

export const isExtraCell = (name: string): boolean => name.startsWith('+');

/** Names of the cells that a file of an export with this header states; the key and cells with newness of their own are left out. */
export type StatesOf = (target: Export, header: readonly string[]) => ReadonlySet<string>;

/** The shape of a file beside those of all loads of its set; where they differ, fills the table of these. */
export async function shapeOf(
  transaction: Transaction,
  catalogue: Catalogue,
  { table, states, statesOf }: Stating,
): Promise<FileShape> {
  const extras = table.columns.get('Extras')?.name;
  const names = [...table.columns.values()].map(({ name }) => name);
  const absent = names.filter((name) => name !== extras && sharesNewness(table, name) && !states.has(name));
  const different = await differentShapes(transaction, catalogue, { table, states, statesOf });
  if (different.length === 0) {
    return { states, absent: new Set(absent), others: null };
  }
  const added = new Set(different.flatMap((one) => one.added));
  const others = {
    table: await keepShapes(transaction, different),
    fillable: [...added].filter((name) => !isExtraCell(name)),
    extras: different.some((one) => [...one.added, ...one.dropped].some(isExtraCell)),
    bound: boundColumns(catalogue, table),
  };
  return { states, absent: new Set(absent), others };
}

interface Stating {
  readonly table: StoredTable;
  readonly states: ReadonlySet<string>;
  readonly statesOf: StatesOf;
}

interface Difference {
  readonly source: string;
  readonly export: string;
  /** md5 of the header's JSON. */
  readonly digest: string;
  readonly dropped: readonly string[];
  readonly added: readonly string[];
}

async function differentShapes(
  transaction: Transaction,
  catalogue: Catalogue,
  { table, states, statesOf }: Stating,
): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  for (const target of catalogue.exports.filter((one) => one.set === table.set.name)) {
    // From one header to the next in the index: loads are many, headers few.
    const next = `SELECT md5(header::text) FROM gateway.load WHERE state = 'loaded' AND source = $1 AND export = $2`;
    const { rows } = await transaction.query<{ digest: string; header: string }>(
      `WITH RECURSIVE known AS (
         SELECT (${next} ORDER BY 1 LIMIT 1) AS digest
         UNION ALL SELECT (${next} AND md5(header::text) > known.digest ORDER BY 1 LIMIT 1) FROM known WHERE known.digest IS NOT NULL)
       SELECT digest, (SELECT header::text FROM gateway.load WHERE state = 'loaded' AND source = $1 AND export = $2 AND md5(header::text) = digest LIMIT 1) AS header
         FROM known WHERE digest IS NOT NULL`,
      [target.source, target.name],
    );
    for (const { digest, header } of rows) {
      const cells = JSON.parse(header) as string[];
      if (cells.length === 0) {
        continue;
      }
      const theirs = statesOf(target, cells);
      const dropped = [...theirs].filter((name) => !states.has(name));
      const added = [...states].filter((name) => !theirs.has(name));
      if (dropped.length + added.length === 0) {
        continue;
      }
      found.push({ source: target.source, export: target.name, digest, dropped, added });
    }
  }
  return found;
}

async function keepShapes(transaction: Transaction, different: readonly Difference[]): Promise<string> {
  const shapes = 'load_shapes';
  await transaction.query(`DROP TABLE IF EXISTS pg_temp.${shapes}`);
  await transaction.query(
    `CREATE TEMP TABLE ${shapes} (load_id bigint PRIMARY KEY, dropped text[] COLLATE "C", added text[] COLLATE "C") ON COMMIT DROP`,
  );
  await transaction.query(
    `INSERT INTO ${shapes} SELECT l.load_id, nullif(d.dropped, '{}'), nullif(d.added, '{}') FROM jsonb_to_recordset($1::jsonb) AS d(source text, export text, digest text, dropped text[], added text[]) JOIN gateway.load l ON l.source = d.source AND l.export = d.export AND md5(l.header::text) = d.digest AND l.state = 'loaded'`,
    [JSON.stringify(different)],
  );
  await transaction.query(`ANALYZE ${shapes}`);
  return shapes;
}
