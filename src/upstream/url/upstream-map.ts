import type { EntitySet, EntityType, Model, NavigationProperty, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import type { ListForm } from '../feed-limits.ts';

/** What the compiler must know of the upstream: its names, and what its own `$metadata` declares. */
export interface UpstreamMap {
  readonly source: string;
  /** The upstream's own model; null before its `$metadata` was ever read. */
  readonly model: Model | null;
  /** Our entity set name to the upstream's; null: the upstream has not shown such a set. Sets of other sources are absent. */
  readonly sets: ReadonlyMap<string, string | null>;
  /** `EntityType/Property`, in the upstream's names, to the qualified enumeration type. */
  readonly enumTypes: ReadonlyMap<string, string>;
  /** In characters, the whole URL. */
  readonly maxUrlLength: number;
  /** Our names of the sets whose rows the feed sends whole where `$select` is left out. Absent: of none that is known. */
  readonly whole?: ReadonlySet<string>;
  /** `$select` is left out where it names every property: the URL would be too long, or the feed needs it not. Absent: it is written. */
  readonly brief?: boolean;
  /** How the feed is asked whether a value is one of a list. Absent: with `in`. */
  readonly lists?: ListForm;
  /** Most that `$top` may say at the feed. Absent: not known. */
  readonly maxTop?: number | null;
  /** By `orderedName`: properties of which the feed has to be told that rows without a value come first in an order. Absent: none. */
  readonly nullsSaid?: ReadonlySet<string>;
  /** The feed has shown that it counts what `$expand` leads to. Absent: not known. */
  readonly countsNested?: boolean;
}

/**
 * The upstream's name of one of our sets.
 * @throws GatewayError NotImplemented for a set of another source, UpstreamUnavailable while the upstream's `$metadata` was
 * never read, UpstreamRefused when it has no such set.
 */
export function upstreamSetName(map: UpstreamMap, set: EntitySet): string {
  const name = map.sets.get(set.name);
  if (name === undefined) {
    throw new GatewayError('NotImplemented', `${set.name} does not belong to the proxied feed ${map.source}.`, {
      feature: 'proxied',
      target: set.name,
    });
  }
  if (name !== null) {
    return name;
  }
  if (map.model === null) {
    throw new GatewayError('UpstreamUnavailable', `The proxied feed ${map.source} has not been reached yet.`, {
      retryAfter: 30,
    });
  }
  throw new GatewayError('UpstreamRefused', `The proxied feed ${map.source} has no entity set for ${set.name}.`, {
    target: set.name,
  });
}

/** true when the upstream itself can follow the navigation; else only our own join can. */
export function upstreamHasNavigation(map: UpstreamMap, set: EntitySet, navigation: NavigationProperty): boolean {
  if (map.model === null) {
    return true;
  }
  return upstreamType(map, set)?.navigationProperties.has(navigation.name) ?? false;
}

/** What the feed calls a property. */
export const upstreamPropertyName = ({ name, upstream }: Property): string => upstream?.name ?? name;

/** The qualified enumeration type behind a property that we serve as a string; null: it is no enumeration. */
export function upstreamEnumType(map: UpstreamMap, set: EntitySet, property: Property): string | null {
  return map.enumTypes.get(`${upstreamType(map, set)?.name ?? ''}/${upstreamPropertyName(property)}`) ?? null;
}

/** What the feed declares of the rows of one of our sets; undefined: nothing is known. */
export function upstreamType(map: UpstreamMap, set: EntitySet): EntityType | undefined {
  return map.model?.entitySets.get(map.sets.get(set.name) ?? '')?.entityType;
}

/** A property that rows are put in order by, in our names. */
export const orderedName = ({ set, property }: { readonly set: EntitySet; readonly property: Property }): string =>
  `${set.name} ${property.name}`;
