import { readAccess } from '../../access/read-access.ts';
import { rulesOfRows } from '../../access/rules-of-rows.ts';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { type Config, ConfigError } from '../../config.ts';
import type { CommandEvent } from '../../observation/events/commands.ts';
import type { Observe } from '../../observation/observe.ts';
import type { Store } from '../../source/stored/stored-read.ts';
import { rulePolicy } from '../../sql/row-policy.ts';
import type { Database } from '../../warehouse/database.ts';
import { guardedDatabase } from '../../warehouse/row-policies/guarded-database.ts';
import { removeAllPolicies } from '../../warehouse/row-policies/remove-policies.ts';
import { RowPolicies } from '../../warehouse/row-policies/row-policies.ts';

/** What rows are read from, and whether each read says which ones it may see. */
export interface RowSecurity extends Pick<Store, 'database' | 'statesRights'> {
  close(): void;
}

export interface RowSecurityPlace {
  /** Under which this gateway says that it lives; null: it has the database for itself. */
  readonly own: string | null;
  readonly catalogue: () => Catalogue;
  readonly observe: Observe<CommandEvent>;
  /** Milliseconds between two looks. Absent: the usual ones. */
  readonly looking?: number;
}

/** Milliseconds between two looks whether all tables that are served have their policies. */
const usualLooking = 10_000;

/**
 * Policies of PostgreSQL for the rows of all served sets, where the configuration wants them (docs/security.md). Where it does not, those of before are taken away.
 */
export async function openRowSecurity(
  database: Database,
  { rowLevelSecurity, readMaxLag: maxLag }: Pick<Config, 'rowLevelSecurity' | 'readMaxLag'>,
  { own, catalogue, observe, looking = usualLooking }: RowSecurityPlace,
): Promise<RowSecurity> {
  if (!rowLevelSecurity) {
    await removeAllPolicies(database, own);
    return { database, close: () => {} };
  }
  const policies = new RowPolicies(database);
  let isAtWork = false;
  const look = async (): Promise<void> => {
    if (isAtWork) {
      return;
    }
    isAtWork = true;
    try {
      await policies.follow(catalogue());
    } finally {
      isAtWork = false;
    }
  };
  await look();
  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      observe({ event: 'scan-failed', work: 'row-level security', reason });
    });
  }, looking);
  timer.unref();
  return {
    database: guardedDatabase(database, policies, { maxLag }),
    statesRights: true,
    close: () => clearInterval(timer),
  };
}

/** Throws ConfigError where policies are wanted for tables that lie on workers of Citus. */
export async function checkRowSecurity(
  database: Pick<Database, 'query'>,
  { rowLevelSecurity }: Pick<Config, 'rowLevelSecurity'>,
): Promise<void> {
  const { rowCount } = await database.query(`SELECT FROM pg_extension WHERE extname = 'citus'`);
  if (rowLevelSecurity && rowCount > 0) {
    throw new ConfigError(['ROW_LEVEL_SECURITY: must be off where the tables lie on workers of Citus']);
  }
}

/** Rules that PostgreSQL's policies let more rows through for than the rules give, for the start and `gateway check`. */
export function rowSecurityWarnings(
  { rowLevelSecurity, accessFile }: Pick<Config, 'rowLevelSecurity' | 'accessFile'>,
  catalogue: Catalogue,
): readonly string[] {
  const document = rowLevelSecurity && accessFile !== null ? readAccess(accessFile, catalogue).document : null;
  const wider = (document === null ? [] : rulesOfRows(document, catalogue)).flatMap(({ role, rule }) => {
    const { set } = rule.variable;
    const { exact, ownRows } = rulePolicy(rule, set, catalogue);
    const why = exact
      ? 'its condition looks at other rows of the set'
      : 'a claim in its condition is more than a value';
    return exact && !ownRows
      ? []
      : [`ROW_LEVEL_SECURITY: all rows of ${set.name} are let through to the role ${role}, since ${why}`];
  });
  return [...new Set(wider)];
}
