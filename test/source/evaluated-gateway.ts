import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalogue, SetBinding, UpstreamSettings } from '../../src/catalogue/catalogue.ts';
import type { SignInSettings } from '../../src/catalogue/sign-in-settings.ts';
import type { EntitySet, EntityType, Model, Property } from '../../src/edm/model.ts';
import { feedCapabilities } from '../../src/http/capabilities.ts';
import type { UpstreamEvent } from '../../src/observation/events/upstream.ts';
import { type Observe, unobserved } from '../../src/observation/observe.ts';
import type { Grants } from '../../src/plan/grants.ts';
import { type Sources, sourcesOf } from '../../src/source/federated/sources.ts';
import type { EvaluationLimits } from '../../src/source/stored/stored-read.ts';
import { applyPath, applyText } from '../../src/upstream/aggregated/aggregation-text.ts';
import { connectUpstream } from '../../src/upstream/connect.ts';
import type { Aggregating, Upstream, UpstreamPlan } from '../../src/upstream/upstream.ts';
import { compileUpstreamUrl } from '../../src/upstream/url/compile-url.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../http/test-server.ts';
import { catalogue, model } from '../sql/small-model.ts';
import { IdleClock } from '../support/idle-clock.ts';
import { tenantSource } from '../upstream/tenant.ts';

/** As the feed declares it: PostgreSQL keeps six digits of a second. */
const declared: Model = declaredModel(model);

function declaredModel(own: Model): Model {
  const precise = (property: Property): Property =>
    /DateTimeOffset|TimeOfDay|Duration/.test(property.type) ? { ...property, precision: 6 } : property;
  const types = [...own.entityTypes].map(([name, type]): [string, EntityType] => {
    const properties = [...type.properties.values()].map((property) => [property.name, precise(property)] as const);
    return [name, { ...type, properties: new Map(properties) }];
  });
  const entityTypes = new Map(types);
  const sets = [...own.entitySets].map(([name, set]): [string, EntitySet] => [
    name,
    { ...set, entityType: entityTypes.get(set.entityType.name) ?? set.entityType },
  ]);
  return { ...own, entityTypes, entitySets: new Map(sets) };
}

/** The small model with some of its sets proxied, under their own names. */
export function proxiedCatalogue(
  url: string,
  proxied: readonly string[],
  settings: Partial<UpstreamSettings> = {},
): Catalogue {
  const source = tenantSource({ url, ...settings });
  const sets = [...catalogue.sets].map(([name, binding]): [string, SetBinding] => [
    name,
    proxied.includes(name) ? { kind: 'upstream', name, source: source.name, upstreamName: name, title: name } : binding,
  ]);
  return {
    ...catalogue,
    model: declared,
    sources: new Map([...catalogue.sources, [source.name, source]]),
    sets: new Map(sets),
  };
}

/** The same, of a feed that is there for its addresses alone. `saysApply`: it says that it does all of `$apply`. */
export function toldSources(proxied: readonly string[], saysApply = false): Sources {
  const sets = new Map(proxied.map((name) => [name, name] as const));
  const map = { source: 'far', model, enumTypes: new Map(), sets, maxUrlLength: 8000 };
  const addressOf = (plan: UpstreamPlan): URL => {
    const { path, query } = compileUpstreamUrl(plan, map);
    return new URL(`http://feed/${path}?${query}`);
  };
  const aggregating: Aggregating = {
    says: () => saysApply,
    shows: () => Promise.resolve(false),
    groups: () => assert.fail('no groups are asked for'),
    addressOf: (request) => new URL(`http://feed/${applyPath(request, applyText(request, map), map)}`),
  };
  const upstream = { source: 'far', addressOf, aggregating, follows: () => true } as Partial<Upstream> as Upstream;
  return sourcesOf(proxiedCatalogue('http://feed/', proxied), new Map([['far', upstream]]));
}

export interface EvaluatedGateway {
  /** Serves the same sets from tables of its own, and is the feed of the other one. */
  readonly stored: TestServer;
  readonly evaluated: TestServer;
  readonly upstream: Upstream;
  /** Of the gateway before the feed. */
  readonly time: IdleClock;
  /** What the feed was asked for, decoded, without `$metadata`. */
  readonly asked: string[];
  /** May answer in place of the feed. */
  onRequest: ((...args: Parameters<RequestListener>) => boolean) | null;
  /** What a reply says, of all its pages; fails where it is none. */
  rows(server: TestServer, request: string): Promise<unknown>;
  close(): Promise<void>;
}

