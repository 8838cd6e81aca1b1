import type { Catalogue, SetBinding } from '../catalogue/catalogue.ts';
import { maskOf } from '../edm/mask.ts';
import type { EntitySet, EntityType, Model, NavigationProperty, Property } from '../edm/model.ts';
import { type GrantShape, type Grants, type SetGrant, shownOf } from './grants.ts';
import { speaksOfKeyAlone } from './logic/key-condition.ts';
import type { PropertyView } from './model/restricted-set.ts';

/**
 * The model as somebody sees it who is granted these sets and properties: what is hidden is not there, for no name, hint,
 * document or wildcard. A navigation property is hidden where it leads to a hidden set, and where either end of its join is
 * hidden, since it tells who is joined to whom. Of a type that several granted sets have, a property is there if all of
 * them have it. The same model for `everything`; else made once for each model and shape of grants.
 */
export function visible(model: Model, grants: Grants): Model {
  const { sets } = grants;
  return sets === null ? model : remembered(models, model, grants, () => visibleModel(model, sets));
}

/**
 * The catalogue with the visible model. Where rows are stored it says of all sets: conditions may look into any. Changes
 * are followed only where nothing but the key decides which rows there are: of a row that is gone, or that the condition
 * leaves out now, nobody knows whether it was there for the reader, and its key is told to nobody who never saw it. Nor
 * where a property is hidden, masked or seen in part: that a row came again would tell that its value changed.
 */
export function visibleCatalogue(catalogue: Catalogue, grants: Grants): Catalogue {
  if (grants.sets === null) {
    return catalogue;
  }
  return remembered(catalogues, catalogue, grants, () => {
    const sets = [...catalogue.sets].map(([name, set]) => [name, followed(set, grants)] as const);
    const withheld = [...(catalogue.withheld ?? [])].filter(([name]) => grants.sets?.has(name) === true);
    return { ...catalogue, model: visible(catalogue.model, grants), sets: new Map(sets), withheld: new Map(withheld) };
  });
}

function followed(set: SetBinding, { sets }: Grants): SetBinding {
  const grant = sets?.get(set.name);
  if (set.kind === 'upstream' || grant === undefined) {
    return set;
  }
  const { rows, properties, views } = grant;
  const whole =
    views.size === 0 && (properties === null || [...set.columns.keys()].every((name) => properties.has(name)));
  return whole && (rows === null || speaksOfKeyAlone(rows))
    ? set
    : { ...set, versionColumn: null, withheldVersionColumn: set.versionColumn };
}

type Remembered<T extends object> = WeakMap<T, WeakMap<GrantShape, T>>;

const models: Remembered<Model> = new WeakMap();
const catalogues: Remembered<Catalogue> = new WeakMap();

function remembered<T extends object>(all: Remembered<T>, of: T, { shape }: Grants, make: () => T): T {
  const byShape = all.get(of) ?? new WeakMap<GrantShape, T>();
  const found = byShape.get(shape) ?? make();
  all.set(of, byShape.set(shape, found));
  return found;
}

type SetGrants = ReadonlyMap<string, SetGrant>;

function visibleModel(model: Model, grants: SetGrants): Model {
  const sets = [...model.entitySets.values()].filter(({ name }) => grants.has(name));
  const properties = visibleProperties(sets, grants);
  const place = { sets, names: new Set(sets.map(({ name }) => name)), properties };
  const types = [...model.entityTypes.values()].filter(({ name }) => properties.has(name));
  const navigations = new Map(types.map((type) => [type.name, visibleNavigations(type, place)] as const));
  const entityTypes = new Map<string, EntityType>();
  for (const type of types) {
    const own = (navigations.get(type.name) ?? []).map((one) => withPartner(one, navigations));
    const navigationProperties = new Map(own.map((one) => [one.name, one]));
    const there = properties.get(type.name) ?? type.properties;
    entityTypes.set(type.name, { ...type, properties: there, navigationProperties });
  }
  const seen = sets.map((set) => visibleSet(set, { entityType: entityTypes.get(set.entityType.name), ...place }));
  return { ...model, entityTypes, entitySets: new Map(seen.map((set) => [set.name, set])) };
}

