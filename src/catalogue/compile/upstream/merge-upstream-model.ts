import type { EntitySet, EntityType, Model, Property } from '../../../edm/model.ts';
import { GatewayError } from '../../../errors.ts';
import type { Catalogue, PropertyHint, SetBinding, UpstreamSet } from '../../catalogue.ts';
import { withAliases } from './alias-upstream.ts';
import { type Bound, joinedNavigations, leadingTo } from './bound-navigation.ts';
import { matchUpstreamSets, type ServedSet, sameProperty } from './match-upstream-sets.ts';
import { crossSourceNavigation, withNavigation } from './merge-cross-source.ts';
import { mergeNavigation } from './merge-upstream-navigation.ts';
import { nameSets, withOwnTypes } from './name-upstream-sets.ts';

/** Where the proxied feed is not what the documents say. */
export interface UpstreamDifference {
  readonly kind:
    | 'set-added'
    | 'set-missing'
    | 'property-added'
    | 'property-missing'
    | 'property-renamed'
    | 'property-type'
    | 'key';
  /** Our entity set name. */
  readonly set: string;
  readonly message: string;
}

export interface MergedUpstream {
  readonly catalogue: Catalogue;
  readonly differences: readonly UpstreamDifference[];
}

/**
 * Replaces the documented sets of a proxied source by those its `$metadata` declares. Sets that the documents know keep
 * our names, descriptions and personal-data classes; others are named by the prefix and their own name. Properties, types and
 * keys are the feed's, exactly. Documented relations stay where their properties exist. Pure: gives a new catalogue.
 * Merge into the catalogue as it was loaded, never into an earlier merge: a set that comes back then has its words again.
 * @throws GatewayError MetadataInvalid where the catalogue has no such proxied source.
 */
export function mergeUpstreamModel(catalogue: Catalogue, sourceName: string, upstreamModel: Model): MergedUpstream {
  const source = catalogue.sources.get(sourceName);
  if (source === undefined || source.kind !== 'odata') {
    throw new GatewayError('MetadataInvalid', `There is no proxied source "${sourceName}".`, { target: sourceName });
  }
  const matches = withAliases(matchUpstreamSets(catalogue, source, upstreamModel));
  const kept = [...catalogue.model.entitySets.values()].filter((set) => !isOf(catalogue, set.name, sourceName));
  const named = nameSets(catalogue, { matches, prefix: source.prefix, kept });
  const within = mergeNavigation(catalogue, named);
  const isOurs = (name: string): boolean => isOf(catalogue, name, sourceName);
  const both = joinedNavigations(within, crossSourceNavigation(catalogue, named, { own: within, isOurs }));
  const served = withOwnTypes(named, both, kept);
  const navigations = leadingTo(both, new Map(served.map((set) => [set.setName, set.typeName])));
  const differences: UpstreamDifference[] = [];
  const sets = new Map<string, EntitySet>(
    kept.map((set) => [set.name, withNavigation(set, isOurs, navigations.get(set.name))]),
  );
  const bindings = new Map<string, SetBinding>([...catalogue.sets].filter(([name]) => sets.has(name)));
  const types = new Map<string, EntityType>();
  for (const set of served) {
    const own = navigations.get(set.setName) ?? new Map<string, Bound>();
    const entityType = types.get(set.typeName) ?? mergedType(set, own);
    types.set(set.typeName, entityType);
    sets.set(set.setName, mergedSet(catalogue, set, { entityType, own }));
    bindings.set(set.setName, binding(catalogue, set, sourceName));
    differences.push(...differencesOf(set));
  }
  const found = new Set(served.map((set) => set.setName));
  for (const [name, set] of catalogue.sets) {
    if (set.kind !== 'upstream' || set.source !== sourceName || found.has(name)) {
      continue;
    }
    const message = `The feed has no set for the documented "${set.title}".`;
    differences.push({ kind: 'set-missing', set: name, message });
  }
  return { catalogue: withSets(catalogue, sets, bindings), differences };
}

function isOf(catalogue: Catalogue, setName: string, sourceName: string): boolean {
  const found = catalogue.sets.get(setName);
  return found?.kind === 'upstream' && found.source === sourceName;
}

/** The earlier order of the sets, the new ones at the end. */
function withSets(
  catalogue: Catalogue,
  sets: ReadonlyMap<string, EntitySet>,
  bindings: ReadonlyMap<string, SetBinding>,
): Catalogue {
  const names = [...new Set([...catalogue.sets.keys(), ...sets.keys()])].filter((name) => sets.has(name));
  const ordered = names.flatMap((name) => {
    const [set, bound] = [sets.get(name), bindings.get(name)];
    return set === undefined || bound === undefined ? [] : [{ name, set, bound }];
  });
  const entitySets = new Map(ordered.map(({ name, set }) => [name, set]));
  const entityTypes = new Map(ordered.map(({ set }) => [set.entityType.name, set.entityType]));
  const model = Object.freeze({ ...catalogue.model, entityTypes, entitySets });
  return Object.freeze({ ...catalogue, model, sets: new Map(ordered.map(({ name, bound }) => [name, bound])) });
}

