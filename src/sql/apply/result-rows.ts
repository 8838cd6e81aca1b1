import type { EntityType, Model, PrimitiveTypeName, Property } from '../../edm/model.ts';
import type { ControlShape, FieldShape } from '../../json/row-shape.ts';
import { isPresence } from '../../plan/model/presence-path.ts';
import type { ApplyPlan, OutputEntity, OutputProperty, Restriction, Selection } from '../../plan/model/read-plan.ts';
import { addComputed } from '../read/computed-columns.ts';
import type { OutputColumn } from '../read/nested-text.ts';
import { orderedLength, type SortKey, sortKeys } from '../read/order.ts';
import { controlColumns, type RowContext, restrict, type ServedRow, servedRow } from '../read/selection.ts';
import { rowId } from '../scope.ts';
import { applied } from './apply.ts';
import { companionKeys, type Layer } from './layer.ts';
import { outputColumn } from './output-column.ts';

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
    const id: SortKey = { sql: rowId(row), type: 'Edm.Int64', direction: 'asc', nullable: false };
    return { asked, ties: [...order, id, ...companionKeys(layer)] };
  }
  const columns = apply.output.flatMap((output) => tiesOf(outputColumn(output, row), output.type));
  return { asked, ties: [...order, ...columns, ...companionKeys(layer)] };
}

/**
 * A column as tie-breaker. A text decides by its beginning, and a longer one by its digest too: tie-breakers become part
 * of the next link, and only have to tell rows apart.
 */
function tiesOf(sql: string, type: PrimitiveTypeName): SortKey[] {
  const tie = (of: string): SortKey => ({ sql: of, type, direction: 'asc', nullable: true });
  if (type !== 'Edm.String') {
    return [tie(sql)];
  }
  const digest = `CASE WHEN length(${sql}) > ${orderedLength} THEN md5(${sql}) COLLATE "C" END`;
  return [tie(`left(${sql}, ${orderedLength}) COLLATE "C"`), tie(digest)];
}

/**
 * The columns of a result in the order of `apply.output`, then the entities beside it, then what is expanded of rows that
 * are entities themselves.
 */
export function servedOutput(
  { apply, selection, references = false }: ServedPlan,
  layer: Layer,
  { controls, depth }: Pick<RowContext, 'controls' | 'depth'>,
): ServedRow & { readonly control: ControlShape | null } {
  const { scope, row } = layer;
  const entities = apply.keepsEntities && row.stored !== null;
  const linked = references ? null : selection;
  const ids = entities && (controls || references) ? controlColumns(row, linked) : { columns: [], control: null };
  const items: Item[] = references
    ? []
    : [
        ...apply.output.map((output) => ({
          path: output.path,
          sql: outputColumn(output, row),
          served: () => valueAt(output, layer, declaredAt(output, selection.type, scope.catalogue.model)),
        })),
        ...(apply.entities ?? []).map((entity) => ({
          path: entity.path,
          served: () => entityOf(entity, layer, { controls, depth }),
        })),
      ];
  const outputs = outputRow(items, 0);
  const place = { scope, row, depth, controls };
  const expanded =
    row.stored !== null && !references ? servedRow({ ...selection, properties: [], computed: [] }, place) : nothing;
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

interface Item {
  readonly path: readonly string[];
  /** Of a value; absent: an entity. */
  readonly sql?: string;
  readonly served: () => ServedRow;
}

/**
 * One value. That a property which is never null is null in a row says that it is no part of this row: it was left out by
 * a rollup, or by another sequence of a `concat`. Readers refuse a null there, so it is left out (3.2.3.2).
 */
function valueAt(output: OutputProperty, { row }: Layer, declared: Property | undefined): ServedRow {
  const { type } = output;
  const sql = outputColumn(output, row);
  const field = { kind: 'value', name: output.path.at(-1) ?? '', type, collection: false } as const;
  if (declared === undefined) {
    return { columns: [{ sql, type }], fields: [{ dynamic: true, ...field }] };
  }
  return { columns: [{ sql, type }], fields: [declared.nullable ? field : { optional: true, ...field }] };
}

/** What `$metadata` has at the path, over navigation properties, if it is of this type; an alias is declared nowhere. */
function declaredAt({ path, type }: OutputProperty, from: EntityType, model: Model): Property | undefined {
  let owner: EntityType | undefined = from;
  for (const name of path.slice(0, -1)) {
    const target: string | undefined = owner?.navigationProperties.get(name)?.target;
    owner = target === undefined ? undefined : model.entityTypes.get(target);
  }
  const found = owner?.properties.get(path.at(-1) ?? '');
  return found?.type === type ? found : undefined;
}

/** An entity that was grouped by or joined, null where there is none. */
function entityOf(
  { variable, selection, form, path }: OutputEntity,
  { scope, companions }: Layer,
  { controls, depth }: Pick<RowContext, 'controls' | 'depth'>,
): ServedRow {
  const row = companions.get(variable)?.row ?? scope.variable(variable);
  const view = scope.within(row, selection.variable);
  addComputed(selection.computed, view, row);
  const linked = form === 'ref' ? null : selection;
  const ids = controls || form === 'ref' ? controlColumns(row, linked) : { columns: [], control: null };
  const inner = form === 'ref' ? nothing : servedRow(selection, { scope: view, row, depth, controls });
  const name = path.at(-1) ?? '';
  return {
    columns: [{ sql: rowId(row), type: 'Edm.Int64' }, ...ids.columns, ...inner.columns],
    fields: [{ kind: 'object', name, row: { fields: inner.fields }, control: ids.control }],
  };
}

/** Paths become objects; an object stands where its first property stood. */
function outputRow(items: readonly Item[], depth: number): ServedRow {
  const columns: OutputColumn[] = [];
  const fields: FieldShape[] = [];
  const done = new Set<string>();
  for (const item of items) {
    const name = item.path[depth] ?? '';
    if (done.has(name)) {
      continue;
    }
    done.add(name);
    if (item.path.length === depth + 1) {
      const one = item.served();
      columns.push(...one.columns);
      fields.push(...one.fields);
    } else {
      const within = items.filter((one) => one.path[depth] === name && one.path.length > depth + 1);
      const parts = within.filter(({ path }) => path.length > depth + 2 || !isPresence(path));
      const inner = outputRow(parts, depth + 1);
      const presence = within.find((one) => !parts.includes(one))?.sql;
      columns.push({ sql: presenceColumn(presence), type: 'Edm.Int32' }, ...inner.columns);
      const object = { kind: 'object', name, row: { fields: inner.fields }, control: null } as const;
      fields.push(presence === undefined ? object : { ...object, optional: true });
    }
  }
  return { columns, fields };
}

/** 1: there, null: not there, 0: the row says nothing of it. Without a presence it is always there. */
const presenceColumn = (presence: string | undefined): string =>
  presence === undefined ? '1' : `CASE ${presence} WHEN TRUE THEN 1 WHEN FALSE THEN NULL ELSE 0 END`;
