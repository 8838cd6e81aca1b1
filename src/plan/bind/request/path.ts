import type { EntitySet, NavigationProperty, Property } from '../../../edm/model.ts';
import type { KeyPredicate, PathSegment } from '../../../uri/syntax.ts';
import { rowsOfSet } from '../../model/make.ts';
import type { Constant, RangeVariable, RowSource } from '../../model/read-plan.ts';
import { bindCondition } from '../expression/expression.ts';
import { bindKey, bindKeySegment } from '../expression/key.ts';
import { noEntitySet, perhaps } from '../names.ts';
import { type Binding, fault, isOwnType, notImplemented, rowScope, type Scope, targetSet } from '../scope.ts';

/** What a resource path leads to: rows, one row, a property of it; with the `$count`, `$ref`, `$value` at its end. */
export interface Resource {
  readonly source: RowSource;
  readonly set: EntitySet;
  readonly many: boolean;
  /** What an absent single row means: a wrong key, or an empty to-one navigation. */
  readonly empty: 'not-found' | 'no-content';
  readonly property: Property | null;
  readonly suffix: '$count' | '$ref' | '$value' | null;
}

/**
 * Resolves a path that starts with an entity set (4.01 URL Conventions 4.3 to 4.12).
 * @throws GatewayError `ResourceNotFound` with the nearest names, `BadRequest`, `NotImplemented`
 */
export function bindPath(segments: readonly PathSegment[], binding: Binding): Resource {
  const [first, ...rest] = segments;
  if (first === undefined || first.kind !== 'Name') {
    throw fault(inPath, 'ResourceNotFound', 'it must start with an entity set.');
  }
  const set = binding.context.model.entitySets.get(first.name);
  if (set === undefined) {
    throw fault(inPath, 'ResourceNotFound', noEntitySet(first.name, binding.context), first.at);
  }
  const start: Resource = {
    source: rowsOfSet(set),
    set,
    many: true,
    empty: 'not-found',
    property: null,
    suffix: null,
  };
  return rest.reduce((resource, segment) => step(resource, segment, binding), keyed(start, first.keys, binding));
}

const inPath = { option: 'path' } as const;

const pathScope = (binding: Binding, row: RangeVariable): Scope => rowScope(binding, 'path', row);

function keyed(resource: Resource, keys: KeyPredicate | null, binding: Binding): Resource {
  if (keys === null) {
    return resource;
  }
  const scope = pathScope(binding, { name: '$it', set: resource.set });
  if (!resource.many) {
    throw fault(scope, 'BadRequest', 'a single entity takes no key.', keys.at);
  }
  const key = bindKey({ predicate: keys, set: resource.set, implied: impliedKey(resource.source) }, scope);
  return { ...resource, source: { kind: 'Keyed', from: resource.source, key }, many: false, empty: 'not-found' };
}

/** Key properties that a keyed row shares with the rows it leads to need not be written again (4.01 URL Conventions 4.3.2). */
function impliedKey(source: RowSource): ReadonlyMap<string, Constant> {
  const implied = new Map<string, Constant>();
  if (source.kind !== 'Navigated' || source.from.kind !== 'Keyed') {
    return implied;
  }
  for (const { property, value } of source.from.key) {
    for (const pair of source.navigation.join) {
      if (pair.property === property.name) {
        implied.set(pair.referencedProperty, value);
      }
    }
  }
  return implied;
}

function step(resource: Resource, segment: PathSegment, binding: Binding): Resource {
  const scope = pathScope(binding, { name: '$it', set: resource.set });
  if (resource.suffix !== null) {
    throw fault(scope, 'ResourceNotFound', `nothing can follow ${resource.suffix}.`, segment.at);
  }
  switch (segment.kind) {
    case 'Name':
      if (resource.property !== null) {
        throw afterProperty(resource.property, scope, segment.at);
      }
      if (isOwnType(binding.context.model, resource.set, segment.name)) {
        return keyed(resource, segment.keys, binding);
      }
      return resource.many ? keySegment(resource, segment, scope) : member(resource, segment, scope);
    case 'FilterSegment':
      return filtered(resource, segment, scope);
    case 'System':
      return system(resource, segment, scope);
    case 'Crossjoin':
      throw fault(scope, 'ResourceNotFound', '$crossjoin can only stand first.', segment.at);
  }
}

