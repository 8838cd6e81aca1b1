import type { WriteDisposition } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import type { Decisions } from './decide-rows.ts';
import { scopeColumns } from './replaced-scopes.ts';

interface Removal {
  readonly table: StoredTable;
  readonly write: WriteDisposition;
  readonly decisions: Pick<Decisions, 'removals' | 'counts'>;
}

/** Periods and parents of no more rows may lose any number of them. */
const fewOfAScope = 4;
/** So may whole sets. */
const fewOfASet = 20;

/** A file that would take away more than half of what it replaces is more likely cut off than true. Throws SnapshotTooSmall or PeriodTooSmall. */
export async function checkRemovals(transaction: Transaction, removal: Removal): Promise<void> {
  if (removal.decisions.counts.removed === 0) {
    return;
  }
  if (removal.write.mode === 'snapshot') {
    await checkSnapshot(transaction, removal);
  } else {
    await checkScopes(transaction, removal);
  }
}

async function checkSnapshot(transaction: Transaction, { table, decisions }: Removal): Promise<void> {
  const { removed } = decisions.counts;
  const { rows } = await transaction.query<{ n: string }>(
    `SELECT count(*)::text AS n FROM ${table.name} WHERE _deleted_at IS NULL AND _load_id IS NOT NULL`,
  );
  const stored = Number(rows[0]?.n ?? 0);
  if (stored <= fewOfASet || removed * 2 <= stored) {
    return;
  }
  throw new GatewayError(
    'SnapshotTooSmall',
    `The snapshot lacks ${removed} of the ${stored} rows of ${table.set.name}, more than half`,
  );
}

/** Each period or parent by itself: a file of a year may hold one day that is cut off. */
async function checkScopes(transaction: Transaction, { table, write, decisions }: Removal): Promise<void> {
  const { removals } = decisions;
  const scope = scopeColumns({ table, write });
  if (scope === null) {
    return;
  }
  const touched = `SELECT DISTINCT ${columnList(scope, 't')} FROM ${table.name} t JOIN ${removals} r ON r._target = t._row`;
  const counted = `SELECT ${columnList(scope, 't')}, count(*) AS stored, count(r._target) AS removed FROM ${table.name} t JOIN (${touched}) p ON ${sameKey('p', 't', scope)} LEFT JOIN ${removals} r ON r._target = t._row WHERE t._load_id IS NOT NULL GROUP BY ${columnList(scope, 't')}`;
  const values = scope.map((name) => `${quoteIdentifier(name)}::text`).join(', ');
  const { rows } = await transaction.query<{ scope: string[]; stored: string; removed: string; n: string }>(
    `SELECT ARRAY[${values}] AS scope, stored::text, removed::text, count(*) OVER ()::text AS n FROM (${counted}) c WHERE stored > ${fewOfAScope} AND removed * 2 > stored ORDER BY removed DESC, 1 LIMIT 1`,
  );
  const [worst] = rows;
  if (worst === undefined) {
    return;
  }
  const properties = new Map([...table.columns].map(([property, { name }]) => [name, property]));
  const where = scope.map((name, index) => `${properties.get(name) ?? name} ${worst.scope[index] ?? ''}`).join(', ');
  const others = Number(worst.n) - 1;
  const more = others === 0 ? '' : `, and likewise of ${others} more`;
  throw new GatewayError(
    'PeriodTooSmall',
    `The file lacks ${worst.removed} of the ${worst.stored} rows that ${table.set.name} has of ${where}, more than half${more}`,
  );
}
