import { GatewayError } from '../errors.ts';
import type { BoundAggregate, BoundExpression, BoundTransformation } from '../plan/read-plan.ts';
import { methodCall } from './aggregate-method.ts';
import { fromWhere } from './collection.ts';
import { value } from './expression.ts';
import { aggregatedLayer, type Layer } from './layer.ts';
import { truth } from './predicate.ts';
import { addComputed } from './selection.ts';

type GroupBy = Extract<BoundTransformation, { kind: 'groupby' }>;

/** `aggregate(...)` alone: one row, also of no rows. */
export function aggregated(layer: Layer, items: readonly BoundAggregate[]): Layer {
  return grouped(layer, { kind: 'groupby', grouping: [], transformations: [{ kind: 'aggregate', items }] });
}

/**
 * `groupby(...)` with nothing in it, or an `aggregate` after filters and computations (Data Aggregation 3.10). Keys and
 * arguments are columns of an inner subselect, so that PostgreSQL sees plain columns to group by.
 */
export function grouped(layer: Layer, step: GroupBy): Layer {
  const input = groupInput(layer, step);
  const columns = new Map<string, string>();
  const outputs = step.grouping.map((key, index) => {
    columns.set(`k${index}`, key.path.join('/'));
    return `g.k${index}`;
  });
  const plain: string[] = outputs.map((sql) => `${sql} AS ${sql.slice(2)}`);
  const joins: string[] = [];
  input.items.forEach((item, index) => {
    columns.set(`a${index}`, item.alias);
    if (item.from.length === 0) plain.push(`${methodCall(item, argument(item, index), input.condition)} AS a${index}`);
    else joins.push(fromJoin(item, index, step));
  });
  const by = groupClause(step);
  const main = `SELECT ${plain.join(', ')} FROM ${joins.length === 0 ? `(${input.select}) AS ` : ''}g${by}`;
  const select = joins.length === 0 ? main : withFrom({ input, main, joins, columns });
  const made = aggregatedLayer(layer, select, columns);
  return { ...made, duplicates: step.grouping.some((key) => key.rollup !== null) };
}

interface GroupInput {
  /** Columns: `k<n>` the keys, `v<n>` the argument of the n-th aggregate, `f<n>_<i>_<j>` its `from` keys, `c` the filters. */
  readonly select: string;
  readonly items: readonly BoundAggregate[];
  readonly condition: string | null;
}

function groupInput(layer: Layer, step: GroupBy): GroupInput {
  const { scope } = layer;
  const columns = step.grouping.map((key, index) => `${value(key.expression, scope)} AS k${index}`);
  const { items, filters } = steps(layer, step);
  items.forEach(({ expression, from }, index) => {
    if (expression !== null) columns.push(`${value(expression, scope)} AS v${index}`);
    from.forEach(({ keys }, i) => {
      keys.forEach((key, j) => {
        columns.push(`${value(key.expression, scope)} AS f${index}_${i}_${j}`);
      });
    });
  });
  if (filters.length > 0) columns.push(`(${filters.map((one) => truth(one, scope)).join(' AND ')}) AS c`);
  const select = `SELECT ${columns.join(', ')} ${fromWhere(scope)}`;
  return { select, items, condition: filters.length === 0 ? null : 'g.c' };
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

function argument({ expression }: BoundAggregate, index: number): string | null {
  return expression === null ? null : `g.v${index}`;
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

/**
 * `X with m from K1 with m1 from K2 with m2`: m by the group and K1 and K2, then m1 by the group and K2, then m2 by the
 * group (Data Aggregation 3.1.4); joined to the other aggregates by the group's keys.
 */
function fromJoin(item: BoundAggregate, index: number, { grouping }: GroupBy): string {
  if (grouping.some((key) => key.rollup !== null)) throw unsupported('from together with rollup');
  const group = grouping.map((_, key) => `g.k${key}`);
  const below = item.from.map(({ keys }, i) => keys.map((_, j) => `g.f${index}_${i}_${j}`));
  const methods = [item.method, ...item.from.map((one) => one.method)];
  let select = '';
  methods.forEach((method, level) => {
    const keys = [...group, ...below.slice(level).flat()];
    const result = methodCall({ ...item, method }, level === 0 ? argument(item, index) : 'g.x', null);
    const by = keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`;
    const from = level === 0 ? 'g' : `(${select}) AS g`;
    select = `SELECT ${[...keys, `${result} AS x`].join(', ')} FROM ${from}${by}`;
  });
  const same = grouping.map((_, key) => `m.k${key} IS NOT DISTINCT FROM j${index}.k${key}`);
  return `JOIN (${select}) AS j${index} ON ${same.length === 0 ? 'TRUE' : same.join(' AND ')}`;
}

interface FromParts {
  readonly input: GroupInput;
  readonly main: string;
  readonly joins: readonly string[];
  readonly columns: ReadonlyMap<string, string>;
}

function withFrom({ input, main, joins, columns }: FromParts): string {
  if (input.condition !== null) throw unsupported('from after a filter inside groupby');
  const outputs = [...columns.keys()].map((name) => {
    const joined = name.startsWith('a') && (input.items[Number(name.slice(1))]?.from.length ?? 0) > 0;
    return joined ? `j${name.slice(1)}.x AS ${name}` : `m.${name}`;
  });
  // Without keys and plain aggregates there is one group and nothing to select of it.
  const outer = main.startsWith('SELECT  FROM') ? 'SELECT 1' : main;
  return `WITH g AS (${input.select}) SELECT ${outputs.join(', ')} FROM (${outer}) AS m ${joins.join(' ')}`;
}

function unsupported(what: string): GatewayError {
  return new GatewayError('NotImplemented', `$apply: ${what} is not supported.`, { target: '$apply' });
}
