import type { Catalogue, Encoding } from '../../catalogue/catalogue.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { togetherCondition } from '../stored/bound-columns.ts';
import { columnList } from '../stored/column-lists.ts';
import { indexedBytes } from '../stored/indexed-bytes.ts';
import { columnOf, storedTable } from '../stored/stored-table.ts';
import { affectedTable } from './affected-keys.ts';
import { columnTypeOf, derivedColumns, encodingOf } from './derived-columns.ts';
import type { DerivedTable } from './derived-sets.ts';
import { visibleRows } from './visible-rows.ts';

/** Longer ones are no member of a list, and could not stand in the key. */
const memberBytes = indexedBytes / 2;

/** The SELECT of a bridge's rows for the affected parents. */
export function bridgeQuery(catalogue: Catalogue, derived: DerivedTable): string {
  const affected = parentColumns(catalogue, derived)
    .map(({ theirs, ours }) => `a.${quoteIdentifier(ours)} = t.${quoteIdentifier(theirs)}`)
    .join(' AND ');
  return memberQuery(catalogue, derived, { join: ` JOIN ${affectedTable(derived)} a ON ${affected}`, where: 'true' });
}

/** The same for the parents `t` that match a condition. */
export const bridgeWhere = (catalogue: Catalogue, derived: DerivedTable, condition: string): string =>
  memberQuery(catalogue, derived, { join: '', where: condition });

/** Columns that name a bridge's parent: in the set of the parents, and its own. */
export function parentColumns(
  catalogue: Catalogue,
  { table, derivation }: DerivedTable,
): readonly { readonly theirs: string; readonly ours: string }[] {
  if (derivation.kind !== 'bridge') {
    return [];
  }
  const source = storedTable(catalogue, derivation.from);
  return [...derivation.parent].map(([theirs, ours]) => ({
    theirs: columnOf(source, theirs),
    ours: columnOf(table, ours),
  }));
}

function memberQuery(
  catalogue: Catalogue,
  derived: DerivedTable,
  { join, where }: { readonly join: string; readonly where: string },
): string {
  const { table, derivation } = derived;
  if (derivation.kind !== 'bridge') {
    return '';
  }
  const { from, carries, list, paired, position } = derivation;
  const source = storedTable(catalogue, from);
  const parent = parentColumns(catalogue, derived);
  const split = (property: string): string =>
    splitList(`t.${quoteIdentifier(columnOf(source, property))}`, encodingOf(catalogue, from, property));
  const lists = [
    `${split(list.property)} AS members`,
    ...(paired === null ? [] : [`${split(paired.property)} AS names`]),
  ];
  const together = togetherCondition(
    source,
    [list, ...(paired === null ? [] : [paired])].map(({ property }) => columnOf(source, property)),
  );
  const columns = [
    ...parent.map(({ theirs }) => `t.${quoteIdentifier(theirs)}`),
    castMember('m.member', columnTypeOf(table, list.as)),
    // Names are paired by place, and only where there is one for each member: a name may hold the separator.
    ...(paired === null
      ? []
      : [
          `CASE WHEN ${together} AND cardinality(l.names) = cardinality(l.members) THEN nullif(${trimmed('l.names[m.place]')}, '') END`,
        ]),
    ...(position === null ? [] : ['m.place::integer']),
    ...[...carries.keys()].map((property) => `t.${quoteIdentifier(columnOf(source, property))}`),
  ];
  const key = columnList([...parent.map(({ ours }) => ours), columnOf(table, list.as)]);
  const named = derivedColumns(derived);
  const members = columns.map((text, index) => `${text} AS ${quoteIdentifier(named[index] ?? '')}`).join(', ');
  // OFFSET 0: lists are split once for each row, not for each use.
  const splitting = `CROSS JOIN LATERAL (SELECT ${lists.join(', ')} OFFSET 0) l CROSS JOIN LATERAL (SELECT ${trimmed('u.member')} AS member, u.place FROM unnest(l.members) WITH ORDINALITY AS u(member, place)) m`;
  const said = `t.${quoteIdentifier(columnOf(source, list.property))} IS NOT NULL AND ${visibleRows(source, 't')}`;
  return `SELECT DISTINCT ON (${key}) ${columnList(named)} FROM (SELECT ${members}, m.place AS _place FROM ${source.name} t${join} ${splitting} WHERE ${where} AND ${said} AND m.member <> '' AND octet_length(m.member) <= ${memberBytes}) b WHERE ${quoteIdentifier(columnOf(table, list.as))} IS NOT NULL ORDER BY ${key}, _place`;
}

/** A member or name of a list, without the blanks around it: what `\s` stands for where text compares by code point. */
const trimmed = (text: string): string => `btrim(${text}, E' \\t\\n\\r\\f\\v')`;

/**
 * `[123][234]`, or members between commas, semicolons or bars; as an array of texts. No regular expression where none is needed: splitting by
 * one takes thirty times as long.
 */
function splitList(text: string, encoding: Encoding): string {
  return encoding === 'label-list'
    ? `(SELECT coalesce(array_agg(btrim(x.found[1]) ORDER BY x.place), '{}') FROM regexp_matches(${text}, '\\[([^\\[\\]]*)\\]', 'g') WITH ORDINALITY AS x(found, place))`
    : `string_to_array(translate(${text}, ';|', ',,'), ',')`;
}

/** Members that are no number are no member of a list of numbers. */
function castMember(member: string, sqlType: string): string {
  if (sqlType === 'text') {
    return member;
  }
  return `CASE WHEN ${member} ~ '^-?[0-9]{1,18}$' THEN ${member}::${sqlType} END`;
}
