import type { JsonFormat } from '../../json/json-format.ts';
import type { JoinKey } from '../../plan/federate/join-key.ts';
import type { Join } from '../../plan/federate/split-selection.ts';
import type { JoinContext } from './join-context.ts';
import type { FillJoin, OpenRows } from './open-rows.ts';
import { pickLocal } from './pick-local.ts';

/** Keys asked for together: bounds what is held, and the nodes of one query. */
const keysAtOnce = 500;

/**
 * Puts into rows what their own source could not give: the rows of other sources that they lead to, at every level, asked
 * for by key and together for all rows given. Gives the rows as they are served.
 */
export function completeRows(rows: OpenRows, context: JoinContext): Promise<readonly string[]> {
  const fill: FillJoin = async (join, keys) => {
    const found = await rowsByKey(keys, join, context);
    return keys.map((key) => memberText(join, key === null ? [] : (found.get(textOf(key)) ?? []), context.format));
  };
  return rows.completed(fill);
}

const textOf = (key: readonly string[]): string => JSON.stringify(key);

/** The rows of the other end by key; one that a row of this reply led to before is not asked for again. */
async function rowsByKey(keys: readonly JoinKey[], join: Join, context: JoinContext): Promise<Found> {
  const known = context.known.of(join);
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
    await fetchInto(found, some, { join, context });
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
  { join, context }: { readonly join: Join; readonly context: JoinContext },
): Promise<void> {
  context.observe({ event: 'rows-by-key', set: join.selection.set.name, keys: keys.length });
  const rows = await pickLocal(join.selection.set, context).byKeys(join, keys);
  const texts = await servedRows(rows, join, context);
  for (const [index, key] of rows.keysOf(join.theirs).entries()) {
    // A feed may compare more loosely than we do, e.g. without regard to case: such a row has no place.
    if (key !== null) {
      found.get(textOf(key))?.push(texts[index] ?? '{}');
    }
  }
}

async function servedRows(rows: OpenRows, { expand }: Join, context: JoinContext): Promise<readonly string[]> {
  switch (expand.form) {
    case 'count':
      return [];
    case 'ref':
      return rows.urls().map((url) => `{"@odata.id":${JSON.stringify(context.format.root + url)}}`);
    case 'entities':
      return completeRows(rows, context);
  }
}

/** `$skip`, `$top` and `$count` of a nested collection are per parent: they are applied to the rows of its key. */
function memberText({ expand }: Join, rows: readonly string[], format: JsonFormat): string {
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
