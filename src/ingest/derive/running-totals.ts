import type { Catalogue } from '../../catalogue/catalogue.ts';
import { productOf, type RunningTotal, spacesOf } from '../../catalogue/unified.ts';
import { apart } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { columnList } from '../stored/column-lists.ts';
import { distinctName } from '../stored/distinct-name.ts';
import { columnOf } from '../stored/stored-table.ts';
import { derivedColumns } from './derived-columns.ts';
import type { DerivedTable } from './derived-sets.ts';
import { affectedKeys } from './unified-rows.ts';

/** Days behind one on which something happened for which rows are made: a wrong date may lie a thousand years off. */
const daysFilled = 366;

/**
 * Completes the made rows of a set with a running total: by the stored rows of the same products, whose totals may follow from those that were
 * made, by days on which nothing happened and something is left, and by the totals. Such a set has one row for a thing and a day at most, so
 * those of a source are few.
 * Resolves to what follows FROM of the stored rows `t` that the made ones stand for; null: the set has no running total.
 */
export async function completeTotals(
  transaction: Transaction,
  catalogue: Catalogue,
  { derived, made, all }: { readonly derived: DerivedTable; readonly made: string; readonly all: boolean },
): Promise<string | null> {
  const { table, derivation } = derived;
  const running = derivation.kind === 'unified' ? derivation.running : null;
  if (running === null) {
    return null;
  }
  const names = namesOf(derived, running);
  const { key, source, productSql } = names;
  if (all) {
    await transaction.query(totalsQuery(made, names));
    return `${table.name} t`;
  }
  const [touched = '', again = ''] = ['touched_', 'again_'].map((prefix) =>
    quoteIdentifier(distinctName(prefix, table.set.name)),
  );
  await transaction.query(`DROP TABLE IF EXISTS ${touched}, ${again}`);
  await transaction.query(`CREATE TEMP TABLE ${again} ON COMMIT DROP AS ${affectedKeys(catalogue, derived)}`);
  await transaction.query(
    `CREATE TEMP TABLE ${touched} ON COMMIT DROP AS SELECT ${productSql(source)} AS product FROM ${made} UNION SELECT ${productSql(`t.${source}`)} FROM ${table.name} t JOIN ${again} a ON a._key = t.${key}`,
  );
  const columns = derivedColumns(derived);
  await transaction.query(
    `INSERT INTO ${made} (${columnList(columns)}) SELECT ${columnList(columns, 't')} FROM ${table.name} t JOIN ${touched} x ON x.product = ${productSql(`t.${source}`)} WHERE num_nonnulls(${columnList(names.told, 't')}) > 0 AND NOT EXISTS (SELECT 1 FROM ${apart(again)} a WHERE a._key = t.${key})`,
  );
  await transaction.query(totalsQuery(made, names));
  return `${table.name} t JOIN ${touched} x ON x.product = ${productSql(`t.${source}`)}`;
}

interface Names {
  readonly key: string;
  readonly source: string;
  /** SQL text of the product of a source: days of sources whose ids mean the same belong to one thing, whichever source a day's key begins with. */
  readonly productSql: (source: string) => string;
  readonly id: string;
  readonly as: string;
  readonly plus: string;
  readonly minus: string;
  readonly over: string;
  readonly same: readonly string[];
  /** Columns, unquoted, that only days have on which something happened. */
  readonly told: readonly string[];
}

function namesOf(derived: DerivedTable, running: RunningTotal): Names {
  const { table } = derived;
  const column = (property: string): string => columnOf(table, property);
  const [key = ''] = table.key;
  const { as, plus, minus, over, same } = running;
  const given = new Set([key, ...['Source', 'SourceId', as, over, ...same].map(column)]);
  const quoted = (property: string): string => quoteIdentifier(column(property));
  return {
    ...{ key: quoteIdentifier(key), source: quoted('Source'), id: quoted('SourceId'), productSql: productsOf(derived) },
    ...{ as: quoted(as), plus: quoted(plus), minus: quoted(minus), over: quoted(over), same: same.map(quoted) },
    told: derivedColumns(derived).filter((name) => !given.has(name)),
  };
}

function productsOf({ derivation }: DerivedTable): Names['productSql'] {
  const from = derivation.kind === 'unified' ? derivation.from : [];
  const products = new Map(
    from.flatMap((one) => [...spacesOf(one)]).map(([source, space]) => [source, productOf(space)]),
  );
  const cases = [...products]
    .filter(([source, product]) => source !== product)
    .map(([source, product]) => `WHEN ${escapeText(source)} THEN ${escapeText(product)}`);
  return (source) => (cases.length === 0 ? source : `CASE ${source} ${cases.join(' ')} ELSE ${source} END`);
}

/** Writes the totals of the made rows, and adds the days between them. */
function totalsQuery(made: string, names: Names): string {
  const { key, source, productSql, id, as, plus, minus, over, same } = names;
  // What stands before the day, which keys end in; and what of it is the thing's within its product.
  const series = `left(m.${key}, -11)`;
  const thing = `substr(${series}, strpos(${series}, ':'))`;
  const rows = `SELECT m.${key} AS k, m.${source} AS s, ${productSql(`m.${source}`)} AS p, ${thing} AS thing, ${series} AS series, m.${over} AS d, ${same.map((name) => `m.${name}, `).join('')}num_nonnulls(m.${plus}, m.${minus}) AS told, coalesce(m.${plus}, 0) - coalesce(m.${minus}, 0) AS change FROM ${made} m WHERE m.${over} IS NOT NULL`;
  const passed = 'OVER (PARTITION BY p, thing ORDER BY d)';
  const summed = `SELECT r.*, sum(change) ${passed} AS total, sum(told) ${passed} AS known, lead(d) ${passed} AS next FROM rows r`;
  const last = 'SELECT p, max(d) AS last FROM rows WHERE told > 0 GROUP BY p';
  const until = `least(coalesce(t.next - 1, e.last), t.d + ${daysFilled})`;
  const cells = [
    "t.series || to_char(f.d, ':YYYY-MM-DD')",
    't.s',
    'f.d',
    ...same.map((name) => `t.${name}`),
    `t.total::integer`,
  ];
  const added = `INSERT INTO ${made} (${[key, source, over, ...same, as, id].join(', ')}) SELECT ${cells.join(', ')}, substr(t.series, strpos(t.series, ':') + 1) || to_char(f.d, ':YYYY-MM-DD') FROM totals t JOIN ends e ON e.p = t.p CROSS JOIN LATERAL (SELECT x::date AS d FROM generate_series((t.d + 1)::timestamp, ${until}::timestamp, interval '1 day') x) f WHERE t.known > 0 AND t.total <> 0`;
  return `WITH rows AS MATERIALIZED (${rows}), totals AS MATERIALIZED (${summed}), ends AS (${last}), added AS (${added}) UPDATE ${made} m SET ${as} = t.total::integer FROM totals t WHERE t.k = m.${key} AND t.known > 0`;
}
