import { randomBytes } from 'node:crypto';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { EntitySet } from '../../edm/model.ts';
import type { ReadMetadata } from '../../edm/read-metadata.ts';
import { collectionOf, noRestriction, onlyProperties, rowsOfSet } from '../../plan/model/make.ts';
import type { UpstreamClient } from '../../upstream/client/upstream-client.ts';
import { readUpstream } from '../../upstream/reading/read-reply.ts';

interface AskedFeed {
  readonly source: string;
  readonly client: UpstreamClient;
  readonly read: ReadMetadata;
  /** With the feed's own model in it. */
  readonly catalogue: Catalogue;
  readonly maxUrlLength: number;
}

/**
 * Asks each set of a feed for one row with all of its properties, one set after the other, and reads it as it would be served:
 * a feed may declare what it does not answer. What it refuses, or sends otherwise than it declares, a line each.
 */
export async function faultsOfRows(feed: AskedFeed): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const binding of feed.catalogue.sets.values()) {
    const set = feed.catalogue.model.entitySets.get(binding.name);
    if (binding.kind !== 'upstream' || binding.source !== feed.source || set === undefined) {
      continue;
    }
    try {
      await readRow(set, feed);
    } catch (error) {
      faults.push(`${set.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return faults;
}

async function readRow(set: EntitySet, { source, client, read, catalogue, maxUrlLength }: AskedFeed): Promise<void> {
  const sets = new Map(
    [...catalogue.sets.values()].flatMap((binding) =>
      binding.kind === 'upstream' && binding.source === source ? [[binding.name, binding.upstreamName] as const] : [],
    ),
  );
  const map = { source, model: read.model, enumTypes: read.enumTypes, sets, maxUrlLength };
  const plan = collectionOf({
    source: rowsOfSet(set),
    selection: onlyProperties(set, [...set.entityType.properties.values()]),
    restriction: { ...noRestriction, top: 1 },
    pageSize: 1,
  });
  const format = { metadata: 'minimal', ieee754Compatible: false, omitNulls: false } as const;
  const { signal } = new AbortController();
  const options = { ...format, root: client.root.href, namespace: read.model.namespace, skipToken: null, signal };
  const reply = await readUpstream(plan, options, { client, map, secret: randomBytes(32) });
  if (reply.kind !== 'collection') {
    return;
  }
  // Reading converts each value to the type that the feed declares.
  const rows = reply.objects[Symbol.asyncIterator]();
  await rows.next();
  await rows.return?.();
  reply.discard();
}
