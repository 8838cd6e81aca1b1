import { keyProperties } from '../../edm/key-properties.ts';
import type { PrimitiveTypeName } from '../../edm/model.ts';
import { urlLiteral } from '../../edm/primitive-types.ts';
import { GatewayError } from '../../errors.ts';
import { isNoMember } from '../../plan/logic/null-proof.ts';
import { isNullConstant } from '../../plan/logic/three-valued.ts';
import { canonicalFunctions } from '../../plan/model/canonical-functions.ts';
import type {
  BoundExpression,
  CollectionPath,
  FunctionName,
  RangeVariable,
  RowPath,
} from '../../plan/model/read-plan.ts';
import { isDelicate, isOrderedOtherwise, likeEverywhere } from './text-functions.ts';
import type { UpstreamMap } from './upstream-map.ts';
import { upstreamEnumType, upstreamHasNavigation, upstreamPropertyName } from './upstream-map.ts';

/** Where an expression is written: the option it is part of, for messages, and the lambda variables in sight. */
export interface ExpressionPlace {
  readonly map: UpstreamMap;
  readonly option: string;
  readonly variables: ReadonlyMap<RangeVariable, string>;
  /** The row of an `$expand`, whose options cannot name the rows around it; absent: the only row there is. */
  readonly own?: RangeVariable | undefined;
  /** Functions inside of the present expression that give the same for it at every service (see `likeEverywhere`). */
  readonly alike?: readonly BoundExpression[];
}

/**
 * A bound expression as OData 4.0 URL text, not percent-encoded. Parentheses go around every operand whose reading
 * could differ between parsers, so that the upstream cannot build another tree than ours.
 * @throws GatewayError NotImplemented where only a 4.01 feed could compute it.
 */
export function expressionText(expression: BoundExpression, around: ExpressionPlace): string {
  const alike = likeEverywhere(expression);
  const place = alike.length === 0 ? around : { ...around, alike };
  const inner = (operand: BoundExpression): string => operandText(operand, place);
  switch (expression.kind) {
    case 'Constant':
      return urlLiteral(expression.type, expression.value);
    case 'PropertyValue':
      return propertyText(expression, place);
    case 'ComputedValue':
      throw refuse(place, `the computed property ${expression.name}`);
    case 'Convert':
      return convertText(expression, place);
    case 'Comparison':
      return comparisonText(expression, place);
    case 'Arithmetic':
      if (expression.operator === 'divby') {
        throw refuse(place, 'divby');
      }
      return `${inner(expression.left)} ${expression.operator} ${inner(expression.right)}`;
    case 'Negate':
      return `-${inner(expression.operand)}`;
    case 'Logical':
      return `${logicalOperand(expression.left, expression.operator, place)} ${expression.operator} ${logicalOperand(expression.right, expression.operator, place)}`;
    case 'Not':
      return `not (${expressionText(expression.operand, place)})`;
    case 'In':
      return inText(expression, place);
    case 'Function':
      if (isDelicate(expression) && around.alike?.includes(expression) !== true) {
        throw refuse(place, `${expression.name} where services differ in it`);
      }
      return functionText(expression.name, expression.args, place);
    case 'Case':
      throw refuse(place, 'case');
    case 'Lambda':
      return lambdaText(expression, place);
    case 'CollectionCount':
      if (expression.filter !== null || expression.search !== null) {
        throw refuse(place, '$count with options in it');
      }
      return `${collectionText(expression.over, place)}/$count`;
    case 'Has':
      return hasText(expression, place);
    case 'RowExists':
      return `${rowText(expression.row, place, null)} ne null`;
  }
}

type PropertyValue = BoundExpression & { readonly kind: 'PropertyValue' };

/** A number that the feed has in a smaller unit is divided there as it is in rows. */
function propertyText(value: PropertyValue, place: ExpressionPlace): string {
  const { upstream } = value.property;
  const path = pathOf(value, place);
  return upstream?.divisor == null ? path : `(${path} div ${upstream.divisor})`;
}

const pathOf = ({ row, property }: PropertyValue, place: ExpressionPlace): string =>
  rowText(row, place, upstreamPropertyName(property));

/** An operand of an operator: with parentheses unless it is one token, a path or a call. */
function operandText(operand: BoundExpression, place: ExpressionPlace): string {
  const bare = operand.kind === 'Convert' ? withoutPromotion(operand) : operand;
  const text = expressionText(bare, place);
  return bracketed.has(bare.kind) ? `(${text})` : text;
}