/** By type: what all of its visible sets have. */
function visibleProperties(sets: readonly EntitySet[], grants: SetGrants): PropertiesByType {
  const found = new Map<string, Properties>();
  for (const { entityType, name } of sets) {
    const before = found.get(entityType.name) ?? entityType.properties;
    found.set(entityType.name, granted(before, grants.get(name)));
  }
  return found;
}

type Properties = ReadonlyMap<string, Property>;
type PropertiesByType = ReadonlyMap<string, Properties>;

/** Properties as the grant of one set shows them. */
function granted(properties: ReadonlyMap<string, Property>, grant: SetGrant | undefined): Properties {
  const names = grant?.properties ?? null;
  const views = grant?.views;
  if (names === null && (views === undefined || views.size === 0)) {
    return properties;
  }
  const seen = [...properties].filter(([name]) => names === null || names.has(name));
  return new Map(seen.map(([name, property]) => [name, shown(property, views?.get(name))]));
}

/** What is masked has no values of the declared length, and what is seen of some rows alone may be null. */
function shown(property: Property, view: PropertyView | undefined): Property {
  if (view === undefined || property.shown === 'partly') {
    return property;
  }
  const how = shownOf(view);
  const { maxLength: _, ...others } = property;
  const kept = property.type === 'Edm.String' && view.cases.some(({ as }) => as === 'mask') ? others : property;
  return { ...kept, shown: how, nullable: property.nullable || how === 'partly' || maskOf(property) === null };
}

interface Place {
  /** The visible ones. */
  readonly sets: readonly EntitySet[];
  readonly names: ReadonlySet<string>;
  readonly properties: PropertiesByType;
}

/** Those that are joined by what is visible, and lead to a visible set. */
function visibleNavigations(type: EntityType, { sets, names, properties }: Place): readonly NavigationProperty[] {
  const bindings = sets
    .filter(({ entityType }) => entityType.name === type.name)
    .map(({ navigationPropertyBindings }) => navigationPropertyBindings);
  const own = properties.get(type.name);
  return [...type.navigationProperties.values()].filter(({ name, target, join }) => {
    const theirs = properties.get(target);
    const joined = join.every(
      (pair) => isSeen(own?.get(pair.property)) && isSeen(theirs?.get(pair.referencedProperty)),
    );
    const bound = bindings.flatMap((one) => one.get(name) ?? []);
    return theirs !== undefined && joined && (bound.length === 0 || bound.some((set) => names.has(set)));
  });
}

/** Rows are joined by values, which have to be there as they are. */
const isSeen = (property: Property | undefined): boolean => property !== undefined && property.shown === undefined;

/** Without the partner where that is hidden: its join is the same, but it may lead elsewhere. */
function withPartner(
  { partner, ...navigation }: NavigationProperty,
  navigations: ReadonlyMap<string, readonly NavigationProperty[]>,
): NavigationProperty {
  const seen = (navigations.get(navigation.target) ?? []).some(({ name }) => name === partner);
  return seen && partner !== undefined ? { ...navigation, partner } : navigation;
}

function visibleSet(
  set: EntitySet,
  {
    entityType = set.entityType,
    names,
  }: { readonly entityType: EntityType | undefined; readonly names: Place['names'] },
): EntitySet {
  const bindings = [...set.navigationPropertyBindings].filter(
    ([name, target]) => entityType.navigationProperties.has(name) && names.has(target),
  );
  return {
    ...set,
    entityType,
    navigationPropertyBindings: new Map(bindings),
    searchable: set.searchable.filter((name) => entityType.properties.has(name)),
  };
}
