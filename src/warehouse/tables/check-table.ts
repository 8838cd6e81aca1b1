import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { quoteRelation } from '../../sql/identifier.ts';
import type { Transaction } from '../database.ts';
import { wantedTableOf } from './wanted-tables.ts';

/**
 * Throws RestartNeeded where the table of a set is not the one that the catalogue describes: another gateway made it anew for other
 * metadata since this one started, and what this one would write would be misread. Call under the lock of the set.
 */
export async function requireTable(transaction: Transaction, catalogue: Catalogue, set: string): Promise<void> {
  const wanted = wantedTableOf(catalogue, set);
  const relation = quoteRelation({ schema: wanted.schema, name: wanted.table });
  const { rows } = await transaction.query<{ columns: Readonly<Record<string, string>>; indexes: readonly string[] }>(
    `SELECT (SELECT coalesce(json_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)), '{}') FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
            (SELECT coalesce(json_agg(x.relname), '[]') FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = t.oid) AS indexes
       FROM (SELECT to_regclass($1)::oid AS oid) AS t`,
    [relation],
  );
  const [there] = rows;
  const differs = wanted.columns.find(({ name, sqlType }) => there?.columns[name] !== sqlType)?.name;
  const key = wanted.indexes.find(({ name }) => /_key_[0-9a-f]{10}$/.test(name))?.name ?? '';
  if (differs === undefined && there?.indexes.includes(key) === true) {
    return;
  }
  const what = differs === undefined ? 'its key' : `its column ${differs}`;
  throw new GatewayError(
    'RestartNeeded',
    `The table of ${set} is not the one that this gateway's metadata describes any more: ${what} is another one.`,
  );
}
