import type { Catalogue } from '../catalogue/catalogue.ts';
import type { PrimitiveTypeName } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import type { ApplyPlan, CollectionPlan, OutputProperty, Restriction, RowSource } from '../plan/read-plan.ts';
import { applied, nameOf, outputColumn } from './apply.ts';
import { fromWhere } from './collection.ts';
import type { CompileOptions } from './compile-options.ts';
import type { CompiledQuery, ControlShape, FieldShape } from './compiled-query.ts';
import { type Layer, wrapped } from './layer.ts';
import type { OutputColumn } from './nested-text.ts';
import { afterPosition, orderBy, orderedLength, type SortKey, sortKeys } from './order.ts';
import { pageOf } from './page.ts';
import { rowId, Scope } from './scope.ts';
import { controlColumns, limitOffset, restrict, type ServedRow, servedRow } from './selection.ts';
import { openSource } from './source.ts';
import { statement } from './statement.ts';

type AppliedPlan = CollectionPlan & { readonly apply: ApplyPlan };

export interface AppliedRows {
  readonly source: RowSource;
  readonly restriction: Restriction;
  readonly apply: ApplyPlan;
}

/** The result of `$apply`, restricted by the other options, as a layer that is still open. */
export function appliedRows({ source, restriction, apply }: AppliedRows, catalogue: Catalogue): Layer {
  const scope = new Scope(catalogue, null);
  const row = openSource(source, scope, restriction.variable);
  const input: Layer = { scope, row, variable: restriction.variable, order: [], duplicates: false };
  const result = applied(apply, input);
  restrict(restriction, result.scope, result.row);
  return result;
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
  const served = servedOutput(plan, layer, options);
  const token = `json_build_array(${ties.map(({ sql }) => `(${sql})::text`).join(', ')})`;
  const position = page.more ? [...asked.map(({ sql }) => sql), token] : [];
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

interface OrderedRows {
  readonly layer: Layer;
  readonly asked: readonly SortKey[];
  /** Makes the order total. */
  readonly ties: readonly SortKey[];
}

function orderedRows(plan: AppliedPlan, catalogue: Catalogue): OrderedRows {
  const rows = appliedRows(plan, catalogue);
  const narrowed = rows.row.stored === null && plan.apply.output.length < rows.row.columns.size;
  const numbered = rows.duplicates || narrowed ? withNumbers(rows, plan.apply) : rows;
  const { scope, row } = numbered;
  const asked = sortKeys(plan.restriction.orderby, scope);
  if (row.stored !== null) {
    const id: SortKey = { sql: rowId(row), type: 'Edm.Int64', direction: 'asc', nullable: false };
    return { layer: numbered, asked, ties: [...numbered.order, id] };
  }
  const columns = plan.apply.output.flatMap((output) => tiesOf(outputColumn(output, row), output.type));
  const number = row.columns.get(rowNumber);
  const numbers: SortKey[] =
    number === undefined ? [] : [{ sql: number, type: 'Edm.Int64', direction: 'asc', nullable: false }];
  return { layer: numbered, asked, ties: [...numbered.order, ...columns, ...numbers] };
}

/**
 * A column as tie-breaker. A text decides by its beginning, and a longer one by its digest too: tie-breakers become part
 * of the next link, and only have to tell rows apart.
 */
function tiesOf(sql: string, type: PrimitiveTypeName): SortKey[] {
  const tie = (of: string): SortKey => ({ sql: of, type, direction: 'asc', nullable: true });
  if (type !== 'Edm.String') return [tie(sql)];
  const digest = `CASE WHEN length(${sql}) > ${orderedLength} THEN md5(${sql}) COLLATE "C" END`;
  return [tie(`left(${sql}, ${orderedLength}) COLLATE "C"`), tie(digest)];
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
  if (values.length !== count) throw new GatewayError('InvalidSkipToken', 'The token belongs to another aggregation.');
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

function servedOutput(
  { apply, selection, references }: AppliedPlan,
  { scope, row }: Layer,
  { controls = false }: CompileOptions,
): ServedRow & { readonly control: ControlShape | null } {
  const entities = apply.keepsEntities && row.stored !== null;
  const linked = references ? null : selection;
  const ids = entities && (controls || references) ? controlColumns(row, linked) : { columns: [], control: null };
  const outputs = references ? { columns: [], fields: [] } : outputRow(apply.output, row);
  const place = { scope, row, depth: 0, controls };
  const expanded = entities && !references ? servedRow({ ...selection, properties: [], computed: [] }, place) : nothing;
  return {
    columns: [...ids.columns, ...outputs.columns, ...expanded.columns],
    fields: [...outputs.fields, ...expanded.fields],
    control: ids.control,
  };
}

const nothing: ServedRow = { columns: [], fields: [] };

/** Paths become objects; an object stands where its first property stood. Its presence column is never null. */
function outputRow(outputs: readonly OutputProperty[], row: Layer['row'], depth = 0): ServedRow {
  const columns: OutputColumn[] = [];
  const fields: FieldShape[] = [];
  const done = new Set<string>();
  for (const output of outputs) {
    const name = output.path[depth] ?? nameOf(output);
    if (done.has(name)) continue;
    done.add(name);
    if (output.path.length === depth + 1) {
      columns.push({ sql: outputColumn(output, row), type: output.type });
      fields.push({ kind: 'value', name, type: output.type, collection: false });
    } else {
      const inner = outputRow(
        outputs.filter((one) => one.path[depth] === name),
        row,
        depth + 1,
      );
      columns.push({ sql: '1', type: 'Edm.Int32' }, ...inner.columns);
      fields.push({ kind: 'object', name, row: { fields: inner.fields }, control: null });
    }
  }
  return { columns, fields };
}
