import type { ApplyPlan, BoundTransformation, OutputProperty } from '../../plan/model/read-plan.ts';
import { fromWhere } from '../expression/collection.ts';
import { truth } from '../expression/predicate.ts';
import { searchCondition } from '../expression/search.ts';
import { literal } from '../literal.ts';
import { addComputed } from '../read/computed-columns.ts';
import { sortKeys } from '../read/order.ts';
import { sqlType } from '../sql-type.ts';
import { aggregated } from './aggregate.ts';
import { groupedRows } from './groupby.ts';
import { joined } from './join.ts';
import { accompanied, aggregatedLayer, type Layer, layerOver, wrapped } from './layer.ts';
import { nameOf, outputColumn } from './output-column.ts';
import { cut, ranked } from './ranking.ts';

/** `$apply` (OData Extension for Data Aggregation 4.0, section 3): each transformation works on the result of the one before. */
export function applied(plan: ApplyPlan, input: Layer): Layer {
  return plan.transformations.reduce(transformed, input);
}

/** One transformation; inside of a `groupby` on each group apart. */
export function transformed(layer: Layer, step: BoundTransformation): Layer {
  const { scope, row } = layer;
  switch (step.kind) {
    case 'filter':
      scope.where.push(truth(step.condition, scope));
      return layer;
    case 'search':
      scope.where.push(searchCondition(step.search, row));
      return layer;
    case 'compute':
      addComputed(step.items, scope, row);
      return layer;
    case 'orderby':
      return { ...layer, order: [...sortKeys(step.keys, scope), ...layer.order] };
    case 'top':
    case 'skip':
      return cut(layer, step);
    case 'aggregate':
      return aggregated(layer, step.items);
    case 'groupby':
      return groupedRows(layer, step);
    case 'ranked':
      return ranked(layer, step);
    case 'join':
      return joined(layer, step);
    case 'concat':
      return concatenated(layer, step.branches);
  }
}

/** Every branch over the same input; columns a branch does not have are null. */
function concatenated(layer: Layer, branches: readonly ApplyPlan[]): Layer {
  const input = layer.scope.aliases.next('i');
  const closed = wrapped(layer);
  const outputs = unionOf(branches);
  const groups = layer.partition?.names ?? [];
  const selects = branches.map((branch) => {
    const result = applied(branch, readingFrom(closed, input));
    const names = new Set(branch.output.map(nameOf));
    const columns = outputs.map((output, index) => {
      const sql = names.has(nameOf(output))
        ? outputColumn(output, result.row)
        : literal({ type: output.type, value: null });
      return `${output.type === 'Edm.String' ? `(${sql}) COLLATE "C"` : `(${sql})::${sqlType(output.type)}`} AS c${index}`;
    });
    const keys = groups.map((name, index) => `${result.row.columns.get(name)} AS k${index}`);
    return `SELECT ${[...keys, ...columns].join(', ')} ${fromWhere(result.scope)}`;
  });
  const source = closed.scope.from[0] ?? '';
  const body = source.slice(1, source.lastIndexOf(')'));
  const select = `WITH ${input} AS (${body}) ${selects.join(' UNION ALL ')}`;
  const columns = new Map(outputs.map((output, index) => [`c${index}`, nameOf(output)]));
  groups.forEach((name, index) => {
    columns.set(`k${index}`, name);
  });
  return { ...aggregatedLayer(layer, select, columns), duplicates: true, partition: layer.partition };
}

/** The rows of a named subselect that stands before: a layer like `closed`, which was made to hold its text. */
function readingFrom(closed: Layer, name: string): Layer {
  const made = layerOver(closed, `TABLE ${name}`);
  const here = (sql: string): string => sql.replace(closed.row.alias, made.row.alias);
  for (const [key, sql] of closed.row.columns) {
    made.row.columns.set(key, here(sql));
  }
  const ids = [...closed.companions].map(([variable, { column }]) => [variable, column ?? ''] as const);
  return {
    ...accompanied(made, new Map(ids)),
    order: closed.order.map((key) => ({ ...key, sql: here(key.sql) })),
    duplicates: closed.duplicates,
    numbers: closed.numbers,
    partition: closed.partition,
  };
}

function unionOf(branches: readonly ApplyPlan[]): OutputProperty[] {
  const byName = new Map<string, OutputProperty>();
  for (const output of branches.flatMap((branch) => branch.output)) {
    const present = byName.get(nameOf(output));
    byName.set(nameOf(output), { ...(present ?? output), nullable: true });
  }
  return [...byName.values()];
}
