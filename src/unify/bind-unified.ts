import { withArchiveViews } from '../catalogue/archive-view.ts';
import type { Catalogue, StoredSet } from '../catalogue/catalogue.ts';
import type { UnifiedDerivation } from '../catalogue/unified.ts';
import { storedSet } from '../sql/scope.ts';
import { type BoundContribution, bindContribution, entitySet } from './bind-contribution.ts';
import { FormulaFault } from './bind-formula.ts';
import type { Identity } from './id-parts.ts';

/** A unified set with all its formulas typed. */
export interface BoundUnified {
  readonly catalogue: Catalogue;
  readonly set: StoredSet;
  readonly derivation: UnifiedDerivation;
  readonly contributions: readonly BoundContribution[];
  /** Contributions that speak of the same things, by what their ids are ids of. */
  readonly spaces: ReadonlyMap<string, readonly BoundContribution[]>;
  /** IANA name of the reporting zone. */
  readonly zone: string;
}

/** How the rows of a contribution say which thing they speak of. */
export const identityOf = (
  { catalogue, zone, derivation }: Pick<BoundUnified, 'catalogue' | 'zone' | 'derivation'>,
  { contribution, variable }: Pick<BoundContribution, 'contribution' | 'variable'>,
): Identity => ({ contribution, set: storedSet(catalogue, variable.set), zone, combined: derivation.combined });

const known = new WeakMap<Catalogue, Map<string, BoundUnified | null>>();

/**
 * The unified set of a name; null: it is none. The same catalogue gives the same object.
 * @throws FormulaFault where a formula is at fault; `unifiedFaults` finds them all
 */
export function unifiedOf(given: Catalogue, name: string): BoundUnified | null {
  const catalogue = given.documents ?? given;
  const sets = known.get(catalogue) ?? new Map<string, BoundUnified | null>();
  known.set(catalogue, sets);
  const before = sets.get(name);
  if (before !== undefined) {
    return before;
  }
  const bound = bind(catalogue, name);
  sets.set(name, bound);
  return bound;
}

function bind(documents: Catalogue, name: string): BoundUnified | null {
  const catalogue = withArchiveViews(documents);
  const set = catalogue.sets.get(name);
  if (set?.kind !== 'stored' || set.derivation?.kind !== 'unified') {
    return null;
  }
  const { derivation } = set;
  const target = { catalogue, derivation, set: entitySet(catalogue, name) };
  const contributions = derivation.from.map((one) => bindContribution(one, target));
  const spaces = new Map<string, BoundContribution[]>();
  for (const one of contributions) {
    spaces.set(one.contribution.space, [...(spaces.get(one.contribution.space) ?? []), one]);
  }
  return { catalogue, set, derivation, contributions, spaces, zone: catalogue.reportingTimeZone ?? 'UTC' };
}

/** Every fault of the formulas of all unified sets, a sentence with file and line each. */
export function unifiedFaults(documents: Catalogue): readonly string[] {
  const catalogue = withArchiveViews(documents);
  return [...catalogue.sets.values()].flatMap((set) => {
    if (set.kind !== 'stored' || set.derivation?.kind !== 'unified') {
      return [];
    }
    const { derivation } = set;
    const target = { catalogue, derivation, set: entitySet(catalogue, set.name) };
    return derivation.from.flatMap((one) => {
      // One column at a time, so that all are found.
      const alone = [...one.columns].map((column) => ({ ...one, columns: new Map([column]) }));
      const rest = { ...one, columns: one.grouped ? one.columns : new Map<string, never>() };
      return [
        ...new Set(
          [...(one.grouped ? [] : alone), rest].flatMap((part) => faultsOf(() => bindContribution(part, target))),
        ),
      ];
    });
  });
}

function faultsOf(attempt: () => unknown): readonly string[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (error instanceof FormulaFault) {
      return [
        `${error.formula.place}: ${error.message} "${error.formula.text}" is to be an OData expression that every row has a value for.`,
      ];
    }
    throw error;
  }
}
