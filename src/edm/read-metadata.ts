import { safeName } from './check-model.ts';
import type { EntitySet, EntityType, JoinPair, Model, NavigationProperty } from './model.ts';
import { primitiveType } from './primitive-types.ts';
import { readApplied } from './read-applied.ts';
import type { ReadNavigation } from './read-navigation.ts';
import { readNavigations } from './read-navigation.ts';
import type { ReadProperty } from './read-properties.ts';
import { keyOf, readProperties, withBaseTypes } from './read-properties.ts';
import { readXml } from './read-xml.ts';
import type { Dropped, SchemaElement, SchemaIndex } from './schema-index.ts';
import { childrenOf, descriptionOf, indexSchemas, isServable, refuse } from './schema-index.ts';

export type { Dropped } from './schema-index.ts';

/** An upstream's model in our words. */
export interface ReadMetadata {
  /**
   * Names are the upstream's own; inheritance is flattened. Passes `checkModel` but for what is served otherwise than it is
   * written there: the names of the namespace, of the container and of the sets, a property named as its type, and
   * navigations that no set binds.
   */
  readonly model: Model;
  /** `EntityType/Property` to the qualified name of its enumeration type; the property is served as a string. */
  readonly enumTypes: ReadonlyMap<string, string>;
  /** By entity set, the transformations of `$apply` that the feed says it does; a set that is not there does none. */
  readonly applied: ReadonlyMap<string, readonly string[]>;
  /** What is not in the model: streams, geography, complex types, singletons, contained sets, unsafe names ... */
  readonly dropped: readonly Dropped[];
}

/**
 * Reads a `$metadata` document of OData 4.0 or 4.01 (CSDL XML). Several schemas, aliases, base types, enumerations, type
 * definitions and annotations outside their element are understood. Entity types that no entity set uses are left out.
 * @throws GatewayError UpstreamRefused when the text is not such a document.
 */
export function readMetadata(xml: string): ReadMetadata {
  const index = indexSchemas(readXml(xml));
  const container = index.containers[0];
  if (container === undefined) {
    throw refuse('it holds no entity container');
  }
  const nodes = setNodes(container, index);
  const drafts = readTypes(index, nodes);
  const names = shortNames([...drafts.keys()]);
  const types = new Map([...drafts].map(([qualified, draft]) => [qualified, finishType(draft, drafts, names)]));
  const sets = readSets({ container, nodes, index }, types);
  const used = new Set([...sets.values()].map((set) => set.entityType));
  return {
    model: {
      namespace: container.namespace,
      container: container.node.attributes.get('Name') ?? '',
      entityTypes: new Map([...types.values()].filter((type) => used.has(type)).map((type) => [type.name, type])),
      entitySets: sets,
    },
    enumTypes: enumTypesOf(drafts, names),
    applied: readApplied(container, nodes, index),
    dropped: index.dropped,
  };
}

/** A type before its navigations know which types remain. */
interface TypeDraft {
  readonly element: SchemaElement;
  readonly key: readonly string[];
  readonly properties: ReadonlyMap<string, ReadProperty>;
  readonly navigations: ReadonlyMap<string, ReadNavigation>;
  readonly description: { description?: string };
}

type SetNode = ReturnType<typeof childrenOf>[number];

function setNodes(container: SchemaElement, index: SchemaIndex): readonly SetNode[] {
  const chain: SchemaElement[] = [];
  for (let current: SchemaElement | undefined = container; current !== undefined && !chain.includes(current); ) {
    chain.unshift(current);
    const base: string | undefined = current.node.attributes.get('Extends');
    current = base === undefined ? undefined : index.elements.get(index.resolve(base));
  }
  for (const node of chain.flatMap((element) => element.node.children)) {
    if (!['Singleton', 'FunctionImport', 'ActionImport'].includes(node.name)) {
      continue;
    }
    index.dropped.push({ path: node.attributes.get('Name') ?? '', reason: `a ${node.name} is not served` });
  }
  const sets = new Map<string, SetNode>();
  for (const node of chain.flatMap((element) => childrenOf(element.node, 'EntitySet'))) {
    const name = node.attributes.get('Name') ?? '';
    if (!isServable(name, name, index)) {
      continue;
    }
    if (sets.has(name)) {
      index.dropped.push({ path: name, reason: 'another set after it has the same name' });
    }
    sets.set(name, node);
  }
  return [...sets.values()];
}

