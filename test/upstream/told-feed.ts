import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UpstreamSettings } from '../../src/catalogue/catalogue.ts';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import type { Model } from '../../src/edm/model.ts';
import { type ErrorCode, GatewayError } from '../../src/errors.ts';
import { type Connection, connectUpstream } from '../../src/upstream/connect.ts';
import type { Upstream, UpstreamReadOptions, UpstreamReply } from '../../src/upstream/upstream.ts';
import { IdleClock } from '../support/idle-clock.ts';
import { planOf, readOptions, serve, tenantCatalogue, tenantModel, tenantSource } from './tenant.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

/** A tenant's own model: our names without the prefix. */
export function theirModel(ours = tenantModel()): Model {
  const plain = (name: string): string => name.replace(/^Far/, '');
  return {
    ...ours,
    entitySets: new Map(
      [...ours.entitySets].map(([name, set]) => [
        plain(name),
        {
          ...set,
          name: plain(name),
          navigationPropertyBindings: new Map([...set.navigationPropertyBindings].map(([nav, to]) => [nav, plain(to)])),
        },
      ]),
    ),
  };
}

export const json = (response: ServerResponse, body: string, status = 200): void => {
  response.writeHead(status, { 'Content-Type': 'application/json;odata.metadata=minimal' }).end(body);
};

export const catalogue = tenantCatalogue(tenantSource({}));
export const read = (
  upstream: Upstream,
  request: string,
  options: Partial<UpstreamReadOptions> = {},
): Promise<UpstreamReply> => upstream.read(planOf(request, catalogue), readOptions(options));

/** All rows of one page, parsed, with the count and the token of the next page. */
export async function page(upstream: Upstream, request: string, options: Partial<UpstreamReadOptions> = {}) {
  const reply = await read(upstream, request, options);
  assert.equal(reply.kind, 'collection');
  if (reply.kind !== 'collection') {
    throw new Error();
  }
  const text = await textOf(reply);
  const end = reply.end();
  return {
    rows: JSON.parse(`[${text}]`) as Record<string, unknown>[],
    text,
    count: reply.count ?? end.count,
    next: end.next,
  };
}

/** All rows with commas between them, as our own reply has them. */
export async function textOf({ blocks, objects }: UpstreamReply & { kind: 'collection' }): Promise<string> {
  const texts: string[] = [];
  for await (const rows of blocks ?? objects) {
    texts.push(typeof rows === 'string' ? rows : Buffer.from(rows.bytes).toString());
  }
  return texts.join(',');
}

export const fails = (code: ErrorCode, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof GatewayError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return true;
};

interface More {
  /** In place of its own model. */
  readonly metadata?: string;
  readonly connection?: Partial<Connection>;
}

/** Feeds that answer `$metadata` rightly and everything else as told, and are known to do what options say; to be called inside of a `describe`, which ends them. */
export function feeds(): {
  readonly dataDir: () => string;
  readonly open: { close(): Promise<void> }[];
  readonly connect: (
    answer: Answer,
    settings?: Partial<UpstreamSettings>,
    root?: string,
    more?: More,
  ) => Promise<Upstream & { requests: string[] }>;
} {
  let folder: string;
  let dataDir: string;
  const open: { close(): Promise<void> }[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'upstream-'));
  });
  // One for each test: what a feed was seen to do is kept there a moment later, and the next test of the feed would know it.
  beforeEach(async () => {
    dataDir = await mkdtemp(join(folder, 'data-'));
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) {
      await one.close();
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** A feed that answers `$metadata` rightly and everything else as told. `root`: the path of its service root. */
  async function connect(
    answer: Answer,
    settings: Partial<UpstreamSettings> = {},
    root = '/service/',
    { metadata, connection = {} }: More = {},
  ): Promise<Upstream & { requests: string[] }> {
    const requests: string[] = [];
    const server = await serve((request, response) => {
      const url = new URL(request.url ?? '', 'http://feed');
      if (url.pathname === `${root}$metadata`) {
        response.writeHead(200, { 'Content-Type': 'application/xml' }).end(metadata ?? metadataXml(theirModel()));
        return;
      }
      requests.push(decodeURIComponent(request.url ?? '').replace(root, ''));
      answer(request, response, url);
    });
    open.push(server);
    const source = tenantSource({ url: new URL(root, server.url).href, ...settings });
    const upstream = await connectUpstream({
      source,
      dataDir,
      catalogue: () => tenantCatalogue(source),
      adopt: () => [],
      time: new IdleClock(),
      random: () => 0.5,
      readsOptions: true,
      ...connection,
    });
    open.push(upstream);
    return Object.assign(upstream, { requests });
  }

  return { dataDir: () => dataDir, open, connect };
}
