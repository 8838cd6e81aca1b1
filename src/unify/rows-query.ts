import type { StoredSet } from '../catalogue/catalogue.ts';
import type { UnifiedRule } from '../catalogue/unified.ts';
import type { BoundExpression } from '../plan/model/read-plan.ts';
import { fromWhere } from '../sql/expression/collection.ts';
import { value } from '../sql/expression/expression.ts';
import { openScope } from '../sql/expression/open-scope.ts';
import { truth } from '../sql/expression/predicate.ts';
import { quoteIdentifier, quoteRelation } from '../sql/identifier.ts';
import { escapeText } from '../sql/literal.ts';
import { type Row, type Scope, storedSet } from '../sql/scope.ts';
import type { BoundContribution } from './bind-contribution.ts';
import { type BoundUnified, identityOf } from './bind-unified.ts';
import { columnOf } from './column-of.ts';
import { aggregate, joinGathered } from './gathered.ts';
import { hasIds, type Identity, idJoin, idPart, idSource, idSpace, idTexts, keyPrefix } from './id-parts.ts';
import { leadsOf } from './leads.ts';
import { timeColumn } from './local-times.ts';

/** Which rows of a contribution's set are looked at: SQL made for the alias of its table. */
export type Restriction = (alias: string) => { readonly join: string | null; readonly where: readonly string[] };

export const allRows: Restriction = () => ({ join: null, where: [] });

/** How new a row is, as SQL: only where several rows may speak of one thing. */
export type Newness = (set: StoredSet, alias: string) => string;

/** Whether a set that references are looked up in may have rows of a source: where it has none, nothing is looked up. */
export type Looked = (set: StoredSet, source: string) => boolean;

interface Choice {
  readonly restriction: (contribution: BoundContribution) => Restriction;
  readonly newness: Newness;
  /** Absent: all may have some. */
  readonly looked?: Looked;
}

/**
 * SELECT of unified rows, columns in the order of `columns` (of the unified table): what the contributions give, the one that counts
 * of those which speak of one thing.
 */
export function unifiedRows(
  unified: BoundUnified,
  contributions: readonly BoundContribution[],
  columns: readonly string[],
  { restriction, newness, looked = () => true }: Choice,
): string {
  const { combined } = unified.derivation;
  // Documents of proxied sets do not warrant that their ids are keys.
  const contended =
    combined ||
    unified.spaces.size < unified.contributions.length ||
    contributions.some((one) => identityOf(unified, one).set.role === 'copy');
  const selects = contributions.map((one) =>
    contributionRows(unified, one, { restriction: restriction(one), newness: contended ? newness : null, looked }),
  );
  const outer = columns.map((name) => `${outerValue(unified, name)} AS ${quoteIdentifier(name)}`).join(', ');
  const rows = selects.join(' UNION ALL ');
  if (!contended) {
    return `SELECT ${outer} FROM (${rows}) c`;
  }
  if (combined) {
    return `SELECT ${outer} FROM (${combinedRows(unified, rows)}) c`;
  }
  const order = 'n._space, n._id, n._precedence, n._newness DESC NULLS LAST, n._rank, n._source';
  return `SELECT ${outer} FROM (SELECT DISTINCT ON (n._space, n._id) n.* FROM (${rows}) n ORDER BY ${order}) c`;
}

/** Of each contribution to a thing one row counts, and each column is that of the first of them that says something of it. */
function combinedRows({ set, derivation }: BoundUnified, rows: string): string {
  const cells = [...set.columns]
    .filter(([property]) => !isMadeOutside(derivation.rules.get(property)))
    .map(([, { name }]) => {
      const cell = quoteIdentifier(name);
      return `(array_agg(d.${cell} ORDER BY d._rank) FILTER (WHERE d.${cell} IS NOT NULL))[1] AS ${cell}`;
    });
  const order = 'n._space, n._id, n._rank, n._precedence, n._newness DESC NULLS LAST, n._source';
  const one = `SELECT DISTINCT ON (n._space, n._id, n._rank) n.* FROM (${rows}) n ORDER BY ${order}`;
  return `SELECT ${cells.join(', ')} FROM (${one}) d GROUP BY d._space, d._id`;
}

const isMadeOutside = (rule: UnifiedRule | undefined): boolean =>
  rule?.kind === 'match' || rule?.kind === 'local' || rule?.kind === 'stated';

