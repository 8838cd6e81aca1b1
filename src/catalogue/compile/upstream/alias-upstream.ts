import type { EntityType, NavigationProperty, Property, UpstreamProperty } from '../../../edm/model.ts';
import type { UpstreamSet } from '../../catalogue.ts';
import { sameProperty, type UpstreamMatch } from './match-upstream-sets.ts';

/** Types whose values can be divided without a fraction. */
const whole: ReadonlySet<string> = new Set(['Edm.Byte', 'Edm.SByte', 'Edm.Int16', 'Edm.Int32', 'Edm.Int64']);

/** By the feed's name of a property: our name, and how the feed has it. */
type Renamed = ReadonlyMap<string, { readonly name: string; readonly upstream: UpstreamProperty }>;

/**
 * The same sets with the properties that metadata knows under another name called as ours, in keys and joins too. A name of the
 * documents that the feed has itself is never taken from it. Sets of one type are named by the first of them that is documented.
 */
export function withAliases(matches: readonly UpstreamMatch[]): readonly UpstreamMatch[] {
  const renamed = new Map<EntityType, Renamed>();
  for (const { upstream, documented } of matches) {
    if (documented !== null && !renamed.has(upstream.entityType)) {
      renamed.set(upstream.entityType, renamedIn(upstream.entityType, documented));
    }
  }
  if ([...renamed.values()].every(({ size }) => size === 0)) {
    return matches;
  }
  const byName = new Map([...renamed].map(([type, names]) => [type.name, names]));
  const types = new Map<EntityType, EntityType>();
  return matches.map(({ upstream, documented }) => {
    const entityType = types.get(upstream.entityType) ?? aliasedType(upstream.entityType, byName);
    types.set(upstream.entityType, entityType);
    return { upstream: { ...upstream, entityType }, documented };
  });
}

function renamedIn(type: EntityType, { hints }: UpstreamSet): Renamed {
  const found = new Map<string, { readonly name: string; readonly upstream: UpstreamProperty }>();
  for (const [name, { upstreamNames = [] }] of hints ?? []) {
    if (sameProperty(type, name) !== undefined) {
      continue;
    }
    for (const { name: other, divisor } of upstreamNames) {
      const property = sameProperty(type, other);
      if (property === undefined || found.has(property.name) || !canBeDivided(property, type, divisor)) {
        continue;
      }
      found.set(property.name, { name, upstream: { name: property.name, divisor } });
      break;
    }
  }
  return found;
}

const canBeDivided = ({ name, type, collection }: Property, { key }: EntityType, divisor: number | null): boolean =>
  divisor === null || (whole.has(type) && !collection && !key.includes(name));

function aliasedType(type: EntityType, byName: ReadonlyMap<string, Renamed>): EntityType {
  const nameIn = (of: string, name: string): string => byName.get(of)?.get(name)?.name ?? name;
  const properties = [...type.properties.values()].map((property): Property => {
    const alias = byName.get(type.name)?.get(property.name);
    return alias === undefined ? property : { ...property, ...alias };
  });
  const navigations = [...type.navigationProperties].map(
    ([name, navigation]): readonly [string, NavigationProperty] => {
      const join = navigation.join.map(({ property, referencedProperty }) => ({
        property: nameIn(type.name, property),
        referencedProperty: nameIn(navigation.target, referencedProperty),
      }));
      return [name, { ...navigation, join }];
    },
  );
  return {
    ...type,
    key: type.key.map((name) => nameIn(type.name, name)),
    properties: new Map(properties.map((property) => [property.name, property])),
    navigationProperties: new Map(navigations),
  };
}
