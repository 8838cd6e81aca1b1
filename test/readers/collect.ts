import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestGateway } from '../support/gateway.ts';
import type { Reply } from './readers.ts';
import { entityShapes, feedShapes, type Shape, shapesOf } from './shapes.ts';

/** Requests that run beside each other. */
const together = 8;

/** The sets of a run of seconds: all of `every-type.ts`, and three of the product's own. */
const some = /^(By\w+|Things|Owners|SparkcentralMessages|TracebuzzCases|Loads)$/;

type Row = Readonly<Record<string, unknown>>;

export interface Collected {
  readonly replies: readonly Reply[];
  /** Requests that the feed refused although it offers them, with what it said. */
  readonly refused: readonly string[];
}

interface Collector {
  ask(shapes: readonly Shape[]): Promise<void>;
  /** Grows with what is asked for. */
  readonly result: Collected;
}

/** Keeps replies as files, `$metadata` first. */
export async function collector({ get, root }: Pick<TestGateway, 'get' | 'root'>, folder: string): Promise<Collector> {
  const replies: Reply[] = [];
  const refused: string[] = [];
  let saved = 0;
  const save = (body: Uint8Array): string => {
    saved += 1;
    const name = `body-${saved}`;
    writeFileSync(path.join(folder, name), body);
    return name;
  };
  const ask = async (shape: Shape): Promise<void> => {
    const { body: sent, headers = {} } = shape;
    const reply = await (sent === undefined
      ? get(shape.url, headers)
      : fetch(new URL(shape.url, root), { method: 'POST', headers, body: sent }));
    const body = new Uint8Array(await reply.arrayBuffer());
    if (shape.maybe === true && (reply.status === 204 || reply.status === 404)) {
      return;
    }
    if (shape.kind === 'error' ? reply.status < 400 : reply.status !== 200) {
      refused.push(`${shape.url}: ${reply.status} ${Buffer.from(body)}`);
      return;
    }
    let full: string | undefined;
    if (shape.ids === true) {
      const accept = { Accept: 'application/json;odata.metadata=full' };
      full = save(new Uint8Array(await (await get(shape.url, accept)).arrayBuffer()));
    }
    const { kind, set, property, url } = shape;
    replies.push({
      url,
      kind,
      contentType: reply.headers.get('content-type') ?? '',
      file: save(body),
      ...(set === undefined ? {} : { set }),
      ...(property === undefined ? {} : { property }),
      ...(full === undefined ? {} : { full }),
    });
  };
  const metadata = await get('$metadata', { Accept: 'application/xml' });
  const contentType = metadata.headers.get('content-type') ?? '';
  replies.push({
    url: '$metadata',
    kind: 'metadata',
    contentType,
    file: save(new Uint8Array(await metadata.arrayBuffer())),
  });
  const askAll = async (shapes: readonly Shape[]): Promise<void> => {
    for (let at = 0; at < shapes.length; at += together) {
      await Promise.all(shapes.slice(at, at + together).map(ask));
    }
  };
  return { ask: askAll, result: { replies, refused } };
}

/** Asks a feed for every shape of every stored set. */
export async function collect(
  gateway: TestGateway,
  folder: string,
  { few }: { readonly few: boolean },
): Promise<Collected> {
  const { ask, result } = await collector(gateway, folder);
  const { catalogue } = gateway;
  await ask(feedShapes([...catalogue.sets.values()].filter(({ kind }) => kind === 'stored').map(({ name }) => name)));
  const stored = (name: string): boolean => catalogue.sets.get(name)?.kind === 'stored';
  for (const set of catalogue.model.entitySets.values()) {
    if (!stored(set.name) || (few && !some.test(set.name))) {
      continue;
    }
    const navigations = [...set.entityType.navigationProperties.values()].filter(({ name }) =>
      stored(set.navigationPropertyBindings.get(name) ?? ''),
    );
    const place = { set, navigations, model: catalogue.model, few };
    await ask(shapesOf(place));
    const full = { Accept: 'application/json;odata.metadata=full' };
    const first = await gateway.get(`${set.name}?$top=${few ? 1 : 3}`, full);
    const { value = [] } = (await first.json()) as { readonly value?: readonly Row[] };
    await ask(value.flatMap((row) => entityShapes(place, String(row['@odata.id']))));
  }
  return result;
}

/** Changes of sets since a first read: `links` are what `deltaLinks` gave. */
export async function collectDeltas(
  gateway: TestGateway,
  folder: string,
  links: ReadonlyMap<string, string>,
): Promise<readonly Reply[]> {
  const found: Reply[] = [];
  for (const [set, link] of links) {
    const reply = await gateway.get(link);
    const file = `delta-${set}`;
    writeFileSync(path.join(folder, file), new Uint8Array(await reply.arrayBuffer()));
    found.push({ url: link, kind: 'delta', set, contentType: reply.headers.get('content-type') ?? '', file });
  }
  return found;
}

export async function deltaLinks(gateway: TestGateway): Promise<ReadonlyMap<string, string>> {
  const links = new Map<string, string>();
  for (const set of gateway.catalogue.model.entitySets.keys()) {
    const reply = await gateway.get(set, { Prefer: 'odata.track-changes' });
    const body = (await reply.json()) as Row;
    if (typeof body['@odata.deltaLink'] === 'string') {
      links.set(set, body['@odata.deltaLink']);
    }
  }
  return links;
}
