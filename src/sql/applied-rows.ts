import type { PrimitiveTypeName } from '../edm/model.ts';
import type { ApplyPlan, OutputProperty, Restriction, Selection } from '../plan/read-plan.ts';
import { applied, nameOf, outputColumn } from './apply.ts';
import type { ControlShape, FieldShape } from './compiled-query.ts';
import type { Layer } from './layer.ts';
import type { OutputColumn } from './nested-text.ts';
import { orderedLength, type SortKey, sortKeys } from './order.ts';
import { rowId } from './scope.ts';
import { controlColumns, type Place, restrict, type ServedRow, servedRow } from './selection.ts';

/** A pipeline and the other options, which hold for its result. */
export interface RestrictedApply {
  readonly apply: ApplyPlan;
  readonly restriction: Restriction;
}

/** The result of `$apply` on the rows of `input`, filtered and searched by the other options; still open. */
export function restrictedResult(input: Layer, { apply, restriction }: RestrictedApply): Layer {
  const result = applied(apply, input);
  restrict(restriction, result.scope, result.row);
  return result;
}

/** The order of a result: the keys asked for, then what tells its rows apart. */
export interface AppliedOrder {
  readonly asked: readonly SortKey[];
  readonly ties: readonly SortKey[];
}

/** Entities are told apart by their id, other rows by all columns that are served. */
export function orderOf(layer: Layer, { apply, restriction }: RestrictedApply): AppliedOrder {
  const { scope, row, order } = layer;
  const asked = sortKeys(restriction.orderby, scope);
  if (row.stored !== null) {
    return { asked, ties: [...order, { sql: rowId(row), type: 'Edm.Int64', direction: 'asc', nullable: false }] };
  }
  const columns = apply.output.flatMap((output) => tiesOf(outputColumn(output, row), output.type));
  return { asked, ties: [...order, ...columns] };
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

/** The columns of a result in the order of `apply.output`, then what is expanded of rows that are entities still. */
export function servedOutput(
  { apply, selection, references = false }: ServedPlan,
  { scope, row }: Layer,
  { controls, depth }: Pick<Place, 'controls' | 'depth'>,
): ServedRow & { readonly control: ControlShape | null } {
  const entities = apply.keepsEntities && row.stored !== null;
  const linked = references ? null : selection;
  const ids = entities && (controls || references) ? controlColumns(row, linked) : { columns: [], control: null };
  const outputs = references ? { columns: [], fields: [] } : outputRow(apply.output, row);
  const place = { scope, row, depth, controls };
  const expanded = entities && !references ? servedRow({ ...selection, properties: [], computed: [] }, place) : nothing;
  return {
    columns: [...ids.columns, ...outputs.columns, ...expanded.columns],
    fields: [...outputs.fields, ...expanded.fields],
    control: ids.control,
  };
}

interface ServedPlan {
  readonly apply: ApplyPlan;
  readonly selection: Selection;
  readonly references?: boolean;
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
