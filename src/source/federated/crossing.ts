import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { EntitySet, NavigationProperty } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import type { RowSource, Selection } from '../../plan/model/read-plan.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import { isRestricted } from '../../plan/model/restricted-set.ts';
import type { Upstream, UpstreamPlan } from '../../upstream/upstream.ts';

/** Where the rows of sets are, and which navigation no single source can follow. */
export interface Sources {
  readonly catalogue: Catalogue;
  readonly upstreams: ReadonlyMap<string, Upstream>;
}

/** The proxied source that has a set's rows; null: PostgreSQL. */
export function proxiedSource({ catalogue }: Sources, set: EntitySet): string | null {
  const binding = catalogue.sets.get(set.name);
  return binding?.kind === 'upstream' ? binding.source : null;
}

/** The connection to a proxied source. Throws GatewayError UpstreamUnavailable where it has no address. */
export function connected({ upstreams }: Sources, source: string): Upstream {
  const upstream = upstreams.get(source);
  if (upstream !== undefined) {
    return upstream;
  }
  throw new GatewayError('UpstreamUnavailable', `The feed ${source} is not configured`, { target: source });
}

/** One step from a set over a navigation property to another. */
export interface Step {
  readonly from: EntitySet;
  readonly navigation: NavigationProperty;
  readonly to: EntitySet;
}

/**
 * Whether the rows at both ends have to be joined here, because no single source can follow the navigation; or can, and
 * has no place there for the condition on the rows that the reader may see.
 */
export function crosses(sources: Sources, { from, navigation, to }: Step): boolean {
  const source = proxiedSource(sources, from);
  if (source !== proxiedSource(sources, to)) {
    return true;
  }
  if (source === null || navigation.join.length === 0) {
    return false;
  }
  const conditioned = isRestricted(to) && !navigation.collection;
  return conditioned || sources.upstreams.get(source)?.follows(from, navigation) === false;
}

/** Whether the path or an `$expand` of a plan crosses sources. */
export function pathOrExpandCrosses(plan: UpstreamPlan, sources: Sources): boolean {
  switch (plan.kind) {
    case 'Collection':
    case 'Entity':
      return pathCrosses(plan.source, sources) || expandCrosses(plan.selection, sources);
    case 'PropertyRead':
    case 'Count':
      return pathCrosses(plan.source, sources);
  }
}

function pathCrosses(source: RowSource, sources: Sources): boolean {
  if (source.kind === 'Set') {
    return false;
  }
  if (pathCrosses(source.from, sources)) {
    return true;
  }
  if (source.kind !== 'Navigated') {
    return false;
  }
  return crosses(sources, { from: sourceSet(source.from), navigation: source.navigation, to: source.set });
}

/** An expanded entity of references or counts has nothing inside that is served. */
export function expandCrosses({ set, expands }: Selection, sources: Sources): boolean {
  return expands.some(({ navigation, selection, form }) => {
    const step = { from: set, navigation, to: selection.set };
    return crosses(sources, step) || (form === 'entities' && expandCrosses(selection, sources));
  });
}