const bracketed: ReadonlySet<BoundExpression['kind']> = new Set([
  'Comparison',
  'Arithmetic',
  'Negate',
  'Logical',
  'Not',
  'In',
  'Has',
  'RowExists',
]);

/**
 * Chains of one operator stay flat on the left; a comparison needs no parentheses beside `and` and `or`. A bare property
 * gets them: there are parsers that take `flag and` for something else.
 */
function logicalOperand(operand: BoundExpression, operator: 'and' | 'or', place: ExpressionPlace): string {
  if (operand.kind === 'Logical') {
    const text = expressionText(operand, place);
    return operand.operator === operator ? text : `(${text})`;
  }
  if (operand.kind === 'Comparison' || operand.kind === 'RowExists') {
    return expressionText(operand, place);
  }
  if (operand.kind === 'PropertyValue') {
    return `(${expressionText(operand, place)})`;
  }
  return operandText(operand, place);
}

function comparisonText(expression: BoundExpression & { kind: 'Comparison' }, place: ExpressionPlace): string {
  const { operator } = expression;
  if (isOrderedOtherwise(expression)) {
    throw refuse(place, 'the order of texts with characters beyond U+D7FF');
  }
  // The feed would refuse to be asked.
  const never = isNoMember(expression.left, expression.right) || isNoMember(expression.right, expression.left);
  if (never && (operator === 'eq' || operator === 'ne')) {
    return String(operator === 'ne');
  }
  const side = (one: BoundExpression, other: BoundExpression): string =>
    // Whether it is null does not depend on its unit.
    one.kind === 'PropertyValue' && isNullConstant(other)
      ? pathOf(one, place)
      : (enumLiteral(one, other, place) ?? operandText(one, place));
  const [left, right] = [side(expression.left, expression.right), side(expression.right, expression.left)];
  return `${left} ${operator} ${right}`;
}

/** A string constant beside an enumeration property becomes that enumeration's literal; null: it is something else. */
function enumLiteral(constant: BoundExpression, other: BoundExpression, place: ExpressionPlace): string | null {
  if (constant.kind !== 'Constant' || constant.value === null || other.kind !== 'PropertyValue') {
    return null;
  }
  const set = other.row.steps.at(-1)?.set ?? other.row.variable.set;
  const enumType = upstreamEnumType(place.map, set, other.property);
  return enumType === null ? null : `${enumType}${urlLiteral('Edm.String', constant.value)}`;
}

function hasText({ left, right }: BoundExpression & { kind: 'Has' }, place: ExpressionPlace): string {
  const literal = enumLiteral(right, left, place);
  if (literal === null) {
    throw refuse(place, 'has of what it does not declare as an enumeration');
  }
  return `${operandText(left, place)} has ${literal}`;
}

/**
 * Membership of a list: `in`, or a chain of `or` where the feed refuses that; an empty list is false for every row. What
 * services are known to lose or refuse in a list stands beside it.
 */
function inText(expression: BoundExpression & { kind: 'In' }, place: ExpressionPlace): string {
  const { operand } = expression;
  const items = expression.items.filter((item) => !isNoMember(item, operand));
  if (items.length === 0) {
    return 'false';
  }
  const left = operandText(operand, place);
  const literal = (item: BoundExpression): string => enumLiteral(item, operand, place) ?? operandText(item, place);
  const listed = place.map.lists === 'or' ? [] : items.filter((item) => canBeListed(item, expression, place));
  const list = listed.length < 2 ? [] : [`${left} in (${listed.map(literal).join(',')})`];
  const known = new Set(list.length === 0 ? [] : listed);
  const apart = items.filter((item) => !known.has(item)).map((item) => `${left} eq ${literal(item)}`);
  return [...list, ...apart].join(' or ');
}

/**
 * Microsoft.OData.Core reads a list as JSON: in some versions the empty text becomes two quotation marks, and INF, NaN and binary literals are
 * refused (findings/odata-net-in-list.sh). A list of another type than the value is not converted.
 */
function canBeListed(
  item: BoundExpression,
  { operand }: { readonly operand: BoundExpression },
  place: ExpressionPlace,
) {
  const plain = item.kind === 'Constant' && item.value !== null && item.value !== '' && item.type === operand.type;
  if (!plain || operand.kind === 'Convert' || item.type === 'Edm.Binary') {
    return false;
  }
  return (
    !/^-?INF$|^NaN$/.test(item.type === 'Edm.String' ? '' : item.value) && enumLiteral(item, operand, place) === null
  );
}

