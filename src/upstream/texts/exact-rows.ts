import type { EntitySet, EntityType, Property } from '../../edm/model.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { isAlways, joinedBy, operandsOf } from '../../plan/logic/condition.ts';
import type { BoundExpression, CollectionPlan, RowSource, Selection } from '../../plan/model/read-plan.ts';
import { visitExpression } from '../../plan/model/walk.ts';
import type { UpstreamPlan } from '../upstream.ts';
import { conditionsOf } from '../url/row-conditions.ts';
import { rowTruth } from './row-truth.ts';
import { type KnownTexts, nameOfUse, textUses } from './text-uses.ts';
import { widerCondition } from './wider-condition.ts';

/** Rows of a feed that compares texts otherwise: what it is asked for keeps more of them, which are looked at again here, one by one. */
export interface ExactRows {
  /** What was asked for, where the feed is asked for something else: rows are written, and pages named, as it says. Of further pages: null. */
  readonly plan: CollectionPlan | null;
  /** Names of the comparisons for which the rows of a first page are looked at again; further pages say it themselves. */
  readonly checks: readonly string[];
  /** Whether a raw row is one of those that were asked for. */
  readonly keeps: (checks: readonly string[]) => (raw: string) => boolean;
}

/** `conditions`: all that rows of the set have to meet. `checks`: empty where whoever asks looks at them. */
export function exactRowsOf(
  { entityType }: EntitySet,
  conditions: readonly BoundExpression[],
  { plan, checks }: Pick<ExactRows, 'plan' | 'checks'>,
): ExactRows {
  const parts = partsOf(conditions);
  return { plan, checks, keeps: (names) => keeping(entityType, checkedParts(parts, names)) };
}

/** Whether a raw row meets conditions on its texts, those of properties too that whoever asks does not see. */
export function keeping(type: EntityType, conditions: readonly BoundExpression[]): (raw: string) => boolean {
  const properties = new Map([...type.properties, ...ownProperties(conditions).map((one) => [one.name, one] as const)]);
  const own = ownNames({ ...type, properties });
  const truths = conditions.flatMap((condition) => rowTruth(condition) ?? []);
  return (raw) => {
    const members = own(readObject(raw));
    return truths.every((truth) => truth(members) === true);
  };
}

/** What keeps all rows of a plan at a feed of which that is known, and maybe more. The properties that are looked at again come, too. */
export function widerPlan<Plan extends UpstreamPlan>(plan: Plan, known: KnownTexts): Plan {
  const conditions = conditionsOf(plan);
  if (plan.kind !== 'Collection' || conditions.length === 0) {
    return plan;
  }
  const filter = widerFilter(conditions, known);
  const checked = checkedParts(partsOf(conditions), otherwiseIn(conditions, known));
  const selection = withProperties(plan.selection, checked);
  return { ...plan, source: unconditioned(plan.source), selection, restriction: { ...plan.restriction, filter } };
}

/** null: nothing is left of them. */
export function widerFilter(conditions: readonly BoundExpression[], known: KnownTexts): BoundExpression | null {
  const filter = joinedBy(
    'and',
    conditions.toReversed().map((condition) => widerCondition(condition, known)),
  );
  return isAlways(filter) ? null : filter;
}

/** Names of the comparisons of conditions that a feed is known to make otherwise. */
export const otherwiseIn = (conditions: readonly BoundExpression[], known: KnownTexts): readonly string[] =>
  conditions.flatMap((condition) =>
    textUses(condition).flatMap((use) => (known.comparedAs(use) === 'otherwise' ? [nameOfUse(use)] : [])),
  );

/** Those of conditions, all of which have to hold, that have one of these comparisons. */
export function checkedParts(parts: readonly BoundExpression[], names: readonly string[]): readonly BoundExpression[] {
  const checked = new Set(names);
  return parts.filter((part) => textUses(part).some((use) => checked.has(nameOfUse(use))));
}

export const partsOf = (conditions: readonly BoundExpression[]): readonly BoundExpression[] =>
  conditions.flatMap((condition) => operandsOf(condition, 'and'));

/** Whether each of them can be looked at again in a row of the set itself. */
export const canBeChecked = (parts: readonly BoundExpression[]): boolean =>
  parts.every((part) => rowTruth(part) !== null);

/** The selection with what conditions on rows of its set look at. */
export function withProperties(selection: Selection, conditions: readonly BoundExpression[]): Selection {
  const known = new Set(selection.properties.map(({ name }) => name));
  const more = ownProperties(conditions).filter(({ name }) => !known.has(name));
  return more.length === 0 ? selection : { ...selection, properties: [...selection.properties, ...more] };
}

/** Properties of the row itself, each once. */
function ownProperties(conditions: readonly BoundExpression[]): readonly Property[] {
  const found = new Map<string, Property>();
  for (const condition of conditions) {
    visitExpression(condition, {
      expression: (node) => {
        if (node.kind === 'PropertyValue' && node.row.steps.length === 0) {
          found.set(node.property.name, node.property);
        }
      },
    });
  }
  return [...found.values()];
}

const unconditioned = (source: RowSource): RowSource =>
  source.kind === 'Filtered' ? unconditioned(source.from) : source;
