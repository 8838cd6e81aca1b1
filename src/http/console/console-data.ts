import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Model } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { visibleCatalogue } from '../../plan/visible.ts';
import type { Principal } from '../../sign-in/principal.ts';
import { checkSameOrigin } from '../edge/same-origin.ts';
import { serviceRoot } from '../exchange.ts';
import type { Feed } from '../feed.ts';
import { readBody } from '../request/request-body.ts';
import type { ConsoleService, FeedState, ModelSection } from './console-service.ts';
import { rejectChoice, rejectReason } from './reject-orders.ts';

type DataFeed = Pick<Feed, 'catalogue' | 'grantsOf' | 'authentication' | 'settings'>;

/** A request for data of the console, by somebody who is known. */
export interface ConsoleRequest {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  /** Whether the client has spoken TLS. */
  readonly secure: boolean;
  readonly headers: IncomingHttpHeaders;
  readonly principal: Principal | null;
  /** Below `console/data/`. */
  readonly name: string;
}

/** Bytes that an order may have: a thousand numbers and a reason. */
const longestBody = 64 * 1024;

/** What is answered, as JSON. Throws GatewayError. */
export async function dataOf(request: ConsoleRequest, feed: DataFeed, service: ConsoleService): Promise<object> {
  const { principal, name } = request;
  const whole = feed.catalogue();
  const catalogue = visibleCatalogue(whole, feed.grantsOf(principal, whole));
  switch (name) {
    case 'start':
      allow(request, ['GET', 'HEAD']);
      return startOf(request, { feed, service, catalogue });
    case 'feeds':
      allow(request, ['GET', 'HEAD']);
      return { feeds: visibleFeeds(await service.feeds(), catalogue, whole) };
    case 'model':
      allow(request, ['GET', 'HEAD']);
      return { sections: service.model().flatMap((section) => visibleSection(section, catalogue.model)) };
    case 'rejects/replay': {
      const order = await orderOf(request, feed, service);
      return service.replay(rejectChoice(order));
    }
    case 'rejects/dismiss': {
      const order = await orderOf(request, feed, service);
      const reason = rejectReason(order);
      return { dismissed: await service.dismiss(rejectChoice(order), { by: principal?.name ?? 'console', reason }) };
    }
    default:
      throw new GatewayError('ResourceNotFound', 'The console has no such data');
  }
}

function allow({ message, response }: ConsoleRequest, methods: readonly string[]): void {
  const { method = '' } = message;
  if (!methods.includes(method)) {
    response.setHeader('Allow', methods.join(', '));
    throw new GatewayError('MethodNotAllowed', `${method} is not allowed here`);
  }
}

/** The body of a POST that changes something. Nothing of it is read before it is known who sends it, from where, and that he may. */
async function orderOf(request: ConsoleRequest, feed: DataFeed, service: ConsoleService): Promise<unknown> {
  allow(request, ['POST']);
  const { headers, principal } = request;
  checkSameOrigin(headers, headers.host, feed.settings.publicUrl);
  if (!service.mayOperate(principal)) {
    throw new GatewayError(
      'OperatorsOnly',
      `${principal?.name ?? 'Whoever did not sign in'} is none of those who may do this`,
    );
  }
  try {
    return JSON.parse(await readBody(request.message, longestBody));
  } catch (error) {
    throw error instanceof SyntaxError ? new GatewayError('BadRequest', 'The body is not JSON') : error;
  }
}

interface Start {
  readonly feed: DataFeed;
  readonly service: ConsoleService;
  readonly catalogue: Catalogue;
}

/** Who is asking where, and which sets he sees, by their sources. */
function startOf(request: ConsoleRequest, { feed, service, catalogue }: Start): object {
  const { headers, secure, principal } = request;
  const { sources, sets, model } = catalogue;
  const names = [...model.entitySets.keys()];
  const groups = [...sources.values()].map(({ name, title, description, kind }) => {
    const own = names.filter((set) => sets.get(set)?.source === name);
    return {
      name,
      title,
      description,
      kind: own.some((set) => isUnified(catalogue, set)) ? 'unified' : kind,
      sets: own,
    };
  });
  return {
    address: serviceRoot(feed.settings.publicUrl, headers.host, secure),
    version: service.version,
    timeZone: service.reportingTimeZone,
    user: principal?.name ?? null,
    session: isSession(request, feed),
    signsIn: feed.authentication.signsIn,
    keyName: feed.authentication.keyName,
    mayOperate: service.mayOperate(principal),
    groups: groups.filter((group) => group.sets.length > 0).sort((a, b) => rankOf(a.kind) - rankOf(b.kind)),
  };
}

/** Somebody is known by the cookie of a browser's sign-in alone, which he can end. */
const isSession = ({ headers, principal }: ConsoleRequest, { authentication: { keyName } }: DataFeed): boolean =>
  principal !== null && headers.authorization === undefined && headers[keyName.toLowerCase()] === undefined;

/** Sets over all sources first, the gateway's own last. */
const rankOf = (kind: string): number => (kind === 'unified' ? 0 : kind === 'builtin' ? 2 : 1);

function isUnified({ sets }: Catalogue, name: string): boolean {
  const set = sets.get(name);
  return set?.kind === 'stored' && set.derivation?.kind === 'unified';
}

/**
 * Those of which somebody may see a set, also where it is not served now. Names of sets stay here, and sentences that may name one, or a property of it,
 * are for those who see all that the feed has.
 */
function visibleFeeds(
  feeds: readonly FeedState[],
  { model, withheld }: Catalogue,
  whole: Catalogue,
): readonly Omit<FeedState, 'sets'>[] {
  const isSeen = (name: string): boolean => model.entitySets.has(name) || withheld?.has(name) === true;
  const isWhole = (name: string): boolean =>
    isSeen(name) &&
    model.entitySets.get(name)?.entityType.properties.size ===
      whole.model.entitySets.get(name)?.entityType.properties.size;
  return feeds
    .filter(({ sets }) => sets.some(isSeen))
    .map(({ sets, ...feed }) => {
      if (sets.every(isWhole)) {
        return feed;
      }
      const troubles = feed.troubles.map(({ since }) => ({ since, message: 'Something is wrong with the feed.' }));
      return { ...feed, differences: [], troubles };
    });
}

/** As much of it as who asks may see: of a hidden set not even what its rows are made of. */
function visibleSection(section: ModelSection, { entitySets }: Model): readonly ModelSection[] {
  const set = entitySets.get(section.set);
  const properties = set?.entityType.properties;
  if (properties === undefined) {
    return [];
  }
  const seen = section.from.map((name) => entitySets.has(name));
  return [
    {
      ...section,
      // It says which sources are absent now.
      description: set?.description ?? section.description,
      from: section.from.filter((_, index) => seen[index]),
      columns: section.columns
        .filter(({ name }) => properties.has(name))
        .map(({ name, said }) => ({ name, said: said.filter((_, index) => seen[index]) })),
      gathered: section.gathered.filter(({ set }) => entitySets.has(set)),
    },
  ];
}