interface Options {
  readonly rows: string;
  readonly proxied?: readonly string[];
  /** Of the feed. */
  readonly pageSize?: number;
  readonly evaluation?: EvaluationLimits;
  /** It is known that the feed does what options of its sets say. Absent: it is. */
  readonly readsOptions?: boolean;
  /** The `$metadata` of the feed says what it does of `$apply`. Absent: it does not. */
  readonly saysApply?: boolean;
  readonly observe?: Observe<UpstreamEvent>;
  readonly grants?: Grants;
  /** Of the gateway before the feed. */
  readonly database?: TestServerOptions['database'];
  /** Rows of the stored sets beside the feed. */
  readonly beside?: string;
  /** How the gateway signs in at the feed. Absent: it does not. */
  readonly signIn?: SignInSettings;
}

/** A gateway before another one that has the same sets in tables: what it works out must be the same. */
export async function evaluatedGateway(options: Options): Promise<EvaluatedGateway> {
  const { proxied = ['Cases', 'Agents', 'Messages'], pageSize = 20_000 } = options;
  const said = options.saysApply === true ? { capabilities: feedCapabilities } : {};
  const stored = await startTestServer({ rows: options.rows, settings: { pageSize }, ...said });
  const asked: string[] = [];
  const state: { onRequest: EvaluatedGateway['onRequest'] } = { onRequest: null };
  const front = createServer(async (request, response) => {
    const url = request.url ?? '';
    if (!url.includes('$metadata')) {
      asked.push(decodeURIComponent(url.replace('/odata/', '')));
      if (state.onRequest?.(request, response) === true) {
        return;
      }
    }
    const reply = await stored.get(url, { accept: request.headers.accept ?? '*/*' });
    response.writeHead(reply.status, { 'Content-Type': reply.headers.get('content-type') ?? '' });
    response.end(await reply.text());
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}/odata/`;
  const settings = { url, ...(options.signIn === undefined ? {} : { signIn: options.signIn }) };
  const served = proxiedCatalogue(url, proxied, settings);
  const time = new IdleClock();
  const dataDir = await mkdtemp(join(tmpdir(), 'evaluated-'));
  const upstream = await connectUpstream({
    source: tenantSource(settings),
    dataDir,
    catalogue: () => served,
    adopt: () => [],
    time,
    random: () => 0.5,
    readsOptions: options.readsOptions ?? true,
    observe: options.observe ?? unobserved,
  });
  const evaluated = await startTestServer({
    catalogue: () => served,
    upstreams: new Map([[upstream.source, upstream]]),
    ...(options.beside === undefined ? {} : { rows: options.beside }),
    ...(options.evaluation === undefined ? {} : { evaluation: options.evaluation }),
    ...(options.database === undefined ? {} : { database: options.database }),
    ...(options.grants === undefined ? {} : { grantsOf: () => options.grants as Grants }),
  });
  return {
    stored,
    evaluated,
    upstream,
    time,
    asked,
    set onRequest(value: EvaluatedGateway['onRequest']) {
      state.onRequest = value;
    },
    get onRequest() {
      return state.onRequest;
    },
    rows: async (server, request) => {
      const reply = await server.get(request.replaceAll('+', '%2B'));
      const text = await reply.text();
      if (reply.status !== 200) {
        throw new Error(`${request}: ${reply.status} ${text}`);
      }
      const found = text.startsWith('{') ? await allPages(JSON.parse(text) as Page) : text;
      return JSON.parse(JSON.stringify(found).replaceAll(server.root, ''));
    },
    close: async () => {
      await evaluated.close();
      await upstream.close();
      front.close();
      await stored.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

interface Page {
  readonly '@odata.context': string;
  readonly '@odata.nextLink'?: string;
  readonly value?: readonly unknown[];
}

/** Everything of a reply but the address in its context. */
async function allPages({ '@odata.context': context, '@odata.nextLink': next, ...page }: Page): Promise<unknown> {
  let value = page.value ?? [];
  for (let link = next; link !== undefined; ) {
    const further = (await (await fetch(link)).json()) as Page;
    value = [...value, ...(further.value ?? [])];
    link = further['@odata.nextLink'];
  }
  return { context: context.replace(/^.*\$metadata/, ''), ...page, ...(page.value && { value }) };
}
