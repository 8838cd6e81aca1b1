import type { Catalogue } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';
import type { Database, Transaction } from './database.ts';
import { existingTables } from './existing-tables.ts';
import { freeNames } from './free-names.ts';
import { putGivenRows } from './given-rows.ts';
import { schemaLock } from './migrate.ts';
import { planTable, type TablePlan } from './table-plan.ts';
import { wantedTables } from './wanted-tables.ts';

export interface ProvisionReport {
  /** One line for each change that was made, for people. */
  readonly changes: readonly string[];
  /** Code lists and seed rows that changed, by entity set name. */
  readonly givenRows: readonly string[];
  /** `Set.Column`: kept with its values, but not in the metadata any more, so not served. */
  readonly retiredColumns: readonly string[];
  /** Tables without an entity set in the metadata: kept, not served. */
  readonly retiredTables: readonly string[];
}

/**
 * Makes the tables of schema `feed` what the catalogue wants, in one transaction; two gateways that start at once wait
 * for each other. Call after `migrate`. Adds tables, columns, indexes and grants, and the rows the metadata gives; makes
 * an empty table anew where it differs otherwise. Throws GatewayError ProvisionRefused with every other difference (a
 * type, a key, a new column that may not be null) in one message, and then changes nothing.
 */
export function provision(database: Database, catalogue: Catalogue): Promise<ProvisionReport> {
  return database.transaction(async (transaction) => {
    await transaction.query(`SELECT pg_advisory_xact_lock(${String(schemaLock)})`);
    const tables = await makeTables(transaction, catalogue);
    const givenRows = await putGivenRows(transaction, catalogue);
    await beginHistories(transaction, catalogue);
    return { ...tables, givenRows };
  });
}

/** A set that nothing was loaded into has version 0: it can be cached, and its changes be followed from the first row on. */
async function beginHistories(transaction: Transaction, catalogue: Catalogue): Promise<void> {
  const tracked = [...catalogue.sets.values()].filter((set) => set.kind === 'stored' && set.versionColumn !== null);
  await transaction.query(
    `INSERT INTO gateway.set_versions (entity_set, version) SELECT name, 0 FROM unnest($1::text[]) AS name ORDER BY name ON CONFLICT DO NOTHING`,
    [tracked.map(({ name }) => name)],
  );
}

async function makeTables(transaction: Transaction, catalogue: Catalogue): Promise<Omit<ProvisionReport, 'givenRows'>> {
  const wanted = wantedTables(catalogue);
  const inTheWay = await freeNames(transaction, wanted);
  if (inTheWay.length > 0) throw new GatewayError('ProvisionRefused', `Tables cannot be made:\n${listed(inTheWay)}`);
  const existing = await existingTables(transaction, 'feed');
  const plans = wanted.map((table) => planTable(table, existing.get(table.table)));
  const refused = plans.filter((plan) => plan.refusals.length > 0);
  if (refused.length > 0) throw refusal(refused);
  const statements = plans.flatMap((plan) => plan.statements);
  if (statements.length > 0) await transaction.query(statements.join(';\n'));
  const names = new Set(wanted.map((table) => table.table));
  return {
    changes: plans.flatMap((plan) => plan.changes),
    retiredColumns: plans.flatMap((plan) => plan.retired),
    retiredTables: [...existing.keys()].filter((name) => !names.has(name)),
  };
}

function refusal(plans: readonly TablePlan[]): GatewayError {
  const sets = plans.map((plan) => plan.set).join(' ');
  return new GatewayError(
    'ProvisionRefused',
    `The metadata differs from the tables in a way that the gateway does not change by itself:\n${listed(plans.flatMap((plan) => plan.refusals))}\nChange the metadata back; or make these sets anew from the files that they were loaded from:\n  gateway rebuild ${sets}`,
  );
}

const listed = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');
