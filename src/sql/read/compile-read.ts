import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { ControlShape, FieldShape } from '../../json/row-shape.ts';
import type {
  CollectionPlan,
  CountPlan,
  EntityPlan,
  PropertyPlan,
  Restriction,
  RowSource,
  Selection,
} from '../../plan/model/read-plan.ts';
import { appliedRows, compileApplied } from '../apply/compile-apply.ts';
import type { CompileOptions } from '../compile-options.ts';
import type { CompiledQuery, RowSpan } from '../compiled-query.ts';
import { fromWhere } from '../expression/collection.ts';
import { openScope } from '../expression/open-scope.ts';
import { integerLiteral } from '../literal.ts';
import { propertyColumn, type Row, rowId, type Scope } from '../scope.ts';
import { addComputed } from './computed-columns.ts';
import { countByBlocks } from './count-blocks.ts';
import type { OutputColumn } from './nested-text.ts';
import { afterPosition, limitOffset, orderBy } from './order.ts';
import { pageOf } from './page.ts';
import { readSpan, type Span, spanProbe, type TimeRange, timeRangeOf, unindexed } from './row-span.ts';
import { isFound, readFound, searchOf, searchProbe } from './search-probe.ts';
import { controlColumns, restrict, servedRow, totalOrder } from './selection.ts';
import { behindSkipped } from './skip-rows.ts';
import { changedWithin, openSource } from './source.ts';
import { counted, statement } from './statement.ts';

export type { CompileOptions } from '../compile-options.ts';

/** One page of a collection, of the result of `$apply`, or of the rows changed since `plan.since`. Rows come in a total order; see `CompiledQuery.limit` for the row that only announces more. */
export function compileCollection(
  plan: CollectionPlan,
  catalogue: Catalogue,
  options: CompileOptions = {},
): CompiledQuery {
  if (plan.apply !== null) {
    return compileApplied({ ...plan, apply: plan.apply }, catalogue, options);
  }
  const page = compilePage({ plan, catalogue, options, bounds: [] });
  const ranged = rangeSpan(plan, { page, catalogue, options });
  const span = searchSpan(plan, { page, catalogue, ranged });
  return span === null ? page.query : { span, ...page.query };
}

/** By the row numbers between which a time range lies. */
function rangeSpan(
  plan: CollectionPlan,
  {
    page,
    catalogue,
    options,
  }: { readonly page: CompiledPage; readonly catalogue: Catalogue; readonly options: CompileOptions },
): RowSpan | null {
  const range = timeRangeOf(plan, catalogue);
  if (range === null) {
    return null;
  }
  const within = (found: string): string => {
    const span = readSpan(found, plan);
    if (span === null) {
      return page.query.text;
    }
    if (!span.dense) {
      return page.within((id) => between(id, span));
    }
    const rest = { ...plan, restriction: { ...plan.restriction, filter: range.rest } };
    return compilePage({ plan: rest, catalogue, options, bounds: range.bounds }).within((id) => between(id, span));
  };
  return { probe: spanProbe(plan, catalogue, range), within };
}

const between = (id: string, { first, last }: Span): string =>
  `${id} BETWEEN ${integerLiteral(first)} AND ${integerLiteral(last)}`;

/** By the numbers of the rows that are searched for, where they are few; else as `ranged` does. */
function searchSpan(
  plan: CollectionPlan,
  {
    page,
    catalogue,
    ranged,
  }: { readonly page: CompiledPage; readonly catalogue: Catalogue; readonly ranged: RowSpan | null },
): RowSpan | null {
  const search = searchOf(plan, catalogue);
  if (search === null) {
    return ranged;
  }
  const within = (text: string): string => {
    const found = readFound(text);
    if (found.kind === 'many') {
      return ranged === null ? page.query.text : ranged.within(found.otherwise);
    }
    return page.within((id) => isFound(id, found, { search, plan, catalogue }));
  };
  return { probe: searchProbe(search, plan, { catalogue, otherwise: ranged?.probe ?? null }), within };
}

interface CompiledPage {
  readonly query: CompiledQuery;
  /** The same with nothing but rows of whose number a condition holds. */
  within(condition: (id: string) => string): string;
}

interface PageToCompile {
  readonly plan: CollectionPlan;
  readonly catalogue: Catalogue;
  readonly options: CompileOptions;
  /** Hold beside the filter, without the help of an index. */
  readonly bounds: TimeRange['bounds'];
}

