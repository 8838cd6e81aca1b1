import type { EntitySet, NavigationProperty, Property } from '../../../edm/model.ts';
import type { KeyPredicate, MemberPath, MemberSegment } from '../../../uri/syntax.ts';
import { isNamed } from '../../model/presence-path.ts';
import type { BoundExpression, KeyValue, RangeVariable, RowPath } from '../../model/read-plan.ts';
import { checkLimit } from '../limits.ts';
import { perhaps } from '../names.ts';
import { countNodes, fault, isOwnType, notImplemented, type Operand, type Scope, targetSet } from '../scope.ts';
import { bindKey, type GivenKey } from './key.ts';
import { bindCollection } from './lambda.ts';

/** What is left of a path while it is walked. */
export interface Walk {
  readonly row: RowPath;
  readonly rest: readonly MemberSegment[];
  readonly scope: Scope;
}

/**
 * A path of names from a row: to a property, over to-one navigations, into a collection with `any`, `all` or `$count`
 * (4.01 URL Conventions 5.1.1.13 to 5.1.1.15). A name means, in this order: a lambda variable or a set of a crossjoin, a
 * computed property, a property of the current row.
 */
export function bindMemberPath(path: MemberPath, scope: Scope): Operand {
  const [first, ...rest] = path.segments;
  if (first === undefined) {
    throw fault(scope, 'InvalidOption', 'an empty path.', path.at);
  }
  if (first.kind === 'Variable' && first.name === '$root') {
    return fromRoot(rest, scope, first.at);
  }
  if (first.kind === 'Variable') {
    return walk({ row: start(namedRow(first, scope)), rest, scope });
  }
  if (first.kind === 'Name' && first.keys === null) {
    const named = namedVariable(path.segments, scope);
    const computed = named === null || rest.length > 0 ? computedValue(path.segments, scope) : null;
    if (computed !== null) {
      return computed;
    }
    if (named !== null) {
      return walk({ row: start(named.variable), rest: path.segments.slice(named.length), scope });
    }
    if (scope.pending?.has(first.name) === true) {
      const message = `'${first.name}' is computed only here or later; put it before what uses it.`;
      throw fault(scope, 'InvalidOption', message, first.at);
    }
  }
  if (scope.row === null) {
    throw unknownHere(path, scope);
  }
  return walk({ row: start(scope.row), rest: path.segments, scope });
}

/** A variable is one name, save an entity that was grouped by: that is the path to it. */
function namedVariable(
  segments: readonly MemberSegment[],
  { variables }: Scope,
): { readonly variable: RangeVariable; readonly length: number } | null {
  let name = '';
  for (const [index, segment] of (variables.size === 0 ? [] : segments).entries()) {
    if (segment.kind !== 'Name' || segment.keys !== null) {
      return null;
    }
    name = index === 0 ? segment.name : `${name}/${segment.name}`;
    const variable = variables.get(name);
    if (variable !== undefined) {
      return { variable, length: index + 1 };
    }
  }
  return null;
}

const start = (variable: RangeVariable): RowPath => ({ variable, steps: [] });

function namedRow(segment: Extract<MemberSegment, { kind: 'Variable' }>, scope: Scope): RangeVariable {
  const row = segment.name === '$it' ? scope.it : segment.name === '$this' ? scope.row : null;
  if (row !== null) {
    return row;
  }
  throw fault(scope, 'InvalidOption', `${segment.name} means no row here.`, segment.at);
}

/** `$root/Set(key)` and what follows (4.01 URL Conventions 5.1.1.14): one entity, whatever row the expression speaks of. */
function fromRoot([first, ...rest]: readonly MemberSegment[], scope: Scope, at: number): Operand {
  if (first?.kind !== 'Name') {
    throw fault(scope, 'InvalidOption', 'the name of an entity set must follow $root.', at);
  }
  const { entitySets } = scope.binding.context.model;
  const set = entitySets.get(first.name);
  if (set === undefined) {
    const hint = perhaps(first.name, entitySets.keys());
    throw fault(scope, 'UnknownProperty', `there is no entity set '${first.name}' at $root.${hint}`, first.at);
  }
  if (first.keys === null) {
    const message = `a path from $root without a key; write $root/${first.name}(key).`;
    throw notImplemented(scope, 'root-collections', message, first.at);
  }
  const key = keyInPath({ predicate: first.keys, set, implied: new Map() }, scope);
  return walk({ row: start({ name: `$root/${set.name}`, set, key }), rest, scope });
}

function computedValue(segments: readonly MemberSegment[], scope: Scope): BoundExpression | null {
  if (scope.computed.size === 0) {
    return null;
  }
  const name = pathText(segments);
  const computed = name === null ? undefined : scope.computed.get(name);
  if (name === null || computed === undefined) {
    return null;
  }
  const { type, nullable, expression, nodes = 1 } = computed;
  if (expression !== null) {
    countNodes(scope, nodes - 1);
  }
  return expression ?? { kind: 'ComputedValue', type, nullable, name };
}

