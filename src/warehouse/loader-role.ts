import { quoteIdentifier, quoteRelation } from '../sql/identifier.ts';
import type { Database, Transaction } from './database.ts';
import { schemaLock } from './migrate.ts';
import { lockNotAvailable, sqlState } from './postgres-errors.ts';

/** What loads write of the ledger, in schema `gateway`: all that a file leaves behind besides its rows. */
const written = [
  ...['load', 'reject', 'drift', 'confirmation', 'rewritten_file', 'derivation', 'known_headers'],
  ...['set_versions', 'tombstones', 'removed_rows', 'alarm', 'alert', 'delivery', 'delivery_file', 'delivery_bytes'],
  'personal_policy',
];

/** What they look at. Not there: sign-ins, sessions, guesses, the audit, limits of readers, and whatever comes later. */
const read = [
  ...['expectation', 'personal_key', 'erased_token', 'erasure', 'pruning', 'archive'],
  ...['loads', 'load_rejects', 'load_drift', 'open_files', 'source_freshness', 'archived_sets'],
];

/** Functions that views of these ask. */
const asked = ['freshness_at(timestamptz)', 'newest_row(text, text)'];

/** Milliseconds that a table is waited for at a time, and all of them. */
const patience = 250;
const longest = 20_000;

/**
 * Makes a role the owner of the tables of served sets, and lets it write the ledger: what a load needs, and no more. Members of it own them as well, as the owner of the database is, by whose name
 * gateways of before go on. Resolves to why that cannot be, as a clause; null: it is so. Throws what PostgreSQL says.
 */
export async function giveToLoader(database: Database, role: string): Promise<string | null> {
  type Found = Record<'owner' | 'may' | 'member' | 'mighty' | 'distributed', boolean> & { readonly database: string };
  const { rows } = await database.query<Found>(
    `SELECT current_database()::text AS database, $1 = current_user::text AS owner, pg_has_role(current_user, r.oid, 'USAGE') AND pg_has_role(current_user, r.oid, 'SET') AS may,
            pg_has_role(r.oid, current_user::regrole, 'MEMBER') AS member, r.rolsuper OR r.rolcreaterole OR r.rolbypassrls AS mighty,
            EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS distributed
       FROM pg_roles r WHERE r.rolname = $1`,
    [role],
  );
  const found = rows[0];
  if (found?.owner === true) {
    return `${role} is the owner of the database`;
  }
  if (found?.mighty === true || found?.member === true) {
    return `${role} is no lesser role than the owner of the database: it is a superuser, may make roles, passes over policies, or is a member of the owner`;
  }
  if (found?.may !== true) {
    return `the user of DATABASE_URL is no member of ${role}; have an administrator run once: GRANT ${quoteIdentifier(role)} TO that user WITH INHERIT TRUE, SET TRUE`;
  }
  if (found.distributed) {
    return 'tables that lie on workers of Citus belong to the owner of the database';
  }
  try {
    if (await lacksRights(database, role)) {
      await database.transaction(async (transaction) => {
        await transaction.query(`SELECT pg_advisory_xact_lock(${String(schemaLock)})`);
        await transaction.query(grants(quoteIdentifier(role), found.database).join(';\n'));
      });
      // Of what somebody holds and may not pass on PostgreSQL gives nothing, with a warning.
      if (await lacksRights(database, role)) {
        return `the user of DATABASE_URL may not give ${role} all that it needs: he has to own the schemas feed, gateway and gateway_archive, and what is in them`;
      }
    }
    return await giveTables(database, role);
  } catch (error) {
    // insufficient_privilege (PostgreSQL manual, appendix A): a server may have rules of its own.
    if (sqlState(error) !== '42501' || !(error instanceof Error)) {
      throw error;
    }
    return `PostgreSQL refuses to give ${role} what it needs: ${error.message}`;
  }
}

