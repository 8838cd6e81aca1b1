import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Catalogue, Source, UpstreamSettings } from '../../src/catalogue/catalogue.ts';
import type { Model, NavigationProperty } from '../../src/edm/model.ts';
import { bindRead } from '../../src/plan/bind/bind-read.ts';
import { defaultPlanLimits } from '../../src/plan/bind/limits.ts';
import { everything } from '../../src/plan/grants.ts';
import { restrict } from '../../src/plan/restrict.ts';
import type { UpstreamPlan, UpstreamReadOptions } from '../../src/upstream/upstream.ts';
import type { UpstreamMap } from '../../src/upstream/url/upstream-map.ts';
import { parseODataUri } from '../../src/uri/parse-uri.ts';
import { entitySet, entityType, modelOf, property } from '../edm/small-model.ts';

const navigation = (
  name: string,
  target: string,
  join: readonly [string, string],
  more: Partial<NavigationProperty> = {},
): NavigationProperty => ({
  kind: 'NavigationProperty',
  name,
  target,
  collection: false,
  nullable: true,
  join: [{ property: join[0], referencedProperty: join[1] }],
  ...more,
});

/** Our model of a proxied feed: calls, agents and what an agent did on a day, under the prefix `Far`. */
export function tenantModel(): Model {
  const call = entityType(
    'FarCall',
    ['id'],
    [
      property('id', 'Edm.Int64', { nullable: false }),
      property('agentId', 'Edm.String'),
      property('subject', 'Edm.String'),
      property('startedAt', 'Edm.DateTimeOffset'),
      property('seconds', 'Edm.Int32'),
      property('cost', 'Edm.Decimal', { precision: 20, scale: 4 }),
      property('score', 'Edm.Double'),
      property('isOutbound', 'Edm.Boolean'),
      property('state', 'Edm.String'),
      property('tags', 'Edm.String', { collection: true, nullable: false }),
      navigation('Agent', 'FarAgent', ['agentId', 'id'], { partner: 'Calls' }),
    ],
  );
  const agent = entityType(
    'FarAgent',
    ['id'],
    [
      property('id', 'Edm.String', { nullable: false }),
      property('name', 'Edm.String'),
      navigation('Calls', 'FarCall', ['id', 'agentId'], { collection: true, partner: 'Agent' }),
      navigation('Days', 'FarDay', ['id', 'agentId'], { collection: true }),
    ],
  );
  const day = entityType(
    'FarDay',
    ['agentId', 'day'],
    [
      property('agentId', 'Edm.String', { nullable: false }),
      property('day', 'Edm.Date', { nullable: false }),
      property('busy', 'Edm.Duration'),
    ],
  );
  return modelOf([
    { ...entitySet('FarCalls', call, { Agent: 'FarAgents' }), searchable: ['subject'] },
    entitySet('FarAgents', agent, { Calls: 'FarCalls', Days: 'FarDays' }),
    entitySet('FarDays', day),
  ]);
}

/** The names at the proxied feed: the same without the prefix. */
export function tenantMap(more: Partial<UpstreamMap> = {}): UpstreamMap {
  const sets = [...tenantModel().entitySets.keys()].map((name) => [name, name.replace(/^Far/, '')] as const);
  return { source: 'far', model: null, enumTypes: new Map(), sets: new Map(sets), maxUrlLength: 8000, ...more };
}

export function tenantSource(settings: Partial<UpstreamSettings>): Source {
  return {
    name: 'far',
    title: 'Far away',
    description: 'A proxied feed',
    kind: 'odata',
    prefix: 'Far',
    upstream: {
      url: null,
      urlVariable: null,
      signIn: { kind: 'none' },
      maxUrlLength: 8000,
      timeoutSeconds: 120,
      maxConcurrentRequests: 8,
      metadataSchedule: '0 0 1 1 *',
      ...settings,
    },
  };
}

export function tenantCatalogue(source: Source, model = tenantModel(), named = true): Catalogue {
  return {
    model,
    sources: new Map([[source.name, source]]),
    sets: new Map(
      [...model.entitySets.keys()].map((name) => [
        name,
        {
          kind: 'upstream',
          name,
          source: source.name,
          upstreamName: named ? name.replace(/^Far/, '') : null,
          title: name,
        },
      ]),
    ),
    exports: [],
  };
}

/** The plan of a request `path?query` of our feed, query as typed by a person (not percent-encoded). */
export function planOf(
  request: string,
  catalogue: Pick<Catalogue, 'model' | 'sets'>,
  pageSize = 100,
  grants = everything,
): UpstreamPlan {
  const mark = request.indexOf('?');
  const path = mark < 0 ? request : request.slice(0, mark);
  const query = mark < 0 ? '' : request.slice(mark + 1);
  const encoded = query
    .split(/&(?=\$)/)
    .map((part) =>
      part.replace(/^([^=]*)=(.*)$/s, (_, name: string, value: string) => `${name}=${encodeURIComponent(value)}`),
    )
    .join('&');
  const bound = bindRead(parseODataUri(mark < 0 ? path : `${path}?${encoded}`), {
    model: catalogue.model,
    sets: catalogue.sets,
    limits: defaultPlanLimits,
    pageSize,
    now: () => '2026-01-31T12:00:00.000Z',
  });
  const plan = restrict(bound, grants);
  if (!['Collection', 'Entity', 'PropertyRead', 'Count'].includes(plan.kind)) {
    throw new Error(`${plan.kind} is not proxied`);
  }
  return plan as UpstreamPlan;
}

export function readOptions(more: Partial<UpstreamReadOptions> = {}): UpstreamReadOptions {
  return {
    root: 'https://feed.example/odata/',
    namespace: 'Small.Feed',
    skipToken: null,
    ieee754Compatible: false,
    omitNulls: false,
    metadata: 'minimal',
    signal: new AbortController().signal,
    ...more,
  };
}

/** A real HTTP server on a free port; `url` ends with `/service/`. */
export async function serve(
  listener: RequestListener,
): Promise<{ url: string; server: Server; close(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/service/`,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
