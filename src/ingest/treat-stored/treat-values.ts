import { Buffer } from 'node:buffer';
import { GatewayError } from '../../errors.ts';
import { copyLine } from '../../sql/copy-line.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { sqlState, uniqueViolation } from '../../warehouse/postgres-errors.ts';
import type { Treatment } from '../personal/treatments.ts';
import type { StoredTable } from '../stored/stored-table.ts';

/** Distinct values read at once. */
const batch = 10_000;
const map = 'treated_values';

/** A column whose values are treated. */
export interface ValueChange {
  readonly table: StoredTable;
  readonly column: string;
  readonly treat: Treatment;
  readonly version: string;
}

/**
 * Treats the values of a column in all rows that files filled, each distinct value once; resolves to the number of rows that changed. Memory
 * does not grow with them. Throws ProvisionRefused where two keys come to the same.
 */
export async function treatValues(transaction: Transaction, change: ValueChange): Promise<number> {
  const { table, column, treat, version } = change;
  const name = quoteIdentifier(column);
  const type = [...table.columns.values()].find((one) => one.name === column)?.sqlType ?? 'text';
  await transaction.query(`CREATE TEMP TABLE ${map} (old text COLLATE "C", new text COLLATE "C") ON COMMIT DROP`);
  await transaction.query(
    `DECLARE stored_values NO SCROLL CURSOR FOR SELECT DISTINCT ${name}::text AS value FROM ${table.name} WHERE ${name} IS NOT NULL AND _load_id IS NOT NULL`,
  );
  for (;;) {
    const { rows } = await transaction.query<{ value: string }>(`FETCH ${batch} FROM stored_values`);
    if (rows.length === 0) {
      break;
    }
    const lines = rows.map(({ value }) => copyLine([value, treat(value)])).join('');
    await transaction.copyIn(`COPY ${map} FROM STDIN`, once(lines));
  }
  await transaction.query('CLOSE stored_values');
  await transaction.query(`ANALYZE ${map}`);
  try {
    const { rowCount } = await transaction.query(
      `UPDATE ${table.name} t SET ${name} = m.new::${type}, _version = $1 FROM ${map} m WHERE t.${name}::text = m.old AND t._load_id IS NOT NULL AND m.new::${type} IS DISTINCT FROM t.${name}`,
      [version],
    );
    await transaction.query(`DROP TABLE ${map}`);
    return rowCount;
  } catch (error) {
    if (sqlState(error) !== uniqueViolation) {
      throw error;
    }
    const message = `Two keys of ${table.set.name} come to the same when ${column} is treated as the metadata says now. Run: gateway rebuild ${table.set.name}`;
    throw new GatewayError('ProvisionRefused', message, { target: table.set.name, cause: error });
  }
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, 'utf8');
}