function mergedType(set: ServedSet, own: ReadonlyMap<string, Bound>): EntityType {
  const upstream = set.match.upstream.entityType;
  const description = set.documentedType?.description ?? upstream.description;
  return Object.freeze({
    kind: 'EntityType',
    name: set.typeName,
    key: upstream.key,
    properties: new Map([...upstream.properties].map(([name, property]) => [name, described(set, property)])),
    navigationProperties: new Map([...own].map(([name, navigation]) => [name, navigation.property])),
    ...(description === undefined ? {} : { description }),
  });
}

function described(set: ServedSet, property: Property): Property {
  const documented = sameProperty(set.documentedType, property.name);
  const description = documented?.description ?? property.description;
  return {
    ...property,
    ...(description === undefined ? {} : { description }),
    // A property that no document classes may hold anything.
    personalData: documented?.personalData ?? property.personalData ?? 'content',
  };
}

function mergedSet(
  catalogue: Catalogue,
  set: ServedSet,
  { entityType, own }: { readonly entityType: EntityType; readonly own: ReadonlyMap<string, Bound> },
): EntitySet {
  const documented =
    set.match.documented === null ? undefined : catalogue.model.entitySets.get(set.match.documented.name);
  const description = documented?.description ?? set.match.upstream.description;
  const searchable = (documented?.searchable ?? []).flatMap((name) => sameProperty(entityType, name)?.name ?? []);
  return Object.freeze({
    kind: 'EntitySet',
    name: set.setName,
    entityType,
    navigationPropertyBindings: new Map([...own].map(([name, { set: target }]) => [name, target])),
    searchable,
    ...(documented?.title === undefined ? {} : { title: documented.title }),
    ...(description === undefined ? {} : { description }),
  });
}

function binding(catalogue: Catalogue, set: ServedSet, source: string): UpstreamSet {
  const { documented, upstream } = set.match;
  const hints = new Map<string, PropertyHint>();
  for (const [name, hint] of documented?.hints ?? []) {
    const property = sameProperty(upstream.entityType, name);
    if (property !== undefined && (hint.codeList === null || catalogue.sets.has(hint.codeList))) {
      hints.set(property.name, hint);
    }
  }
  return {
    kind: 'upstream',
    name: set.setName,
    source,
    upstreamName: upstream.name,
    title: documented?.title ?? upstream.name,
    ...(documented?.refreshed === undefined ? {} : { refreshed: documented.refreshed }),
    hints,
    ...archiveOf(catalogue, set, source),
  };
}

/** As documented, with the feed's own name of the point in time; what no document names as the source says. */
function archiveOf(catalogue: Catalogue, { match }: ServedSet, source: string): Pick<UpstreamSet, 'archive'> {
  const { documented, upstream } = match;
  const told = documented === null ? (catalogue.sources.get(source)?.archive?.sets ?? undefined) : documented.archive;
  if (told === undefined) {
    return {};
  }
  const by = told.by === null ? undefined : sameProperty(upstream.entityType, told.by);
  const isTime = by?.type === 'Edm.DateTimeOffset' && !by.collection;
  return { archive: { ...told, by: isTime ? by.name : null } };
}

function differencesOf(set: ServedSet): readonly UpstreamDifference[] {
  const { upstream } = set.match;
  const documented = set.documentedType;
  if (documented === null) {
    const message = `The feed has a set "${upstream.name}" that no document names; it is served as ${set.setName}.`;
    return [{ kind: 'set-added', set: set.setName, message }];
  }
  const found: UpstreamDifference[] = [];
  const note = (kind: UpstreamDifference['kind'], message: string): void => {
    found.push({ kind, set: set.setName, message });
  };
  for (const property of upstream.entityType.properties.values()) {
    const told = sameProperty(documented, property.name);
    if (property.upstream !== undefined) {
      const { name, divisor } = property.upstream;
      note('property-renamed', `${property.name} is called ${name}${divisor === null ? '' : `, ${divisor} to one`}.`);
    }
    if (told === undefined) {
      note('property-added', `${property.name} is in the feed only.`);
    } else if (told.name !== property.name) {
      note('property-renamed', `${told.name} is called ${property.name}.`);
    }
    if (told !== undefined && told.type !== property.type) {
      note('property-type', `${property.name} is ${property.type}, documented as ${told.type}.`);
    }
  }
  for (const told of documented.properties.values()) {
    if (sameProperty(upstream.entityType, told.name) === undefined) {
      note('property-missing', `${told.name} is not in the feed.`);
    }
  }
  const [theirs, ours] = [upstream.entityType.key, documented.key];
  // Parts of a key are named where it is written: their order says nothing.
  const folded = (key: readonly string[]): string =>
    key
      .map((name) => name.toLowerCase())
      .toSorted()
      .join();
  if (folded(theirs) !== folded(ours)) {
    note('key', `The key is ${theirs.join(', ')}, assumed was ${ours.join(', ')}.`);
  }
  return found;
}