/** Local times follow from the other columns; all else is given already. */
function outerValue({ derivation, set, zone }: BoundUnified, name: string): string {
  const [property] = [...set.columns].find(([, column]) => column.name === name) ?? [name];
  const rule = derivation.rules.get(property);
  if (rule?.kind === 'stated') {
    const of = `c.${quoteIdentifier(columnOf(set, rule.of))}`;
    const cases = [...rule.numbers].map(([value, number]) => `WHEN ${escapeText(value)} THEN ${number}`);
    return cases.length === 0 ? 'NULL' : `CASE ${of} ${cases.join(' ')} END`;
  }
  if (rule?.kind !== 'local') {
    return `c.${quoteIdentifier(name)}`;
  }
  const clock = `(c.${quoteIdentifier(columnOf(set, rule.of))} AT TIME ZONE ${escapeText(zone)})`;
  return rule.part === 'date' ? `${clock}::date` : `extract(hour FROM ${clock})::integer`;
}

function contributionRows(
  unified: BoundUnified,
  bound: BoundContribution,
  {
    restriction,
    newness,
    looked,
  }: { readonly restriction: Restriction; readonly newness: Newness | null; readonly looked: Looked },
): string {
  const { contribution } = bound;
  const identity = identityOf(unified, bound);
  const stored = identity.set;
  const opened = contribution.grouped
    ? groupedScope(unified, bound, { restriction, newness })
    : rowsScope(unified, bound, restriction);
  const { scope, row } = opened;
  for (const gathering of bound.gather) {
    joinGathered(scope, row, gathering);
  }
  const said = contribution.grouped ? groupSaid(identity, row.alias) : rowSaid(identity, row.alias);
  const cells = [...unified.set.columns].flatMap(([property, column]) => {
    const cell = cellOf(property, { unified, bound, scope, row, said, looked });
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
          `(${said.space})::text COLLATE "C" AS _space`,
          `(${said.id}) COLLATE "C" AS _id`,
          `${precedenceOf(identity, said)} AS _precedence`,
          `${contribution.grouped ? `${row.alias}._newness` : newness(stored, row.alias)} AS _newness`,
          `${contribution.rank} AS _rank`,
          `(${said.source})::text COLLATE "C" AS _source`,
        ];
  return `SELECT ${[...cells, ...contest].join(', ')} ${fromWhere(scope)}`;
}

/** Which thing a row speaks of, and whose it is, as SQL. */
interface Said {
  readonly space: string;
  readonly id: string;
  readonly source: string;
}

const rowSaid = (identity: Identity, alias: string): Said => ({
  space: idSpace(identity, alias),
  id: `concat_ws(':', ${idTexts(identity, alias).join(', ')})`,
  source: idSource(identity, alias),
});

/** As `groupedScope` has it. */
const groupSaid = ({ contribution }: Identity, alias: string): Said => ({
  space: `${alias}._space`,
  id: `concat_ws(':', ${contribution.id.map((_, place) => `${alias}._${place + 1}`).join(', ')})`,
  source: `${alias}._source`,
});

function precedenceOf({ contribution }: Identity, { source }: Said): string {
  const { keyed, precedence } = contribution;
  if (keyed === null) {
    return String(precedence);
  }
  const cases = [...keyed.precedence].map(([of, place]) => `WHEN ${escapeText(of)} THEN ${place}`);
  return cases.length === 0 ? '0' : `CASE ${source} ${cases.join(' ')} ELSE 0 END`;
}

interface Cell {
  readonly said: Said;
  readonly unified: BoundUnified;
  readonly bound: BoundContribution;
  readonly scope: Scope;
  readonly row: Row;
  readonly looked: Looked;
}

/** null: it is made outside, of other columns. */
function cellOf(property: string, { unified, bound, scope, row, said, looked }: Cell): string | null {
  const { contribution } = bound;
  const rule = unified.derivation.rules.get(property);
  switch (rule?.kind) {
    case 'key':
      return contribution.keyed === null
        ? `${escapeText(`${contribution.source}:${keyPrefix(identityOf(unified, bound))}`)} || ${said.id}`
        : `${said.source} || ':' || ${said.id}`;
    case 'source':
      return said.source;
    case 'id':
      return said.id;
    case 'running':
      return 'NULL';
    case 'match':
    case 'local':
    case 'stated':
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
    ? referenceCell(property, formula, { unified, bound, scope, row, said, looked })
    : value(formula, scope);
}

const keyOf = (source: string, formula: BoundExpression, scope: Scope): string =>
  `(${escapeText(`${source}:`)} || ${idPart(value(formula, scope), formula.type)})`;

function referenceCell(property: string, formula: BoundExpression, { unified, bound, scope, looked }: Cell): string {
  if (formula.type === 'null') {
    return 'NULL';
  }
  if (bound.contribution.keyed !== null) {
    return value(formula, scope);
  }
  const key = keyOf(bound.contribution.source, formula, scope);
  const led = leadsOf(unified, bound, property);
  if (led === null) {
    return key;
  }
  const sources = led.sources.filter((source) => looked(led.set, source));
  const found = sources.map((source) => {
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

function rowsScope(unified: BoundUnified, bound: BoundContribution, restriction: Restriction): Opened {
  const scope = openScope(unified.catalogue);
  const row = scope.table(bound.variable.set, bound.variable);
  restrict(bound, { scope, row, restriction, identity: identityOf(unified, bound) });
  return { scope, row };
}

function restrict(
  bound: BoundContribution,
  { scope, row, restriction, identity }: Opened & { readonly restriction: Restriction; readonly identity: Identity },
): void {
  const times = idJoin(identity, row.alias);
  if (times !== null) {
    scope.from.push(times);
  }
  for (const name of bound.contribution.times.keys()) {
    row.columns.set(name, timeColumn(row.alias, name));
  }
  const { join, where } = restriction(row.alias);
  if (join !== null) {
    scope.from.push(join);
  }
  scope.where.push(...where, ...hasIds(identity, row.alias));
  if (bound.where !== null) {
    scope.where.push(truth(bound.where, scope));
  }
}

/** One row for all rows with the same id, with the aggregates beside it. */
function groupedScope(
  unified: BoundUnified,
  bound: BoundContribution,
  { restriction, newness }: { readonly restriction: Restriction; readonly newness: Newness | null },
): Opened {
  const { catalogue } = unified;
  const { id, keyed, times } = bound.contribution;
  const inner = openScope(catalogue);
  const rows = inner.table(bound.variable.set, bound.variable);
  const identity = identityOf(unified, bound);
  restrict(bound, { scope: inner, row: rows, restriction, identity });
  const { set: stored } = identity;
  const texts = idTexts(identity, rows.alias).map((text, place) => `${text} AS _${place + 1}`);
  const own = id.map((name) =>
    times.has(name)
      ? { name: quoteIdentifier(name), sql: timeColumn(rows.alias, name) }
      : {
          name: quoteIdentifier(columnOf(stored, name)),
          sql: `${rows.alias}.${quoteIdentifier(columnOf(stored, name))}`,
        },
  );
  // Keys that name several sources may mean one thing; then one of them is told.
  const told = own.map(({ name, sql }, place) => `${place === 0 && keyed !== null ? `max(${sql})` : sql} AS ${name}`);
  const made = [...bound.aggregates].map(([name, one]) => `${aggregate(one, inner)} AS ${quoteIdentifier(name)}`);
  const newest = newness === null ? [] : [`max(${newness(stored, rows.alias)}) AS _newness`];
  const whose = [`${idSpace(identity, rows.alias)} AS _space`, `max(${idSource(identity, rows.alias)}) AS _source`];
  const groups = [
    ...(keyed === null ? [] : [idSpace(identity, rows.alias)]),
    ...idTexts(identity, rows.alias),
    ...own.flatMap(({ sql }, place) => (place === 0 && keyed !== null ? [] : [sql])),
  ];
  const select = `SELECT ${[...texts, ...whose, ...told, ...made, ...newest].join(', ')} ${fromWhere(inner)} GROUP BY ${groups.join(', ')}`;
  const scope = openScope(catalogue);
  const row = scope.derived(select, { entitySet: bound.variable.set, stored });
  scope.bind(bound.variable, row);
  for (const name of [...bound.aggregates.keys(), ...id.filter((one) => times.has(one))]) {
    row.columns.set(name, `${row.alias}.${quoteIdentifier(name)}`);
  }
  return { scope, row };
}
