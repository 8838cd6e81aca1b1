import type { StoredSet } from '../catalogue/catalogue.ts';
import type { NavigationProperty } from '../edm/model.ts';
import { value } from '../sql/expression/expression.ts';
import { openScope } from '../sql/expression/open-scope.ts';
import { quoteIdentifier, quoteRelation } from '../sql/identifier.ts';
import { escapeText } from '../sql/literal.ts';
import { storedSet } from '../sql/scope.ts';
import { type BoundContribution, entitySet } from './bind-contribution.ts';
import type { BoundUnified } from './bind-unified.ts';
import { columnOf, hasId, idColumns, idColumnsOf, idPart } from './id-parts.ts';
import { leadsOf } from './leads.ts';

/** Columns of a table of ids: what they are ids of, the whole id, and its parts, '' behind the last. */
export function idTableColumns({ from }: BoundUnified['derivation']): readonly string[] {
  const parts = Math.max(1, ...from.map(({ id }) => id.length));
  return ['_space', '_id', ...Array.from({ length: parts }, (_, place) => `_${place + 1}`)];
}

/**
 * SELECTs of the ids, in the columns of `idTableColumns`, of the things that rows `t` of a set speak of where they match a condition:
 * by themselves, as rows that another one looks at, and as accounts that keys lead through.
 */
export function idsNamedBy(unified: BoundUnified, set: string, condition: string): readonly string[] {
  return unified.contributions.flatMap((bound) => {
    const own = bound.contribution.set === set ? [ownIds(unified, bound, condition)] : [];
    const read = bound.reads
      .filter((one) => one.set === set)
      .map(({ navigation }) => readIds(unified, bound, { navigation, set, condition }));
    return [...own, ...read, ...throughIds(unified, bound, { set, condition })];
  });
}

function selectedIds(
  unified: BoundUnified,
  { contribution }: BoundContribution,
  parts: readonly string[],
  rest: string,
): string {
  const missing = idTableColumns(unified.derivation).length - 2 - parts.length;
  const cells = [
    `${escapeText(contribution.space)}::text COLLATE "C"`,
    `concat_ws(':', ${parts.join(', ')}) COLLATE "C"`,
    ...parts,
    ...Array.from({ length: missing }, () => `''`),
  ];
  const present = parts.map((part) => `${part} IS NOT NULL`).join(' AND ');
  return `SELECT DISTINCT ${cells.join(', ')} ${rest} AND ${present}`;
}

function ownIds(unified: BoundUnified, bound: BoundContribution, condition: string): string {
  const stored = storedSet(unified.catalogue, bound.variable.set);
  return selectedIds(
    unified,
    bound,
    idColumns(bound.contribution, stored, 't'),
    `FROM ${quoteRelation(stored.relation)} t WHERE ${condition}`,
  );
}

interface Read {
  readonly set: string;
  readonly condition: string;
}

function readIds(
  unified: BoundUnified,
  bound: BoundContribution,
  { navigation, set, condition }: Read & { readonly navigation: NavigationProperty },
): string {
  const stored = storedSet(unified.catalogue, bound.variable.set);
  const theirs = storedSet(unified.catalogue, entitySet(unified.catalogue, set));
  const { id } = bound.contribution;
  const led = id.map((name) => navigation.join.find(({ property }) => property === name)?.referencedProperty);
  if (led.every((name) => name !== undefined)) {
    // The rows say themselves whose they are.
    const parts = idColumns({ ...bound.contribution, id: led }, theirs, 't');
    const there = led.map(
      (name, place) =>
        `o.${quoteIdentifier(columnOf(stored, id[place] ?? ''))} = t.${quoteIdentifier(columnOf(theirs, name))}`,
    );
    const from = `FROM ${quoteRelation(theirs.relation)} t WHERE ${condition}`;
    return selectedIds(
      unified,
      bound,
      parts,
      `${from} AND EXISTS (SELECT FROM ${quoteRelation(stored.relation)} o WHERE ${there.join(' AND ')})`,
    );
  }
  const join = navigation.join.map(
    ({ property, referencedProperty }) =>
      `o.${quoteIdentifier(columnOf(stored, property))} = t.${quoteIdentifier(columnOf(theirs, referencedProperty))}`,
  );
  const from = `FROM ${quoteRelation(theirs.relation)} t JOIN ${quoteRelation(stored.relation)} o ON ${join.join(' AND ')} WHERE ${condition}`;
  return selectedIds(unified, bound, idColumns(bound.contribution, stored, 'o'), from);
}

/**
 * Rows that references are looked up in. One that tells nothing changes nothing, as an account before it was matched; nor does one that has
 * but its own key to tell, of the reference's own source.
 */