/** Rights that are there already are not given again: each time is a change of the catalogues, and two at once get in each other's way. */
async function lacksRights(database: Database, role: string): Promise<boolean> {
  const { rows } = await database.query<{ there: boolean }>(
    `SELECT has_schema_privilege($1, 'feed', 'CREATE') AND has_schema_privilege($1, 'gateway', 'USAGE') AND has_schema_privilege($1, 'gateway_archive', 'USAGE')
        AND has_database_privilege($1, current_database(), 'TEMPORARY')
        AND (SELECT bool_and(has_table_privilege($1, format('gateway.%I', n), p)) FROM unnest($2::text[]) AS n, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p)
        AND (SELECT bool_and(has_table_privilege($1, format('gateway.%I', n), 'SELECT')) FROM unnest($3::text[]) AS n)
        AND (SELECT bool_and(has_function_privilege($1, 'gateway.' || n, 'EXECUTE')) FROM unnest($4::text[]) AS n)
        AND (SELECT coalesce(bool_and(has_table_privilege($1, oid, 'SELECT')), true) FROM pg_class WHERE relnamespace = 'gateway_archive'::regnamespace AND relkind IN ('r', 'v'))
        AND (SELECT count(*) = 2 FROM pg_default_acl d, aclexplode(d.defaclacl) a
              WHERE d.defaclrole = current_user::regrole AND d.defaclnamespace IN ('feed'::regnamespace, 'gateway_archive'::regnamespace) AND a.grantee = $1::regrole AND a.privilege_type = 'SELECT') AS there`,
    [role, written, read, asked],
  );
  return rows[0]?.there !== true;
}

function grants(role: string, database: string): readonly string[] {
  const ledger = (names: readonly string[]): string => names.map((name) => `gateway.${name}`).join(', ');
  return [
    `GRANT USAGE, CREATE ON SCHEMA feed TO ${role}`,
    `GRANT USAGE ON SCHEMA gateway, gateway_archive TO ${role}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ${ledger(written)} TO ${role}`,
    `GRANT SELECT ON ${ledger(read)} TO ${role}`,
    `GRANT EXECUTE ON FUNCTION ${ledger(asked)} TO ${role}`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA gateway_archive TO ${role}`,
    // Tables that the owner makes later, and gateways of before, until they are given away.
    `ALTER DEFAULT PRIVILEGES IN SCHEMA gateway_archive GRANT SELECT ON TABLES TO ${role}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA feed GRANT ALL ON TABLES TO ${role}`,
    `GRANT TEMPORARY ON DATABASE ${quoteIdentifier(database)} TO ${role}`,
  ];
}

/** Tables that are not its own, or those of a role that it is a member of, each as soon as nobody reads it. */
async function giveTables(database: Database, role: string): Promise<string | null> {
  const until = performance.now() + longest;
  for (;;) {
    const { rows } = await database.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'feed'::regnamespace AND c.relkind = 'r' AND NOT pg_has_role($1, c.relowner, 'USAGE') ORDER BY 1`,
      [role],
    );
    if (rows.length === 0) {
      return null;
    }
    for (const { name } of rows) {
      await giveTable(database, name, role);
    }
    if (performance.now() > until) {
      return `${rows.length} tables are being read without a pause, and cannot be given to ${role}`;
    }
  }
}

async function giveTable(database: Database, name: string, role: string): Promise<void> {
  try {
    await database.transaction(async (transaction) => {
      await transaction.query(`SET LOCAL lock_timeout = ${patience}`);
      await transaction.query(ownerStatement({ schema: 'feed', name }, role));
    });
  } catch (error) {
    // undefined_table: another gateway made it anew (PostgreSQL manual, appendix A)
    if (![lockNotAvailable, '42P01'].includes(sqlState(error) ?? '')) {
      throw error;
    }
  }
}

const ownerStatement = (relation: { readonly schema: string; readonly name: string }, role: string): string =>
  `ALTER TABLE ${quoteRelation(relation)} OWNER TO ${quoteIdentifier(role)}`;

/** Who owns a table, where it is somebody else than who asks; null: it is he. */
export async function otherOwner(transaction: Transaction, table: string): Promise<string | null> {
  const { rows } = await transaction.query<{ name: string }>(
    `SELECT pg_get_userbyid(relowner)::text AS name FROM pg_class WHERE oid = $1::regclass AND relowner <> current_user::regrole`,
    [table],
  );
  return rows[0]?.name ?? null;
}

/** Tables of schema `feed` that were made now belong to whom the others there were given to. */
export async function giveNewTables(transaction: Transaction, names: readonly string[]): Promise<void> {
  if (names.length === 0) {
    return;
  }
  const { rows } = await transaction.query<{ name: string }>(
    `SELECT pg_get_userbyid(a.grantee)::text AS name FROM pg_default_acl d, aclexplode(d.defaclacl) a
      WHERE d.defaclnamespace = 'feed'::regnamespace AND d.defaclobjtype = 'r' AND d.defaclrole = current_user::regrole
        AND a.grantee <> d.defaclrole AND a.grantee <> 0 AND a.privilege_type = 'DELETE'
        AND EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'feed'::regnamespace AND c.relkind = 'r' AND c.relowner = a.grantee) LIMIT 1`,
  );
  for (const { name: role } of rows) {
    for (const name of names) {
      await transaction.query(ownerStatement({ schema: 'feed', name }, role));
    }
  }
}
