import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { mergeUpstreamModel } from '../../../src/catalogue/compile/upstream/merge-upstream-model.ts';
import type { SampleRow } from '../../../src/sandbox/sample-rows.ts';
import { connectUpstream } from '../../../src/upstream/connect.ts';
import type { Upstream } from '../../../src/upstream/upstream.ts';
import { planOf, readOptions } from '../../upstream/tenant.ts';
import { textOf } from '../../upstream/told-feed.ts';

/** One source of a catalogue, connected to a feed as `serve` connects it, without a database. */
export interface ReadFeed {
  readonly upstream: Upstream;
  readonly served: () => Catalogue;
  /** `path?query` below the root of the feed for all that was asked so far, decoded. */
  readonly asked: string[];
  /** All rows, over all pages. */
  rows(request: string): Promise<SampleRow[]>;
  entity(request: string): Promise<SampleRow | null>;
  count(request: string): Promise<number>;
  close(): Promise<void>;
}

export interface ReadFeedOptions {
  readonly documented: Catalogue;
  readonly source: string;
  readonly url: string;
  /** Kept after closing where given. */
  readonly dataDir?: string;
}

export async function readFeed({ documented, source: name, url, ...options }: ReadFeedOptions): Promise<ReadFeed> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'feed-')));
  const source = documented.sources.get(name);
  assert.ok(source?.upstream !== undefined);
  let served = documented;
  const asked: string[] = [];
  const upstream = await connectUpstream({
    source: { ...source, upstream: { ...source.upstream, url, signIn: { kind: 'none' } } },
    dataDir,
    catalogue: () => served,
    adopt: ({ model }) => {
      const merged = mergeUpstreamModel(documented, name, model);
      served = merged.catalogue;
      return merged.differences.map(({ set, message }) => `${set}: ${message}`);
    },
    observe: (event) => {
      if (event.event === 'upstream-request') {
        asked.push(decodeURIComponent(event.url('shown')).slice(url.length));
      }
    },
  });
  assert.equal(upstream.state().failure, null);
  return {
    upstream,
    served: () => served,
    asked,
    async rows(request) {
      const found: string[] = [];
      for (let skipToken: string | null = null; ; ) {
        const reply = await upstream.read(planOf(request, served), readOptions({ skipToken }));
        assert.ok(reply.kind === 'collection', reply.kind);
        found.push(await textOf(reply));
        skipToken = reply.end().next;
        if (skipToken === null) {
          return JSON.parse(`[${found.filter((text) => text !== '').join(',')}]`) as SampleRow[];
        }
      }
    },
    async entity(request) {
      const reply = await upstream.read(planOf(request, served), readOptions());
      assert.ok(reply.kind === 'entity' || reply.kind === 'absent');
      return reply.kind === 'absent' ? null : (JSON.parse(Buffer.from(reply.json).toString()) as SampleRow);
    },
    async count(request) {
      const reply = await upstream.read(planOf(request, served), readOptions());
      assert.ok(reply.kind === 'count', reply.kind);
      return Number(reply.count);
    },
    async close() {
      await upstream.close();
      if (options.dataDir === undefined) {
        await rm(dataDir, { recursive: true, force: true });
      }
    },
  };
}
