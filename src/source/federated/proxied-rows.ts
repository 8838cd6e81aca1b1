import type { EntitySet, Property } from '../../edm/model.ts';
import { entityIdOf } from '../../json/reading/entity-id.ts';
import { readArray, readObject } from '../../json/reading/json-scan.ts';
import type { JoinKey } from '../../plan/federate/join-key.ts';
import type { Completion, Join } from '../../plan/federate/split-selection.ts';
import { joinKeyOf, type Members } from './member-key.ts';
import type { FillJoin, OpenRows } from './open-rows.ts';

/** Rows of a feed: JSON objects, which have to be looked into. */
export class ProxiedRows implements OpenRows {
  readonly #rows: readonly Members[];
  readonly #set: EntitySet;
  readonly #completion: Completion;

  constructor(objects: readonly string[], set: EntitySet, completion: Completion) {
    this.#rows = objects.map(readObject);
    this.#set = set;
    this.#completion = completion;
  }

  get length(): number {
    return this.#rows.length;
  }

  keysOf(properties: readonly Property[]): readonly JoinKey[] {
    return this.#rows.map(joinKeyOf(properties));
  }

  urls(): readonly string[] {
    return this.#rows.map(entityIdOf(this.#set));
  }

  completed(fill: FillJoin): Promise<readonly string[]> {
    return completedMembers(this.#rows, this.#completion, fill);
  }
}

/** Puts into rows what their own source could not give, at every level. */
async function completedMembers(
  rows: readonly Members[],
  completion: Completion,
  fill: FillJoin,
): Promise<readonly string[]> {
  const hidden = ([name]: readonly [string, string]): boolean => completion.hidden.has(name.split('@')[0] ?? '');
  const changed = rows.map((row) => new Map([...row].filter((member) => !hidden(member))));
  for (const nested of completion.inside) {
    await completeInside(changed, nested, fill);
  }
  const added = rows.map(() => '');
  for (const join of completion.joins) {
    const texts = await fill(join, rows.map(joinKeyOf(join.own)));
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
  fill: FillJoin,
): Promise<void> {
  const holders = rows.flatMap((row) => {
    const raw = row.get(name);
    if (raw === undefined || raw === 'null') {
      return [];
    }
    return [{ row, children: collection ? readArray(raw) : [raw] }];
  });
  const children = holders.flatMap((holder) => holder.children);
  const completed = await completedMembers(children.map(readObject), completion, fill);
  let at = 0;
  for (const { row, children: own } of holders) {
    const texts = completed.slice(at, at + own.length);
    at += own.length;
    row.set(name, collection ? `[${texts.join(',')}]` : (texts[0] ?? 'null'));
  }
}
