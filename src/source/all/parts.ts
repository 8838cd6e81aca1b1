import type { AllPlan, AllPosition, CollectionPlan } from '../../plan/model/read-plan.ts';
import type { Sources } from '../federated/sources.ts';

/** The sets that a page of `$all` may have rows of, in their order, by where their rows are. */
export interface Parts {
  readonly stored: readonly CollectionPlan[];
  readonly proxied: readonly CollectionPlan[];
}

/** Without the sets before the position, and without those that a proxied feed is known not to have. */
export function partsOf({ parts, after }: AllPlan, sources: Sources): Parts {
  const start = after === null ? 0 : parts.findIndex((part) => nameOf(part) === after.set);
  const open = parts.slice(start).filter((part) => isThere(part, sources));
  const isProxied = (part: CollectionPlan): boolean => sources.sourceOf(part.selection.set) !== null;
  return { stored: open.filter((part) => !isProxied(part)), proxied: open.filter(isProxied) };
}

export const nameOf = ({ selection }: CollectionPlan): string => selection.set.name;

/** The first row of a set. */
export const startOf = (part: CollectionPlan, remaining: number | null): AllPosition => ({
  set: nameOf(part),
  rowId: null,
  token: null,
  remaining,
});

/** A feed that was never reached may have a set that only its documents name: then asking it has to fail. */
function isThere(part: CollectionPlan, { catalogue, upstreams }: Sources): boolean {
  const binding = catalogue.sets.get(nameOf(part));
  if (binding?.kind !== 'upstream' || binding.upstreamName !== null) {
    return true;
  }
  return (upstreams.get(binding.source)?.state().metadataReadAt ?? null) === null;
}
