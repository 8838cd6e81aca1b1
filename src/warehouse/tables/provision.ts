import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { quoteRelation } from '../../sql/identifier.ts';
import type { Database, Transaction } from '../database.ts';
import { giveNewTables } from '../loader-role.ts';
import { schemaLock } from '../migrate.ts';
import { followGroups } from '../placement/place-groups.ts';
import { putArchiveViews } from './archive-views.ts';
import { existingTables } from './existing-tables.ts';
import { freeNames } from './free-names.ts';
import { putGivenRows } from './given-rows.ts';
import { planTable, type TablePlan } from './table-plan.ts';
import { tableFaults, wantedTables } from './wanted-tables.ts';

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
export function provision(
  database: Database,
  catalogue: Catalogue,
  options: ProvisionOptions = {},
): Promise<ProvisionReport> {
  return database.transaction(async (transaction) => {
    await transaction.query(`SELECT pg_advisory_xact_lock(${String(schemaLock)})`);
    const { report, refused } = await makeTables(transaction, catalogue, options);
    if (refused.length > 0) {
      throw refusal(refused);
    }
    const givenRows = await putGivenRows(transaction, catalogue);
    await beginHistories(transaction, catalogue);
    await putArchiveViews(transaction, catalogue);
    return { ...report, givenRows };
  });
}

export interface ProvisionOptions {
  /**
   * false: tables that the reader may not read yet stay so. A set that was rebuilt for other metadata is opened by the gateway
   * that starts with it; one that runs with the former would read it wrongly. Default true.
   */
  readonly opens?: boolean;
}

/**
 * The same before sets are rebuilt: their differences are not refused. Gives back those of them whose tables cannot be changed into
 * what the catalogue wants; all others are as it wants them. Throws ProvisionRefused where further sets differ.
 */
export function provisionOthers(
  database: Database,
  catalogue: Catalogue,
  rebuilt: ReadonlySet<string>,
): Promise<readonly string[]> {
  return database.transaction(async (transaction) => {
    await transaction.query(`SELECT pg_advisory_xact_lock(${String(schemaLock)})`);
    const { refused } = await makeTables(transaction, catalogue, { opens: false });
    const others = refused.filter(({ set }) => !rebuilt.has(set));
    if (others.length > 0) {
      throw refusal(others, rebuilt);
    }
    const sets = new Set(refused.map(({ set }) => set));
    await putGivenRows(transaction, catalogue, (set) => !sets.has(set));
    await beginHistories(transaction, catalogue);
    return [...sets];
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

interface MadeTables {
  readonly report: Omit<ProvisionReport, 'givenRows'>;
  readonly refused: readonly TablePlan[];
}

/** Changes nothing of tables whose differences are refused. */
async function makeTables(
  transaction: Transaction,
  catalogue: Catalogue,
  { opens = true }: ProvisionOptions,
): Promise<MadeTables> {
  const wanted = wantedTables(catalogue);
  const faults = tableFaults(wanted);
  if (faults.length > 0) {
    throw new GatewayError('ProvisionRefused', `Tables cannot be made:\n${listed(faults)}`);
  }
  const inTheWay = await freeNames(transaction, wanted);
  if (inTheWay.length > 0) {
    throw new GatewayError('ProvisionRefused', `Tables cannot be made:\n${listed(inTheWay)}`);
  }
  const existing = await existingTables(transaction, 'feed');
  const all = wanted.map((table) => planTable(table, existing.get(table.table)));
  const refused = all.filter((plan) => plan.refusals.length > 0);
  const plans = all.filter((plan) => plan.refusals.length === 0);
  const closed = opens ? wanted.filter((table) => existing.get(table.table)?.readable === false) : [];
  const statements = [
    ...plans.flatMap((plan) => plan.statements),
    ...closed.map(
      (table) => `GRANT SELECT ON ${quoteRelation({ schema: table.schema, name: table.table })} TO gateway_reader`,
    ),
  ];
  if (transaction.isDistributed) {
    // Of several statements in one text Citus takes none that changes tables of a worker.
    for (const statement of statements) {
      await transaction.query(statement);
    }
  } else if (statements.length > 0) {
    await transaction.query(statements.join(';\n'));
  }
  if (!transaction.isDistributed) {
    await giveNewTables(
      transaction,
      wanted.flatMap(({ table }, place) => (all[place]?.statements.some(makesTable) === true ? [table] : [])),
    );
  }
  const followed = await followGroups(transaction, catalogue);
  const names = new Set(wanted.map((table) => table.table));
  const report = {
    changes: [
      ...plans.flatMap((plan) => plan.changes),
      ...followed.map((set) => `${set}: laid beside the other tables of its source`),
    ],
    retiredColumns: plans.flatMap((plan) => plan.retired),
    retiredTables: [...existing.keys()].filter((name) => !names.has(name)),
  };
  return { report, refused };
}

const makesTable = (statement: string): boolean => statement.startsWith('CREATE TABLE ');

function refusal(plans: readonly TablePlan[], besides: ReadonlySet<string> = new Set()): GatewayError {
  const sets = [...besides, ...plans.map((plan) => plan.set)].join(' ');
  return new GatewayError(
    'ProvisionRefused',
    `The metadata differs from the tables in a way that the gateway does not change by itself:\n${listed(plans.flatMap((plan) => plan.refusals))}\nChange the metadata back; or make these sets anew from the files that they were loaded from:\n  gateway rebuild ${sets}`,
  );
}

const listed = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');
