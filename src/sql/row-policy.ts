import type { Catalogue, Relation, StoredSet } from '../catalogue/catalogue.ts';
import type { EntitySet } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import type { BoundExpression } from '../plan/model/read-plan.ts';
import type { ClaimValue, RowRule } from '../plan/model/row-rule.ts';
import { TextDigest } from '../plan/value/digest.ts';
import { sampleClaims, withClaims } from './claim-samples.ts';
import { fromWhere } from './expression/collection.ts';
import { openScope } from './expression/open-scope.ts';
import { truth } from './expression/predicate.ts';
import { quoteIdentifier, quoteRelation } from './identifier.ts';
import { escapeText } from './literal.ts';
import { rowId } from './scope.ts';

/** A policy of PostgreSQL for the rows of one table: what lets rows through to a transaction that says it has the policy's token. */
export interface RowPolicy {
  readonly relation: Relation;
  /** 16 hexadecimal digits of what the policy says. */
  readonly token: string;
  /** The condition on a row, in names of the table's own columns. */
  readonly using: string;
  /** Arguments and body of the function that looks into other tables for it, as the owner; null: the condition is of the row alone. */
  readonly looks: string | null;
  /**
   * The policy says what the rule says. Else it lets all rows through to who has the rule: a claim stands in it where no setting can take its
   * place, as in a pattern.
   */
  readonly exact: boolean;
  /** The rule looks at other rows of the same table: a statement with its condition has to see all of them. */
  readonly ownRows: boolean;
}

/** Names of the settings of a transaction, in which it says what it may read. */
export const rightsSetting = 'gateway.rights';
export const claimsSetting = 'gateway.claims';

/** In the place of tokens: all rows of all tables. */
export const allRights = '*';

export const policyName = (token: string): string => `gateway rows ${token}`;

/** `LIKE` pattern of the names of policies and functions that are made here. */
export const policyPattern = 'gateway rows %';

/** The function that a policy asks. */
export const policyFunction = (token: string): Relation => ({ schema: 'gateway', name: policyName(token) });

const digest = (parts: readonly string[]): string => new TextDigest().add(JSON.stringify(parts)).end();

const own = (token: string): string => `strpos(current_setting('${rightsSetting}', true), '${token}') > 0`;

/** As a subselect it is asked once in a statement, not for each row. */
const once = (sql: string): string => `(SELECT ${sql})`;

/** The policy that lets all rows of a table through. */
export function allRowsPolicy(relation: Relation): RowPolicy {
  const token = digest(['all', quoteRelation(relation)]);
  const all = `current_setting('${rightsSetting}', true) = '${allRights}'`;
  return { relation, token, using: once(`${own(token)} OR ${all}`), looks: null, exact: true, ownRows: false };
}

/** The policy of a rule about the rows of a stored set. */
export function rulePolicy(rule: RowRule, set: EntitySet, catalogue: Catalogue): RowPolicy {
  const binding = catalogue.sets.get(set.name);
  if (binding?.kind !== 'stored') {
    throw new GatewayError('Internal', `${set.name} has no table for a policy.`);
  }
  const { relation } = binding;
  const place: Place = { rule, set, catalogue, binding };
  const drafts = sampleClaims(rule.claims).map((claims) => draft(place, claims));
  const written = agreed(drafts);
  const token = digest(['rule', quoteRelation(relation), written?.sql ?? `held ${rule.text}`]);
  const ownRows = drafts.some((draft) => draft?.ownRows !== false);
  if (written === null) {
    return { relation, token, using: once(own(token)), looks: null, exact: false, ownRows };
  }
  const condition = written.sql.replaceAll(tokenMark, token);
  const asked = written.looks
    ? `${quoteRelation(policyFunction(token))}(${quoteIdentifier(binding.rowId)})`
    : `(${condition})`;
  return {
    relation,
    token,
    using: `${once(own(token))} AND ${asked}`,
    looks: written.looks ? `${signature} AS ${escapeText(condition)}` : null,
    exact: true,
    ownRows,
  };
}

const signature =
  '(bigint) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp';

interface Place {
  readonly rule: RowRule;
  readonly set: EntitySet;
  readonly catalogue: Catalogue;
  readonly binding: StoredSet;
}

interface Draft {
  /** null: the claims cannot be told apart in it. */
  readonly sql: string | null;
  /** It looks into other tables, or at other rows: a statement about a row by its number. */
  readonly looks: boolean;
  readonly ownRows: boolean;
}

/** Stands for the token, which is made of the text around it: no literal has this character. */
const tokenMark = '\0';

type Claims = ReadonlyMap<string, ClaimValue>;

/** null: for one of them it cannot be written, or what is written of one is not true of the other. */
function agreed(all: readonly (Draft | null)[]): { readonly sql: string; readonly looks: boolean } | null {
  const [first = null, ...others] = all;
  const { sql = null, looks = false } = first ?? {};
  return sql !== null && others.every((one) => one?.sql === sql) ? { sql, looks } : null;
}

/** null: these claims have no room in the condition. */
function draft(place: Place, claims: Claims): Draft | null {
  let condition: BoundExpression;
  try {
    condition = place.rule.conditionFor(claims);
  } catch (error) {
    if (error instanceof GatewayError) {
      return null;
    }
    throw error;
  }
  const { sql, ...how } = written(condition, place);
  return { sql: withClaims(sql, claims, claimSql), ...how };
}

/** A condition of a row's own columns as it is; one that looks elsewhere as a statement. */
function written(
  condition: BoundExpression,
  { rule, set, catalogue, binding }: Place,
): Draft & { readonly sql: string } {
  const alone = openScope(catalogue);
  const row = alone.derived('', { entitySet: set, stored: binding }, quoteIdentifier(binding.relation.name));
  alone.bind(rule.variable, row);
  const sql = truth(condition, alone);
  if (alone.from.length === 1 && !/\bSELECT\b/.test(sql)) {
    return { sql, looks: false, ownRows: false };
  }
  const scope = openScope(catalogue);
  const looked = scope.table(set, rule.variable);
  const holds = truth(condition, scope);
  // Rows that are not served count, too: that they are not is none of the rule's business.
  scope.where.splice(0, scope.where.length, `${rowId(looked)} = $1`, `(${holds})`);
  const asked = `SELECT EXISTS (SELECT 1 ${fromWhere(scope)})`;
  return { sql: asked, looks: true, ownRows: asked.split(quoteRelation(binding.relation)).length > 2 };
}

/** A claim of whoever asks, as the transaction says it of this rule. */
function claimSql(name: string, type: string, list: boolean): string {
  const said = `NULLIF(current_setting('${claimsSetting}', true), '')::jsonb`;
  const path = `'{${tokenMark},${name}}'`;
  if (list) {
    return `(SELECT ARRAY(SELECT jsonb_array_elements_text(${said} #> ${path})))::${type}[]`;
  }
  const one = once(`(${said} #>> ${path})::${type}`);
  return type === 'text' ? `(${one} COLLATE "C")` : one;
}
