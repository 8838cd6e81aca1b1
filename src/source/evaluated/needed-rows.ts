import type { EntitySet, Property } from '../../edm/model.ts';
import type { ReadPlan } from '../../plan/model/read-plan.ts';
import { conditionsOf, isRestricted, wholeSet } from '../../plan/model/restricted-set.ts';
import { type PlanVisitor, visitExpression, visitNode, visitPlan } from '../../plan/model/walk.ts';

/** What of the rows of sets a plan has to be worked out from. */
export interface NeededRows {
  /** By name: the sets whose rows the plan looks at, in the order in which it names them. */
  readonly sets: ReadonlyMap<string, EntitySet>;
  /** Names of sets whose rows are also reached from others, by whatever way: all of them may be wanted. */
  readonly reached: ReadonlySet<string>;
  /** The properties of a set that are looked at, in its order. */
  propertiesOf(set: EntitySet): readonly Property[];
}

/** Conditions on the rows that the reader may see are looked into as well. */
export function neededRows(plan: ReadPlan): NeededRows {
  const sets = new Map<string, EntitySet>();
  const reached = new Set<string>();
  const names = new Set<string>();
  let whole = false;
  /** By the name of their set: a condition may speak of properties that the reader's model does not have. */
  const hidden = new Map<string, Set<Property>>();
  const reach = ({ name }: EntitySet): void => void reached.add(name);
  const visitor: PlanVisitor = {
    set: (set) => {
      const known = sets.has(set.name);
      sets.set(set.name, wholeSet(set));
      if (isRestricted(set) && !known) {
        for (const { condition } of conditionsOf(set)) {
          visitExpression(condition, visitor);
        }
      }
    },
    property: ({ name }) => names.add(name),
    navigation: ({ join }) => {
      for (const { property, referencedProperty } of join) {
        names.add(property).add(referencedProperty);
      }
    },
    expression: (node) => {
      if (node.kind === 'PropertyValue') {
        const { name } = node.row.steps.at(-1)?.set ?? node.row.variable.set;
        hidden.set(name, (hidden.get(name) ?? new Set()).add(node.property));
      }
    },
    step: ({ set }) => reach(set),
    expand: ({ selection }) => reach(selection.set),
    collection: ({ variable }) => reach(variable.set),
    variable: ({ set, key }) => (key === undefined ? undefined : reach(set)),
    transformation: (one) => {
      if (one.kind === 'join') {
        reach(one.set);
      }
      // Rows that go on behind their groups have their properties by name.
      whole ||= one.kind === 'groupby' && one.transformations.some(({ kind }) => kind !== 'aggregate');
    },
    apply: ({ output }) => {
      for (const { path } of output) {
        names.add(path.at(-1) ?? '');
      }
    },
  };
  if ((plan.kind === 'Collection' || plan.kind === 'Count') && plan.apply !== null) {
    // What is served is what the pipeline gives.
    visitNode('source', plan.source, visitor);
    visitNode('apply', plan.apply, visitor);
    visitNode('restriction', plan.restriction, visitor);
    for (const expand of plan.kind === 'Collection' ? plan.selection.expands : []) {
      visitNode('expand', expand, visitor);
    }
  } else {
    visitPlan(plan, visitor);
  }
  const propertiesOf = (set: EntitySet): readonly Property[] => {
    const { key, properties } = set.entityType;
    const own = [...properties.values()]
      .filter(({ name }) => whole || names.has(name) || key.includes(name))
      .map(asItIs);
    const known = new Set(own.map(({ name }) => name));
    return [...own, ...[...(hidden.get(set.name) ?? [])].filter(({ name }) => !known.has(name))];
  };
  return { sets, reached, propertiesOf };
}

/** Rows are brought with the values that the feed has: they are masked where they are looked at. */
function asItIs(property: Property): Property {
  const { shown, ...own } = property;
  return shown === undefined ? property : own;
}
