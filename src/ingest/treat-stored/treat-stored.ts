import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { PersonalPolicy } from '../../catalogue/personal-data.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import { derivedTables, madeOf, setsTouched } from '../derive/derived-sets.ts';
import { makeAgain } from '../derive/maintain-derived.ts';
import { newestLoad } from '../derive/remake-derived.ts';
import { type AppliedPolicy, appliedPolicies, forgetPolicies, notePolicies } from '../ledger/personal-policies.ts';
import { beginHistory, lockSets, nextVersion, publishVersion } from '../ledger/set-version.ts';
import { policiesOf, type TreatedProperty, treatedSets } from '../personal/treated-sets.ts';
import { columnOf, type StoredTable, storedTable } from '../stored/stored-table.ts';
import { treatRejects } from './treat-rejects.ts';
import { treatValues } from './treat-values.ts';

/** What became of the stored values of a property whose policy changed. */
export interface TreatedValues {
  readonly set: string;
  readonly property: string;
  readonly policy: PersonalPolicy;
  /** Rows whose value was changed. */
  readonly rows: number;
  /** What is left of earlier policies, which only `gateway rebuild` undoes. */
  readonly remains: readonly PersonalPolicy[];
}

interface Change {
  readonly set: string;
  readonly property: string;
  readonly former: AppliedPolicy;
  /** null: the values are kept. */
  readonly now: TreatedProperty | null;
}

/**
 * Treats stored rows, rejected rows and drift as the metadata says now, where it says otherwise than they were treated. Clear values become
 * hashed, masked or dropped; what is hashed, masked or dropped stays so, and is reported as what remains. One statement where nothing
 * changed, else one transaction, in which loads of these sets wait. Call after `provision`. Throws PersonalKeyMissing and ProvisionRefused.
 */
export async function treatStored(database: Database, catalogue: Catalogue): Promise<readonly TreatedValues[]> {
  if ((await changesOf(database, catalogue)).length === 0) {
    return [];
  }
  return database.transaction(async (transaction) => {
    const sets = (await changesOf(transaction, catalogue)).map(({ set }) => set);
    await lockSets(
      transaction,
      sets.flatMap((set) => setsTouched(catalogue, set)),
    );
    // Another gateway may have done it while this one waited.
    const changes = await changesOf(transaction, catalogue);
    return applyChanges(transaction, catalogue, changes);
  });
}

/** The policies of sets that were made anew from their files: all rows have them, and nothing of earlier ones. */
export async function noteFreshPolicies(
  transaction: Transaction,
  catalogue: Catalogue,
  sets: readonly string[],
): Promise<void> {
  await forgetPolicies(transaction, sets);
  await notePolicies(
    transaction,
    policiesOf(catalogue, sets).map((one) => ({ ...one, remains: [] })),
  );
}

async function changesOf(
  asker: Pick<Database | Transaction, 'query'>,
  catalogue: Catalogue,
): Promise<readonly Change[]> {
  const treated = treatedSets(catalogue);
  const applied = await appliedPolicies(asker);
  const known = new Map(applied.map((one) => [`${one.set}.${one.property}`, one]));
  const changes: Change[] = [];
  for (const [set, properties] of treated) {
    for (const [property, now] of properties) {
      const former = known.get(`${set}.${property}`) ?? { set, property, policy: 'keep' as const, remains: [] };
      if (former.policy !== now.policy) {
        changes.push({ set, property, former, now });
      }
    }
  }
  for (const former of applied) {
    const { set, property, policy } = former;
    const isThere = catalogue.model.entitySets.get(set)?.entityType.properties.has(property) === true;
    if (isThere && policy !== 'keep' && treated.get(set)?.has(property) !== true) {
      changes.push({ set, property, former, now: null });
    }
  }
  return changes;
}

async function applyChanges(
  transaction: Transaction,
  catalogue: Catalogue,
  changes: readonly Change[],
): Promise<readonly TreatedValues[]> {
  const reports: TreatedValues[] = [];
  const changed = new Set<string>();
  for (const set of new Set(changes.map((one) => one.set))) {
    const table = storedTable(catalogue, set);
    const version = await nextVersion(transaction, set);
    const own = changes.filter((one) => one.set === set);
    let [rows, keys] = [0, 0];
    for (const change of own) {
      const report = await applyChange(transaction, table, { change, version });
      reports.push(report);
      rows += report.rows;
      keys += table.key.includes(columnOf(table, change.property)) ? report.rows : 0;
    }
    if (rows > 0) {
      changed.add(set);
      await publishVersion(transaction, set, version);
    }
    if (keys > 0) {
      await beginHistory(transaction, set);
    }
    for (const target of catalogue.exports.filter((one) => one.set === set)) {
      await treatRejects(transaction, catalogue, target);
    }
  }
  for (const derived of derivedTables(catalogue)) {
    const marks = [...madeOf(catalogue, derived)].some((set) => changed.has(set))
      ? await newestLoad(transaction, catalogue, derived)
      : null;
    if (marks !== null) {
      changed.add(derived.table.set.name);
      await makeAgain(transaction, catalogue, { derived, marks });
    }
  }
  return reports;
}

async function applyChange(
  transaction: Transaction,
  table: StoredTable,
  { change, version }: { readonly change: Change; readonly version: string },
): Promise<TreatedValues> {
  const { set, property, former, now } = change;
  const policy = now?.policy ?? 'keep';
  const earlier = new Set([...former.remains, former.policy].filter((one) => one !== 'keep' && one !== policy));
  // What was hashed or masked cannot be made the other; where clear values may be among them, all are treated.
  const mayBeClear = former.policy === 'keep' || policy === 'drop';
  const column = columnOf(table, property);
  const rows =
    now === null || !mayBeClear ? 0 : await treatValues(transaction, { table, column, treat: now.treat, version });
  const remains = policy === 'drop' ? [] : [...earlier];
  await notePolicies(transaction, [{ set, property, policy, remains }]);
  return { set, property, policy, rows, remains };
}
