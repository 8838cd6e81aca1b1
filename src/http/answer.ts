import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Model } from '../edm/model.ts';
import type { ReadingEvent } from '../observation/events/http.ts';
import { ofRequest } from '../observation/observe.ts';
import { bindRead } from '../plan/bind/bind-read.ts';
import type { Grants } from '../plan/grants.ts';
import { describePlan } from '../plan/model/describe.ts';
import type { Bound, ReadPlan } from '../plan/model/read-plan.ts';
import { restrict } from '../plan/restrict.ts';
import { visibleCatalogue } from '../plan/visible.ts';
import type { Reading, RowsPlan } from '../source/data-source.ts';
import { parseODataUri } from '../uri/parse-uri.ts';
import type { ODataUri, QueryOptions } from '../uri/syntax.ts';
import type { Exchange } from './exchange.ts';
import type { Feed } from './feed.ts';
import { splitInstant } from './paging/page-instant.ts';
import { checkRights } from './paging/page-rights.ts';
import { replyDocument } from './reply/documents.ts';
import { acceptOf, negotiate, negotiateRows, type ReplyForm } from './reply/reply-form.ts';
import { replyTag } from './reply/reply-tag.ts';
import { sharedReply } from './reply-cache/shared-reply.ts';
import { longestTarget } from './request/request-target.ts';
import { ReplyWriter, type SendRest } from './rows/reply-writer.ts';
import { untilAdmitted } from './rows/until-admitted.ts';

/**
 * The whole program in reading order: parse the URL, bind it to the model as the reader sees it, restrict it to the rows
 * that he may see, agree on the form of the reply, pick the source of its rows, read, write. Throws GatewayError before the first byte; afterwards the caller breaks the transfer.
 */
export async function answer(exchange: Exchange, feed: Feed): Promise<void> {
  const whole = feed.catalogue();
  const grants = feed.grantsOf(exchange.principal, whole);
  const catalogue = visibleCatalogue(whole, grants);
  const { uri, instant } = splitInstant(exchange.timing.measure('parse', () => parse(exchange)));
  const place = { exchange, feed, catalogue, grants };
  const plan = exchange.timing.measure('bind', () => restrict(bind(uri, { instant, ...place }), grants));
  checkRights(plan, uri);
  feed.observe({ event: 'plan', id: exchange.id, plan: (values) => describePlan(plan, { values }) });
  if (plan.kind === 'ServiceDocument' || plan.kind === 'Metadata') {
    return replyDocument(plan, { exchange, feed, catalogue, format: uri.options.format });
  }
  const form = formOf(plan, { exchange, model: catalogue.model, options: uri.options });
  const { rowConditions } = plan;
  const writer = replyWriter({ form, rowConditions, aggregated: uri.options.apply !== undefined, ...place });
  const read = (page: ODataUri, rows: Bound<RowsPlan>, continues: boolean): Promise<SendRest> =>
    feed.sources.pick(rows, catalogue).read(readingOf(page, { form, continues, ...place }), writer);
  try {
    let sendRest = await read(uri, allOf(plan, form, catalogue), false);
    for (let token = await writer.following(); token !== null; token = await writer.following()) {
      const page = { ...uri, options: { ...startOf(uri.options), skiptoken: token } };
      const rows = restrict(bind(page, { instant, ...place }), grants);
      sendRest = await untilAdmitted(() => read(page, allOf(rowsOf(rows), form, catalogue), true), {
        signal: exchange.signal,
        untouched: () => writer.isBetweenPages,
      });
    }
    // What the rows came from is free for others while a slow client takes the rest.
    await sendRest();
  } finally {
    await writer.close();
  }
}

/** What a `$skiptoken` takes the place of. */
function startOf({ top: _top, skip: _skip, ...options }: QueryOptions): QueryOptions {
  return options;
}

function rowsOf(plan: Bound): Bound<RowsPlan> {
  if (plan.kind === 'ServiceDocument' || plan.kind === 'Metadata') {
    throw new TypeError(`${plan.kind} has no rows`);
  }
  return plan;
}

/** A reply of all rows asks PostgreSQL for all of them at once; feeds have pages of their own. */
function allOf(plan: Bound<RowsPlan>, { csv }: ReplyForm, catalogue: Catalogue): Bound<RowsPlan> {
  if (csv === undefined || csv.paged) {
    return plan;
  }
  if (plan.kind === 'Collection') {
    const stored = catalogue.sets.get(plan.selection.set.name)?.kind === 'stored';
    return stored ? { ...plan, pageSize: wholeInOnePage } : plan;
  }
  return plan.kind === 'Crossjoin' || plan.kind === 'All' ? { ...plan, pageSize: wholeInOnePage } : plan;
}

