import pg from 'pg';
import { loaderName as loader, type ServerAddress } from './address.ts';

/** Which every request is answered as (migrations/001-ledger.sql). Only an administrator may make a role. */
const reader = 'gateway_reader';

/**
 * Makes the roles that the gateway signs in as, none of them a superuser: one that files are taken in as, and one that is the owner of the database and of all that is in it, as the one that made the server: over files of an
 * earlier version everything belongs to that one. Does nothing where all is so, and on a standby, which takes it from its primary. Throws what the driver throws.
 */
export async function setUp(administrator: ServerAddress, owner: ServerAddress): Promise<void> {
  const roles = await within({ ...administrator, database: 'postgres' }, async (client) => {
    if ((await client.query('SELECT FROM pg_database WHERE pg_is_in_recovery() LIMIT 1')).rowCount !== 0) {
      return false;
    }
    await client.query(rolesOf(owner));
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [owner.database]);
    if (rowCount === 0) {
      await client.query(`CREATE DATABASE ${quoted(owner.database)} OWNER ${quoted(owner.user)}`);
    }
    return true;
  });
  if (roles) {
    await within(administrator, (client) => client.query(ownershipOf(owner)));
  }
}

async function within(address: ServerAddress, work: (client: pg.Client) => Promise<unknown>): Promise<boolean> {
  const client = new pg.Client({ ...address, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await work(client)) !== false;
  } finally {
    await client.end().catch(() => {});
  }
}

const quoted = pg.escapeIdentifier;

function rolesOf({ user, password }: ServerAddress): string {
  const name = pg.escapeLiteral(user);
  const signsIn = password === '' ? '' : ` PASSWORD ${pg.escapeLiteral(password)}`;
  return `
    DO $set_up$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${name}) THEN
        CREATE ROLE ${quoted(user)} LOGIN${signsIn};
      END IF;
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${reader}') THEN
        CREATE ROLE ${reader} NOLOGIN;
      END IF;
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${loader}') THEN
        CREATE ROLE ${loader} LOGIN${signsIn};
      END IF;
      IF NOT pg_has_role(${name}, '${reader}', 'SET') THEN
        GRANT ${reader} TO ${quoted(user)} WITH SET TRUE, INHERIT FALSE;
      END IF;
      IF NOT pg_has_role(${name}, '${loader}', 'USAGE') THEN
        GRANT ${loader} TO ${quoted(user)} WITH SET TRUE, INHERIT TRUE;
      END IF;
      IF NOT has_parameter_privilege(${name}, 'temp_file_limit', 'SET') THEN
        GRANT SET ON PARAMETER temp_file_limit TO ${quoted(user)};
      END IF;
    END $set_up$`;
}

/** What is not PostgreSQL's own and belongs to somebody else, but for tables of the one who takes files in. Sequences of columns go with their tables. */
function ownershipOf({ user, database }: ServerAddress): string {
  const name = pg.escapeLiteral(user);
  return `
    DO $set_up$
    DECLARE
      changes CURSOR FOR
        WITH owner AS (SELECT oid FROM pg_roles WHERE rolname = ${name}),
             own AS (SELECT oid, nspname, nspowner FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema')
        SELECT format('DATABASE %I', datname) AS what FROM pg_database, owner WHERE datname = ${pg.escapeLiteral(database)} AND datdba <> owner.oid
        UNION ALL
        SELECT format('SCHEMA %I', nspname) FROM own, owner WHERE nspowner <> owner.oid AND nspname <> 'public'
        UNION ALL
        SELECT format('%s %I.%I', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, own.nspname, c.relname)
          FROM pg_class c JOIN own ON own.oid = c.relnamespace, owner
         WHERE c.relowner NOT IN (owner.oid, '${loader}'::regrole) AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'c')
           AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))
        UNION ALL
        SELECT format('ROUTINE %s', p.oid::regprocedure) FROM pg_proc p JOIN own ON own.oid = p.pronamespace, owner WHERE p.proowner <> owner.oid
        UNION ALL
        SELECT format('TYPE %I.%I', own.nspname, t.typname) FROM pg_type t JOIN own ON own.oid = t.typnamespace, owner WHERE t.typowner <> owner.oid AND t.typtype IN ('e', 'd');
    BEGIN
      FOR change IN changes LOOP
        EXECUTE format('ALTER %s OWNER TO %I', change.what, ${name});
      END LOOP;
      -- Who takes files in makes no functions: none of his can be called by the owner of the database then, as by a trigger.
      IF NOT has_language_privilege(${name}, 'plpgsql', 'USAGE') OR has_language_privilege('${loader}', 'plpgsql', 'USAGE') THEN
        REVOKE USAGE ON LANGUAGE plpgsql, sql FROM PUBLIC;
        GRANT USAGE ON LANGUAGE plpgsql, sql TO ${quoted(user)};
      END IF;
      IF NOT has_function_privilege(${name}, 'pg_catalog.pg_ls_waldir()', 'EXECUTE') THEN
        GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO ${quoted(user)};
      END IF;
    END $set_up$`;
}
