import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { guardedDatabase } from '../../src/warehouse/row-policies/guarded-database.ts';
import { RowPolicies } from '../../src/warehouse/row-policies/row-policies.ts';

/** The database as a gateway reads it with ROW_LEVEL_SECURITY: opened with `statesRights`. */
export async function guarded(database: Database, catalogue: Catalogue): Promise<Database> {
  const policies = new RowPolicies(database);
  await policies.follow(catalogue);
  return guardedDatabase(database, policies, { maxLag: 0 });
}
