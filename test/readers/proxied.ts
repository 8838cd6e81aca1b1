import type { EntitySet } from '../../src/edm/model.ts';
import { joinedGateway, judge } from '../http/cross-source/joined-gateway.ts';
import { type Collected, collector } from './collect.ts';
import type { Shape } from './shapes.ts';

const full = { Accept: 'application/json;odata.metadata=full' };

/** What a proxied set offers: rows, one entity, and navigation inside of the feed and to stored rows. */
function shapesOf({ name, entityType }: EntitySet): readonly Shape[] {
  const { key, properties, navigationProperties } = entityType;
  const some = [...properties.keys()].slice(0, 4).join(',');
  const rows = (options: string, more: Partial<Shape> = {}): Shape => ({
    url: `${name}?$top=5${options === '' ? '' : `&${options}`}`,
    kind: 'set',
    set: name,
    ...more,
  });
  return [
    rows('', { ids: true }),
    rows('', { headers: full }),
    rows('$count=true', { headers: { Accept: 'application/json;IEEE754Compatible=true' } }),
    rows('', { headers: { Prefer: 'omit-values=nulls' } }),
    rows('', { headers: { Prefer: 'odata.maxpagesize=2' } }),
    rows(`$select=${key.join(',')}`, { ids: true }),
    rows(`$select=${some}`),
    rows(`$orderby=${key.join(',')}`),
    rows(`$filter=${key[0]} ne null`, { ids: true }),
    ...[...navigationProperties.keys()].flatMap((navigation) => [
      rows(`$expand=${navigation}`),
      rows(`$expand=${navigation}`, { headers: full }),
    ]),
  ];
}

function entityShapes(set: EntitySet, id: string): readonly Shape[] {
  const properties = [...set.entityType.properties.keys()].slice(0, 6);
  return [
    { url: id, kind: 'entity', set: set.name, ids: true },
    { url: `${id}/$ref`, kind: 'reference' },
    ...properties.flatMap((property): readonly Shape[] => [
      { url: `${id}/${property}`, kind: 'property', set: set.name, property, maybe: true },
      { url: `${id}/${property}/$value`, kind: 'value', set: set.name, property, maybe: true },
    ]),
  ];
}

/** Replies of the sets of a proxied feed, the sandbox, beside stored rows that lead to them. */
export async function collectProxied(folder: string): Promise<Collected> {
  const gateway = await joinedGateway();
  try {
    const { value: calls } = await gateway.json('BuzzeasyCalls?$top=3');
    const { value: agents } = await gateway.json('BuzzeasyAgents?$top=3');
    const idOf = (rows: typeof calls, at: number): string | null => String(Object.values(rows[at] ?? {})[0] ?? 'none');
    await judge(
      gateway.database,
      [0, 1, 2].map((at) => [at + 1, idOf(calls, at), at === 2 ? null : idOf(agents, at), at] as const),
    );
    const { ask, result } = await collector(gateway, folder);
    const { sets, model } = gateway.proxied.catalogue();
    for (const { kind, name } of sets.values()) {
      const set = model.entitySets.get(name);
      if (set === undefined || (kind !== 'upstream' && name !== 'TracebuzzJudgements')) {
        continue;
      }
      await ask(shapesOf(set));
      const rows = await gateway.get(`${name}?$top=1`, full);
      const { value = [] } = (await rows.json()) as { readonly value?: readonly Record<string, unknown>[] };
      await ask(value.flatMap((row) => entityShapes(set, String(row['@odata.id']))));
    }
    return result;
  } finally {
    await gateway.close();
  }
}
