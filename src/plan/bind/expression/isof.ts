import type { PrimitiveTypeName } from '../../../edm/model.ts';
import type { BoundExpression, ComparisonOperator, Constant } from '../../model/read-plan.ts';
import { canonicalText } from '../../value/canonical-text.ts';
import { canonicalDecimal, integerRange } from '../../value/numeric-text.ts';
import { notImplemented, type Scope } from '../scope.ts';
import { compared } from './comparison.ts';
import { balanced } from './expression.ts';
import { isInteger, isNumeric } from './promotion.ts';

interface Place {
  readonly scope: Scope;
  readonly at: number;
}

/** `true` or `false` where the types alone decide. */
export const truth = (value: boolean): Constant => ({ kind: 'Constant', type: 'Edm.Boolean', value: String(value) });

/**
 * `isof(value,type)` of a primitive type (4.01 URL Conventions 5.1.1.10.2): true where the value can be assigned to the
 * type by the rules of `cast`, so that the cast would not fail; everything becomes text, a number another number whose
 * range holds its integer part. Null is no instance of a type: false. Never null.
 * @throws GatewayError `NotImplemented` for text of which each row would have to be read as another type
 */
export function isAssignable(value: BoundExpression, type: PrimitiveTypeName, place: Place): BoundExpression {
  if (value.type === 'null' || (value.kind === 'Constant' && value.value === null)) {
    return truth(false);
  }
  if (value.type === type || type === 'Edm.String') {
    return present(value, place);
  }
  if (isNumeric(value.type) && isNumeric(type)) {
    return inRange(value, type, place);
  }
  if (value.type !== 'Edm.String') {
    return truth(false);
  }
  if (value.kind === 'Constant') {
    return truth(canonicalText(value.value ?? '', type) !== null);
  }
  const message = `isof of text to ${type}, which each row decides by its own text, is not supported.`;
  throw notImplemented(place.scope, 'casts', message, place.at);
}

const nothing: Constant = { kind: 'Constant', type: 'null', value: null };

function present(value: BoundExpression, { scope, at }: Place): BoundExpression {
  if (value.kind === 'Constant') {
    return truth(true);
  }
  return compared({ operator: 'ne', left: value, right: nothing }, scope, at);
}

type Bound = readonly [operator: ComparisonOperator, value: string];

/** The comparisons are false with null, as `isof` is. */
function inRange(value: BoundExpression, type: PrimitiveTypeName, place: Place): BoundExpression {
  const bounds = isInteger(type) ? integerBounds(value, type) : floatBounds(value, type);
  if (bounds.length === 0) {
    return present(value, place);
  }
  const conditions = bounds.map(([operator, text]) => against(value, { operator, text }, place));
  const within = balanced(conditions, 'and');
  if (type !== 'Edm.Single' || value.type !== 'Edm.Double') {
    return within;
  }
  // What is no number of a size is the same in both types.
  const items = ['INF', '-INF'].map((text): Constant => ({ kind: 'Constant', type: 'Edm.Double', value: text }));
  const infinite: BoundExpression = { kind: 'In', type: 'Edm.Boolean', nullable: false, operand: value, items };
  // Of what is there only NaN is not below.
  const below = against(value, { operator: 'le', text: 'INF' }, place);
  const notBelow: BoundExpression = { kind: 'Not', type: 'Edm.Boolean', nullable: false, operand: below };
  const noNumber = balanced([present(value, place), notBelow], 'and');
  return balanced([within, infinite, noNumber], 'or');
}

interface Limit {
  readonly operator: ComparisonOperator;
  readonly text: string;
}

function against(value: BoundExpression, { operator, text }: Limit, { scope, at }: Place): BoundExpression {
  const exact = isInteger(value.type) || value.type === 'Edm.Decimal';
  const constant: Constant = exact
    ? { kind: 'Constant', type: 'Edm.Decimal', value: canonicalDecimal(text) }
    : { kind: 'Constant', type: value.type, value: text };
  return compared({ operator, left: value, right: constant }, scope, at);
}

/** The bounds that values of the operand's type can pass. The fraction is cut off before: 255.9 is 255. */
function integerBounds(value: BoundExpression, type: PrimitiveTypeName): Bound[] {
  const [low, high] = integerRange(type);
  if (isInteger(value.type) && value.type !== 'null') {
    const [least, most] = integerRange(value.type);
    const bounds: Bound[] = [];
    if (least < low) {
      bounds.push(['ge', String(low)]);
    }
    if (most > high) {
      bounds.push(['le', String(high)]);
    }
    return bounds;
  }
  // Where a float has no digits for the fraction any more, the number below the bound is the bound itself.
  const coarse = type === 'Edm.Int64' || (type === 'Edm.Int32' && value.type === 'Edm.Single');
  const floor: Bound = coarse && value.type !== 'Edm.Decimal' ? ['ge', String(low)] : ['gt', String(low - 1n)];
  return [floor, ['lt', String(high + 1n)]];
}

const largest: Partial<Record<PrimitiveTypeName, string>> = {
  'Edm.Single': '3.4028234663852886e38',
  'Edm.Double': '1.7976931348623157e308',
};

function floatBounds(value: BoundExpression, type: PrimitiveTypeName): Bound[] {
  if (isInteger(value.type) || value.type === 'Edm.Single' || value.type === type) {
    // A decimal is always a number.
    return type === 'Edm.Decimal' && value.type === 'Edm.Single' ? finite : [];
  }
  if (type === 'Edm.Decimal') {
    return finite;
  }
  const most = largest[type] ?? '';
  return [
    ['ge', `-${most}`],
    ['le', most],
  ];
}

const finite: Bound[] = [
  ['gt', '-INF'],
  ['lt', 'INF'],
];
