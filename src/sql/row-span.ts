import type { Catalogue } from '../catalogue/catalogue.ts';
import type { PrimitiveTypeName, Property } from '../edm/model.ts';
import type { BoundExpression, CollectionPlan } from '../plan/read-plan.ts';
import { fromWhere } from './collection.ts';
import { integerLiteral } from './literal.ts';
import { truth } from './predicate.ts';
import { isRooted } from './root.ts';
import { rowId, Scope } from './scope.ts';
import { openSource } from './source.ts';

type Comparison = Extract<BoundExpression, { kind: 'Comparison' }>;

/** Index entries looked at for each row of a page, and the least and most of them: an entry costs a fraction of a row. */
const entriesForRow = 1000;
const [fewestEntries, mostEntries] = [1_000_000, 20_000_000];
const ranges = new Set(['ge', 'gt', 'le', 'lt']);
const times: ReadonlySet<PrimitiveTypeName> = new Set<PrimitiveTypeName>(['Edm.DateTimeOffset', 'Edm.Date']);

/**
 * For rows of a time range in load order: the probe of their `RowSpan`, answered by the index of the time alone; null for other reads. Rows come roughly in the order of their times, of which
 * PostgreSQL knows nothing: for the rows of the last days it would go through all that came before them, since it
 * expects to meet them everywhere.
 */
export function spanProbe(plan: CollectionPlan, catalogue: Catalogue, limit: number): string | null {
  const { source, restriction, since, apply } = plan;
  if (source.kind !== 'Set' || restriction.filter === null || restriction.orderby.length > 0) return null;
  if (since !== null || apply !== null) return null;
  const range = timeRange(restriction.filter, indexedProperties(plan, catalogue));
  if (range.length === 0) return null;
  const scope = new Scope(catalogue, null);
  const row = openSource(source, scope, restriction.variable ?? plan.selection.variable);
  scope.bind(plan.selection.variable, row);
  // Hidden rows too: their bounds are only wider, and the index alone answers.
  scope.where.splice(0, scope.where.length, ...range.map((comparison) => truth(comparison, scope)));
  const most = Math.min(Math.max(limit * entriesForRow, fewestEntries), mostEntries);
  const entries = `SELECT ${rowId(row)} AS id ${fromWhere(scope)} LIMIT ${integerLiteral(most + 1)}`;
  return `SELECT concat_ws(' ', min(s.id), max(s.id), count(*) > ${integerLiteral(most)}) FROM (${entries}) AS s`;
}

function indexedProperties({ selection }: CollectionPlan, catalogue: Catalogue): ReadonlySet<string> {
  const stored = catalogue.sets.get(selection.set.name);
  const leading = stored?.kind === 'stored' ? stored.indexes.map(([first]) => first ?? '') : [];
  return new Set(leading);
}

/** The bounds of the first time that is bounded, out of conditions that all have to hold. */
function timeRange(filter: BoundExpression, indexed: ReadonlySet<string>): readonly Comparison[] {
  const bounds = conjuncts(filter).filter((part): part is Comparison => boundedTime(part) !== null);
  const property = bounds.map(boundedTime).find((found) => found !== null && indexed.has(found.name));
  return property === undefined ? [] : bounds.filter((bound) => boundedTime(bound) === property);
}

function conjuncts(filter: BoundExpression): readonly BoundExpression[] {
  return filter.kind === 'Logical' && filter.operator === 'and'
    ? [...conjuncts(filter.left), ...conjuncts(filter.right)]
    : [filter];
}

/** The property of the row itself that a comparison holds against a constant time. */
function boundedTime(part: BoundExpression): Property | null {
  if (part.kind !== 'Comparison' || !ranges.has(part.operator)) return null;
  const [value, constant] = part.left.kind === 'Constant' ? [part.right, part.left] : [part.left, part.right];
  if (value.kind !== 'PropertyValue' || constant.kind !== 'Constant' || constant.value === null) return null;
  return value.row.steps.length === 0 && !isRooted(value.row) && times.has(value.property.type) ? value.property : null;
}
