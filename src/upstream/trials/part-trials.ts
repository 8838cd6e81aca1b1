import { keyProperties } from '../../edm/key-properties.ts';
import type { EntitySet, PrimitiveTypeName } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { operandsOf } from '../../plan/logic/condition.ts';
import { nullProof } from '../../plan/logic/null-proof.ts';
import type { BoundExpression, Constant, RowPath } from '../../plan/model/read-plan.ts';
import { filterText } from '../url/compile-url.ts';
import type { UpstreamMap } from '../url/upstream-map.ts';
import type { TriedRows } from './set-trials.ts';
import { rowsAt, selected, type TrialPlace, type Verdict } from './trial-rows.ts';

/**
 * Parts of a `$filter` that a feed may pass over although it reads the option: some services know comparisons of a property with a literal, and take
 * functions, `not`, lists and lambdas for what always holds (`findings/simple-odata-server-parts.sh`, `findings/odata-v4-pg-passed-over.sh`).
 */
export interface TriedPart {
  /** What is tried, without names and values: `contains(String,_)`. */
  readonly form: `$filter=${string}`;
  /** A condition of that form that no row fulfils. */
  readonly none: BoundExpression;
}

/** By their form. */
export type TriedParts = ReadonlyMap<TriedPart['form'], TriedPart['none']>;

type Expression<Kind> = Extract<BoundExpression, { kind: Kind }>;

/** The parts of conditions on the rows of a set that can be tried, as a feed is asked for them: a chain of `or` may be a list there. */
export function partsOf(conditions: readonly BoundExpression[], set: EntitySet): TriedParts {
  const found = new Map<TriedPart['form'], BoundExpression>();
  const add = (form: string, none: BoundExpression | null): void => {
    if (none !== null) {
      found.set(`$filter=${form}`, none);
    }
  };
  const look = (part: BoundExpression): void => {
    switch (part.kind) {
      case 'Logical':
        operandsOf(part, part.operator).map(look);
        return;
      case 'Not':
        if (part.operand.kind !== 'RowExists') {
          add('not', { ...part, operand: ofKey(set, 'ne') });
        }
        look(part.operand);
        return;
      case 'Comparison':
        add(`${formOf(part.left)} eq ${formOf(part.right)}`, comparedNever(part));
        [part.left, part.right].filter((side) => side.type === 'Edm.Boolean').map(look);
        return;
      case 'In':
        add(`${formOf(part.operand)} in`, inNever(part));
        return;
      case 'Function':
        add(formOf(part), calledNever(part));
        return;
      case 'Lambda':
        if (part.operator === 'any') {
          add(`${part.over.navigation.name}/any`, leadingNever(part));
        }
        return;
      default:
    }
  };
  conditions.map(nullProof).map(look);
  return found;
}

/** What the feed does with parts of a condition, on a set that has rows. What it refuses it does not pass over. */
export async function triedParts(
  parts: TriedParts,
  forms: readonly TriedPart['form'][],
  { rows: { path, set }, place }: { readonly rows: TriedRows; readonly place: TrialPlace },
): Promise<ReadonlyMap<TriedPart['form'], Verdict>> {
  const found = new Map<TriedPart['form'], Verdict>();
  for (const form of forms) {
    const none = parts.get(form);
    const filter = none === undefined ? null : neverText(none, place.context.map);
    const query = [selected(set.entityType), `$filter=${String(filter)}`, '$top=1'];
    const left = filter === null ? [] : await rowsAt(path, query, place);
    found.set(form, left === null || left.length === 0 ? 'done' : 'passed over');
  }
  return found;
}

/** The text of a condition of a form that no row fulfils. null: the gateway does not ask a feed for it. */
export function neverText(none: BoundExpression, map: UpstreamMap): string | null {
  try {
    return filterText(none, map);
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'NotImplemented') {
      return null;
    }
    throw error;
  }
}

/** Values that are hardly anywhere; one that is costs the push-down, not a row. Letters whose case is the same in all programs. */
const nowhere: Partial<Record<PrimitiveTypeName, string>> = {
  'Edm.String': 'q7z0x5v9w3b8m2',
  'Edm.Int32': '-1999999973',
  'Edm.Int64': '-1999999973',
  'Edm.Decimal': '-1999999973',
  'Edm.Date': '1753-02-03',
  'Edm.DateTimeOffset': '1753-02-03T04:05:06Z',
  'Edm.TimeOfDay': '03:14:15',
  'Edm.Guid': '7b0f4c1e-93d2-4a58-8e6b-5d1f0a2c9e37',
};

