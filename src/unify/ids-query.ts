import type { StoredSet } from '../catalogue/catalogue.ts';
import { spacesOf } from '../catalogue/unified.ts';
import type { NavigationProperty } from '../edm/model.ts';
import { quoteIdentifier, quoteRelation } from '../sql/identifier.ts';
import { escapeText } from '../sql/literal.ts';
import { storedSet } from '../sql/scope.ts';
import { type BoundContribution, entitySet } from './bind-contribution.ts';
import { type BoundUnified, identityOf } from './bind-unified.ts';
import { columnOf } from './column-of.ts';
import { hasId, hasIds, idColumns, idJoin, idTexts, keyPrefix } from './id-parts.ts';
import { selectedIds } from './id-table.ts';
import { throughIds } from './through-ids.ts';

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

function ownIds(unified: BoundUnified, bound: BoundContribution, condition: string): string {
  const identity = identityOf(unified, bound);
  const { keyed, grouped } = bound.contribution;
  const times = idJoin(identity, 't');
  const relation = quoteRelation(identity.set.relation);
  const present = keyed === null ? [] : hasIds(identity, 't');
  // Many rows are one thing: texts are made of each thing, not of each row.
  const few = grouped && times === null;
  const names = idColumns(identity).map((name) => `t.${quoteIdentifier(name)}`);
  return selectedIds(
    unified,
    bound,
    { alias: 't', parts: idTexts(identity, 't') },
    few
      ? { from: `(SELECT DISTINCT ${names.join(', ')} FROM ${relation} t WHERE ${condition}) t`, where: present }
      : { from: joined(`${relation} t`, times), where: [condition, ...present] },
  );
}

const joined = (table: string, join: string | null): string => (join === null ? table : `${table} ${join}`);

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
    const identity = { ...identityOf(unified, bound), contribution: { ...bound.contribution, id: led }, set: theirs };
    const parts = idTexts(identity, 't');
    const there = led.map(
      (name, place) =>
        `o.${quoteIdentifier(columnOf(stored, id[place] ?? ''))} = t.${quoteIdentifier(columnOf(theirs, name))}`,
    );
    const exists = `EXISTS (SELECT 1 FROM ${quoteRelation(stored.relation)} o WHERE ${there.join(' AND ')})`;
    const from = `${quoteRelation(theirs.relation)} t`;
    return selectedIds(unified, bound, { alias: 't', parts }, { from, where: [condition, exists] });
  }
  const join = navigation.join.map(
    ({ property, referencedProperty }) =>
      `o.${quoteIdentifier(columnOf(stored, property))} = t.${quoteIdentifier(columnOf(theirs, referencedProperty))}`,
  );
  const identity = identityOf(unified, bound);
  const there = `${quoteRelation(theirs.relation)} t JOIN ${quoteRelation(stored.relation)} o ON ${join.join(' AND ')}`;
  const from = joined(there, idJoin(identity, 'o'));
  return selectedIds(unified, bound, { alias: 'o', parts: idTexts(identity, 'o') }, { from, where: [condition] });
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

/** Rows whose columns are combined are rivals where they say the same columns. */
function rivals(unified: BoundUnified, bound: BoundContribution): readonly BoundContribution[] {
  const { combined } = unified.derivation;
  return (unified.spaces.get(bound.contribution.space) ?? []).filter(
    (other) =>
      other !== bound &&
      (!combined || (other.contribution.keyed === null && other.contribution.rank === bound.contribution.rank)),
  );
}

function isRivalled(unified: BoundUnified, bound: BoundContribution, rival: BoundContribution): string {
  const [ours, theirs] = [identityOf(unified, bound), identityOf(unified, rival)];
  const named = [ours, theirs].map(({ contribution: { id }, set }) => id.map((name) => set.columns.get(name)?.name));
  const [own = [], other = []] = named;
  const same = other.map((name, place) => {
    const mine = own[place];
    return name === undefined || mine === undefined ? null : `r.${quoteIdentifier(name)} = t.${quoteIdentifier(mine)}`;
  });
  // Parts that no column holds are compared as the texts that they are in ids.
  const texts = idTexts(theirs, 'r').map((text, place) => `${text} = ${idTexts(ours, 't')[place] ?? 'NULL'}`);
  const pairs = same.map((one, place) => one ?? texts[place] ?? 'false');
  const from = joined(`${quoteRelation(theirs.set.relation)} r`, idJoin(theirs, 'r'));
  return `EXISTS (SELECT 1 FROM ${from} WHERE ${pairs.join(' AND ')})`;
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
  if (
    set.role === 'copy' ||
    unified.derivation.combined ||
    !plain ||
    read ||
    contributions.length === 0 ||
    ways < contributions.length
  ) {
    return null;
  }
  const relation = quoteRelation(set.relation);
  return {
    contributions,
    rivalled: (condition) =>
      contributions.flatMap((bound) =>
        rivals(unified, bound).map((rival) => {
          const some = `EXISTS (SELECT 1 FROM ${quoteRelation(storedSet(unified.catalogue, rival.variable.set).relation)})`;
          return `SELECT 1 FROM ${relation} t WHERE ${some} AND ${condition} AND ${isRivalled(unified, bound, rival)} LIMIT 1`;
        }),
      ),
  };
}

/** Rows whose ids stand in a table. */
export function withIds(unified: BoundUnified, bound: BoundContribution, table: string) {
  return (alias: string): { readonly join: string; readonly where: readonly string[] } => ({
    join: `JOIN ${table} AS a ON ${hasId(identityOf(unified, bound), { alias, parts: 'a' })}`,
    where: [],
  });
}

/** SELECT of the keys that unified rows of the ids in a table may have: of any source that gives the same things. */
export function keysOfIds(unified: BoundUnified, table: string): string {
  const prefixes = new Set(
    unified.contributions.flatMap((bound) => {
      const { contribution } = bound;
      const before = keyPrefix(identityOf(unified, bound));
      return [...spacesOf(contribution)].map(([source, space]) => JSON.stringify([space, `${source}:${before}`]));
    }),
  );
  return [...prefixes]
    .map((one) => {
      const [space = '', prefix = ''] = JSON.parse(one) as readonly string[];
      return `SELECT ${escapeText(prefix)} || a._id AS _key FROM ${table} a WHERE a._space = ${escapeText(space)}`;
    })
    .join(' UNION ALL ');
}
