import { GatewayError } from '../errors.ts';
import type { BoundAggregate, BoundExpression, BoundTransformation, RangeVariable } from '../plan/read-plan.ts';
import { groupInput } from './group-input.ts';
import { accompanied, aggregatedLayer, type Layer } from './layer.ts';
import { addComputed } from './selection.ts';

type GroupBy = Extract<BoundTransformation, { kind: 'groupby' }>;

/** `aggregate(...)` alone: one row, also of no rows. */
export function aggregated(layer: Layer, items: readonly BoundAggregate[]): Layer {
  return grouped(layer, { kind: 'groupby', grouping: [], transformations: [{ kind: 'aggregate', items }] });
}

/** `groupby(...)` with nothing in it, or an `aggregate` after filters and computations (Data Aggregation 4.0, 3.2.3). */
export function grouped(layer: Layer, step: GroupBy): Layer {
  const { items, filters } = steps(layer, step);
  const { select, results } = groupInput(layer, { keys: step.grouping, items, filters });
  const columns = new Map<string, string>();
  const entities = new Map<RangeVariable, string>();
  const outputs = step.grouping.map((key, index) => {
    if (key.entity === undefined) columns.set(`k${index}`, key.path.join('/'));
    else entities.set(key.entity.variable, `k${index}`);
    return `g.k${index} AS k${index}`;
  });
  items.forEach((item, index) => {
    columns.set(`a${index}`, item.alias);
    outputs.push(`${results[index]} AS a${index}`);
  });
  const made = aggregatedLayer(
    layer,
    `SELECT ${outputs.join(', ')} FROM (${select}) AS g${groupClause(step)}`,
    columns,
  );
  return { ...accompanied(made, entities), duplicates: step.grouping.some((key) => key.rollup !== null) };
}

/** What stands inside the group. A filter there keeps the group and empties what is aggregated. */
function steps(
  layer: Layer,
  { transformations }: GroupBy,
): { items: readonly BoundAggregate[]; filters: BoundExpression[] } {
  const filters: BoundExpression[] = [];
  for (const [index, one] of transformations.entries()) {
    if (one.kind === 'filter') filters.push(one.condition);
    else if (one.kind === 'compute') addComputed(one.items, layer.scope, layer.row);
    else if (one.kind === 'aggregate' && index === transformations.length - 1) return { items: one.items, filters };
    else throw unsupported(`${one.kind} inside groupby`);
  }
  if (transformations.length > 0) throw unsupported('groupby without aggregate at its end');
  return { items: [], filters };
}

/** GROUP BY with grouping sets for rollups; a grand total only where `$all` asked for it. */
function groupClause({ grouping, rollupAll }: GroupBy): string {
  if (grouping.length === 0) return '';
  const parts: string[] = [];
  const rollups = new Map<number, string[]>();
  grouping.forEach(({ rollup }, index) => {
    if (rollup === null) parts.push(`g.k${index}`);
    else rollups.set(rollup, [...(rollups.get(rollup) ?? []), `g.k${index}`]);
  });
  for (const [number, keys] of rollups) {
    const sets = keys.map((_, index) => `(${keys.slice(0, keys.length - index).join(', ')})`);
    if (rollupAll?.[number] === true) sets.push('()');
    parts.push(`GROUPING SETS (${sets.join(', ')})`);
  }
  return ` GROUP BY ${parts.join(', ')}`;
}

function unsupported(what: string): GatewayError {
  return new GatewayError('NotImplemented', `$apply: ${what} is not supported.`, { target: '$apply' });
}