function readTypes(index: SchemaIndex, sets: readonly SetNode[]): ReadonlyMap<string, TypeDraft> {
  const drafts = new Map<string, TypeDraft>();
  for (const set of sets) {
    const qualified = index.resolve(set.attributes.get('EntityType') ?? '');
    const element = index.elements.get(qualified);
    if (drafts.has(qualified) || element?.kind !== 'EntityType') {
      continue;
    }
    const draft = readType(element, index);
    if (draft !== null) {
      drafts.set(qualified, draft);
    }
  }
  return drafts;
}

function readType(element: SchemaElement, index: SchemaIndex): TypeDraft | null {
  const chain = withBaseTypes(element, index);
  const key = keyOf(chain);
  const name = element.node.attributes.get('Name') ?? '';
  if (!isServable(name, element.qualifiedName, index)) {
    return null;
  }
  if (key === null) {
    index.dropped.push({ path: element.qualifiedName, reason: 'it has no key of plain properties' });
    return null;
  }
  const properties = readProperties(chain, key, index);
  const bad = key.find((part) => !isKeyable(properties.get(part)));
  if (bad !== undefined) {
    index.dropped.push({ path: element.qualifiedName, reason: `its key property ${bad} is not served` });
    return null;
  }
  if (chain.some((type) => type.node.attributes.get('OpenType') === 'true')) {
    index.dropped.push({ path: element.qualifiedName, reason: 'dynamic properties of an open type are not served' });
  }
  const description = descriptionOf(element.node, element.qualifiedName, index);
  return { element, key, properties, navigations: readNavigations(chain, properties, index), description };
}

function isKeyable(read: ReadProperty | undefined): boolean {
  return read !== undefined && !read.property.collection && primitiveType(read.property.type).keyable;
}

/**
 * Type names without namespace; where two schemas use one name, all but the first get their namespace in front, and a number
 * where that is no name or taken, too.
 */
function shortNames(qualified: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    qualified.map((name) => {
      const short = name.slice(name.lastIndexOf('.') + 1);
      const isFree = (one: string): boolean => safeName.test(one) && !taken.has(one.toLowerCase());
      let unique = [short, name.replaceAll('.', '_')].find(isFree);
      for (let number = 2; unique === undefined; number++) {
        unique = [`${short.slice(0, 100)}_${number}`].find(isFree);
      }
      taken.add(unique.toLowerCase());
      return [name, unique];
    }),
  );
}

function finishType(
  draft: TypeDraft,
  drafts: ReadonlyMap<string, TypeDraft>,
  names: ReadonlyMap<string, string>,
): EntityType {
  const navigations = new Map<string, NavigationProperty>();
  for (const [name, navigation] of draft.navigations) {
    const target = names.get(navigation.target);
    if (target === undefined) {
      continue;
    }
    const { partner, ...rest } = navigation;
    const back = partner === undefined ? undefined : drafts.get(navigation.target)?.navigations.get(partner);
    const mutual = back?.target === draft.element.qualifiedName && (back.partner ?? name) === name;
    navigations.set(name, {
      ...rest,
      target,
      join: joinOf(navigation, mutual ? back : undefined, draft, drafts.get(navigation.target)),
      ...(mutual && partner !== undefined ? { partner } : {}),
    });
  }
  return {
    kind: 'EntityType',
    name: names.get(draft.element.qualifiedName) ?? '',
    key: draft.key,
    properties: new Map([...draft.properties].map(([name, read]) => [name, read.property])),
    navigationProperties: navigations,
    ...draft.description,
  };
}