function throughIds(unified: BoundUnified, bound: BoundContribution, { set, condition }: Read): readonly string[] {
  const { catalogue } = unified;
  return [...bound.columns].flatMap(([property, formula]) => {
    const led = leadsOf(unified, bound, property);
    if (led === null || led.set.name !== set) {
      return [];
    }
    return led.sources.map((source) => {
      const scope = openScope(catalogue);
      const row = scope.table(bound.variable.set, bound.variable);
      const stored = storedSet(catalogue, bound.variable.set);
      const named = idPart(value(formula, scope), formula.type);
      const [key, told] = [led.key, led.value].map((name) => `t.${quoteIdentifier(name)}`);
      const prefix = escapeText(`${source}:`);
      // The other way round than the key is made, so that an index of the references helps.
      const same = `${named} = (CASE WHEN starts_with(${key}, ${prefix}) THEN substr(${key}, length(${prefix}) + 1) END) COLLATE "C"`;
      const says = source === bound.contribution.source ? `${told} <> ${key}` : `${told} IS NOT NULL`;
      const where = [condition, says, ...scope.where].join(' AND ');
      const from = `FROM ${scope.from.join(' ')} JOIN ${quoteRelation(led.set.relation)} t ON ${same} WHERE ${where}`;
      return selectedIds(unified, bound, idColumns(bound.contribution, stored, row.alias), from);
    });
  });
}

/** SELECTs of the ids that such rows speak of, and rows of other contributions too: which of them counts may change. */
export function contestedIds(unified: BoundUnified, set: string, condition: string): readonly string[] {
  return unified.contributions
    .filter(({ contribution }) => contribution.set === set)
    .flatMap((bound) =>
      rivals(unified, bound).map((rival) =>
        ownIds(unified, bound, `${condition} AND ${isRivalled(unified, bound, rival)}`),
      ),
    );
}

const rivals = (unified: BoundUnified, bound: BoundContribution): readonly BoundContribution[] =>
  (unified.spaces.get(bound.contribution.space) ?? []).filter((other) => other !== bound);

function isRivalled(
  { catalogue }: BoundUnified,
  { contribution, variable }: BoundContribution,
  rival: BoundContribution,
): string {
  const [ours, theirs] = [storedSet(catalogue, variable.set), storedSet(catalogue, rival.variable.set)];
  const pairs = idColumnsOf(rival.contribution, theirs).map(({ name }, place) => {
    const own = idColumnsOf(contribution, ours)[place]?.name ?? name;
    return `r.${quoteIdentifier(name)} = t.${quoteIdentifier(own)}`;
  });
  return `EXISTS (SELECT FROM ${quoteRelation(theirs.relation)} r WHERE ${pairs.join(' AND ')})`;
}

/**
 * How new rows of a set become rows of the unified one by themselves: the contributions whose rows they are, and queries for a rival of
 * one of them. null: rows of this set do more than that.
 */
export function ownRows(
  unified: BoundUnified,
  set: StoredSet,
  key: readonly string[],
): {
  readonly contributions: readonly BoundContribution[];
  readonly rivalled: (condition: string) => readonly string[];
} | null {
  const contributions = unified.contributions.filter(({ contribution }) => contribution.set === set.name);
  const plain = contributions.every(
    ({ contribution }) => !contribution.grouped && key.every((name) => contribution.id.includes(name)),
  );
  const read = unified.contributions.some(({ reads }) => reads.some((one) => one.set === set.name));
  const ways = new Set(contributions.map(({ contribution }) => contribution.space)).size;
  if (!plain || read || contributions.length === 0 || ways < contributions.length) {
    return null;
  }
  const relation = quoteRelation(set.relation);
  return {
    contributions,
    rivalled: (condition) =>
      contributions.flatMap((bound) =>
        rivals(unified, bound).map((rival) => {
          const some = `EXISTS (SELECT FROM ${quoteRelation(storedSet(unified.catalogue, rival.variable.set).relation)})`;
          return `SELECT FROM ${relation} t WHERE ${some} AND ${condition} AND ${isRivalled(unified, bound, rival)} LIMIT 1`;
        }),
      ),
  };
}

/** Rows whose ids stand in a table. */
export function withIds({ contribution }: BoundContribution, set: StoredSet, table: string) {
  return (alias: string): { readonly join: string; readonly where: readonly string[] } => ({
    join: `JOIN ${table} AS a ON a._space = ${escapeText(contribution.space)} AND ${hasId(contribution, set, { alias, parts: 'a' })}`,
    where: [],
  });
}

/** SELECT of the keys that unified rows of the ids in a table may have: of any source that gives the same things. */
export function keysOfIds({ contributions }: BoundUnified, table: string): string {
  const ways = new Map(
    contributions.map(({ contribution: { space, source, idPrefix } }) => [
      JSON.stringify([space, source, idPrefix]),
      { space, source, idPrefix },
    ]),
  );
  return [...ways.values()]
    .map(
      ({ space, source, idPrefix }) =>
        `SELECT ${escapeText(`${source}:${idPrefix}`)} || a._id AS _key FROM ${table} a WHERE a._space = ${escapeText(space)}`,
    )
    .join(' UNION ALL ');
}
