import type { Catalogue, StoredSet } from '../../catalogue/catalogue.ts';
import type { Grants, SetGrant } from '../../plan/grants.ts';
import { allRights, allRowsPolicy, type RowPolicy, rulePolicy } from '../../sql/row-policy.ts';
import type { ReadOptions, RowRights } from '../../warehouse/database.ts';
import type { Reading } from '../data-source.ts';
import type { Store } from './stored-read.ts';

/**
 * What a read of these sets may see of their tables, made of the grants and not of the plan: what went wrong between the two is what the policies are there for.
 * Sets that conditions look into are read with all their rows, as the conditions do.
 */
export function rowRights(setNames: readonly string[], grants: Grants, catalogue: Catalogue): RowRights {
  const { sets } = grants;
  if (sets === null) {
    return { text: allRights, claims: '', policies: [] };
  }
  const looked = new Set(setNames.flatMap((name) => looksInto(sets.get(name))));
  const parts = setNames.flatMap((name) => {
    const binding = catalogue.sets.get(name);
    const grant = sets.get(name);
    // The ledger is served as views, which have no policies.
    if (binding?.kind !== 'stored' || binding.role === 'ledger' || (grant === undefined && !looked.has(name))) {
      return [];
    }
    if (grant === undefined || grant.rows === null || looked.has(name)) {
      return [wholeTable(binding)];
    }
    const part = partOf(grant, catalogue);
    return [part.policies.some(({ ownRows }) => ownRows) ? wholeTable(binding) : part];
  });
  const claims = Object.assign({}, ...parts.map((part) => part.claims)) as Readonly<Record<string, unknown>>;
  return {
    text: parts.flatMap(({ policies }) => policies.map(({ token }) => token)).join(),
    claims: Object.keys(claims).length === 0 ? '' : JSON.stringify(claims),
    policies: parts.flatMap(({ policies }) => policies),
  };
}

/** The option of a read that says it, where reads do. */
export const statedRights = (
  { statesRights = false }: Pick<Store, 'statesRights'>,
  setNames: readonly string[],
  { grants, catalogue }: Pick<Reading, 'grants' | 'catalogue'>,
): Pick<ReadOptions, 'rights'> => (statesRights ? { rights: rowRights(setNames, grants, catalogue) } : {});

/** What may be seen of one table. */
interface TablePart {
  readonly policies: readonly RowPolicy[];
  /** By token. */
  readonly claims: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

function looksInto(grant: SetGrant | undefined): readonly string[] {
  if (grant === undefined) {
    return [];
  }
  const views = [...grant.views.values()].flatMap(({ cases }) => cases.map(({ rows }) => rows));
  return [grant.rows, ...views].flatMap((rows) => rows?.reads ?? []);
}

const whole = new WeakMap<StoredSet, TablePart>();
const parts = new WeakMap<SetGrant, TablePart>();

function wholeTable(binding: StoredSet): TablePart {
  const made = whole.get(binding) ?? { policies: [allRowsPolicy(binding.relation)], claims: {} };
  whole.set(binding, made);
  return made;
}

function partOf(grant: SetGrant, catalogue: Catalogue): TablePart {
  const made = parts.get(grant) ?? newPart(grant, catalogue);
  parts.set(grant, made);
  return made;
}

function newPart({ rowRules }: SetGrant, catalogue: Catalogue): TablePart {
  const all = rowRules.map((rule) => ({ rule, policy: rulePolicy(rule, rule.variable.set, catalogue) }));
  const claims = all
    .filter(({ rule }) => rule.claims.size > 0)
    .map(({ rule, policy }) => {
      const said = [...rule.claims].map(([name, { form, list, values }]) => {
        const texts = values.map(form === 'dateTimeOffset' ? inMicroseconds : wellFormed);
        return [name, list ? texts : (texts[0] ?? '')] as const;
      });
      return [policy.token, Object.fromEntries(said)] as const;
    });
  return { policies: all.map(({ policy }) => policy), claims: Object.fromEntries(claims) };
}

/** As literals are cut: PostgreSQL would round. */
const inMicroseconds = (text: string): string => text.replace(/(\.\d{6})\d+/, '$1');

/** As literals are sent: half a character, which JSON can hold, is none to PostgreSQL. */
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');
