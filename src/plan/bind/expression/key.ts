import { keyProperties } from '../../../edm/key-properties.ts';
import type { EntitySet, Property } from '../../../edm/model.ts';
import type { KeyPredicate, Literal, ParameterAlias } from '../../../uri/syntax.ts';
import type { BoundExpression, Constant, KeyValue } from '../../model/read-plan.ts';
import { canonicalText } from '../../value/canonical-text.ts';
import { perhaps } from '../names.ts';
import { fault, type Scope } from '../scope.ts';
import { constantValue } from './alias.ts';
import { checkKeyMembers } from './enumeration.ts';
import { isTextBesideGuid, writtenText } from './guid-text.ts';
import { describe } from './operand-text.ts';
import { commonType, converted } from './promotion.ts';

/**
 * A key predicate against the set's key (4.01 URL Conventions 4.3.1): positional for a key of one property, else every
 * key property by name; what the path before implies may be left out. Each value has the property's type, or is a string that reads as one, or a GUID for a text.
 * @throws GatewayError `BadRequest`, `UnknownProperty`, `TypeMismatch`
 */
export function bindKey({ predicate, set, implied }: GivenKey, scope: Scope): KeyValue[] {
  const properties = keyProperties(set.entityType);
  if (predicate.kind === 'Positional') {
    const open = properties.length === 1 ? properties : properties.filter((property) => !implied.has(property.name));
    if (open.length !== 1) {
      throw wrongNames(set, scope, predicate.at);
    }
    const { value: given } = predicate;
    return properties.flatMap((property) => impliedValue(property, open, implied) ?? keyValue(property, given, scope));
  }
  const given = new Map<string, Literal | ParameterAlias>();
  for (const { name, value } of predicate.pairs) {
    if (given.has(name)) {
      throw fault(scope, 'BadRequest', `the key names '${name}' twice.`, predicate.at);
    }
    if (!set.entityType.key.includes(name)) {
      const hint = perhaps(name, set.entityType.key);
      const message = `'${name}' is no key property of '${set.name}'; its key is ${keyText(set)}.${hint}`;
      throw fault(scope, 'UnknownProperty', message, predicate.at);
    }
    given.set(name, value);
  }
  return properties.flatMap((property) => {
    const value = given.get(property.name);
    const known = value === undefined ? impliedValue(property, [], implied) : null;
    if (known !== null) {
      return known;
    }
    if (value === undefined) {
      throw wrongNames(set, scope, predicate.at);
    }
    return keyValue(property, value, scope);
  });
}

/** A key as written after a set, and the key values that the path before it implies; null: what they are joined to. */
export interface GivenKey {
  readonly predicate: KeyPredicate;
  readonly set: EntitySet;
  readonly implied: ReadonlyMap<string, Constant | null>;
}

/** Nothing where the join says it; null: it has to be given. */
function impliedValue(
  property: Property,
  given: readonly Property[],
  implied: ReadonlyMap<string, Constant | null>,
): KeyValue[] | null {
  const value = implied.get(property.name);
  if (value === undefined || given.includes(property)) {
    return null;
  }
  if (value === null) {
    return [];
  }
  return value.type === property.type ? [{ property, value }] : null;
}

/** The segment's text after the set, e.g. `Set/5`, as its key; only for a key of one property (4.01 URL Conventions 4.3.6). */
export function bindKeySegment(text: string, set: EntitySet): KeyValue[] | null {
  const [property, second] = keyProperties(set.entityType);
  if (property === undefined || second !== undefined) {
    return null;
  }
  const value = canonicalText(text, property.type);
  if (value === null) {
    return null;
  }
  return [{ property, value: { kind: 'Constant', type: property.type, value } }];
}

const keyText = (set: EntitySet): string => `(${set.entityType.key.map((name) => `${name}=...`).join(',')})`;

function wrongNames(set: EntitySet, scope: Scope, at: number): Error {
  return fault(scope, 'BadRequest', `the key of '${set.name}' is ${keyText(set)}.`, at);
}

const fitted = (constant: Constant, wanted: BoundExpression & { readonly type: Property['type'] }): BoundExpression =>
  commonType(wanted, constant) === wanted.type ? converted(constant, wanted.type) : constant;

function keyValue(property: Property, given: Literal | ParameterAlias, scope: Scope): KeyValue {
  const constant = constantValue(given, scope.binding);
  if (constant === null || constant.value === null) {
    throw fault(scope, 'BadRequest', `the key property '${property.name}' needs a value.`, given.at);
  }
  checkKeyMembers(property, constant, scope, given.at);
  const wanted = { kind: 'ComputedValue', type: property.type, nullable: false, name: property.name } as const;
  const value = isTextBesideGuid(wanted, constant) ? writtenText(constant) : fitted(constant, wanted);
  if (value.kind !== 'Constant' || value.type !== property.type) {
    const hint = property.type === 'Edm.String' ? ` Write '${constant.value}' in single quotes.` : '';
    const message = `the key property '${property.name}' is ${property.type}, not ${describe(constant)}.${hint}`;
    throw fault(scope, 'TypeMismatch', message, given.at);
  }
  return { property, value };
}