function functionText(name: FunctionName, args: readonly BoundExpression[], place: ExpressionPlace): string {
  if (!canonicalFunctions[name].proxied) {
    throw refuse(place, name);
  }
  // What a negative start or length means, services do not agree on.
  if (name === 'substring' && !args.slice(1).every(isCount)) {
    throw refuse(place, 'substring with numbers that may be negative');
  }
  return `${name}(${args.map((arg) => expressionText(arg, place)).join(',')})`;
}

const isCount = (expression: BoundExpression): boolean =>
  expression.kind === 'Constant' && expression.value !== null && /^\d+$/.test(expression.value);

const numericRank: ReadonlyMap<PrimitiveTypeName, number> = new Map(
  (
    ['Edm.SByte', 'Edm.Byte', 'Edm.Int16', 'Edm.Int32', 'Edm.Int64', 'Edm.Decimal', 'Edm.Single', 'Edm.Double'] as const
  ).map((name, rank) => [name, rank]),
);

/** Numeric promotion happens by itself at the upstream; only a real change of type is written as `cast`. */
function withoutPromotion(expression: BoundExpression & { kind: 'Convert' }): BoundExpression {
  const { operand } = expression;
  if (operand.type === 'null' || operand.type === expression.type) {
    return operand;
  }
  const from = numericRank.get(operand.type);
  const to = numericRank.get(expression.type);
  return from !== undefined && to !== undefined && from < to ? operand : expression;
}

function convertText(expression: BoundExpression & { kind: 'Convert' }, place: ExpressionPlace): string {
  const bare = withoutPromotion(expression);
  if (bare !== expression) {
    return expressionText(bare, place);
  }
  // Each service writes points in time, fractions and truths in its own manner.
  if (expression.type === 'Edm.String' && !writtenAlike.has(expression.operand.type)) {
    throw refuse(place, `cast(${expression.operand.type} to ${expression.type})`);
  }
  return `cast(${expressionText(expression.operand, place)},${expression.type})`;
}

const writtenAlike: ReadonlySet<string> = new Set(
  ['String', 'Byte', 'SByte', 'Int16', 'Int32', 'Int64', 'Guid'].map((name) => `Edm.${name}`),
);

function lambdaText(expression: BoundExpression & { kind: 'Lambda' }, place: ExpressionPlace): string {
  const over = collectionText(expression.over, place);
  if (expression.predicate === null) {
    // The same, and with a condition in it a feed can show that it looks at the rows: no key is null.
    const [known] = keyProperties(expression.over.variable.set.entityType);
    const row = `v${place.variables.size}`;
    return known === undefined
      ? `${over}/${expression.operator}()`
      : `${over}/${expression.operator}(${row}:${row}/${upstreamPropertyName(known)} ne null)`;
  }
  // Names of our own, because the upstream may not allow an inner variable to hide an outer one.
  const name = `v${place.variables.size}`;
  const variables = new Map([...place.variables, [expression.over.variable, name]]);
  return `${over}/${expression.operator}(${name}:${expressionText(expression.predicate, { ...place, variables })})`;
}

function collectionText(over: CollectionPath, place: ExpressionPlace): string {
  const set = over.from.steps.at(-1)?.set ?? over.from.variable.set;
  if (!upstreamHasNavigation(place.map, set, over.navigation)) {
    throw refuse(place, `navigation ${over.navigation.name}`);
  }
  return rowText(over.from, place, over.navigation.name);
}

/** `variable/Nav/Nav/name`; a row that no lambda names is the one the option is about. */
function rowText(row: RowPath, place: ExpressionPlace, last: string | null): string {
  const names: string[] = [];
  if (row.variable.key !== undefined) {
    throw refuse(place, 'a path from $root');
  }
  const variable = place.variables.get(row.variable);
  if (variable !== undefined) {
    names.push(variable);
  } else if (place.own !== undefined && place.own !== row.variable) {
    throw refuse(place, '$it inside of $expand');
  }
  let { set } = row.variable;
  for (const step of row.steps) {
    if (step.key !== undefined) {
      throw refuse(place, `a key inside an expression, ${step.navigation.name}(...)`);
    }
    if (!upstreamHasNavigation(place.map, set, step.navigation)) {
      throw refuse(place, `navigation ${step.navigation.name}`);
    }
    names.push(step.navigation.name);
    set = step.set;
  }
  if (last !== null) {
    names.push(last);
  }
  return names.length === 0 ? '$it' : names.join('/');
}

function refuse(place: ExpressionPlace, what: string): GatewayError {
  return new GatewayError(
    'NotImplemented',
    `${place.option}: the proxied feed ${place.map.source} cannot evaluate ${what}.`,
    { feature: 'proxied', target: place.option },
  );
}
