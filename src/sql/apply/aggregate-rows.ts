import type { BoundAggregate, EntityPath } from '../../plan/model/read-plan.ts';
import { value } from '../expression/expression.ts';
import { type Row, rowId, type Scope } from '../scope.ts';
import { methodCall } from './aggregate-method.ts';
import { keyColumn } from './key-column.ts';
import type { Layer } from './layer.ts';

/** The rows that aggregates with rows of their own start from: those of `layer` where `condition` holds. */
export interface RowsOf {
  readonly layer: Layer;
  /** SQL of the grouping keys. */
  readonly keys: readonly string[];
  readonly condition: string | null;
}

/**
 * A select of what one aggregate aggregates: the keys as `k<n>`, the value as `x`. Of a path the entities it reaches in
 * each group, each once (Data Aggregation 4.0, 3.2.1.1); with `from` the result for each group, ready. The text is made
 * when all joins of the layer are known.
 */
export function ownRows(item: BoundAggregate, rows: RowsOf): () => string {
  const { layer, keys, condition } = rows;
  const columns = keys.map((sql, index) => `${sql} AS k${index}`);
  const finer = item.from.map(({ keys: own }, level) => own.map((_, index) => `f${level}_${index}`));
  item.from.forEach(({ keys: own }, level) => {
    own.forEach((key, index) => {
      columns.push(`${keyColumn(key, layer.scope)} AS ${finer[level]?.[index]}`);
    });
  });
  const reached = item.over === undefined ? null : entities(item.over, layer);
  const view = reached?.view ?? layer.scope;
  const distinct = reached !== null && !reached.unique;
  if (distinct) {
    columns.push(`${rowId(reached.row)} AS e`);
  }
  if (item.expression !== null) {
    columns.push(`${value(item.expression, view)} AS x`);
  } else {
    columns.push('1 AS x');
  }
  const where = [...(reached?.present ?? []), ...(condition === null ? [] : [condition])];
  return () => {
    const joins = reached === null ? [] : view.from;
    const all = [...layer.scope.where, ...where, ...(reached === null ? [] : view.where)];
    const from = `FROM ${[...layer.scope.from, ...joins].join(' ')}${all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`}`;
    return stepwise(item, `SELECT ${distinct ? 'DISTINCT ' : ''}${columns.join(', ')} ${from}`, { keys, finer });
  };
}

interface Levels {
  readonly keys: readonly string[];
  readonly finer: readonly (readonly string[])[];
}

/**
 * `X with m from K1 with m1 from K2 with m2`: m by the group and K1 and K2, then m1 by the group and K2, then m2 by the
 * group (Data Aggregation 4.0, 3.2.1.5).
 */
function stepwise(item: BoundAggregate, rows: string, { keys, finer }: Levels): string {
  if (item.from.length === 0) {
    return rows;
  }
  const group = keys.map((_, index) => `g.k${index}`);
  const methods = [item.method, ...item.from.map((one) => one.method)];
  const types = [...item.from.map((one) => one.of), item.type];
  return methods.reduce((inner, method, level) => {
    const by = [...group, ...finer.slice(level).flatMap((names) => names.map((name) => `g.${name}`))];
    const counts = level === 0 && item.expression === null;
    const call = methodCall({ ...item, method, type: types[level] ?? item.type }, counts ? null : 'g.x', null);
    return `SELECT ${[...by, `${call} AS x`].join(', ')} FROM (${inner}) AS g${by.length === 0 ? '' : ` GROUP BY ${by.join(', ')}`}`;
  }, rows);
}

interface Reached {
  /** Holds the joins to many and what follows them. */
  readonly view: Scope;
  readonly row: Row;
  /** No entity is reached from two rows. */
  readonly unique: boolean;
  readonly present: readonly string[];
}

/** The entities at the end of a path: to-one steps are joined as ever, to-many ones give a line for each entity. */
function entities({ from, steps, variable }: EntityPath, layer: Layer): Reached {
  const view = layer.scope.inner();
  let row = layer.scope.variable(from);
  let unique = layer.row.stored !== null && layer.companions.size + layer.numbers.length === 0;
  for (const step of steps) {
    const { navigation } = step;
    const key = row.entitySet?.entityType.key ?? [];
    const own = new Set(navigation.join.map(({ property }) => property));
    unique &&= navigation.collection && key.every((name) => own.has(name));
    row = navigation.collection ? view.joinAll(row, step) : row.scope.join(row, step);
  }
  view.bind(variable, row);
  const present = steps.at(-1)?.navigation.collection === true ? [] : [`${rowId(row)} IS NOT NULL`];
  return { view, row, unique, present };
}
