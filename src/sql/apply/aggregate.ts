import { isOnWay, isPresence } from '../../plan/model/presence-path.ts';
import type {
  BoundAggregate,
  BoundExpression,
  BoundTransformation,
  RangeVariable,
} from '../../plan/model/read-plan.ts';
import { addComputed } from '../read/computed-columns.ts';
import { groupInput } from './group-input.ts';
import { keyColumn } from './key-column.ts';
import { accompanied, aggregatedLayer, type Layer } from './layer.ts';

type GroupBy = Extract<BoundTransformation, { kind: 'groupby' }>;

/** `aggregate(...)` alone: one row, also of no rows; inside of a `groupby` one for each group. */
export function aggregated(layer: Layer, items: readonly BoundAggregate[]): Layer {
  const step = { kind: 'groupby', grouping: [], transformations: [{ kind: 'aggregate', items }] } as const;
  return grouped(layer, step, layer.partition?.universe ?? null);
}

/** `groupby(...)` with nothing in it, or an `aggregate` after filters and computations (Data Aggregation 4.0, 3.2.3). */
export function grouped(layer: Layer, step: GroupBy, universe: string | null = null): Layer {
  const { items, filters } = steps(layer, step);
  const outer = layer.partition?.names ?? [];
  const keys = [
    ...outer.map((name) => layer.row.columns.get(name) ?? 'NULL'),
    ...step.grouping.map((key) => keyColumn(key, layer.scope)),
  ];
  const { select, results } = groupInput(layer, { keys, items, filters, universe });
  const columns = new Map<string, string>();
  const entities = new Map<RangeVariable, string>();
  const outputs = keys.map((_, index) => `g.k${index} AS k${index}`);
  outer.forEach((name, index) => {
    columns.set(`k${index}`, name);
  });
  step.grouping.forEach((key, index) => {
    const column = `k${outer.length + index}`;
    if (key.entity === undefined) {
      columns.set(column, key.path.join('/'));
    } else {
      entities.set(key.entity.variable, column);
    }
  });
  items.forEach((item, index) => {
    columns.set(`a${index}`, item.alias);
    outputs.push(`${results[index]} AS a${index}`);
  });
  const made = aggregatedLayer(
    layer,
    `SELECT ${outputs.join(', ')} FROM (${select}) AS g${groupClause(step, outer.length)}`,
    columns,
  );
  const duplicates = step.grouping.some((key) => key.rollup !== null);
  return { ...accompanied(made, entities), duplicates, partition: layer.partition };
}

/** Filters and computations, then an `aggregate` or nothing at all: done in one pass over the rows. */
export const inOnePass = ({ transformations }: GroupBy): boolean =>
  transformations.every((one, index) =>
    one.kind === 'aggregate' ? index === transformations.length - 1 : one.kind === 'filter' || one.kind === 'compute',
  ) &&
  (transformations.length === 0 || transformations.at(-1)?.kind === 'aggregate');

/** What stands inside the group. A filter there keeps the group and empties what is aggregated. */
function steps(
  layer: Layer,
  { transformations }: GroupBy,
): { readonly items: readonly BoundAggregate[]; readonly filters: readonly BoundExpression[] } {
  const filters: BoundExpression[] = [];
  for (const one of transformations) {
    if (one.kind === 'filter') {
      filters.push(one.condition);
    } else if (one.kind === 'compute') {
      addComputed(one.items, layer.scope, layer.row);
    } else if (one.kind === 'aggregate') {
      return { items: one.items, filters };
    }
  }
  return { items: [], filters };
}

/**
 * GROUP BY with grouping sets for rollups; a grand total only where `$all` asked for it. Whether an entity is there goes
 * along with each key that leads over it.
 */
function groupClause({ grouping, rollupAll }: GroupBy, outer: number): string {
  if (grouping.length + outer === 0) {
    return '';
  }
  const parts = Array.from({ length: outer }, (_, index) => `g.k${index}`);
  const rollups = new Map<number, string[]>();
  const columns = grouping.map(({ path }, index) => ({ path, column: `g.k${outer + index}` }));
  const presences = columns.filter(({ path }) => isPresence(path));
  grouping.forEach(({ rollup, path }, index) => {
    if (isPresence(path)) {
      return;
    }
    const way = presences.filter((presence) => isOnWay(presence.path, path)).map(({ column }) => column);
    const key = [`g.k${outer + index}`, ...way];
    if (rollup === null) {
      parts.push(...key.filter((column) => !parts.includes(column)));
    } else {
      rollups.set(rollup, [...(rollups.get(rollup) ?? []), key.join(', ')]);
    }
  });
  for (const [number, keys] of rollups) {
    const sets = keys.map((_, index) => `(${keys.slice(0, keys.length - index).join(', ')})`);
    if (rollupAll?.[number] === true) {
      sets.push('()');
    }
    parts.push(`GROUPING SETS (${sets.join(', ')})`);
  }
  return ` GROUP BY ${parts.join(', ')}`;
}