/** The length of what came in the request line was checked; a query in a body may be longer. */
function parse({ path, query, limits: { uri } }: Exchange): ODataUri {
  return parseODataUri(query === '' ? path : `${path}?${query}`, { ...uri, urlLength: uri.queryLength });
}

interface Place {
  readonly exchange: Exchange;
  readonly feed: Feed;
  readonly catalogue: Catalogue;
  readonly grants: Grants;
}

interface BindPlace extends Place {
  /** What `now()` was on the first page; null: this is it. */
  readonly instant: string | null;
}

function bind(uri: ODataUri, { exchange, feed, catalogue, instant }: BindPlace): Bound {
  const { pageSize } = feed.settings;
  return bindRead(uri, {
    model: catalogue.model,
    sets: catalogue.sets,
    ...(catalogue.withheld && { withheld: catalogue.withheld }),
    limits: exchange.limits.plan,
    pageSize: canPage(exchange) ? Math.min(pageSize, exchange.prefer.maxPageSize ?? pageSize) : wholeInOnePage,
    now: () => {
      exchange.instant ??= instant ?? new Date().toISOString();
      return exchange.instant;
    },
    serviceRoot: exchange.root,
  });
}

/** Rows of a page that is the only one: of CSV, and of a query that came in a body and is too long for the URL of a next link. */
const wholeInOnePage = 1_000_000_000;

/** A next link is a URL, with room for its token. */
const canPage = ({ root, path, query }: Exchange): boolean =>
  root.length + path.length + query.length < longestTarget - 2048;

interface Wishes {
  readonly exchange: Exchange;
  readonly model: Model;
  readonly options: QueryOptions;
}

/** Text is sent as it is, whatever format was wished for: only the encoding is agreed on. */
function formOf(plan: ReadPlan, { exchange, model, options }: Wishes): ReplyForm {
  if (isText(plan)) {
    return negotiate(exchange, model, {});
  }
  // .NET's client asks for text where it wants the one number of an aggregate, and reads JSON.
  const insteadOf = options.apply === undefined ? [] : ['text/plain', 'text/*'];
  return negotiateRows(plan, { exchange, model, accept: acceptOf(exchange), format: options.format, insteadOf });
}

/** Whether the reply is text and no JSON. */
function isText(plan: ReadPlan): boolean {
  if (plan.kind === 'Crossjoin' || plan.kind === 'All') {
    return plan.countOnly;
  }
  return plan.kind === 'Count' || (plan.kind === 'PropertyRead' && plan.raw);
}

interface ReadingPlace extends Place {
  readonly form: ReplyForm;
  /** Rows of this reply were read already. */
  readonly continues: boolean;
}

function readingOf(uri: ODataUri, { exchange, feed, catalogue, grants, form, continues }: ReadingPlace): Reading {
  const { method, prefer, signal, caller, timing, response } = exchange;
  const { skiptoken: skipToken = null, deltatoken: deltaToken = null } = uri.options;
  return {
    catalogue,
    grants,
    format: form.json,
    headOnly: method === 'HEAD',
    skipToken,
    deltaToken,
    trackChanges: prefer.trackChanges && form.csv === undefined,
    signal,
    caller,
    observe: ofRequest<ReadingEvent>(feed.observe, exchange.id),
    timing,
    onCopy: ({ seconds, stale }) => {
      const { copy } = exchange;
      exchange.copy = {
        seconds: Math.max(seconds, copy?.seconds ?? 0),
        stale: stale || copy?.stale === true,
      };
    },
    unseen: () => !continues && !response.headersSent,
    ...(feed.settings.namesServer === true && {
      onServer: (server) => {
        exchange.server = server;
      },
    }),
  };
}

interface WritingPlace extends Place {
  readonly form: ReplyForm;
  /** See `SetFacts`. */
  readonly rowConditions: string;
  /** Rows are made of others, by `$apply`. */
  readonly aggregated: boolean;
}

function replyWriter(place: WritingPlace): ReplyWriter {
  const { exchange, feed, form } = place;
  const cache = feed.replies ?? null;
  const mayShare = cache !== null && exchange.method === 'GET' && form.encoding !== 'identity';
  return new ReplyWriter({
    exchange,
    form,
    tagOf: (versions) => replyTag(place, versions),
    shared: mayShare ? sharedReply({ cache, ...place }) : null,
  });
}
