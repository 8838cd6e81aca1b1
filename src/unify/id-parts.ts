import type { StoredSet } from '../catalogue/catalogue.ts';
import type { Contribution, Keyed } from '../catalogue/unified.ts';
import type { ValueType } from '../plan/model/read-plan.ts';
import { quoteIdentifier } from '../sql/identifier.ts';
import { escapeText } from '../sql/literal.ts';
import { columnOf } from './column-of.ts';
import { isTime, joinTimes, timeColumn } from './local-times.ts';

/** A part of an id as text, whatever the session says of dates; null where the part is. */
export function idPart(sql: string, type: ValueType): string {
  return textOf(
    sql,
    type === 'Edm.Date' ? 'date' : type === 'Edm.DateTimeOffset' ? 'timestamp with time zone' : 'text',
  );
}

function textOf(sql: string, sqlType: string): string {
  if (sqlType === 'date') {
    return `to_char(${sql}, 'YYYY-MM-DD')`;
  }
  if (sqlType === 'timestamp with time zone') {
    return `to_char(${sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  }
  return `(${sql})::text`;
}

/** How the rows of a contribution say which thing they speak of, as SQL over the alias of such a row. */
export interface Identity {
  readonly contribution: Contribution;
  /** Set of the rows, and the reporting zone. */
  readonly set: StoredSet;
  readonly zone: string;
  /** The unified set takes its columns from several contributions, so that what stands before an id is a part of it. */
  readonly combined: boolean;
}

/** What stands behind the alias' table, for what follows; null: nothing. */
export const idJoin = ({ contribution, set, zone }: Identity, alias: string): string | null =>
  joinTimes(contribution, { set, alias, zone });

/** The parts of the id of a row, as texts. */
export function idTexts(identity: Identity, alias: string): readonly string[] {
  const { contribution, set, combined } = identity;
  return contribution.id.map((name, place) => {
    const { keyed, times, idPrefix } = contribution;
    if (place === 0 && keyed !== null) {
      const key = keyText(identity, keyed, alias);
      return `substr(${key}, strpos(${key}, ':') + 1)`;
    }
    const time = times.get(name);
    if (time !== undefined) {
      const instant = time.kind === 'local' && time.part === 'quarter';
      const isDate = time.kind === 'day' || (time.kind === 'local' && time.part === 'date');
      return textOf(timeColumn(alias, name), isDate ? 'date' : instant ? 'timestamp with time zone' : 'text');
    }
    const { name: column, sqlType } = columnNamed(set, name);
    const text = textOf(`${alias}.${quoteIdentifier(column)}`, sqlType);
    return place === 0 && combined && idPrefix !== '' ? `(${escapeText(idPrefix)} || ${text})` : text;
  });
}

/** The columns that `idTexts`, `idSpace` and `hasIds` read where no time is a part of the id. */
export const idColumns = ({ contribution: { id, keyed }, set }: Identity): readonly string[] => [
  ...new Set([...id, ...(keyed === null ? [] : [keyed.source])].map((name) => columnNamed(set, name).name)),
];

/** Before the parts in a key: nothing where they hold it themselves. */
export const keyPrefix = ({ contribution, combined }: Pick<Identity, 'contribution' | 'combined'>): string =>
  combined ? '' : contribution.idPrefix;

/** A row that belongs to nothing of the kind is one of its source still: a sum of all misses none. */
function keyText({ contribution, set }: Identity, { source }: Keyed, alias: string): string {
  const [first = ''] = contribution.id;
  return `coalesce(${alias}.${quoteIdentifier(columnOf(set, first))}, ${alias}.${quoteIdentifier(columnOf(set, source))} || ':')`;
}

/** The source of a row. */
export function idSource(identity: Identity, alias: string): string {
  const { keyed, source } = identity.contribution;
  return keyed === null ? escapeText(source) : `split_part(${keyText(identity, keyed, alias)}, ':', 1)`;
}

/** What the ids of a row are ids of. */
export function idSpace(identity: Identity, alias: string): string {
  const { keyed, space } = identity.contribution;
  if (keyed === null) {
    return escapeText(space);
  }
  const cases = [...keyed.spaces].map(([source, of]) => `WHEN ${escapeText(source)} THEN ${escapeText(of)}`);
  return cases.length === 0 ? 'NULL::text' : `CASE ${idSource(identity, alias)} ${cases.join(' ')} END`;
}

/** Conditions under which a row makes none of the set, whatever it says: it has no id, or its source makes no rows. */
export function hasIds(identity: Identity, alias: string): readonly string[] {
  const { contribution, set } = identity;
  const { id, keyed, times } = contribution;
  const own = id.filter((_, place) => place > 0 || keyed === null);
  const present = own.map((name) =>
    times.has(name)
      ? `${timeColumn(alias, name)} IS NOT NULL`
      : `${alias}.${quoteIdentifier(columnNamed(set, name).name)} IS NOT NULL`,
  );
  if (keyed === null) {
    return present;
  }
  const sources = [...keyed.spaces.keys()].map(escapeText);
  return [...present, sources.length === 0 ? 'false' : `${idSource(identity, alias)} IN (${sources.join(', ')})`];
}

/** That a row has the id whose space and parts stand as texts in the columns of another one. */
export function hasId(
  identity: Identity,
  { alias, parts }: { readonly alias: string; readonly parts: string },
): string {
  const { contribution, set, zone, combined } = identity;
  const { keyed, space, times, idPrefix } = contribution;
  const places = contribution.id.flatMap((name, place): readonly string[] => {
    const part = `${parts}._${place + 1}`;
    if (place === 0 && keyed !== null) {
      return [`${idTexts(identity, alias)[0] ?? ''} = ${part}`];
    }
    if (times.has(name)) {
      return isTime(contribution, name, part, { set, alias, zone });
    }
    const { name: column, sqlType } = columnNamed(set, name);
    const length = idPrefix.length + 1;
    const own =
      place === 0 && combined && idPrefix !== ''
        ? `(CASE WHEN starts_with(${part}, ${escapeText(idPrefix)}) THEN substr(${part}, ${length}) END)`
        : part;
    const given = sqlType === 'text' ? own : `nullif(${own}, '')::${sqlType}`;
    return [`${alias}.${quoteIdentifier(column)} = ${given}`];
  });
  const of = keyed === null ? escapeText(space) : idSpace(identity, alias);
  return [`${parts}._space = ${of}`, ...places].join(' AND ');
}

function columnNamed(set: StoredSet, property: string): { readonly name: string; readonly sqlType: string } {
  return set.columns.get(property) ?? { name: property, sqlType: 'text' };
}
