import { entityIdOf } from '../../json/reading/entity-id.ts';
import { readArray, readObject } from '../../json/reading/json-scan.ts';
import { type JoinKey, joinKeyOf, type Members } from './join-key.ts';
import { keyedRows } from './keyed-rows.ts';
import type { Place } from './place.ts';
import type { Completion, Join } from './split-selection.ts';

/** Keys asked for together: bounds what is held, and the nodes of one query. */
const keysAtOnce = 500;

/**
 * Puts into rows what their own source could not give: the rows of other sources that they lead to, at every level, asked
 * for by key and together for all rows given. Gives the rows as they are served.
 */
export async function completeRows(
  rows: readonly string[],
  completion: Completion,
  place: Place,
): Promise<readonly string[]> {
  const members = rows.map(readObject);
  return completeMembers(members, completion, place);
}

async function completeMembers(
  rows: readonly Members[],
  completion: Completion,
  place: Place,
): Promise<readonly string[]> {
  const hidden = ([name]: readonly [string, string]): boolean => completion.hidden.has(name.split('@')[0] ?? '');
  const changed = rows.map((row) => new Map([...row].filter((member) => !hidden(member))));
  for (const nested of completion.inside) {
    await completeInside(changed, nested, place);
  }
  const added = rows.map(() => '');
  for (const join of completion.joins) {
    const texts = await joined(rows, join, place);
    for (const [index, text] of texts.entries()) {
      added[index] += takenLinks(changed[index], join) + text;
    }
  }
  return changed.map((row, index) => {
    const own = [...row].map(([name, raw]) => `,${JSON.stringify(name)}:${raw}`).join('');
    return `{${`${own}${added[index] ?? ''}`.slice(1)}}`;
  });
}

/** The links of a joined navigation property, which stand immediately before it (OData JSON 4.4). */
function takenLinks(row: Map<string, string> | undefined, { expand }: Join): string {
  const names = ['associationLink', 'navigationLink'].map((kind) => `${expand.navigation.name}@odata.${kind}`);
  return names
    .map((name) => {
      const raw = row?.get(name);
      return row?.delete(name) === true ? `,${JSON.stringify(name)}:${raw}` : '';
    })
    .join('');
}

/** The rows that a navigation already expanded holds, of all parents at once. */
async function completeInside(
  rows: readonly Map<string, string>[],
  { name, collection, completion }: Completion['inside'][number],
  place: Place,
): Promise<void> {
  const holders = rows.flatMap((row) => {
    const raw = row.get(name);
    if (raw === undefined || raw === 'null') {
      return [];
    }
    return [{ row, children: collection ? readArray(raw) : [raw] }];
  });
  const completed = await completeRows(
    holders.flatMap(({ children }) => children),
    completion,
    place,
  );
  let at = 0;
  for (const { row, children } of holders) {
    const own = completed.slice(at, at + children.length);
    at += children.length;
    row.set(name, collection ? `[${own.join(',')}]` : (own[0] ?? 'null'));
  }
}

/** The members that a join adds to each row, with a leading comma, or empty. */
async function joined(rows: readonly Members[], join: Join, place: Place): Promise<readonly string[]> {
  const keyOf = joinKeyOf(join.own);
  const keys = rows.map(keyOf);
  const found = await rowsByKey(keys, join, place);
  return keys.map((key) => memberText(join, key === null ? [] : (found.get(textOf(key)) ?? []), place));
}

const textOf = (key: readonly string[]): string => JSON.stringify(key);

/** The rows of the other end by key; one that a row of this reply led to before is not asked for again. */
async function rowsByKey(keys: readonly JoinKey[], join: Join, place: Place): Promise<Found> {
  const known = place.known.of(join);
  const distinct = new Map(keys.flatMap((key) => (key === null ? [] : [[textOf(key), key] as const])));
  const found = new Map<string, string[]>();
  for (const text of distinct.keys()) {
    const before = known?.get(text);
    if (before !== undefined) {
      found.set(text, before);
    }
  }
  const wanted = [...distinct].filter(([text]) => !found.has(text)).map(([, key]) => key);
  for (let at = 0; at < wanted.length; at += keysAtOnce) {
    const some = wanted.slice(at, at + keysAtOnce);
    for (const key of some) {
      found.set(textOf(key), []);
    }
    await fetchInto(found, some, { join, place });
    if (known !== null) {
      for (const key of some) {
        known.set(textOf(key), found.get(textOf(key)) ?? []);
      }
    }
  }
  return found;
}

type Found = Map<string, string[]>;

async function fetchInto(
  found: Found,
  keys: readonly (readonly string[])[],
  { join, place }: { readonly join: Join; readonly place: Place },
): Promise<void> {
  const keyOf = joinKeyOf(join.theirs);
  const rows = (await keyedRows(join, keys, place)).map(readObject);
  const texts = await servedRows(rows, join, place);
  for (const [index, row] of rows.entries()) {
    const key = keyOf(row);
    // A feed may compare more loosely than we do, e.g. without regard to case: such a row has no place.
    if (key !== null) {
      found.get(textOf(key))?.push(texts[index] ?? '{}');
    }
  }
}

async function servedRows(rows: readonly Members[], join: Join, place: Place): Promise<readonly string[]> {
  switch (join.expand.form) {
    case 'count':
      return rows.map(() => '');
    case 'ref': {
      const idOf = entityIdOf(join.selection.set);
      return rows.map((row) => `{"@odata.id":${JSON.stringify(place.format.root + idOf(row))}}`);
    }
    case 'entities':
      return completeMembers(rows, join.completion, place);
  }
}

/** `$skip`, `$top` and `$count` of a nested collection are per parent: they are applied to the rows of its key. */
function memberText({ expand }: Join, rows: readonly string[], { format }: Place): string {
  const { navigation, form, restriction } = expand;
  const name = JSON.stringify(navigation.name);
  const counted = `,${JSON.stringify(`${navigation.name}@odata.count`)}:${rows.length}`;
  if (form === 'count') {
    return counted;
  }
  if (!navigation.collection) {
    const [row] = rows;
    return row === undefined && format.omitNulls ? '' : `,${name}:${row ?? 'null'}`;
  }
  const skip = restriction.skip ?? 0;
  const end = restriction.top === null ? rows.length : skip + restriction.top;
  return `${restriction.count ? counted : ''},${name}:[${rows.slice(skip, end).join(',')}]`;
}