function constantNowhere(type: BoundExpression['type']): Constant | null {
  const value = type === 'null' ? undefined : nowhere[type];
  return value === undefined ? null : { kind: 'Constant', type, value };
}

/** A comparison of what is computed, or with the literal in front; a property before a literal is what a feed that reads `$filter` reads. */
function comparedNever(comparison: Expression<'Comparison'>): BoundExpression | null {
  const { left, right } = comparison;
  const [isLeftFixed, isRightFixed] = [left.kind === 'Constant', right.kind === 'Constant'];
  if (isLeftFixed === isRightFixed) {
    return null;
  }
  const side = isLeftFixed ? right : left;
  const inner = side.kind === 'Convert' ? side.operand : side;
  if ((inner.kind === 'PropertyValue' && !isLeftFixed) || isEnumeration(inner)) {
    return null;
  }
  const counted = countNever(side);
  const constant = counted ?? constantNowhere(side.type);
  if (constant === null || (counted !== null && isLeftFixed)) {
    return null;
  }
  const operator = counted === null ? 'eq' : 'lt';
  return isLeftFixed ? { ...comparison, operator, left: constant } : { ...comparison, operator, right: constant };
}

/** `length` and `indexof` are asked for beside these numbers alone: they are never less. */
function countNever(side: BoundExpression): Constant | null {
  const call = side.kind === 'Convert' ? side.operand : side;
  if (call.kind !== 'Function' || (call.name !== 'length' && call.name !== 'indexof')) {
    return null;
  }
  return { kind: 'Constant', type: side.type, value: call.name === 'length' ? '0' : '-1' };
}

function inNever(part: Expression<'In'>): BoundExpression | null {
  const item = constantNowhere(part.operand.type);
  return item === null || isEnumeration(part.operand) ? null : { ...part, items: [item, item] };
}

/** A search for a text. */
function calledNever(call: Expression<'Function'>): BoundExpression | null {
  const text = constantNowhere('Edm.String');
  const [searched, part, ...more] = call.args;
  if (
    text === null ||
    searched === undefined ||
    part?.kind !== 'Constant' ||
    more.length > 0 ||
    isEnumeration(searched)
  ) {
    return null;
  }
  return { ...call, args: [searched, text] };
}

/** Rows without a key are nowhere, so none leads to one. */
function leadingNever(lambda: Expression<'Lambda'>): BoundExpression {
  const { variable } = lambda.over;
  return { ...lambda, predicate: ofKey(variable.set, 'eq', { variable, steps: [] }) };
}

/** The first property of the key beside null. */
function ofKey(set: EntitySet, operator: 'eq' | 'ne', row?: RowPath): BoundExpression {
  const [property] = keyProperties(set.entityType);
  if (property === undefined) {
    throw new Error(`the set ${set.name} has no key`);
  }
  const { type } = property;
  const of = row ?? { variable: { name: '$it', set }, steps: [] };
  const left: BoundExpression = { kind: 'PropertyValue', type, nullable: false, row: of, property };
  const right: Constant = { kind: 'Constant', type: 'null', value: null };
  return { kind: 'Comparison', type: 'Edm.Boolean', nullable: false, operator, left, right };
}

/** Beside a text that is none of its members a feed is not asked for it. */
const isEnumeration = (side: BoundExpression): boolean =>
  side.kind === 'PropertyValue' && side.property.enumeration !== undefined;

/** What an expression is made of, without names and values. */
export function formOf(expression: BoundExpression): string {
  switch (expression.kind) {
    case 'Constant':
      return '_';
    case 'Function':
      return `${expression.name}(${expression.args.map(formOf).join(',')})`;
    case 'Arithmetic':
      return `(${formOf(expression.left)} ${expression.operator} ${formOf(expression.right)})`;
    case 'Convert':
      return formOf(expression.operand);
    case 'Negate':
      return `-${formOf(expression.operand)}`;
    default:
      return expression.type.replace('Edm.', '');
  }
}
