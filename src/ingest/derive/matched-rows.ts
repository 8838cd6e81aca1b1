import type { Match } from '../../catalogue/unified.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { distinctName } from '../stored/distinct-name.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';

/** Rows of a set that turn out to be another thing than before. */
export interface Rematched {
  /** SELECT of the numbers of these rows. */
  readonly rows: string;
  /** Writes what they are now. */
  write(version: string): Promise<void>;
}

/**
 * Which rows of a set are one thing: those with the same text, those that are listed as the same, and whatever these lead to. Each gets the
 * smallest of their keys. Resolves to the rows for which that is news; null: none.
 */
export async function matchRows(
  transaction: Transaction,
  table: StoredTable,
  { as, by, same }: Match,
): Promise<Rematched | null> {
  const matched = quoteIdentifier(distinctName('matched_', table.set.name));
  const [key = ''] = table.key.map(quoteIdentifier);
  const [value, text] = [as, by].map((property) => quoteIdentifier(columnOf(table, property)));
  const listed = same.flatMap((keys, number) => keys.map((one) => `(${escapeText(one)}, ${number})`));
  const groups = listed.length === 0 ? `SELECT NULL::text, NULL::integer` : `VALUES ${listed.join(', ')}`;
  await transaction.query(`DROP TABLE IF EXISTS ${matched}`);
  await transaction.query(
    `CREATE TEMP TABLE ${matched} ON COMMIT DROP AS SELECT t._row, t.${key} AS k, t.${key} AS thing, nullif(lower(trim(t.${text})), '') AS word, g.number, t.${value} AS was FROM ${table.name} t LEFT JOIN (SELECT DISTINCT ON (k) k, number FROM (${groups}) listed(k, number) ORDER BY k, number) g ON g.k = t.${key}`,
  );
  // A chain of texts and lists is as long as the lists at most: each pass goes one step on.
  for (let moved = 1; moved > 0; ) {
    const least = (part: string): string =>
      `CASE WHEN ${part} IS NULL THEN thing ELSE min(thing) OVER (PARTITION BY ${part}) END`;
    const found = `SELECT _row, least(${least('word')}, ${least('number')}) AS thing FROM ${matched}`;
    moved = (
      await transaction.query(
        `UPDATE ${matched} m SET thing = n.thing FROM (${found}) n WHERE n._row = m._row AND n.thing < m.thing`,
      )
    ).rowCount;
  }
  await transaction.query(`DELETE FROM ${matched} WHERE was = thing`);
  const { rowCount } = await transaction.query(`SELECT 1 FROM ${matched} LIMIT 1`);
  if (rowCount === 0) {
    return null;
  }
  return {
    rows: `SELECT _row FROM ${matched}`,
    write: async (version) => {
      await transaction.query(
        `UPDATE ${table.name} t SET ${value} = m.thing, _version = $1 FROM ${matched} m WHERE m._row = t._row`,
        [version],
      );
    },
  };
}
