import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { ApplyPlan, CollectionPlan, Restriction, RowSource } from '../../plan/model/read-plan.ts';
import type { CompileOptions } from '../compile-options.ts';
import type { CompiledQuery } from '../compiled-query.ts';
import { fromWhere } from '../expression/collection.ts';
import { openScope } from '../expression/open-scope.ts';
import { afterPosition, limitOffset, orderBy, type SortKey } from '../read/order.ts';
import { pageOf } from '../read/page.ts';
import { openSource } from '../read/source.ts';
import { statement } from '../read/statement.ts';
import { firstLayer, type Layer, wrapped } from './layer.ts';
import { outputColumn } from './output-column.ts';
import { type AppliedOrder, orderOf, restrictedResult, servedOutput } from './result-rows.ts';

type AppliedPlan = CollectionPlan & { readonly apply: ApplyPlan };

export interface AppliedRows {
  readonly source: RowSource;
  readonly restriction: Restriction;
  readonly apply: ApplyPlan;
}

/** The result of `$apply`, restricted by the other options, as a layer that is still open. */
export function appliedRows({ source, restriction, apply }: AppliedRows, catalogue: Catalogue): Layer {
  const scope = openScope(catalogue);
  const row = openSource(source, scope, restriction.variable);
  return restrictedResult(firstLayer(scope, row, restriction.variable), { restriction, apply });
}

/**
 * One page of the result of `$apply`. Aggregated rows have no id: after the order asked for, all their columns decide,
 * then the number among rows that are equal in all of them. These values are the position's `rowId`, as a JSON array.
 */
export function compileApplied(plan: AppliedPlan, catalogue: Catalogue, options: CompileOptions = {}): CompiledQuery {
  const { layer, ties, asked } = orderedRows(plan, catalogue);
  const { scope } = layer;
  const page = pageOf(plan);
  const keys = [...asked, ...ties];
  if (plan.after !== null) {
    scope.where.push(afterPosition(keys, [...plan.after.values, ...tieValues(plan.after.rowId, ties.length)]));
  }
  const served = servedOutput(plan, layer, { depth: 0, controls: options.controls ?? false });
  const token = `json_build_array(${ties.map(({ sql }) => `(${sql})::text`).join(', ')})`;
  const position = page.resumable ? [...asked.map(({ sql }) => sql), token] : [];
  const columns = [...served.columns.map(({ sql }) => sql), ...position];
  return {
    text: statement(
      `SELECT ${columns.join(', ')} ${fromWhere(scope)} ${orderBy(keys)}${limitOffset(page.fetch, page.skip)}`,
    ),
    shape: { fields: served.fields },
    control: served.control,
    limit: page.limit,
    remaining: page.remaining,
    positionColumns: position.length,
  };
}

interface OrderedRows extends AppliedOrder {
  readonly layer: Layer;
}

function orderedRows(plan: AppliedPlan, catalogue: Catalogue): OrderedRows {
  const rows = appliedRows(plan, catalogue);
  const narrowed = rows.row.stored === null && plan.apply.output.length < rows.row.columns.size;
  const layer = rows.duplicates || narrowed ? withNumbers(rows, plan.apply) : rows;
  const { asked, ties } = orderOf(layer, plan);
  const number = layer.row.columns.get(rowNumber);
  const numbers: SortKey[] =
    number === undefined ? [] : [{ sql: number, type: 'Edm.Int64', direction: 'asc', nullable: false }];
  return { layer, asked, ties: [...ties, ...numbers] };
}

const rowNumber = '$number';

/** Rows that are equal in every column get numbers, so that a page may end between them. */
function withNumbers(layer: Layer, apply: ApplyPlan): Layer {
  const columns = apply.output.map((output) => outputColumn(output, layer.row)).join(', ');
  const number = columns === '' ? 'row_number() OVER ()' : `row_number() OVER (PARTITION BY ${columns})`;
  return wrapped(layer, { extra: new Map([[rowNumber, number]]) });
}

function tieValues(rowId: string, count: number): (string | null)[] {
  const values = parsed(rowId);
  if (values.length !== count) {
    throw new GatewayError('InvalidSkipToken', 'The token belongs to another aggregation.');
  }
  return values.map((one) => (typeof one === 'string' ? one : null));
}

function parsed(text: string): unknown[] {
  try {
    const read: unknown = JSON.parse(text);
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}
