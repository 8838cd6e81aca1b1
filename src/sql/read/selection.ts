import { keyProperties } from '../../edm/key-properties.ts';
import type { Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import type { ControlShape, FieldShape } from '../../json/row-shape.ts';
import { linkedNavigations } from '../../plan/model/linked-navigations.ts';
import type { ExpandPlan, Restriction, Selection } from '../../plan/model/read-plan.ts';
import { firstLayer } from '../apply/layer.ts';
import { orderOf, restrictedResult, servedOutput } from '../apply/result-rows.ts';
import { fromWhere } from '../expression/collection.ts';
import { truth } from '../expression/predicate.ts';
import { searchCondition } from '../expression/search.ts';
import { joinConditions, propertyColumn, type Row, rowId, type Scope } from '../scope.ts';
import { addComputed } from './computed-columns.ts';
import { type OutputColumn, rowText, separatorsAt } from './nested-text.ts';
import { limitOffset, orderBy, type SortKey, sortKeys } from './order.ts';

/** What a row serves: the SQL columns, and the fields that consume them in the same order. */
export interface ServedRow {
  readonly columns: readonly OutputColumn[];
  readonly fields: readonly FieldShape[];
}

/** Where a selection is compiled: the scope whose own row it speaks of, how deep in collections, whether ids are served. */
export interface RowContext {
  readonly scope: Scope;
  readonly row: Row;
  readonly depth: number;
  readonly controls: boolean;
}

/** The columns of `$select` in declared order, then computed ones, then expanded navigation properties. */
export function servedRow(selection: Selection, place: RowContext): ServedRow {
  const properties = selection.properties.map((property) => ({
    columns: [{ sql: propertyColumn(place.row, property), type: property.collection ? 'Edm.String' : property.type }],
    fields: [fieldOf(property)],
  })) satisfies ServedRow[];
  const computed = selection.computed.map(({ name, type }) => ({
    columns: [{ sql: place.row.columns.get(name) ?? 'NULL', type }],
    fields: [{ kind: 'value', name, type, collection: false, dynamic: true }],
  })) satisfies ServedRow[];
  return together([...properties, ...computed, ...selection.expands.map((expand) => expanded(expand, place))]);
}

/** Of each property one: what is made of it once is kept beside it (`json/value-part.ts`). */
const fieldsMade = new WeakMap<Property, FieldShape>();

function fieldOf(property: Property): FieldShape {
  const { name, type, collection } = property;
  const field = fieldsMade.get(property) ?? { kind: 'value', name, type, collection };
  fieldsMade.set(property, field);
  return field;
}

/** Filter and search of a collection, on its own row. */
export function restrict(restriction: Restriction, scope: Scope, row: Row): void {
  if (restriction.filter !== null) {
    scope.where.push(truth(restriction.filter, scope));
  }
  if (restriction.search !== null) {
    scope.where.push(searchCondition(restriction.search, row));
  }
}

/** The asked order made total by the row id. */
export function totalOrder(restriction: Restriction, scope: Scope, row: Row): SortKey[] {
  const tieBreaker: SortKey = { sql: rowId(row), type: 'Edm.Int64', direction: 'asc', nullable: false };
  return [...sortKeys(restriction.orderby, scope), tieBreaker];
}

/** Columns and shape of the key, from which the reader makes `@odata.id` and, of a selection, the navigation links. */
export function controlColumns(
  row: Row,
  selection: Selection | null,
): { readonly columns: OutputColumn[]; readonly control: ControlShape } {
  if (row.entitySet === null) {
    throw new GatewayError('Internal', 'Only entities have ids.');
  }
  const { name, entityType } = row.entitySet;
  const key = keyProperties(entityType);
  return {
    columns: key.map((property) => ({ sql: propertyColumn(row, property), type: property.type })),
    control: {
      set: name,
      type: entityType.name,
      key: key.map(({ name, type }) => ({ name, type })),
      ...(selection === null ? {} : { navigations: linkedNavigations(selection) }),
    },
  };
}

function together(parts: readonly ServedRow[]): ServedRow {
  return { columns: parts.flatMap((part) => part.columns), fields: parts.flatMap((part) => part.fields) };
}

function expanded(expand: ExpandPlan, place: RowContext): ServedRow {
  return expand.navigation.collection ? expandedToMany(expand, place) : expandedToOne(expand, place);
}

/** A reference is its id alone. */
const linkedIn = ({ form, selection }: ExpandPlan): Selection | null => (form === 'ref' ? null : selection);

function expandedToOne(expand: ExpandPlan, { scope, row, depth, controls }: RowContext): ServedRow {
  const { navigation, selection, restriction, form } = expand;
  const target = row.scope.join(row, { navigation, set: selection.set });
  const view = scope.within(target, restriction.variable ?? selection.variable);
  addComputed(selection.computed, view, target);
  const conditions: string[] = [];
  if (restriction.filter !== null) {
    conditions.push(truth(restriction.filter, view));
  }
  if (restriction.search !== null) {
    conditions.push(searchCondition(restriction.search, target));
  }
  const id = rowId(target);
  const presence = conditions.length === 0 ? id : `(CASE WHEN ${conditions.join(' AND ')} THEN ${id} END)`;
  if (form === 'count') {
    return countField(navigation.name, `(${presence} IS NOT NULL)::integer`);
  }
  const ids = controls || form === 'ref' ? controlColumns(target, linkedIn(expand)) : { columns: [], control: null };
  const inner = form === 'ref' ? together([]) : servedRow(selection, { scope: view, row: target, depth, controls });
  return {
    columns: [{ sql: presence, type: 'Edm.Int64' }, ...ids.columns, ...inner.columns],
    fields: [{ kind: 'object', name: navigation.name, row: { fields: inner.fields }, control: ids.control }],
  };
}

function expandedToMany(expand: ExpandPlan, place: RowContext): ServedRow {
  const { navigation, restriction, form } = expand;
  const count = (): string => `(SELECT count(*) ${fromWhere(nestedRows(expand, place).scope)})`;
  if (form === 'count') {
    return countField(navigation.name, count());
  }
  const { scope, served, control, order } = nestedRows(expand, place);
  const line = rowText(served.columns, place.depth);
  const alias = scope.aliases.next('r');
  const rows = `SELECT ${line} AS line ${fromWhere(scope)} ${orderBy(order)}${limitOffset(restriction.top, restriction.skip)}`;
  const column: OutputColumn = {
    sql: `(SELECT COALESCE(string_agg(${alias}.line, ''), '') FROM (${rows}) AS ${alias})`,
    type: 'array',
  };
  const field: FieldShape = {
    kind: 'array',
    name: navigation.name,
    row: { fields: served.fields },
    ...separatorsAt(place.depth),
    withCount: restriction.count,
    control,
  };
  return {
    columns: restriction.count ? [{ sql: count(), type: 'Edm.Int64' }, column] : [column],
    fields: [field],
  };
}

/** The rows that one parent row leads to, restricted, and what is served of each. */
interface NestedRows {
  readonly scope: Scope;
  readonly served: ServedRow;
  readonly control: ControlShape | null;
  readonly order: readonly SortKey[];
}

function nestedRows(expand: ExpandPlan, place: RowContext): NestedRows {
  const { navigation, selection, restriction, form, apply } = expand;
  const scope = place.scope.inner();
  const variable = restriction.variable ?? selection.variable;
  const row = scope.table(selection.set, variable);
  scope.where.unshift(...joinConditions(place.row, row, navigation));
  const depth = place.depth + 1;
  if (apply !== undefined) {
    const result = restrictedResult(firstLayer(scope, row, variable), { apply, restriction });
    const { control, ...served } = servedOutput({ apply, selection }, result, { ...place, depth });
    const { asked, ties } = orderOf(result, { apply, restriction });
    return { scope: result.scope, served, control, order: [...asked, ...ties] };
  }
  addComputed(selection.computed, scope, row);
  restrict(restriction, scope, row);
  const ids = place.controls || form === 'ref' ? controlColumns(row, linkedIn(expand)) : { columns: [], control: null };
  const inner = form === 'ref' ? together([]) : servedRow(selection, { ...place, scope, row, depth });
  const served = { columns: [...ids.columns, ...inner.columns], fields: inner.fields };
  return { scope, served, control: ids.control, order: totalOrder(restriction, scope, row) };
}

function countField(name: string, sql: string): ServedRow {
  return { columns: [{ sql, type: 'Edm.Int64' }], fields: [{ kind: 'count', name }] };
}