/** The navigation's own constraint, else its partner's turned round; empty where neither names existing properties. */
function joinOf(
  navigation: ReadNavigation,
  back: ReadNavigation | undefined,
  draft: TypeDraft,
  target: TypeDraft | undefined,
): readonly JoinPair[] {
  const pairs =
    navigation.join.length > 0
      ? navigation.join
      : (back?.join ?? []).map((pair) => ({
          property: pair.referencedProperty,
          referencedProperty: pair.property,
        }));
  const resolves = pairs.every((pair) => {
    const ours = draft.properties.get(pair.property)?.property.type;
    return ours !== undefined && ours === target?.properties.get(pair.referencedProperty)?.property.type;
  });
  return resolves ? pairs : [];
}

interface SetsPlace {
  readonly container: SchemaElement;
  readonly nodes: readonly SetNode[];
  readonly index: SchemaIndex;
}

interface TypedNode {
  readonly node: SetNode;
  readonly type: EntityType;
}

function readSets(place: SetsPlace, types: ReadonlyMap<string, EntityType>): ReadonlyMap<string, EntitySet> {
  const { container, index } = place;
  const typed = new Map<string, TypedNode>();
  for (const node of place.nodes) {
    const name = node.attributes.get('Name') ?? '';
    const type = types.get(index.resolve(node.attributes.get('EntityType') ?? ''));
    if (type === undefined) {
      index.dropped.push({ path: name, reason: 'its entity type is not served' });
    } else {
      typed.set(name, { node, type });
    }
  }
  const bindings = new Map([...typed].map(([name, set]) => [name, bindingsOf(set, typed)]));
  return new Map(
    [...typed].map(([name, { node, type }]) => [
      name,
      {
        kind: 'EntitySet',
        name,
        entityType: type,
        navigationPropertyBindings: mutualBindings({ name, type }, bindings),
        searchable: [],
        ...descriptionOf(node, `${container.qualifiedName}/${name}`, index),
      },
    ]),
  );
}

/** Without those whose partner leads back to another set, as where two sets share a type: nobody could say whose rows they are. */
function mutualBindings(
  { name, type }: { readonly name: string; readonly type: EntityType },
  all: ReadonlyMap<string, ReadonlyMap<string, string>>,
): ReadonlyMap<string, string> {
  const own = [...(all.get(name) ?? [])];
  return new Map(
    own.filter(([navigation, target]) => {
      const partner = type.navigationProperties.get(navigation)?.partner;
      const back = partner === undefined ? undefined : all.get(target)?.get(partner);
      return back === undefined || back === name;
    }),
  );
}

/** Bindings as written; where one is missing, the only set of the target type, since many feeds leave bindings out. */
function bindingsOf(set: TypedNode, sets: ReadonlyMap<string, TypedNode>): ReadonlyMap<string, string> {
  const written = new Map(
    childrenOf(set.node, 'NavigationPropertyBinding').map((binding) => [
      binding.attributes.get('Path'),
      (binding.attributes.get('Target') ?? '').split('/').at(-1) ?? '',
    ]),
  );
  const bindings = new Map<string, string>();
  for (const [name, navigation] of set.type.navigationProperties) {
    const fitting = [...sets].filter(([, other]) => other.type.name === navigation.target).map(([other]) => other);
    const target = written.get(name) ?? (fitting.length === 1 ? fitting[0] : undefined);
    if (target !== undefined && fitting.includes(target)) {
      bindings.set(name, target);
    }
  }
  return bindings;
}

function enumTypesOf(
  drafts: ReadonlyMap<string, TypeDraft>,
  names: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [qualified, draft] of drafts) {
    for (const [name, { enumType }] of draft.properties) {
      if (enumType !== null) {
        found.set(`${names.get(qualified) ?? ''}/${name}`, enumType);
      }
    }
  }
  return found;
}