type NameSegment = Extract<PathSegment, { kind: 'Name' }>;

const afterProperty = (property: Property, scope: Scope, at: number): Error =>
  fault(scope, 'ResourceNotFound', `'${property.name}' is a plain value; only $value can follow it.`, at);

/** After a collection a name can only be a key, unless it is a property: then the key before it was forgotten. */
function keySegment(resource: Resource, segment: NameSegment, scope: Scope): Resource {
  const { properties, navigationProperties } = resource.set.entityType;
  const isMember = properties.has(segment.name) || navigationProperties.has(segment.name);
  const text = segment.keys === null ? segment.name : segment.text;
  const key = isMember || text === undefined ? null : bindKeySegment(text, resource.set);
  if (key === null) {
    const why = isMember ? ` '${segment.name}' belongs to one entity: put its key before it.` : '';
    const message = `'${segment.name}' is no key of '${resource.set.name}'.${why}`;
    throw fault(scope, 'ResourceNotFound', message, segment.at);
  }
  return { ...resource, source: { kind: 'Keyed', from: resource.source, key }, many: false, empty: 'not-found' };
}

function member(resource: Resource, segment: NameSegment, scope: Scope): Resource {
  const type = resource.set.entityType;
  const property = type.properties.get(segment.name);
  if (property !== undefined && segment.keys === null) {
    return { ...resource, property };
  }
  const navigation = type.navigationProperties.get(segment.name);
  if (navigation !== undefined) {
    return keyed(navigated(resource, navigation, scope), segment.keys, scope.binding);
  }
  const names = [...type.properties.keys(), ...type.navigationProperties.keys()];
  const message = `'${type.name}' has no property '${segment.name}'.${perhaps(segment.name, names)}`;
  throw fault(scope, 'ResourceNotFound', message, segment.at);
}

function navigated(resource: Resource, navigation: NavigationProperty, scope: Scope): Resource {
  const set = targetSet(scope.binding.context.model, resource.set, navigation);
  const source: RowSource = { kind: 'Navigated', from: resource.source, navigation, set };
  return { ...resource, source, set, many: navigation.collection, empty: 'no-content' };
}

type FilterSegment = Extract<PathSegment, { kind: 'FilterSegment' }>;

function filtered(resource: Resource, segment: FilterSegment, scope: Scope): Resource {
  if (!resource.many || resource.property !== null || scope.row === null) {
    throw fault(scope, 'ResourceNotFound', '$filter(...) must follow a collection.', segment.at);
  }
  const condition = bindCondition(segment.condition, { ...scope, option: '$filter' });
  const source: RowSource = { kind: 'Filtered', from: resource.source, condition, variable: scope.row };
  return keyed({ ...resource, source }, segment.keys ?? null, scope.binding);
}

type SystemSegment = Extract<PathSegment, { kind: 'System' }>;

function system(resource: Resource, segment: SystemSegment, scope: Scope): Resource {
  const { many, property } = resource;
  if (segment.name === '$count' && property?.collection) {
    throw notImplemented(
      scope,
      'collections-of-values',
      'the members of a collection of values cannot be counted.',
      segment.at,
    );
  }
  if (segment.name === '$count' && many) {
    return { ...resource, suffix: '$count' };
  }
  if (segment.name === '$ref' && property === null) {
    return { ...resource, suffix: '$ref' };
  }
  if (segment.name === '$value' && property !== null && !property.collection) {
    return { ...resource, suffix: '$value' };
  }
  if (segment.name === '$value' && !many && property === null) {
    throw notImplemented(scope, 'media', 'this feed has no media entities; $value follows a property.', segment.at);
  }
  if (segment.name === '$query' || segment.name === '$each' || segment.name === '$batch') {
    throw notImplemented(scope, 'segments', `'${segment.name}' is not supported here with GET.`, segment.at);
  }
  throw fault(scope, 'ResourceNotFound', `'${segment.name}' cannot stand here.`, segment.at);
}