function compilePage({ plan, catalogue, options, bounds }: PageToCompile): CompiledPage {
  const { scope, row } = openRows(plan, catalogue);
  scope.where.push(...bounds.map((bound) => unindexed(bound, scope)));
  const page = pageOf(plan);
  const order = totalOrder(plan.restriction, scope, row);
  if (plan.after !== null) {
    scope.where.push(afterPosition(order, [...plan.after.values, plan.after.rowId]));
  }
  const behind = behindSkipped({ scope, row }, order, page.skip);
  if (behind !== null) {
    scope.where.push(behind);
  }
  const served = entityColumns(plan, { scope, row }, options);
  const position = page.resumable ? order : [];
  const columns = served.columns.map((column) => column.sql);
  const orderValues = position.map((key) => (columns.includes(key.sql) ? columns.indexOf(key.sql) : null));
  const unserved = position.filter((_, index) => orderValues[index] === null);
  columns.push(...unserved.map((key) => key.sql));
  const paging = `${orderBy(order)}${limitOffset(page.fetch, behind === null ? page.skip : null)}`;
  const text = (...more: readonly string[]): string =>
    statement(`SELECT ${columns.join(', ')} ${fromWhere(scope, more)} ${paging}`);
  const query: CompiledQuery = {
    text: text(),
    shape: { fields: served.fields },
    control: served.control,
    limit: page.limit,
    remaining: page.remaining,
    positionColumns: unserved.length,
    orderValues,
  };
  return { query, within: (condition) => text(condition(rowId(row))) };
}

/** One row or none: an entity by key, or over a navigation to one. */
export function compileEntity(plan: EntityPlan, catalogue: Catalogue, options: CompileOptions = {}): CompiledQuery {
  const scope = openScope(catalogue);
  const row = openSource(plan.source, scope, plan.selection.variable);
  addComputed(plan.selection.computed, scope, row);
  const served = entityColumns(plan, { scope, row }, options);
  return {
    text: statement(`SELECT ${served.columns.map((column) => column.sql).join(', ')} ${fromWhere(scope)}`),
    shape: { fields: served.fields },
    control: served.control,
    limit: null,
    remaining: null,
    positionColumns: 0,
  };
}

/** The value of one property of one row; no row where the entity does not exist. */
export function compileProperty(plan: PropertyPlan, catalogue: Catalogue): CompiledQuery {
  const scope = openScope(catalogue);
  const row = openSource(plan.source, scope);
  const { name, type, collection } = plan.property;
  return {
    text: `SELECT ${propertyColumn(row, plan.property)} ${fromWhere(scope)}`,
    shape: { fields: [{ kind: 'value', name, type, collection }] },
    limit: null,
    remaining: null,
    positionColumns: 0,
  };
}

/** `/$count`: one row with one number; `$top` and `$skip` do not matter (Protocol 11.2.9). */
export function compileCount(plan: CountPlan, catalogue: Catalogue): CompiledQuery {
  if (plan.apply !== null) {
    return counted(appliedRows({ ...plan, apply: plan.apply }, catalogue).scope);
  }
  const open = (): Rows => {
    const scope = openScope(catalogue);
    const row = openSource(plan.source, scope, plan.restriction.variable);
    restrict(plan.restriction, scope, row);
    return { scope, row };
  };
  return { blocks: countByBlocks({ computed: [], since: null, ...plan }, catalogue, open), ...counted(open().scope) };
}

/** `$count=true`: how many rows the collection has on all pages together. */
export function compileCountOf(plan: CollectionPlan, catalogue: Catalogue): CompiledQuery {
  if (plan.apply !== null) {
    return counted(appliedRows({ ...plan, apply: plan.apply }, catalogue).scope);
  }
  const open = (): Rows => openRows(plan, catalogue);
  const { computed } = plan.selection;
  return { blocks: countByBlocks({ computed, ...plan }, catalogue, open), ...counted(open().scope) };
}

interface Rows {
  readonly scope: Scope;
  readonly row: Row;
}

interface CollectionRows {
  readonly source: RowSource;
  readonly selection: Selection;
  readonly restriction: Restriction;
  readonly since: bigint | null;
  readonly until?: bigint | null;
}

/** The rows of a collection before order and paging. */
function openRows({ source, selection, restriction, ...window }: CollectionRows, catalogue: Catalogue): Rows {
  const scope = openScope(catalogue);
  const row = openSource(source, scope, restriction.variable ?? selection.variable);
  scope.bind(selection.variable, row);
  addComputed(selection.computed, scope, row);
  if (window.since !== null) {
    scope.where.push(changedWithin(row, { ...window, since: window.since }));
  }
  restrict(restriction, scope, row);
  return { scope, row };
}

interface Served {
  readonly control: ControlShape | null;
  readonly columns: readonly OutputColumn[];
  readonly fields: readonly FieldShape[];
}

function entityColumns(
  { selection, references }: { readonly selection: Selection; readonly references: boolean },
  { scope, row }: { readonly scope: Scope; readonly row: Row },
  { controls = false }: CompileOptions,
): Served {
  const ids =
    controls || references ? controlColumns(row, references ? null : selection) : { columns: [], control: null };
  const inner = references ? { columns: [], fields: [] } : servedRow(selection, { scope, row, depth: 0, controls });
  return { columns: [...ids.columns, ...inner.columns], fields: inner.fields, control: ids.control };
}
