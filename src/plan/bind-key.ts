import type { EntitySet, Property } from '../edm/model.ts';
import type { KeyPredicate, Literal, ParameterAlias } from '../uri/syntax.ts';
import { constantValue } from './bind-alias.ts';
import { describe } from './bind-comparison.ts';
import { canonicalText } from './constant.ts';
import { perhaps } from './names.ts';
import { commonType, converted } from './promotion.ts';
import type { KeyValue } from './read-plan.ts';
import { fault, type Scope } from './scope.ts';

/**
 * A key predicate against the set's key (4.01 URL Conventions 4.3.1): positional for a key of one property, else every
 * key property by name. Each value has the property's type, or is a string that reads as one.
 * @throws GatewayError `BadRequest`, `UnknownProperty`, `TypeMismatch`
 */
export function bindKey(predicate: KeyPredicate, set: EntitySet, scope: Scope): KeyValue[] {
  const properties = keyProperties(set);
  if (predicate.kind === 'Positional') {
    const [property, second] = properties;
    if (property === undefined || second !== undefined) throw wrongNames(set, scope, predicate.at);
    return [keyValue(property, predicate.value, scope)];
  }
  const given = new Map<string, Literal | ParameterAlias>();
  for (const { name, value } of predicate.pairs) {
    if (given.has(name)) throw fault(scope, 'BadRequest', `the key names '${name}' twice.`, predicate.at);
    if (!set.entityType.key.includes(name)) {
      const hint = perhaps(name, set.entityType.key);
      const message = `'${name}' is no key property of '${set.name}'; its key is ${keyText(set)}.${hint}`;
      throw fault(scope, 'UnknownProperty', message, predicate.at);
    }
    given.set(name, value);
  }
  return properties.map((property) => {
    const value = given.get(property.name);
    if (value === undefined) throw wrongNames(set, scope, predicate.at);
    return keyValue(property, value, scope);
  });
}

/** The segment's text after the set, e.g. `Set/5`, as its key; only for a key of one property (4.01 URL Conventions 4.3.6). */
export function bindKeySegment(text: string, set: EntitySet): KeyValue[] | null {
  const [property, second] = keyProperties(set);
  if (property === undefined || second !== undefined) return null;
  const value = canonicalText(text, property.type);
  if (value === null) return null;
  return [{ property, value: { kind: 'Constant', type: property.type, value } }];
}

function keyProperties(set: EntitySet): Property[] {
  const properties: Property[] = [];
  for (const name of set.entityType.key) {
    const property = set.entityType.properties.get(name);
    if (property !== undefined) properties.push(property);
  }
  return properties;
}

const keyText = (set: EntitySet): string => `(${set.entityType.key.map((name) => `${name}=...`).join(',')})`;

function wrongNames(set: EntitySet, scope: Scope, at: number): Error {
  return fault(scope, 'BadRequest', `the key of '${set.name}' is ${keyText(set)}.`, at);
}

function keyValue(property: Property, given: Literal | ParameterAlias, scope: Scope): KeyValue {
  const constant = constantValue(given, scope.binding);
  if (constant === null || constant.value === null) {
    throw fault(scope, 'BadRequest', `the key property '${property.name}' needs a value.`, given.at);
  }
  const wanted = { kind: 'ComputedValue', type: property.type, nullable: false, name: property.name } as const;
  const value = commonType(wanted, constant) === property.type ? converted(constant, property.type) : constant;
  if (value.kind !== 'Constant' || value.type !== property.type) {
    const hint = property.type === 'Edm.String' ? ` Write '${constant.value}' in single quotes.` : '';
    const message = `the key property '${property.name}' is ${property.type}, not ${describe(constant)}.${hint}`;
    throw fault(scope, 'TypeMismatch', message, given.at);
  }
  return { property, value };
}
