import type { BoundTransformation } from '../../plan/model/read-plan.ts';
import { fromWhere } from '../expression/collection.ts';
import { quoteIdentifier } from '../identifier.ts';
import { joinConditions, type Row, type Scope } from '../scope.ts';
import { applied } from './apply.ts';
import { firstLayer, type Layer } from './layer.ts';
import { nameOf, outputColumn } from './output-column.ts';

type Join = Extract<BoundTransformation, { kind: 'join' }>;

/** `join` and `outerjoin` (Data Aggregation 4.0, 3.5.1): one line for each row that a row leads to. */
export function joined(layer: Layer, step: Join): Layer {
  const { scope, row } = layer;
  const { navigation, set, outer, apply, variable } = step;
  if (variable === null) {
    return withRows(layer, step);
  }
  const found =
    apply.transformations.length === 0
      ? scope.joinAll(row, { navigation, set }, outer)
      : transformedEntities(layer, step);
  scope.bind(variable, found);
  return { ...layer, companions: new Map([...layer.companions, [variable, { row: found, column: null }]]) };
}

/** The rows that one row leads to, after the transformations of the join; they speak of that row, so they are LATERAL. */
function transformed({ scope, row }: Layer, { navigation, set, inner, apply }: Join): Layer {
  const within = scope.inner();
  const target = within.table(set, inner);
  within.where.unshift(...joinConditions(row, target, navigation));
  return applied(apply, firstLayer(within, target, inner));
}

function transformedEntities(layer: Layer, step: Join): Row {
  const { scope, row } = layer;
  const result = transformed(layer, step);
  const alias = scope.aliases.next('j');
  const columns = [`${result.row.alias}.*`];
  for (const [name, sql] of result.row.columns) {
    const column = scope.aliases.next('$');
    columns.push(`${sql} AS ${quoteIdentifier(column)}`);
    row.columns.set(`${step.alias}/${name}`, `${alias}.${quoteIdentifier(column)}`);
  }
  lateral({ scope, select: `SELECT ${columns.join(', ')} ${fromWhere(result.scope)}`, alias, outer: step.outer });
  return { scope, alias, entitySet: step.set, stored: result.row.stored, columns: new Map() };
}

/** Rows that are no entities have names only, and a number that tells those of one row apart. */
function withRows(layer: Layer, step: Join): Layer {
  const { scope, row, numbers } = layer;
  const result = transformed(layer, step);
  const alias = scope.aliases.next('j');
  const values = step.apply.output.map((output) => outputColumn(output, result.row));
  const columns = values.map((sql, index) => `${sql} AS c${index}`);
  step.apply.output.forEach((output, index) => {
    row.columns.set(`${step.alias}/${nameOf(output)}`, `${alias}.c${index}`);
  });
  const order = values.length === 0 ? '' : `ORDER BY ${values.join(', ')}`;
  const number = `$${step.alias}`;
  row.columns.set(number, `${alias}.n`);
  const select = `SELECT ${[...columns, `row_number() OVER (${order}) AS n`].join(', ')} ${fromWhere(result.scope)}`;
  lateral({ scope, select, alias, outer: step.outer });
  return { ...layer, numbers: [...numbers, number] };
}

interface Lateral {
  readonly scope: Scope;
  readonly select: string;
  readonly alias: string;
  readonly outer: boolean;
}

function lateral({ scope, select, alias, outer }: Lateral): void {
  scope.from.push(`${outer ? 'LEFT ' : ''}JOIN LATERAL (${select}) AS ${alias} ON TRUE`);
}
