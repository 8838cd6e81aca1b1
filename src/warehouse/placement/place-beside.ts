import type { Relation } from '../../catalogue/catalogue.ts';
import { quoteRelation } from '../../sql/identifier.ts';
import type { Transaction } from '../database.ts';

/** Whether Citus has laid the table on a worker. Only where there is Citus. */
export async function isPlaced(transaction: Transaction, relation: Relation): Promise<boolean> {
  const { rowCount } = await transaction.query(`SELECT 1 FROM pg_dist_partition WHERE logicalrelid = $1::regclass`, [
    quoteRelation(relation),
  ]);
  return rowCount > 0;
}

/** Lays a table where another one lies; one that stays on the coordinator keeps it there. Only where there is Citus. */
export async function placeBeside(transaction: Transaction, relation: Relation, other: Relation): Promise<void> {
  if (await isPlaced(transaction, other)) {
    await transaction.query(`SELECT create_distributed_table($1::regclass, NULL, colocate_with => $2)`, [
      quoteRelation(relation),
      quoteRelation(other),
    ]);
  }
}
