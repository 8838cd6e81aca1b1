import type { EntitySet, NavigationProperty } from '../../edm/model.ts';
import { expandCrosses, filterCrosses } from '../../plan/federate/crossing.ts';
import { crosses, type Step } from '../../plan/federate/placement.ts';
import { type Completion, splitSelection } from '../../plan/federate/split-selection.ts';
import type { RowSource } from '../../plan/model/read-plan.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import { visitPlan } from '../../plan/model/walk.ts';
import type { Sources } from '../../source/federated/sources.ts';
import type { UpstreamPlan } from '../../upstream/upstream.ts';

/** How a request that leads from one source to another is answered. */
export interface FederatedSteps {
  /** What is found out before the addressed rows can be read, in sentences. */
  readonly before: readonly string[];
  /** The read of the addressed rows by their own source; null: it depends on what is found out before. */
  readonly own: UpstreamPlan | null;
  /** What completes the rows, in sentences. */
  readonly behind: readonly string[];
}

/** Throws GatewayError NotImplemented for what sources cannot be joined by. */
export function federatedSteps(plan: UpstreamPlan, sources: Sources): FederatedSteps {
  const path = pathSteps(plan.source, sources);
  const filter = filterSteps(plan, sources);
  const before = [...path, ...filter];
  if ((plan.kind !== 'Collection' && plan.kind !== 'Entity') || !expandCrosses(plan.selection, sources)) {
    return { before, own: before.length === 0 ? plan : null, behind: [] };
  }
  const { selection, completion } = splitSelection(plan.selection, sources);
  return {
    before,
    own: before.length === 0 ? { ...plan, selection } : null,
    behind: joinSteps(completion, plan.selection.set, sources),
  };
}

const placeOf = (set: EntitySet, sources: Sources): string => {
  const source = sources.sourceOf(set);
  return source === null ? 'PostgreSQL' : `the proxied feed ${source}`;
};

const joinText = ({ join }: NavigationProperty): string =>
  join.map(({ property, referencedProperty }) => `${referencedProperty} = ${property}`).join(' and ');

function pathSteps(source: RowSource, sources: Sources): readonly string[] {
  if (source.kind === 'Set') {
    return [];
  }
  const earlier = pathSteps(source.from, sources);
  if (source.kind !== 'Navigated') {
    return earlier;
  }
  const step: Step = { from: sourceSet(source.from), navigation: source.navigation, to: source.set };
  if (!crosses(sources, step)) {
    return earlier;
  }
  return [
    ...earlier,
    `Read the row of ${step.from.name} from ${placeOf(step.from, sources)}; follow ${step.navigation.name} to ${step.to.name} in ${placeOf(step.to, sources)}, where ${joinText(step.navigation)}.`,
  ];
}

/** Each navigation to another source that a filter follows, once. */
function filterSteps(plan: UpstreamPlan, sources: Sources): readonly string[] {
  if (!filterCrosses(plan, sources)) {
    return [];
  }
  const found = new Map<string, Step>();
  const look = (step: Step): void => {
    if (crosses(sources, step)) {
      found.set(`${step.from.name}/${step.navigation.name}`, step);
    }
  };
  visitPlan(plan, {
    row: ({ variable, steps }) => {
      let from = variable.set;
      for (const { navigation, set } of steps) {
        look({ from, navigation, to: set });
        from = set;
      }
    },
    collection: ({ from, navigation, variable }) =>
      look({ from: from.steps.at(-1)?.set ?? from.variable.set, navigation, to: variable.set }),
  });
  return [...found.values()].map(
    ({ from, navigation, to }) =>
      `Ask ${placeOf(to, sources)} for the rows of ${to.name} that fulfil what the filter says of ${navigation.name}; their keys (${joinText(navigation)}) take its place in the filter of ${from.name}.`,
  );
}

function joinSteps({ joins, inside }: Completion, set: EntitySet, sources: Sources): readonly string[] {
  return [
    ...joins.flatMap(({ expand, own, theirs, completion }) => {
      const { navigation, selection } = expand;
      const keys = theirs.map(({ name }, index) => `${name} = ${own[index]?.name ?? ''}`).join(' and ');
      const to = selection.set;
      return [
        `For some hundred rows of ${set.name} at a time: ask ${placeOf(to, sources)} for ${to.name} by key, ${keys}, as ${navigation.name}.`,
        ...joinSteps(completion, to, sources),
      ];
    }),
    ...inside.flatMap(({ name, completion }) => joinSteps(completion, targetOf(set, name, sources), sources)),
  ];
}

/** Where the navigation of rows that the source itself expands leads to. */
function targetOf(set: EntitySet, name: string, { catalogue }: Sources): EntitySet {
  const bound = set.navigationPropertyBindings.get(name);
  return (bound === undefined ? undefined : catalogue.model.entitySets.get(bound)) ?? set;
}
