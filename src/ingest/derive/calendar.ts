import { calendarColumns } from '../../catalogue/calendar-columns.ts';
import { GatewayError } from '../../errors.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { nextVersion, publishVersion } from '../ledger/set-version.ts';
import { columnList } from '../stored/column-lists.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';
import type { DerivedTable } from './derived-sets.ts';
import type { DerivedMarks } from './write-derived.ts';

/**
 * Adds the days of the years in which the dates of rows `t` of a source lie, where they match `changed`. Whole years, so that a report has
 * no holes; days stay when the rows that asked for them leave.
 */
export async function extendCalendar(
  transaction: Transaction,
  {
    derived,
    source,
    changed,
    marks,
  }: {
    readonly derived: DerivedTable;
    readonly source: StoredTable;
    readonly changed: string;
    readonly marks: DerivedMarks;
  },
): Promise<void> {
  const { table, derivation } = derived;
  if (derivation.kind !== 'calendar') {
    return;
  }
  const dates = derivation.from
    .filter(({ set }) => set === source.set.name)
    .map(
      ({ property }) =>
        `SELECT DISTINCT date_trunc('year', t.${quoteIdentifier(columnOf(source, property))}::timestamp) AS y FROM ${source.name} t WHERE ${changed}`,
    );
  if (dates.length === 0) {
    return;
  }
  const [key = ''] = table.key;
  const properties = [...table.columns.keys()];
  const cells = properties.map((property) => {
    const said = calendarColumns.get(property);
    if (said === undefined) {
      throw new GatewayError('Internal', `A calendar has no ${property}.`);
    }
    return said.sql;
  });
  const version = await nextVersion(transaction, table.set.name);
  const days = `SELECT generate_series(y, y + interval '1 year - 1 day', interval '1 day')::date AS d FROM (${dates.join(' UNION ')}) years WHERE y IS NOT NULL`;
  const { rowCount } = await transaction.query(
    `INSERT INTO ${table.name} (${columnList(properties.map((property) => columnOf(table, property)))}, _version, _load_id, _loaded_at, _stamp) SELECT ${cells.join(', ')}, $1, $2, now(), $3 FROM (${days}) days WHERE NOT EXISTS (SELECT 1 FROM ${table.name} c WHERE c.${quoteIdentifier(key)} = d) ORDER BY d`,
    [version, marks.loadId, marks.fileTime],
  );
  if (rowCount > 0) {
    await publishVersion(transaction, table.set.name, version);
  }
}