function pathText(segments: readonly MemberSegment[]): string | null {
  const names: string[] = [];
  for (const segment of segments) {
    if (segment.kind !== 'Name' || segment.keys !== null) {
      return null;
    }
    names.push(segment.name);
  }
  return names.join('/');
}

function unknownHere(path: MemberPath, scope: Scope): Error {
  const known = [...scope.computed.keys(), ...scope.variables.keys()].filter(isNamed);
  const name = pathText(path.segments) ?? 'this path';
  const list = known.length === 0 ? 'nothing' : known.slice(0, 20).join(', ');
  return fault(scope, 'UnknownProperty', `there is no '${name}' here; there is ${list}.`, path.at);
}

function walk({ row, rest, scope }: Walk): Operand {
  const [segment, ...after] = rest;
  if (segment === undefined) {
    return { kind: 'Row', row };
  }
  const set = row.steps.at(-1)?.set ?? row.variable.set;
  if (segment.kind !== 'Name') {
    throw fault(scope, 'TypeMismatch', `a collection must stand before ${shown(segment)}.`, segment.at);
  }
  const navigation = set.entityType.navigationProperties.get(segment.name);
  if (navigation?.collection === true) {
    return intoMany(navigation, segment.keys, { row, rest: after, scope });
  }
  if (segment.keys !== null) {
    const message = `'${segment.name}' takes no key: only a navigation property to many does.`;
    throw fault(scope, 'BadRequest', message, segment.keys.at);
  }
  if (isOwnType(scope.binding.context.model, set, segment.name)) {
    return walk({ row, rest: after, scope });
  }
  const property = set.entityType.properties.get(segment.name);
  if (property !== undefined) {
    return propertyValue(property, { row, rest: after, scope });
  }
  if (navigation !== undefined) {
    return toOne(navigation, { row, rest: after, scope });
  }
  const names = [...set.entityType.properties.keys(), ...set.entityType.navigationProperties.keys()];
  const hint = perhaps(segment.name, [...names, ...[...scope.computed.keys()].filter(isNamed)]);
  const message = `'${set.entityType.name}' has no property '${segment.name}'.${hint}`;
  throw fault(scope, 'UnknownProperty', message, segment.at);
}

const shown = (segment: MemberSegment): string =>
  segment.kind === 'Lambda' ? `'${segment.operator}'` : segment.kind === 'Count' ? "'$count'" : "'$filter'";

function propertyValue(property: Property, { row, rest, scope }: Walk): Operand {
  if (property.collection) {
    throw notImplemented(
      scope,
      'collections-of-values',
      `'${property.name}' is a collection of values; expressions cannot use it.`,
    );
  }
  const [next] = rest;
  if (next !== undefined) {
    throw fault(scope, 'UnknownProperty', `'${property.name}' is a plain value; nothing can follow it.`, next.at);
  }
  // A row reached over a navigation may be absent, whatever its type promises of its properties.
  const nullable = property.nullable || row.steps.length > 0 || mayLack(row.variable);
  return { kind: 'PropertyValue', type: property.type, nullable, row, property };
}

function toOne(navigation: NavigationProperty, { row, rest, scope }: Walk): Operand {
  const set = targetSet(scope.binding.context.model, setOf(row), navigation);
  return walk({ row: { variable: row.variable, steps: [...row.steps, { navigation, set }] }, rest, scope });
}

const setOf = ({ variable, steps }: RowPath): EntitySet => steps.at(-1)?.set ?? variable.set;

/**
 * `Nav(key)` is one row of the collection, or none (4.01 URL Conventions 4.3.2: what the join says of the key may be left
 * out); without a key the collection itself is meant. Casts to its own type in between change nothing.
 */
function intoMany(navigation: NavigationProperty, keys: KeyPredicate | null, { row, rest, scope }: Walk): Operand {
  const set = targetSet(scope.binding.context.model, setOf(row), navigation);
  const [next, ...after] = rest;
  const cast = next?.kind === 'Name' && isOwnType(scope.binding.context.model, set, next.name) ? next : null;
  if (keys === null && cast !== null) {
    return intoMany(navigation, cast.keys, { row, rest: after, scope });
  }
  if (keys === null) {
    return bindCollection({ from: row, navigation, set }, rest, scope);
  }
  const implied = new Map(navigation.join.map(({ referencedProperty }) => [referencedProperty, null] as const));
  const key = keyInPath({ predicate: keys, set, implied }, scope);
  return walk({ row: { variable: row.variable, steps: [...row.steps, { navigation, set, key }] }, rest, scope });
}

function keyInPath(given: GivenKey, scope: Scope): KeyValue[] {
  const { usage, context } = scope.binding;
  usage.keysInPaths += 1;
  checkLimit(usage.keysInPaths, context.limits.keysInPaths, 'too many keys inside its expressions');
  return bindKey(given, scope);
}

/** A row named by its key, or joined from outside, may not be there. */
const mayLack = ({ key, optional }: RangeVariable): boolean => key !== undefined || optional === true;
