import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { FieldShape } from '../../json/row-shape.ts';
import type { CrossjoinPlan } from '../../plan/model/read-plan.ts';
import type { CompileOptions } from '../compile-options.ts';
import type { CompiledQuery } from '../compiled-query.ts';
import { fromWhere } from '../expression/collection.ts';
import { openScope } from '../expression/open-scope.ts';
import { truth } from '../expression/predicate.ts';
import { type Row, rowId, type Scope } from '../scope.ts';
import { addComputed } from './computed-columns.ts';
import type { OutputColumn } from './nested-text.ts';
import { afterPosition, limitOffset, orderBy, type SortKey, sortKeys } from './order.ts';
import { pageOf } from './page.ts';
import { controlColumns, type RowContext, servedRow } from './selection.ts';
import { counted, statement } from './statement.ts';

/**
 * `$crossjoin(A,B)` (URL Conventions 4.15): one object for each set, with its key columns for the navigation link, in
 * the asked order, the row ids deciding ties; these are the position columns. With `countOnly` one row with the number.
 */
export function compileCrossjoin(
  plan: CrossjoinPlan,
  catalogue: Catalogue,
  { controls = false }: CompileOptions = {},
): CompiledQuery {
  const { scope, rows } = joinedRows(plan, catalogue);
  if (plan.countOnly) {
    return counted(scope);
  }
  const page = pageOf({ ...plan, after: plan.after === null ? null : { remaining: plan.restriction.top } });
  const ties = rows.map((row): SortKey => ({ sql: rowId(row), type: 'Edm.Int64', direction: 'asc', nullable: false }));
  const keys = [...sortKeys(plan.restriction.orderby, scope), ...ties];
  if (plan.after !== null) {
    scope.where.push(afterPosition(keys, plan.after));
  }
  const served = rows.map((row) => servedSet(plan, { scope, row, controls }));
  const position = page.resumable ? keys : [];
  const columns = [...served.flatMap((one) => one.columns), ...position].map(({ sql }) => sql);
  return {
    text: statement(
      `SELECT ${columns.join(', ')} ${fromWhere(scope)} ${orderBy(keys)}${limitOffset(page.fetch, page.skip)}`,
    ),
    shape: { fields: served.map((one) => one.field) },
    limit: page.limit,
    remaining: page.remaining,
    positionColumns: position.length,
  };
}

/** `$count=true` of a crossjoin. */
export function compileCrossjoinCount(plan: CrossjoinPlan, catalogue: Catalogue): CompiledQuery {
  return counted(joinedRows(plan, catalogue).scope);
}

function joinedRows(plan: CrossjoinPlan, catalogue: Catalogue): { scope: Scope; rows: readonly Row[] } {
  const scope = openScope(catalogue);
  const rows = plan.sets.map((set, index) => scope.table(set, plan.variables?.[index]));
  if (plan.restriction.filter !== null) {
    scope.where.push(truth(plan.restriction.filter, scope));
  }
  return { scope, rows };
}

function servedSet(
  plan: CrossjoinPlan,
  { scope, row, controls }: Omit<RowContext, 'depth'>,
): { columns: readonly OutputColumn[]; field: FieldShape } {
  const name = row.entitySet?.name ?? '';
  const expand = plan.expands.find((one) => one.set.name === name);
  const { columns: key, control } = controlColumns(row, expand?.selection ?? null);
  const presence: OutputColumn = { sql: rowId(row), type: 'Edm.Int64' };
  if (expand === undefined) {
    return { columns: [presence, ...key], field: { kind: 'object', name, row: { fields: [] }, control } };
  }
  const view = scope.within(row, expand.selection.variable);
  addComputed(expand.selection.computed, view, row);
  const inner = servedRow(expand.selection, { scope: view, row, depth: 0, controls });
  return {
    columns: [presence, ...key, ...inner.columns],
    field: { kind: 'object', name, row: { fields: inner.fields }, control },
  };
}
