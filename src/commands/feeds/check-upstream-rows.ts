import { randomBytes } from 'node:crypto';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { EntitySet } from '../../edm/model.ts';
import type { ReadMetadata } from '../../edm/read-metadata.ts';
import { collectionOf, noRestriction, onlyProperties, rowsOfSet } from '../../plan/model/make.ts';
import type { UpstreamClient } from '../../upstream/client/upstream-client.ts';
import { readUpstream } from '../../upstream/reading/read-reply.ts';
import { triedOfSet } from '../../upstream/trials/set-trials.ts';
import type { TrialPlace } from '../../upstream/trials/trial-rows.ts';
import type { UpstreamReadOptions } from '../../upstream/upstream.ts';
import { upstreamSetName } from '../../upstream/url/upstream-map.ts';

interface AskedFeed {
  readonly source: string;
  readonly client: UpstreamClient;
  readonly read: ReadMetadata;
  /** With the feed's own model in it. */
  readonly catalogue: Catalogue;
  readonly maxUrlLength: number;
}

/** What a feed does with its rows otherwise than it says, a line each. */
export interface RowFindings {
  /** What it refuses, or sends otherwise than it declares. */
  readonly faults: readonly string[];
  /** What it does not do, and the gateway does in its place. */
  readonly notes: readonly string[];
}

/**
 * Asks each set of a feed for one row with all of its properties, one set after the other, and reads it as it would be served:
 * a feed may declare what it does not answer. Then tries which options it reads, as they are tried before rows are asked for with them.
 */
export async function findingsOfRows(feed: AskedFeed): Promise<RowFindings> {
  const faults: string[] = [];
  const notes: string[] = [];
  for (const binding of feed.catalogue.sets.values()) {
    const set = feed.catalogue.model.entitySets.get(binding.name);
    if (binding.kind !== 'upstream' || binding.source !== feed.source || set === undefined) {
      continue;
    }
    try {
      const asking = askingFor(feed);
      await readRow(set, asking);
      const unread = await unreadOptions(set, asking);
      if (unread.length > 0) {
        notes.push(`${set.name}: it does not show that it reads ${unread.join(', ')}; such rows are worked out here`);
      }
    } catch (error) {
      faults.push(`${set.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { faults, notes };
}

const triedOptions = ['$filter', '$orderby', '$skip', '$count', '/$count'] as const;

async function unreadOptions(set: EntitySet, place: TrialPlace): Promise<readonly string[]> {
  const path = encodeURIComponent(upstreamSetName(place.context.map, set));
  const verdicts = await triedOfSet({ path, set }, triedOptions, place);
  const unread = triedOptions.filter((option) => {
    const verdict = verdicts.get(option);
    return verdict !== 'done' && verdict !== 'no rows';
  });
  // Counts of what a condition leaves are no matter where it leaves nothing out.
  return unread.includes('$filter') ? unread.filter((option) => !option.includes('count')) : unread;
}

interface ReadPlace extends TrialPlace {
  readonly options: UpstreamReadOptions;
}

function askingFor({ source, client, read, catalogue, maxUrlLength }: AskedFeed): ReadPlace {
  const sets = new Map(
    [...catalogue.sets.values()].flatMap((binding) =>
      binding.kind === 'upstream' && binding.source === source ? [[binding.name, binding.upstreamName] as const] : [],
    ),
  );
  const map = { source, model: read.model, enumTypes: read.enumTypes, sets, maxUrlLength };
  const format = { metadata: 'minimal', ieee754Compatible: false, omitNulls: false } as const;
  const { signal } = new AbortController();
  const options = { ...format, root: client.root.href, namespace: read.model.namespace, skipToken: null, signal };
  return { options, context: { client, map, secret: randomBytes(32) } };
}

async function readRow(set: EntitySet, { options, context }: ReadPlace): Promise<void> {
  const plan = collectionOf({
    source: rowsOfSet(set),
    selection: onlyProperties(set, [...set.entityType.properties.values()]),
    restriction: { ...noRestriction, top: 1 },
    pageSize: 1,
  });
  const reply = await readUpstream(plan, options, context);
  if (reply.kind !== 'collection') {
    return;
  }
  // Reading converts each value to the type that the feed declares.
  const rows = reply.objects[Symbol.asyncIterator]();
  await rows.next();
  await rows.return?.();
  reply.discard();
}
