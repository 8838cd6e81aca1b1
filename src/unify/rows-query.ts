import type { Catalogue, StoredSet } from '../catalogue/catalogue.ts';
import { primitiveType } from '../edm/primitive-types.ts';
import { GatewayError } from '../errors.ts';
import type { BoundExpression } from '../plan/model/read-plan.ts';
import { fromWhere } from '../sql/expression/collection.ts';
import { value } from '../sql/expression/expression.ts';
import { openScope } from '../sql/expression/open-scope.ts';
import { truth } from '../sql/expression/predicate.ts';
import { quoteIdentifier, quoteRelation } from '../sql/identifier.ts';
import { escapeText } from '../sql/literal.ts';
import { joinConditions, type Row, type Scope, storedSet } from '../sql/scope.ts';
import type { BoundAggregate, BoundContribution } from './bind-contribution.ts';
import type { BoundUnified } from './bind-unified.ts';
import { columnOf, idColumns, idPart } from './id-parts.ts';
import { leadsOf } from './leads.ts';

/** Which rows of a contribution's set are looked at: SQL made for the alias of its table. */
export type Restriction = (alias: string) => { readonly join: string | null; readonly where: readonly string[] };

export const allRows: Restriction = () => ({ join: null, where: [] });

/** How new a row is, as SQL: only where several rows may speak of one thing. */
export type Newness = (set: StoredSet, alias: string) => string;

interface Choice {
  readonly restriction: (contribution: BoundContribution) => Restriction;
  readonly newness: Newness;
}

/**
 * SELECT of unified rows, columns in the order of `columns` (of the unified table): what the contributions give, the one that counts
 * of those which speak of one thing.
 */
export function unifiedRows(
  unified: BoundUnified,
  contributions: readonly BoundContribution[],
  columns: readonly string[],
  { restriction, newness }: Choice,
): string {
  const contended = unified.spaces.size < unified.contributions.length;
  const selects = contributions.map((one) =>
    contributionRows(unified, one, { restriction: restriction(one), newness: contended ? newness : null }),
  );
  const outer = columns.map((name) => `${outerValue(unified, name)} AS ${quoteIdentifier(name)}`).join(', ');
  const rows = selects.join(' UNION ALL ');
  if (!contended) {
    return `SELECT ${outer} FROM (${rows}) c`;
  }
  const order = 'n._space, n._id, n._precedence, n._newness DESC NULLS LAST, n._rank, n._source';
  return `SELECT ${outer} FROM (SELECT DISTINCT ON (n._space, n._id) n.* FROM (${rows}) n ORDER BY ${order}) c`;
}

/** Local times follow from the other columns; all else is given already. */
function outerValue({ derivation, set, zone }: BoundUnified, name: string): string {
  const [property] = [...set.columns].find(([, column]) => column.name === name) ?? [name];
  const rule = derivation.rules.get(property);
  if (rule?.kind !== 'local') {
    return `c.${quoteIdentifier(name)}`;
  }
  const clock = `(c.${quoteIdentifier(columnOf(set, rule.of))} AT TIME ZONE ${escapeText(zone)})`;
  return rule.part === 'date' ? `${clock}::date` : `extract(hour FROM ${clock})::integer`;
}

function contributionRows(
  unified: BoundUnified,
  bound: BoundContribution,
  { restriction, newness }: { readonly restriction: Restriction; readonly newness: Newness | null },
): string {
  const { catalogue } = unified;
  const { contribution } = bound;
  const stored = storedSet(catalogue, bound.variable.set);
  const { scope, row } = contribution.grouped
    ? groupedScope(catalogue, bound, { restriction, newness })
    : rowsScope(catalogue, bound, restriction);
  for (const gathering of bound.gather) {
    joinGathered(scope, row, gathering);
  }
  const source = escapeText(contribution.source);
  const id = `concat_ws(':', ${idColumns(contribution, stored, row.alias).join(', ')})`;
  const cells = [...unified.set.columns].flatMap(([property, column]) => {
    const cell = cellOf(property, { unified, bound, scope, row });
    return cell === null
      ? []
      : [
          `(${cell})::${column.sqlType}${column.sqlType === 'text' ? ' COLLATE "C"' : ''} AS ${quoteIdentifier(column.name)}`,
        ];
  });
  const contest =
    newness === null
      ? []
      : [
          `${escapeText(contribution.space)}::text COLLATE "C" AS _space`,
          `(${id}) COLLATE "C" AS _id`,
          `${contribution.precedence} AS _precedence`,
          `${contribution.grouped ? `${row.alias}._newness` : newness(stored, row.alias)} AS _newness`,
          `${contribution.rank} AS _rank`,
          `${source}::text COLLATE "C" AS _source`,
        ];
  return `SELECT ${[...cells, ...contest].join(', ')} ${fromWhere(scope)}`;
}

interface Cell {
  readonly unified: BoundUnified;
  readonly bound: BoundContribution;
  readonly scope: Scope;
  readonly row: Row;
}

/** null: it is made outside, of other columns. */
function cellOf(property: string, { unified, bound, scope, row }: Cell): string | null {
  const { contribution } = bound;
  const rule = unified.derivation.rules.get(property);
  const id = (): string =>
    `concat_ws(':', ${idColumns(contribution, storedSet(unified.catalogue, bound.variable.set), row.alias).join(', ')})`;
  switch (rule?.kind) {
    case 'key':
      return `${escapeText(`${contribution.source}:${contribution.idPrefix}`)} || ${id()}`;
    case 'source':
      return escapeText(contribution.source);
    case 'id':
      return id();
    case 'match':
    case 'local':
      return null;
    default:
  }
  const origin = contribution.origin.get(property);
  if (origin !== undefined) {
    return `${row.alias}.${quoteIdentifier(columnOf(storedSet(unified.catalogue, bound.variable.set), origin))}`;
  }
  const formula = bound.columns.get(property);
  if (formula === undefined) {
    return bound.aggregates.has(property) ? `${row.alias}.${quoteIdentifier(property)}` : 'NULL';
  }
  return rule?.kind === 'reference'
    ? referenceCell(property, formula, { unified, bound, scope, row })
    : value(formula, scope);
}

