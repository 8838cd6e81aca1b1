import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { quoteRelation } from '../../sql/identifier.ts';
import type { Database, Transaction } from '../database.ts';
import { schemaLock } from '../migrate.ts';
import { sqlState } from '../postgres-errors.ts';
import { createHistory, createMirrors, moveHistory } from './mirror-history.ts';
import { type Places, placeName, placesOf } from './places.ts';
import { groupName, historyOf, type SourceGroup, sourceGroups } from './source-groups.ts';

/**
 * Lays the tables of each group on a worker, with their history: one transaction a group, in which its loads wait. Tables that lie there stay, so a
 * run that broke off is gone on with by the next. Throws GatewayError ProvisionRefused where tables of a group lie apart, and
 * MigrationRefused where the user may not let the read role sign in at the workers. Sessions of workers do not compile statements, unless somebody set `jit` for the
 * role or the database.
 */
export async function placeGroups(
  database: Database,
  catalogue: Catalogue,
  placed: (group: SourceGroup, tables: number) => void,
): Promise<void> {
  await letReaderIn(database);
  await leaveUncompiled(database);
  for (const group of sourceGroups(catalogue)) {
    const tables = await database.transaction(async (transaction) => {
      await transaction.query(`SELECT pg_advisory_xact_lock(${String(schemaLock)})`);
      await lockGroup(transaction, group);
      await createMirrors(transaction);
      return placeGroup(transaction, group, await placesOf(transaction));
    });
    placed(group, tables);
  }
}

/** Lays new tables of groups that are placed where their group lies. In the transaction that made them, under the lock of changes to tables. */
export async function followGroups(transaction: Transaction, catalogue: Catalogue): Promise<readonly string[]> {
  if (!transaction.isDistributed) {
    return [];
  }
  const places = await placesOf(transaction);
  const moved: string[] = [];
  for (const group of sourceGroups(catalogue)) {
    const left = group.sets.filter(({ relation }) => !places.has(placeName(relation)));
    if (left.length > 0 && places.has(placeName(historyOf(group).versions))) {
      await placeGroup(transaction, group, places);
      moved.push(...left.map(({ name }) => name));
    }
  }
  return moved;
}

/** As loads lock them, in their order. */
async function lockGroup(transaction: Transaction, { sets }: SourceGroup): Promise<void> {
  for (const name of sets.map((set) => set.name).sort()) {
    await transaction.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`gateway.set:${name}`]);
  }
}

/** Returns how many tables were laid there. */
async function placeGroup(transaction: Transaction, group: SourceGroup, places: Places): Promise<number> {
  checkTogether(group, places);
  const history = historyOf(group);
  await createHistory(transaction, history, (name) => places.has(name));
  const relations = [history.versions, history.tombstones, ...group.sets.map(({ relation }) => relation)];
  const left = relations.filter((relation) => !places.has(placeName(relation)));
  if (left.length === 0) {
    return 0;
  }
  // All statements are of one shard each, so nothing is run side by side that a lock would have to wait for.
  await transaction.query(`SET LOCAL citus.multi_shard_modify_mode = 'sequential'`);
  let leader = relations.find((relation) => places.has(placeName(relation)));
  for (const relation of left) {
    const table = quoteRelation(relation);
    await transaction.query(`SELECT create_distributed_table($1::regclass, NULL, colocate_with => $2)`, [
      table,
      leader === undefined ? 'none' : quoteRelation(leader),
    ]);
    // The rows that were here are on the worker now.
    await transaction.query(`SELECT truncate_local_data_after_distributing_table($1::regclass)`, [table]);
    leader ??= relation;
  }
  await moveHistory(
    transaction,
    group.sets.map(({ name }) => name),
    history,
  );
  return left.length;
}

function checkTogether(group: SourceGroup, places: Places): void {
  const found = new Map(
    group.sets.flatMap(({ name, relation }) => {
      const place = places.get(placeName(relation));
      return place === undefined ? [] : [[place.group, name] as const];
    }),
  );
  if (found.size > 1) {
    throw new GatewayError(
      'ProvisionRefused',
      `Tables of ${groupName(group)} lie in ${String(found.size)} groups of Citus, among them those of ${[...found.values()].join(' and ')}; Citus brings no table home that has an identity column, so make a backup, restore it into an empty database with Citus, and place that`,
    );
  }
}

/** insufficient_privilege (PostgreSQL manual, appendix A). */
const insufficientPrivilege = '42501';

/** Citus connects to its workers as whoever asks. */
async function letReaderIn(database: Database): Promise<void> {
  const { rows } = await database.query<{ may: boolean }>(
    `SELECT rolcanlogin AS may FROM pg_roles WHERE rolname = 'gateway_reader'`,
  );
  if (rows[0]?.may === true) {
    return;
  }
  try {
    await database.query('ALTER ROLE gateway_reader LOGIN');
  } catch (error) {
    if (sqlState(error) !== insufficientPrivilege) {
      throw error;
    }
    throw new GatewayError(
      'MigrationRefused',
      'The user of DATABASE_URL may not let the role gateway_reader sign in at the workers; have an administrator run once: ALTER ROLE gateway_reader LOGIN',
      { cause: error },
    );
  }
}

/**
 * `jit = off` of our own sessions is nothing that Citus hands on to those of workers, for which it estimates rows that a statement brings along as many: it compiles then. As a setting of
 * the roles it gets there, also to workers that come later.
 */
async function leaveUncompiled(database: Database): Promise<void> {
  const { rows } = await database.query<{ role: string; name: string }>(
    `SELECT quote_ident(r.rolname) AS role, quote_ident(current_database()) AS name FROM pg_roles r
      WHERE r.rolname IN (current_user, 'gateway_reader')
        AND NOT EXISTS (SELECT 1 FROM pg_db_role_setting s JOIN pg_database d ON d.datname = current_database(), unnest(s.setconfig) AS x(setting)
                         WHERE s.setrole IN (0, r.oid) AND s.setdatabase IN (0, d.oid) AND x.setting LIKE 'jit=%')`,
  );
  for (const { role, name } of rows) {
    try {
      await database.query(`ALTER ROLE ${role} IN DATABASE ${name} SET jit = off`);
    } catch (error) {
      // Who may not set it for the other role loses nothing but time.
      if (sqlState(error) !== insufficientPrivilege) {
        throw error;
      }
    }
  }
}
