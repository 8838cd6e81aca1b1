import { GatewayError } from '../errors.ts';
import type { BoundTransformation, GroupingKey } from '../plan/read-plan.ts';
import { grouped } from './aggregate.ts';
import { value } from './expression.ts';
import { keyColumn } from './group-input.ts';
import { companionKeys, type Layer, wrapped } from './layer.ts';
import type { SortKey } from './order.ts';
import { truth } from './predicate.ts';
import { propertyColumn, rowId } from './scope.ts';
import { addComputed } from './selection.ts';

/** The order of a layer, made total where its rows have ids, else by all their columns. */
export function totalised(layer: Layer): SortKey[] {
  const { row, order } = layer;
  const beside = companionKeys(layer);
  if (row.stored !== null) {
    return [...order, { sql: rowId(row), type: 'Edm.Int64', direction: 'asc', nullable: false }, ...beside];
  }
  const key = (sql: string): SortKey => ({ sql, type: 'Edm.String', direction: 'asc', nullable: true });
  return [...order, ...[...row.columns.values()].map(key), ...beside];
}

type Ranked = Extract<BoundTransformation, { kind: 'ranked' }>;

/** `topcount` and its kin, in each group apart: rows by descending (`bottom...`: ascending) value until the number, sum or share is reached. */
export function ranked(layer: Layer, step: Ranked, groups: readonly GroupingKey[]): Layer {
  const { scope } = layer;
  const by = value(step.by, scope);
  const amount = value(step.amount, scope);
  const ties = totalised({ ...layer, order: [] });
  const direction = step.name.startsWith('top') ? 'DESC' : 'ASC';
  const rank = ties.map((key) => (key.nullable ? `${key.sql} ASC NULLS FIRST` : key.sql)).join(', ');
  const order = `ORDER BY ${by} ${direction} NULLS LAST, ${rank}`;
  const keys = groups.map((key) => keyColumn(key, scope)).join(', ');
  const group = keys === '' ? '' : `PARTITION BY ${keys} `;
  const window = `OVER (${group}${order} ROWS UNBOUNDED PRECEDING)`;
  const before = step.name.endsWith('count') ? `row_number() ${window} - 1` : `sum(${by}) ${window} - ${by}`;
  const extra = new Map([['$before', before]]);
  if (step.name.endsWith('percent')) extra.set('$total', `sum(${by}) OVER (${group.trim()})`);
  const made = wrapped(layer, { extra });
  const share = step.name.endsWith('percent') ? `${made.row.columns.get('$total')} * ${amount} / 100` : amount;
  made.scope.where.push(`${made.row.columns.get('$before')} < ${share}`);
  made.row.columns.delete('$before');
  made.row.columns.delete('$total');
  return made;
}

type GroupBy = Extract<BoundTransformation, { kind: 'groupby' }>;

/** `groupby(...)` of any kind: groups that become one row each, or rows chosen within their group. */
export function groupedRows(layer: Layer, step: GroupBy): Layer {
  const { transformations } = step;
  const ranks = transformations.some((one) => one.kind === 'ranked');
  const aggregates = transformations.length === 0 || transformations.at(-1)?.kind === 'aggregate';
  return aggregates && !ranks ? grouped(layer, step) : chosenRows(layer, step);
}

function chosenRows(layer: Layer, step: GroupBy): Layer {
  if (step.grouping.some((key) => key.rollup !== null)) throw unsupported('rollup with rows of the groups');
  let chosen = layer;
  for (const one of step.transformations) {
    if (one.kind === 'filter') chosen.scope.where.push(truth(one.condition, chosen.scope));
    else if (one.kind === 'compute') addComputed(one.items, chosen.scope, chosen.row);
    else if (one.kind === 'ranked') chosen = ranked(chosen, one, step.grouping);
    else if (one.kind === 'aggregate') return aggregatedGroups(chosen, step);
    else throw unsupported(`${one.kind} inside groupby`);
  }
  nameAll(chosen, step.grouping);
  const companions = new Map(chosen.companions);
  for (const { entity } of step.grouping) {
    if (entity === undefined) continue;
    const row = chosen.scope.at(entity.row);
    chosen.scope.bind(entity.variable, row);
    companions.set(entity.variable, { row, column: null });
  }
  return { ...chosen, companions };
}

/** A filter beside a rank would make groups vanish that should be there, empty. */
function aggregatedGroups(layer: Layer, step: GroupBy): Layer {
  if (step.transformations.some((one) => one.kind === 'filter')) throw unsupported('filter and rank in one groupby');
  return grouped(layer, { ...step, transformations: step.transformations.slice(-1) });
}

/** From here on the properties of the rows are known by name only. */
function nameAll({ scope, row }: Layer, grouping: readonly GroupingKey[]): void {
  for (const { path, expression, entity } of grouping) {
    if (entity === undefined) row.columns.set(path.join('/'), value(expression, scope));
  }
  if (row.stored === null) return;
  for (const property of row.entitySet?.entityType.properties.values() ?? []) {
    if (!row.columns.has(property.name)) row.columns.set(property.name, propertyColumn(row, property));
  }
}

function unsupported(what: string): GatewayError {
  return new GatewayError('NotImplemented', `$apply: ${what} is not supported.`, { target: '$apply' });
}
