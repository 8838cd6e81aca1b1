import type { GroupingItem, Transformation } from '../../../uri/syntax.ts';
import { isPresence } from '../../model/presence-path.ts';
import type { BoundExpression, BoundTransformation, GroupingKey, OutputProperty } from '../../model/read-plan.ts';
import { fault, notImplemented, type Scope } from '../scope.ts';
import { bindConcat, bindTransformations } from './apply.ts';
import { groupingKey, withoutCasts } from './grouping-key.ts';
import { outputScope } from './output.ts';
import { keyOutput, presenceKeys } from './presence-keys.ts';
import { hasEntities, type Stage } from './stage.ts';

type GroupBy = Extract<Transformation, { kind: 'groupby' }>;

/**
 * `groupby((A,Nav/B,rollup(C,D)),...)` (Data Aggregation 4.0, 3.2.3): the keys, then what the transformations give for
 * each group. A key of a rollup is null in its subtotals.
 */
export function bindGroupBy(transformation: GroupBy, stage: Stage): Stage {
  const { scope } = stage;
  const { keys, rollupAll } = groupingKeys(transformation.properties, scope);
  const names = new Set(keys.map((key) => key.path.join('/')));
  if (names.size !== keys.length) {
    throw fault(scope, 'InvalidOption', 'a property is grouped by twice.', transformation.at);
  }
  const presences = presenceKeys(keys, scope, transformation.at);
  const grouping = [...keys, ...presences];
  const grouped = grouping
    .filter((key) => key.entity === undefined)
    .map((key) => keyOutput(key, rollupAll.length > 0 && isPresence(key.path)));
  for (const { path } of presences) {
    names.add(path.join('/'));
  }
  if (transformation.transformations.some(hasTotal)) {
    throw notImplemented(
      scope,
      'rollup-totals-in-groups',
      'rollup($all,...) alone inside of groupby.',
      transformation.at,
    );
  }
  const bare = transformation.transformations.length === 0;
  const inner = bindTransformations(transformation.transformations, { ...stage, transformations: [] });
  if (rollupAll.length > 0 && !(inner.transformations.length === 0 ? bare : allowsRollup(inner.transformations))) {
    return bindConcat({ kind: 'concat', at: transformation.at, branches: levelsOf(transformation) }, stage);
  }
  const rest = bare ? [] : inner.output;
  const isOther = ({ path }: OutputProperty): boolean => !names.has(path.join('/'));
  const added = rest.filter(isOther);
  // What an aggregate names must not hide a key; rows that were only filtered bring the keys along themselves.
  if (
    !rest.every((one) => isPresence(one.path) || isOther(one)) &&
    inner.scope.row === null &&
    !groupsAgain(transformation, names)
  ) {
    throw fault(scope, 'InvalidOption', 'an aggregate has the name of a grouping property.', transformation.at);
  }
  const output = [...grouped, ...added];
  // Transformations that change nothing leave the rows of the group, where none at all leave its keys.
  const nothing: BoundTransformation = { kind: 'filter', condition: always };
  const transformations = bare || inner.transformations.length > 0 ? inner.transformations : [nothing];
  const bound = { kind: 'groupby', grouping, transformations } as const;
  if (hasEntities(inner)) {
    throw notImplemented(scope, 'entities-in-groups', 'grouping by entities inside of groupby.', transformation.at);
  }
  const entities = keys.flatMap(({ entity }) => entity?.variable ?? []);
  return {
    scope: { ...outputScope(output, scope), variables: new Map(entities.map((one) => [one.name, one])) },
    transformations: [...stage.transformations, rollupAll.length === 0 ? bound : { ...bound, rollupAll }],
    output,
    keepsEntities: false,
    joined: new Map(entities.map((variable) => [variable.name, { kind: 'entity', variable, byDefault: true }])),
  };
}

const always: BoundExpression = { kind: 'Constant', type: 'Edm.Boolean', value: 'true' };

/** A grand total that a group without rows would have to have too. */
function hasTotal(one: Transformation): boolean {
  if (one.kind === 'concat') {
    return one.branches.some((branch) => branch.some(hasTotal));
  }
  return one.kind === 'groupby' && one.properties.every((item) => item.kind === 'rollup' && item.all);
}

/** A group inside of a group may name the same key: it has one value there. */
const groupsAgain = ({ transformations }: GroupBy, names: ReadonlySet<string>): boolean =>
  transformations.some(
    (one) =>
      one.kind === 'groupby' &&
      one.properties.some((item) => item.kind === 'path' && names.has(withoutCasts(item.path).join('/'))),
  );

/** Filters, computations and plain aggregates at the end are done for all levels of a rollup in one pass. */
const allowsRollup = (all: readonly BoundTransformation[]): boolean =>
  all.at(-1)?.kind === 'aggregate' &&
  all.every((one, index) => {
    if (one.kind !== 'aggregate') {
      return one.kind === 'filter' || one.kind === 'compute';
    }
    return index === all.length - 1 && one.items.every((item) => item.over === undefined && item.from.length === 0);
  });

/** One sequence for each combination of levels, the finest first: what a rollup is defined to be (3.2.3.2). */
function levelsOf({ properties, transformations, at }: GroupBy): readonly (readonly Transformation[])[] {
  const levels = properties.reduce<readonly (readonly GroupingItem[])[]>(
    (sets, item) => sets.flatMap((set) => levelsOfItem(item).map((level) => [...set, ...level])),
    [[]],
  );
  return levels.map((set) =>
    set.length === 0 ? transformations : [{ kind: 'groupby', at, properties: set, transformations }],
  );
}

function levelsOfItem(item: GroupingItem): readonly (readonly GroupingItem[])[] {
  if (item.kind === 'path') {
    return [[item]];
  }
  const paths = item.paths.map((path): GroupingItem => ({ kind: 'path', at: item.at, path }));
  const levels = paths.map((_, index) => paths.slice(0, paths.length - index));
  return item.all ? [...levels, []] : levels;
}

interface Grouping {
  readonly keys: GroupingKey[];
  readonly rollupAll: boolean[];
}

function groupingKeys(items: readonly GroupingItem[], scope: Scope): Grouping {
  const grouping: Grouping = { keys: [], rollupAll: [] };
  for (const item of items) {
    if (item.kind === 'path') {
      grouping.keys.push(groupingKey(item.path, scope, { rollup: null, at: item.at }));
      continue;
    }
    const rollup = grouping.rollupAll.length;
    grouping.rollupAll.push(item.all);
    for (const path of item.paths) {
      grouping.keys.push(groupingKey(path, scope, { rollup, at: item.at }));
    }
  }
  return { ...grouping, keys: grouping.keys.filter((key) => !isRedundant(key, grouping.keys)) };
}

/** A property of an entity that is grouped by anyway parts no group. */
const isRedundant = ({ path, rollup }: GroupingKey, keys: readonly GroupingKey[]): boolean =>
  rollup === null &&
  keys.some(
    (key) =>
      key.entity !== undefined &&
      key.rollup === null &&
      key.path.length < path.length &&
      key.path.every((name, index) => name === path[index]),
  );
