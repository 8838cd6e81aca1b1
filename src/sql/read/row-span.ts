import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { PrimitiveTypeName, Property } from '../../edm/model.ts';
import type { BoundExpression, CollectionPlan } from '../../plan/model/read-plan.ts';
import { fromWhere } from '../expression/collection.ts';
import { truth } from '../expression/predicate.ts';
import { isRooted } from '../expression/root.ts';
import { integerLiteral } from '../literal.ts';
import { rowId, type Scope } from '../scope.ts';
import { pageOf } from './page.ts';
import { openWholeTable } from './whole-table.ts';

type Comparison = Extract<BoundExpression, { kind: 'Comparison' }>;

/** Index entries looked at for each row of a page, and the least and most of them: an entry costs a fraction of a row. */
const entriesForRow = 1000;
const [fewestEntries, mostEntries] = [1_000_000, 20_000_000];
const ranges = new Set(['ge', 'gt', 'le', 'lt']);
const times: ReadonlySet<PrimitiveTypeName> = new Set<PrimitiveTypeName>(['Edm.DateTimeOffset', 'Edm.Date']);

/** Share of the rows between two row numbers from which on it is quicker to go through them all in their order. */
const dense = 0.1;

/** The part of a filter that bounds the time of a row, and what is left of the filter. */
export interface TimeRange {
  readonly bounds: readonly Comparison[];
  readonly rest: BoundExpression | null;
}

/** The time range of rows in load order, where an index has that time; null for other reads. */
export function timeRangeOf(
  { source, restriction, since, selection }: CollectionPlan,
  catalogue: Catalogue,
): TimeRange | null {
  const { filter, orderby } = restriction;
  if (source.kind !== 'Set' || filter === null || orderby.length > 0 || since !== null) {
    return null;
  }
  const parts = conjuncts(filter);
  const indexed = indexedProperties(selection.set.name, catalogue);
  const property = parts.map(boundedTime).find((found) => found !== null && indexed.has(found.name)) ?? null;
  if (property === null) {
    return null;
  }
  const bounds = parts.filter((part): part is Comparison => boundedTime(part) === property);
  return {
    bounds,
    rest: parts.filter((part) => boundedTime(part) !== property).reduce<BoundExpression | null>(and, null),
  };
}

/**
 * The first and the last row number of a time range and how many rows there are, answered by the index of the time alone.
 * Rows come roughly in the order of their times, of which PostgreSQL knows nothing: for the rows of the last days it would go
 * through all that came before them, since it expects to meet them everywhere.
 */
export function spanProbe(plan: CollectionPlan, catalogue: Catalogue, { bounds }: TimeRange): string {
  const { scope, row } = openWholeTable(plan, catalogue);
  scope.where.push(...bounds.map((bound) => truth(bound, scope)));
  const entries = `SELECT ${rowId(row)} AS id ${fromWhere(scope)} LIMIT ${integerLiteral(mostEntriesFor(plan) + 1)}`;
  return `SELECT concat_ws(' ', min(s.id), max(s.id), count(*)) FROM (${entries}) AS s`;
}

/** What a probe found. */
export interface Span {
  readonly first: bigint;
  readonly last: bigint;
  /** The rows of the range are most of those between: they are quickest gone through in their order. */
  readonly dense: boolean;
}

/** Reads the text that `spanProbe` gave; null: there are too many rows to know. */
export function readSpan(found: string, plan: CollectionPlan): Span | null {
  const [first = '', last = '', count = ''] = found.split(' ');
  // No row: bounds that hold none.
  if (last === '') {
    return { first: 1n, last: 0n, dense: false };
  }
  if (Number(count) > mostEntriesFor(plan)) {
    return null;
  }
  const span = { first: BigInt(first), last: BigInt(last) };
  return { ...span, dense: Number(count) >= dense * Number(span.last - span.first + 1n) };
}

/** A bound that no index answers: between the row numbers, the order of the rows is worth more. */
export const unindexed = (bound: Comparison, scope: Scope): string => `(${truth(bound, scope)}) IS TRUE`;

function mostEntriesFor(plan: CollectionPlan): number {
  return Math.min(Math.max(pageOf(plan).fetch * entriesForRow, fewestEntries), mostEntries);
}

const and = (left: BoundExpression | null, right: BoundExpression): BoundExpression =>
  left === null ? right : { kind: 'Logical', type: 'Edm.Boolean', nullable: true, operator: 'and', left, right };

function indexedProperties(set: string, catalogue: Catalogue): ReadonlySet<string> {
  const stored = catalogue.sets.get(set);
  return new Set(stored?.kind === 'stored' ? stored.indexes.map(([first]) => first ?? '') : []);
}

function conjuncts(filter: BoundExpression): readonly BoundExpression[] {
  return filter.kind === 'Logical' && filter.operator === 'and'
    ? [...conjuncts(filter.left), ...conjuncts(filter.right)]
    : [filter];
}

/** The property of the row itself that a comparison holds against a constant time. */
function boundedTime(part: BoundExpression): Property | null {
  if (part.kind !== 'Comparison' || !ranges.has(part.operator)) {
    return null;
  }
  const [value, constant] = part.left.kind === 'Constant' ? [part.right, part.left] : [part.left, part.right];
  if (value.kind !== 'PropertyValue' || constant.kind !== 'Constant' || constant.value === null) {
    return null;
  }
  const { row, property } = value;
  const isOwn = row.steps.length === 0 && !isRooted(row);
  // The index has what is masked as it is.
  return isOwn && property.shown === undefined && times.has(property.type) ? property : null;
}
