import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync, inflateSync } from 'node:zlib';
import { ReplyCache, type ReplyCacheSettings } from '../../../src/http/reply-cache/reply-cache.ts';
import type { HttpEvent } from '../../../src/observation/events/http.ts';
import { until } from '../../support/until.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../test-server.ts';

/** Titles that hardly shrink, so that few rows make a reply that is worth keeping. */
export const cases = (count: number): string =>
  `INSERT INTO feed."Cases" ("Id", "Title", "Priority", "AgentId") SELECT g, md5(g::text), 0, g % 5 FROM generate_series(1, ${count}) AS g;
   INSERT INTO feed."Agents" ("Id", "Name") SELECT g, 'Agent ' || g FROM generate_series(0, 4) AS g;`;

/** A reply as it came over the wire. */
export interface WireReply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface CacheServer {
  readonly feed: TestServer;
  readonly cache: ReplyCache;
  readonly folder: string;
  readonly faults: string[];
  /** Not inflated, with `Accept-Encoding: gzip` unless the headers say otherwise. */
  wire(query: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<WireReply>;
  /** Commits a change of a set's rows with a new data version, as a load does. */
  load(set: string, statement: string): Promise<void>;
  /** Waits until every reply that was begun is kept or thrown away. */
  settled(): Promise<void>;
  /** Whether the last request was answered with a kept reply. */
  fromCache(): boolean;
  close(): Promise<void>;
}

export async function startCacheServer(
  options: TestServerOptions = {},
  settings: Partial<ReplyCacheSettings> = {},
): Promise<CacheServer> {
  const folder = path.join(mkdtempSync(path.join(os.tmpdir(), 'gateway-kept-')), 'replies');
  const faults: string[] = [];
  const observe = (one: HttpEvent): void => {
    if (one.event === 'reply-not-kept') {
      faults.push(one.reason);
    }
  };
  const cache = new ReplyCache({ folder, totalBytes: 64 * 1024 * 1024, observe, ...settings });
  const feed = await startTestServer({ rows: cases(4000), ...options, replies: cache });
  return {
    feed,
    cache,
    folder,
    faults,
    wire: (query, headers = {}, method = 'GET') => wire(new URL(query, feed.root), headers, method),
    async load(set, statement) {
      await feed.client.query(
        `BEGIN; ${statement}; UPDATE gateway.set_versions SET version = version + 1 WHERE entity_set = '${set}'; COMMIT`,
      );
    },
    async settled() {
      await until('no reply is on its way into the cache', () => cache.settled);
    },
    fromCache: () => feed.log.at(-1)?.fromCache ?? false,
    async close() {
      await feed.close();
      await cache.close();
      assert.equal(cache.bytes, 0, 'all room is free again');
      assert.deepEqual(feed.defects, []);
      const parent = path.dirname(folder);
      assert.deepEqual(
        readdirSync(parent, { recursive: true, withFileTypes: true }).filter((file) => file.isFile()),
        [],
      );
      rmSync(parent, { recursive: true });
    },
  };
}

function wire(url: URL, headers: Readonly<Record<string, string>>, method: string): Promise<WireReply> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers: { 'Accept-Encoding': 'gzip', ...headers } }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('error', reject);
      reply.on('end', () =>
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

/** The body as text. Fails for one that was not compressed. */
export function inflated({ headers, body }: WireReply): string {
  const encoding = headers['content-encoding'];
  assert.ok(encoding === 'gzip' || encoding === 'deflate', String(encoding));
  return (encoding === 'gzip' ? gunzipSync(body) : inflateSync(body)).toString('utf8');
}
