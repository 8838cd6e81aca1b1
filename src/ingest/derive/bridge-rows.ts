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
  const { table, derivation } = derived;
  if (derivation.kind !== 'bridge') {
    return '';
  }
  const source = storedTable(catalogue, derivation.from);
  const encoding = encodingOf(catalogue, derivation.from, derivation.list.property);
  const parent = [...derivation.parent].map(([theirs, ours]) => ({
    theirs: columnOf(source, theirs),
    ours: columnOf(table, ours),
  }));
  const member = columnTypeOf(table, derivation.list.as);
  const cast = castMember('m.member', member);
  const members = splitList(`t.${quoteIdentifier(columnOf(source, derivation.list.property))}`, encoding);
  const { paired } = derivation;
  const names = paired === null ? null : `t.${quoteIdentifier(columnOf(source, paired.property))}`;
  const nameList =
    names === null || paired === null
      ? null
      : splitList(names, encodingOf(catalogue, derivation.from, paired.property));
  const together = togetherCondition(
    source,
    [derivation.list, ...(paired === null ? [] : [paired])].map(({ property }) => columnOf(source, property)),
  );
  const columns = [
    ...parent.map(({ theirs }) => `t.${quoteIdentifier(theirs)}`),
    cast,
    // Names are paired by place, and only where there is one for each member: a name may hold the separator.
    ...(nameList === null
      ? []
      : [
          `CASE WHEN ${together} AND cardinality(${nameList}) = cardinality(${members}) THEN nullif((${nameList})[m.place], '') END`,
        ]),
    ...(derivation.position === null ? [] : ['m.place::integer']),
  ];
  const affected = parent
    .map(({ theirs, ours }) => `a.${quoteIdentifier(ours)} = t.${quoteIdentifier(theirs)}`)
    .join(' AND ');
  const key = columnList([...parent.map(({ ours }) => ours), columnOf(table, derivation.list.as)]);
  const named = derivedColumns(derived);
  return `SELECT DISTINCT ON (${key}) ${columnList(named)} FROM (SELECT ${columns
    .map((text, index) => `${text} AS ${quoteIdentifier(named[index] ?? '')}`)
    .join(
      ', ',
    )}, m.place AS _place FROM ${source.name} t JOIN ${affectedTable(derived)} a ON ${affected} CROSS JOIN LATERAL unnest(${members}) WITH ORDINALITY AS m(member, place) WHERE ${visibleRows(source, 't')} AND m.member <> '' AND octet_length(m.member) <= ${memberBytes}) b WHERE ${quoteIdentifier(columnOf(table, derivation.list.as))} IS NOT NULL ORDER BY ${key}, _place`;
}

/** `[123][234]`, or members between commas, semicolons or bars; as an array of trimmed texts. */
function splitList(text: string, encoding: Encoding): string {
  return encoding === 'label-list'
    ? `(SELECT coalesce(array_agg(btrim(x.found[1]) ORDER BY x.place), '{}') FROM regexp_matches(${text}, '\\[([^\\[\\]]*)\\]', 'g') WITH ORDINALITY AS x(found, place))`
    : `regexp_split_to_array(btrim(${text}), '\\s*[,;|]\\s*')`;
}

/** Members that are no number are no member of a list of numbers. */
function castMember(member: string, sqlType: string): string {
  if (sqlType === 'text') {
    return member;
  }
  return `CASE WHEN ${member} ~ '^-?[0-9]{1,18}$' THEN ${member}::${sqlType} END`;
}
