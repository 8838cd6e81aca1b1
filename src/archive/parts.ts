import type { EntitySet, Property } from '../edm/model.ts';
import { collectionOf, noRestriction, onlyProperties, rowsOfSet } from '../plan/model/make.ts';
import type { BoundExpression, CollectionPlan, ComparisonOperator, RangeVariable } from '../plan/model/read-plan.ts';
import { quoteIdentifier } from '../sql/identifier.ts';
import { escapeText } from '../sql/literal.ts';

/**
 * A part of a set that is copied and compared in one transaction. `window`: rows with a point in time from `from` on and before `to`, ISO
 * texts of whole seconds in UTC, null: no bound; `timeless`: rows without one; `whole`: all rows.
 */
export type Part =
  | { readonly kind: 'window'; readonly by: Property; readonly from: string | null; readonly to: string | null }
  | { readonly kind: 'timeless'; readonly by: Property }
  | { readonly kind: 'whole' };

/** Rows that a page of a feed is asked for. */
const pageSize = 5000;

/** What the feed is asked for a part: of a window the newest rows first. */
export function partPlan(set: EntitySet, part: Part): CollectionPlan {
  const variable: RangeVariable = { name: '$it', set };
  return collectionOf({
    source: rowsOfSet(set),
    selection: onlyProperties(set, [...set.entityType.properties.values()], variable),
    restriction: {
      ...noRestriction,
      variable,
      filter: conditionOf(part, variable),
      orderby: part.kind === 'window' ? [{ expression: momentValue(part.by, variable), direction: 'desc' }] : [],
    },
    pageSize,
  });
}

/**
 * What programs write for a time that there is none of lies before: 0001-01-01 of .NET, 1753-01-01 and 1900-01-01 of databases, 1970-01-01. It says
 * nothing of how old a row is, or what the feed has purged.
 */
export const firstMoment = '1970-01-02T00:00:00Z';

/** What the feed is asked for the oldest moment from `firstMoment` on that it has, before `than` where that is given. */
export function oldestPlan(set: EntitySet, by: Property, than: string | null): CollectionPlan {
  const variable: RangeVariable = { name: '$it', set };
  const there = compared('ge', by, variable, firstMoment);
  const filter = than === null ? there : both(there, compared('lt', by, variable, than));
  return collectionOf({
    source: rowsOfSet(set),
    selection: onlyProperties(set, [by], variable),
    restriction: {
      ...noRestriction,
      variable,
      filter,
      // Whether there is an older one needs no order, which not every feed keeps.
      orderby: than === null ? [{ expression: momentValue(by, variable), direction: 'asc' }] : [],
      top: 1,
    },
    pageSize: 1,
  });
}

function conditionOf(part: Part, variable: RangeVariable): BoundExpression | null {
  switch (part.kind) {
    case 'whole':
      return null;
    case 'timeless':
      return compared('eq', part.by, variable, null);
    case 'window': {
      const from = part.from === null ? null : compared('ge', part.by, variable, part.from);
      const to = part.to === null ? null : compared('lt', part.by, variable, part.to);
      // Without a bound, rows without a point in time are left to their own part.
      return from === null || to === null ? (from ?? to ?? compared('ne', part.by, variable, null)) : both(from, to);
    }
  }
}

const momentValue = (by: Property, variable: RangeVariable): BoundExpression => ({
  kind: 'PropertyValue',
  type: by.type,
  nullable: by.nullable,
  row: { variable, steps: [] },
  property: by,
});

function compared(
  operator: ComparisonOperator,
  by: Property,
  variable: RangeVariable,
  value: string | null,
): BoundExpression {
  const right: BoundExpression =
    value === null
      ? { kind: 'Constant', type: 'null', value: null }
      : { kind: 'Constant', type: 'Edm.DateTimeOffset', value };
  return { kind: 'Comparison', type: 'Edm.Boolean', nullable: false, operator, left: momentValue(by, variable), right };
}

const both = (left: BoundExpression, right: BoundExpression): BoundExpression => ({
  kind: 'Logical',
  type: 'Edm.Boolean',
  nullable: true,
  operator: 'and',
  left,
  right,
});

/** The rows of a part among the stored ones `t`, as SQL. */
export function partCondition(part: Part, columnOf: (property: string) => string): string {
  if (part.kind === 'whole') {
    return 'true';
  }
  const column = `t.${quoteIdentifier(columnOf(part.by.name))}`;
  if (part.kind === 'timeless') {
    return `${column} IS NULL`;
  }
  const from = part.from === null ? [] : [`${column} >= ${escapeText(part.from)}::timestamptz`];
  const to = part.to === null ? [] : [`${column} < ${escapeText(part.to)}::timestamptz`];
  return [`${column} IS NOT NULL`, ...from, ...to].join(' AND ');
}

/** The whole second that a moment lies in, as a literal of URLs: fractions that PostgreSQL cuts never cross a bound. */
export const wholeSecond = (moment: Date): string => `${moment.toISOString().slice(0, 19)}Z`;

const hour = 3_600_000;
const [shortest, longest] = [hour, 3650 * 24 * hour];
/** Rows of a part: fewer make the next one longer, more make it shorter. */
const [fewRows, manyRows] = [5000, 50_000];

/** How long the next window is, in milliseconds. */
export function nextSpan(span: number, rows: number): number {
  if (rows < fewRows) {
    return Math.min(longest, span * 4);
  }
  return rows > manyRows ? Math.max(shortest, span / 2) : span;
}

/** The first window: a day. */
export const firstSpan = 24 * hour;