const keyOf = (source: string, formula: BoundExpression, scope: Scope): string =>
  `(${escapeText(`${source}:`)} || ${idPart(value(formula, scope), formula.type)})`;

function referenceCell(property: string, formula: BoundExpression, { unified, bound, scope }: Cell): string {
  if (formula.type === 'null') {
    return 'NULL';
  }
  const key = keyOf(bound.contribution.source, formula, scope);
  const led = leadsOf(unified, bound, property);
  if (led === null) {
    return key;
  }
  const found = led.sources.map((source) => {
    const alias = scope.aliases.next('k');
    const theirs = keyOf(source, formula, scope);
    scope.from.push(
      `LEFT JOIN ${quoteRelation(led.set.relation)} AS ${alias} ON ${alias}.${quoteIdentifier(led.key)} = ${theirs} COLLATE "C"`,
    );
    return `${alias}.${quoteIdentifier(led.value)}`;
  });
  return `coalesce(${[...found, key].join(', ')})`;
}

interface Opened {
  readonly scope: Scope;
  readonly row: Row;
}

function rowsScope(catalogue: Catalogue, bound: BoundContribution, restriction: Restriction): Opened {
  const scope = openScope(catalogue);
  const row = scope.table(bound.variable.set, bound.variable);
  restrict(bound, { scope, row, restriction });
  return { scope, row };
}

function restrict(
  bound: BoundContribution,
  { scope, row, restriction }: Opened & { readonly restriction: Restriction },
): void {
  const { join, where } = restriction(row.alias);
  if (join !== null) {
    scope.from.push(join);
  }
  const stored = storedSet(scope.catalogue, bound.variable.set);
  const present = bound.contribution.id.map(
    (name) => `${row.alias}.${quoteIdentifier(columnOf(stored, name))} IS NOT NULL`,
  );
  scope.where.push(...where, ...present);
  if (bound.where !== null) {
    scope.where.push(truth(bound.where, scope));
  }
}

/** One row for all rows with the same id, with the aggregates beside it. */
function groupedScope(
  catalogue: Catalogue,
  bound: BoundContribution,
  { restriction, newness }: { readonly restriction: Restriction; readonly newness: Newness | null },
): Opened {
  const inner = openScope(catalogue);
  const rows = inner.table(bound.variable.set, bound.variable);
  restrict(bound, { scope: inner, row: rows, restriction });
  const stored = storedSet(catalogue, bound.variable.set);
  const ids = bound.contribution.id.map((name) => `${rows.alias}.${quoteIdentifier(columnOf(stored, name))}`);
  const made = [...bound.aggregates].map(([name, one]) => `${aggregate(one, inner)} AS ${quoteIdentifier(name)}`);
  const newest = newness === null ? [] : [`max(${newness(stored, rows.alias)}) AS _newness`];
  const select = `SELECT ${[...ids, ...made, ...newest].join(', ')} ${fromWhere(inner)} GROUP BY ${ids.join(', ')}`;
  const scope = openScope(catalogue);
  const row = scope.derived(select, { entitySet: bound.variable.set, stored });
  scope.bind(bound.variable, row);
  for (const name of bound.aggregates.keys()) {
    row.columns.set(name, `${row.alias}.${quoteIdentifier(name)}`);
  }
  return { scope, row };
}

function joinGathered(
  scope: Scope,
  row: Row,
  { navigation, variable, values }: BoundContribution['gather'][number],
): void {
  const inner = scope.inner();
  const rows = inner.table(variable.set, variable);
  inner.where.unshift(...joinConditions(row, rows, navigation));
  const alias = scope.aliases.next('g');
  const cells = [...values].map(([name, one]) => `${aggregate(one, inner)} AS ${quoteIdentifier(name)}`);
  scope.from.push(`LEFT JOIN LATERAL (SELECT ${cells.join(', ')} ${fromWhere(inner)}) AS ${alias} ON TRUE`);
  for (const name of values.keys()) {
    row.columns.set(name, `${alias}.${quoteIdentifier(name)}`);
  }
}

function aggregate({ method, type, of, by, where }: BoundAggregate, scope: Scope): string {
  const filter = where === null ? '' : ` FILTER (WHERE ${truth(where, scope)})`;
  const given = of === null ? '*' : value(of, scope);
  const cast = (sql: string): string => `(${sql})::${primitiveType(type).postgres}`;
  if (method === 'count') {
    return cast(`count(${given})${filter}`);
  }
  if (method !== 'first' && method !== 'last') {
    return cast(`${method}(${given})${filter}`);
  }
  if (by === null) {
    throw new GatewayError('Internal', `${method} without an order.`);
  }
  const present = [`(${given}) IS NOT NULL`, ...(where === null ? [] : [truth(where, scope)])].join(' AND ');
  const order = `${value(by, scope)} ${method === 'first' ? 'ASC' : 'DESC'} NULLS LAST, ${given}`;
  return cast(`(array_agg(${given} ORDER BY ${order}) FILTER (WHERE ${present}))[1]`);
}
