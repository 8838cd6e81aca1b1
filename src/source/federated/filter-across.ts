import type { EntitySet, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import {
  expressionCrosses,
  type FilterRoot,
  leadsAcross,
  onlyRoot,
  rebased,
  setAt,
  speaksOnlyOf,
} from '../../plan/federate/filter-root.ts';
import { joinProperties } from '../../plan/federate/join-key.ts';
import { crosses } from '../../plan/federate/placement.ts';
import { absentValue } from '../../plan/logic/absent-value.ts';
import { isAlways, joinedBy, negated, notTrue, ofPresentRow, operandsOf } from '../../plan/logic/condition.ts';
import { keyedCondition } from '../../plan/logic/keyed-condition.ts';
import { dual } from '../../plan/logic/three-valued.ts';
import type { BoundExpression, RangeVariable, RowPath } from '../../plan/model/read-plan.ts';
import type { JoinContext } from './join-context.ts';
import { joinedKeys } from './joined-keys.ts';

type Lambda = Extract<BoundExpression, { kind: 'Lambda' }>;

/** Keys that a stored set is filtered by: one `IN` list, which PostgreSQL looks up as a set. */
const mostStoredKeys = 10_000;
/** Values of one filter of a proxied feed, which is one request, however many it takes and however long its address may be. */
const mostComparisons = 450;

/**
 * A condition that the source of its rows can evaluate, true for the same rows: each part that speaks of rows of another
 * source is asked of that source, as large as it can be, and stands as a comparison with the keys found (a semi-join).
 * Only where the condition is true counts; of a row without partner every property is null.
 * @throws GatewayError NotImplemented for a part that compares rows of two sources; LimitExceeded for too many keys
 */
export async function filterAcross(expression: BoundExpression, context: JoinContext): Promise<BoundExpression> {
  const { sources } = context;
  if (!expressionCrosses(expression, sources)) {
    return expression;
  }
  const root = onlyRoot(expression, sources);
  if (root !== null) {
    return behindOne(expression, root, context);
  }
  switch (expression.kind) {
    case 'Logical':
      return logicalAcross(expression, context);
    case 'Not':
      return negationAcross(expression.operand, context);
    case 'Lambda':
      return leadsAcross(expression.over, sources)
        ? behindMany(expression, context)
        : lambdaAcross(expression, context);
    default:
      throw mixed();
  }
}

/** Parts that speak of the same row of another source are asked for together. */
async function logicalAcross(
  expression: Extract<BoundExpression, { kind: 'Logical' }>,
  context: JoinContext,
): Promise<BoundExpression> {
  const { operator } = expression;
  const groups: { readonly root: FilterRoot | null; readonly parts: BoundExpression[] }[] = [];
  for (const part of operandsOf(expression, operator)) {
    const root = onlyRoot(part, context.sources);
    const group = groups.find(
      ({ parts }) => root !== null && onlyRoot(joinedBy(operator, [...parts, part]), context.sources),
    );
    if (group === undefined) {
      groups.push({ root, parts: [part] });
    } else {
      group.parts.push(part);
    }
  }
  const rewritten: BoundExpression[] = [];
  for (const { parts } of groups) {
    rewritten.push(await filterAcross(joinedBy(operator, parts), context));
  }
  return joinedBy(operator, rewritten);
}

/** A negation is moved inwards until it stands before what another source can be asked as a whole. */
async function negationAcross(operand: BoundExpression, context: JoinContext): Promise<BoundExpression> {
  switch (operand.kind) {
    case 'Not':
      return filterAcross(operand.operand, context);
    case 'Logical': {
      const parts = [operand.left, operand.right].map(negated);
      return filterAcross(joinedBy(dual[operand.operator], parts), context);
    }
    case 'Lambda':
      // Never null: whether a row meets its condition or not is all that counts.
      return negated(await filterAcross(operand, context));
    default:
      throw mixed();
  }
}

async function lambdaAcross(lambda: Lambda, context: JoinContext): Promise<BoundExpression> {
  return { ...lambda, predicate: lambda.predicate === null ? null : await filterAcross(lambda.predicate, context) };
}

/** `Nav/Property ...` over a navigation to one: what the condition gives without a partner decides how it is asked. */
async function behindOne(
  expression: BoundExpression,
  root: FilterRoot,
  context: JoinContext,
): Promise<BoundExpression> {
  const { navigation, set, key } = root.step;
  if (key !== undefined) {
    throw mixed();
  }
  const join = joinOf({ from: root.from, navigation, set }, context);
  const referenced = new Set(join.theirs.map(({ name }) => name));
  if (!set.entityType.key.every((name) => referenced.has(name))) {
    throw mixed();
  }
  const variable: RangeVariable = { name: '$it', set };
  const condition = rebased(expression, root, variable);
  const absent = absentValue(condition, variable);
  if (absent === undefined) {
    throw new GatewayError(
      'NotImplemented',
      `$filter: what the condition on ${navigation.name}, which leads to another source, gives for rows without one cannot be told.`,
      { feature: 'proxied', target: '$filter' },
    );
  }
  const wanted = { ...join, set, variable, repeated: false };
  if (absent === true) {
    return negated(await having({ ...wanted, condition: notTrue(condition) }, context));
  }
  return having({ ...wanted, condition }, context);
}

/** `Nav/any(...)` and `Nav/all(...)` over a navigation to many: rows that have one that meets it, or none that does not. */
async function behindMany({ over, operator, predicate }: Lambda, context: JoinContext): Promise<BoundExpression> {
  const { variable, from, navigation } = over;
  const condition = predicate ?? always;
  if (!speaksOnlyOf(condition, variable)) {
    throw mixed();
  }
  const wanted = {
    ...joinOf({ from, navigation, set: variable.set }, context),
    set: variable.set,
    variable,
    repeated: true,
  };
  if (operator === 'any') {
    return having({ ...wanted, condition }, context);
  }
  return negated(await having({ ...wanted, condition: notTrue(condition) }, context));
}

const always: BoundExpression = { kind: 'Constant', type: 'Edm.Boolean', value: 'true' };

interface Join {
  readonly from: RowPath;
  readonly own: readonly Property[];
  readonly theirs: readonly Property[];
  readonly most: number;
}

function joinOf(
  { from, navigation, set }: { readonly from: RowPath } & Pick<FilterRoot['step'], 'navigation' | 'set'>,
  { sources }: JoinContext,
): Join {
  const own = joinProperties(setAt(from).entityType, navigation, 'property');
  const theirs = joinProperties(set.entityType, navigation, 'referencedProperty');
  const stored = sources.sourceOf(setAt(from)) === null;
  if (!crosses(sources, { from: setAt(from), navigation, to: set })) {
    throw mixed();
  }
  return { from, own, theirs, most: stored ? mostStoredKeys : Math.floor(mostComparisons / own.length) };
}

interface Wanted extends Join {
  readonly set: EntitySet;
  readonly variable: RangeVariable;
  readonly condition: BoundExpression;
  readonly repeated: boolean;
}

/** True for the rows that are joined to one that meets the condition. */
async function having({ from, own, theirs, ...wanted }: Wanted, context: JoinContext): Promise<BoundExpression> {
  const present = ofPresentRow(wanted.condition);
  const condition = isAlways(present) ? present : await filterAcross(present, context);
  const keys = await joinedKeys({ ...wanted, properties: theirs, condition }, context);
  return keyedCondition({ set: setAt(from), properties: own, keys, row: from }, null);
}

function mixed(): GatewayError {
  return new GatewayError(
    'NotImplemented',
    '$filter: a condition that leads to another source can be joined to others by and, or and not; it cannot compare rows of two sources, and not be counted or computed with.',
    { feature: 'proxied', target: '$filter' },
  );
}
