import type { Catalogue } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';
import { bindRead } from '../plan/bind/bind-read.ts';
import { describePlan } from '../plan/model/describe.ts';
import type { Bound, ReadPlan } from '../plan/model/read-plan.ts';
import { replyAll } from '../source/all/reply-all.ts';
import { replyAcrossSources } from '../source/federated/reply-across.ts';
import { crossesSources } from '../source/federated/resolve-filters.ts';
import { replyFromStore } from '../source/stored/stored-reply.ts';
import { replyFromUpstream, upstreamSource } from '../source/upstream/upstream-reply.ts';
import { parseODataUri } from '../uri/parse-uri.ts';
import type { ODataUri } from '../uri/syntax.ts';
import { replyDocument } from './documents.ts';
import type { Exchange } from './exchange.ts';
import type { Feed } from './feed.ts';
import { negotiate } from './negotiated.ts';
import { splitInstant } from './page-instant.ts';
import { longestTarget } from './request-target.ts';

/**
 * The whole program in reading order: parse the URL, bind it to the model, compile the plan, stream rows, write JSON.
 * Throws GatewayError before the first byte; afterwards the caller breaks the transfer.
 */
export async function answer(exchange: Exchange, feed: Feed): Promise<void> {
  const catalogue = feed.catalogue();
  const { uri, instant } = splitInstant(exchange.timing.measure('parse', () => parse(exchange)));
  const plan = exchange.timing.measure('bind', () => bind(uri, { exchange, feed, catalogue, instant }));
  feed.observe({ event: 'plan', id: exchange.id, plan: (values) => describePlan(plan, { values }) });
  const { format } = uri.options;
  if (plan.kind === 'ServiceDocument' || plan.kind === 'Metadata') {
    return replyDocument(plan, { exchange, feed, catalogue, format });
  }
  const raw = isRaw(plan);
  const negotiated = negotiate(
    raw ? { ...exchange, headers: withoutAccept(exchange) } : exchange,
    catalogue.model,
    raw ? undefined : format,
    // .NET's client asks for text where it wants the one number of an aggregate, and reads JSON.
    uri.options.apply === undefined ? {} : { insteadOf: ['text/plain', 'text/*'] },
  );
  if (plan.kind === 'All') {
    return replyAll({ plan, exchange, feed, catalogue, negotiated, fingerprint: plan.fingerprint });
  }
  const skipToken = uri.options.skiptoken ?? null;
  if (crossesSources(plan, { catalogue, upstreams: feed.upstreams })) {
    const fingerprint = plan.fingerprint;
    return replyAcrossSources({ plan, exchange, feed, catalogue, negotiated, fingerprint, skipToken });
  }
  const source = upstreamSource(plan, (set) => proxiedFrom(catalogue, set));
  if (source === null || plan.kind === 'Crossjoin') {
    const fingerprint = plan.fingerprint;
    const deltaToken = uri.options.deltatoken ?? null;
    return replyFromStore({
      plan,
      exchange,
      feed,
      catalogue,
      negotiated,
      fingerprint,
      volatile: plan.volatile,
      deltaToken,
    });
  }
  const upstream = feed.upstreams.get(source);
  if (upstream === undefined) {
    throw new GatewayError('UpstreamUnavailable', `The feed ${source} is not configured`, { target: source });
  }
  return replyFromUpstream({ plan, exchange, upstream, negotiated, skipToken });
}

/** The length of what came in the request line was checked; a query in a body may be longer. */
function parse({ path, query, limits }: Exchange): ODataUri {
  const { uri } = limits;
  return parseODataUri(query === '' ? path : `${path}?${query}`, { ...uri, urlLength: uri.queryLength });
}

/** Whether the reply is text and no JSON. */
function isRaw(plan: ReadPlan): boolean {
  if (plan.kind === 'Crossjoin' || plan.kind === 'All') {
    return plan.countOnly;
  }
  return plan.kind === 'Count' || (plan.kind === 'PropertyRead' && plan.raw);
}

interface Place {
  /** What `now()` was on the first page; null: this is it. */
  readonly instant: string | null;
  readonly exchange: Exchange;
  readonly feed: Feed;
  readonly catalogue: Catalogue;
}

function bind(uri: ODataUri, { exchange, feed, catalogue, instant }: Place): Bound {
  const { pageSize } = feed.settings;
  return bindRead(uri, {
    model: catalogue.model,
    sets: catalogue.sets,
    limits: exchange.limits.plan,
    pageSize: canPage(exchange) ? Math.min(pageSize, exchange.prefer.maxPageSize ?? pageSize) : wholeInOnePage,
    now: () => {
      exchange.instant ??= instant ?? new Date().toISOString();
      return exchange.instant;
    },
    serviceRoot: exchange.root,
  });
}

/** Rows of the only page of a query that came in a body and is too long for the URL of a next link. */
const wholeInOnePage = 1_000_000_000;

/** A next link is a URL, with room for its token. */
const canPage = ({ root, path, query }: Exchange): boolean =>
  root.length + path.length + query.length < longestTarget - 2048;

const withoutAccept = ({ headers }: Exchange): Exchange['headers'] => ({ ...headers, accept: undefined });

function proxiedFrom(catalogue: Catalogue, set: string): string | null {
  const binding = catalogue.sets.get(set);
  return binding?.kind === 'upstream' ? binding.source : null;
}
