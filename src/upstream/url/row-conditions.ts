import type { EntitySet, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { joinedBy, notTrue } from '../../plan/logic/condition.ts';
import { keyedCondition } from '../../plan/logic/keyed-condition.ts';
import { collectionOf, noRestriction, onlyProperties } from '../../plan/model/make.ts';
import type {
  BoundExpression,
  CollectionPlan,
  ExpandPlan,
  RangeVariable,
  RowSource,
} from '../../plan/model/read-plan.ts';
import { isRestricted, type RestrictedSet, wholeSet } from '../../plan/model/restricted-set.ts';
import { isSetPlan, sourceSet } from '../../plan/model/sets.ts';
import { mapExpression, mapPlan, visitPlan } from '../../plan/model/walk.ts';
import type { UpstreamPlan } from '../upstream.ts';

/**
 * The plan with the conditions of its restricted sets as filters of its own: a feed knows nothing of who asks. Where OData
 * 4.0 has no place for a filter, nothing is asked at all. The same plan where no set is restricted.
 * @throws GatewayError NotImplemented for a row in a path of several steps, for a condition on a row led to or on a count, and for values that are masked
 */
export function withRowConditions(plan: UpstreamPlan): UpstreamPlan {
  checkViews(plan);
  const addressed = plan.kind === 'Entity' ? plan.selection.set : plan.kind === 'PropertyRead' ? plan.set : null;
  if (addressed !== null && isRestricted(addressed)) {
    throw oneRow(addressed);
  }
  const woven = mapPlan(plan, {
    set: wholeSet,
    source: (source, inside) => entering(source, inside(source)),
    expand: (expand, inside) => expanded(expand, inside(expand)),
    expression: (expression, inside) => overMany(expression, inside(expression)),
    step: (step, inside) => {
      if (isRestricted(step.set)) {
        throw oneRow(step.set);
      }
      return inside(step);
    },
  });
  if (isSetPlan(woven)) {
    return woven;
  }
  throw new GatewayError('Internal', `A plan of one feed became a ${woven.kind}.`);
}

/** The conditions on the rows of the set that a plan leads to. */
export function conditionsOf(plan: UpstreamPlan): readonly BoundExpression[] {
  const own = plan.kind === 'Collection' || plan.kind === 'Count' ? plan.restriction.filter : null;
  return [...(own === null ? [] : [own]), ...conditionsBefore(plan.source)];
}

const conditionsBefore = (source: RowSource): readonly BoundExpression[] =>
  source.kind === 'Filtered' ? [source.condition, ...conditionsBefore(source.from)] : [];

/**
 * A feed has the values as they are: nothing may be asked of it that depends on one that is masked, and what is seen of some rows alone is
 * worked out where the rows are looked at.
 */
function checkViews(plan: UpstreamPlan): void {
  visitPlan(plan, {
    expression: (expression) => {
      if (expression.kind === 'PropertyValue' && expression.property.shown !== undefined) {
        throw masked(expression.property);
      }
    },
    property: (property) => {
      if (property.shown === 'partly') {
        throw masked(property);
      }
    },
  });
}

const masked = ({ name }: Property): GatewayError =>
  new GatewayError(
    'NotImplemented',
    `The values of ${name} are not seen as the feed has them, so that it cannot be asked about them.`,
    {
      feature: 'proxied',
      target: name,
    },
  );

/**
 * One row by key of a set whose rows are conditioned, as the first row of a collection: by key alone a feed would give any.
 * null: the plan asks for something else.
 */
export function rowAsCollection(plan: UpstreamPlan): CollectionPlan | null {
  const { source } = plan;
  const keyed = source.kind === 'Keyed' && source.from.kind === 'Set' ? source : null;
  if (keyed === null || (plan.kind !== 'Entity' && plan.kind !== 'PropertyRead')) {
    return null;
  }
  const { from, key } = keyed;
  const set = sourceSet(from);
  if (!isRestricted(set)) {
    return null;
  }
  const variable = { name: '$it', set };
  const properties = key.map(({ property }) => property);
  const keys = [key.map(({ value }) => value.value ?? '')];
  const filter = keyedCondition({ set, properties, keys, variable }, null);
  const selection = plan.kind === 'Entity' ? plan.selection : onlyProperties(set, [plan.property]);
  const references = plan.kind === 'Entity' && plan.references;
  const restriction = { ...noRestriction, filter, top: 1, variable };
  return collectionOf({ source: from, selection, restriction, references, pageSize: 1 });
}

/** `before` has the restricted sets, `source` the whole ones. */
function entering(before: RowSource, source: RowSource): RowSource {
  if (before.kind === 'Keyed' && (before.from.kind === 'Set' || before.from.kind === 'Navigated')) {
    const { set } = before.from;
    if (isRestricted(set)) {
      throw oneRow(set);
    }
  }
  if ((before.kind !== 'Set' && before.kind !== 'Navigated') || !isRestricted(before.set)) {
    return source;
  }
  const { condition, variable } = before.set.rows;
  return { kind: 'Filtered', from: source, condition, variable };
}

function expanded({ navigation, selection }: ExpandPlan, expand: ExpandPlan): ExpandPlan {
  const { set } = selection;
  if (!isRestricted(set)) {
    return expand;
  }
  if (!navigation.collection) {
    throw oneRow(set);
  }
  const { filter, variable = expand.selection.variable } = expand.restriction;
  const condition = about(variable, set);
  const both = filter === null ? condition : joinedBy('and', [condition, filter]);
  return { ...expand, restriction: { ...expand.restriction, filter: both } };
}

function overMany(before: BoundExpression, expression: BoundExpression): BoundExpression {
  if (before.kind === 'Lambda' && expression.kind === 'Lambda' && isRestricted(before.over.variable.set)) {
    const { operator, over, predicate } = expression;
    const condition = about(over.variable, before.over.variable.set);
    const parts = [operator === 'any' ? condition : notTrue(condition), ...(predicate === null ? [] : [predicate])];
    return { ...expression, predicate: joinedBy(operator === 'any' ? 'and' : 'or', parts) };
  }
  if (before.kind === 'CollectionCount' && isRestricted(before.over.variable.set)) {
    throw oneRow(before.over.variable.set);
  }
  return expression;
}

/** The condition of a set about a row that the plan has. */
function about(variable: RangeVariable | undefined, { rows }: RestrictedSet): BoundExpression {
  return mapExpression(rows.condition, { variable: (one) => (one === rows.variable ? (variable ?? one) : one) });
}

function oneRow({ name }: EntitySet): GatewayError {
  return new GatewayError(
    'NotImplemented',
    `The rows of ${name} that may be read are chosen by a condition, for which there is no place in this request to its feed: ask for ${name} itself.`,
    { feature: 'proxied', target: name },
  );
}
