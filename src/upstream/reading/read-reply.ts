import { GatewayError } from '../../errors.ts';
import { openEnvelope } from '../../json/reading/envelope.ts';
import { broken, readObject, stringValue } from '../../json/reading/json-scan.ts';
import { nextLinkText } from '../../json/reading/next-link-text.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { PlainRows, type RowBlock } from '../../json/reading/plain-rows.ts';
import type { FollowNested, RowFormat } from '../../json/reading/row-text.ts';
import { isRowOf, referenceText, rowText } from '../../json/reading/row-text.ts';
import { canonicalText, valueText } from '../../json/reading/value-text.ts';
import { countOf } from '../../plan/model/make.ts';
import type { CollectionPlan, RowSource } from '../../plan/model/read-plan.ts';
import { checkedText, jsonBody } from '../client/expected-body.ts';
import type { UpstreamClient, UpstreamRequest } from '../client/upstream-client.ts';
import { outageOf, refused } from '../client/upstream-fault.ts';
import type { LearnedLimits } from '../feed-limits.ts';
import type { UpstreamPlan, UpstreamReadOptions, UpstreamReply } from '../upstream.ts';
import { compileUpstreamUrl } from '../url/compile-url.ts';
import { rowAsCollection } from '../url/row-conditions.ts';
import type { UpstreamMap } from '../url/upstream-map.ts';
import { addressKey, linkBelowRoot } from './next-link.ts';
import { openNext, sealNext } from './next-token.ts';
import { beginTrail, follow } from './page-trail.ts';

/** What answers a plan: where to ask, how names map, and the secret that signs page tokens. */
export interface ReplyContext {
  readonly client: UpstreamClient;
  readonly map: UpstreamMap;
  readonly secret: Buffer;
  /** What the feed takes; absent: nothing is known and learned. */
  readonly limits?: LearnedLimits;
  /** Told when the feed has counted an expanded collection. */
  readonly onNestedCount?: () => void;
}

const acceptJson = 'application/json;odata.metadata=minimal';
/** Pages that one collection may take where all of them are read for one reply. */
const mostPages = 10_000;
const endless = 'names pages without an end: a next link leads to a page that was read already';
/** An entity or a value is buffered whole, up to this many bytes. */
const longestBody = 64 * 1024 * 1024;

/** One plan to one reply; see `Upstream.read`. */
export async function readUpstream(
  plan: UpstreamPlan,
  options: UpstreamReadOptions,
  context: ReplyContext,
): Promise<UpstreamReply> {
  const conditioned = rowAsCollection(plan);
  const from = performance.now();
  const request = shortEnough(conditioned ?? plan, options, context);
  options.onStage?.('compile', performance.now() - from);
  const readRow = conditioned === null ? readWhole : readFirst;
  const format = formatOf(options, context);
  switch (plan.kind) {
    case 'Collection':
      return readCollection({ plan, options, context, request });
    case 'Entity': {
      const raw = await readRow(request, options, context);
      if (raw === null) {
        return { kind: 'absent' };
      }
      const row = (plan.references ? referenceText : rowText)(plan.selection, format);
      const text = await row(raw, followIn(options, context, contextOf(raw)));
      return { kind: 'entity', json: Buffer.from(text, 'utf8') };
    }
    case 'PropertyRead': {
      const raw = await readRow(request, options, context);
      if (raw === null) {
        return { kind: 'absent' };
      }
      const { property } = plan;
      const convert = valueText(property, options.ieee754Compatible);
      const members = ownNames(plan.set.entityType)(readObject(raw));
      if (!isRowOf({ type: plan.set.entityType, expands: [] })(members)) {
        throw broken('an object holds no property of its set');
      }
      const json = convert(members.get(property.name) ?? (property.collection ? '[]' : 'null'));
      return { kind: 'property', json, raw: json === 'null' ? null : canonicalText(json) };
    }
    case 'Count': {
      const reply = await readCount(request, options, context);
      if (reply.kind === 'absent' && startsWithAll(plan.source)) {
        throw refused(context.map.source, `does not count ${plan.set.name}`, 404);
      }
      return reply;
    }
  }
}

/** Whether there is nothing on the way to the rows that may not be there. */
const startsWithAll = (source: RowSource): boolean =>
  source.kind === 'Set' || (source.kind === 'Filtered' && startsWithAll(source.from));

const formatOf = (options: UpstreamReadOptions, { onNestedCount }: ReplyContext): RowFormat => ({
  ...options,
  ...(onNestedCount && { onNestedCount }),
});

/** `path?query`, with `$select` only where it leaves something out if the whole would be longer than the feed allows. */
export function shortEnough(
  plan: UpstreamPlan,
  { metadata }: Pick<UpstreamReadOptions, 'metadata'>,
  { map, client }: Pick<ReplyContext, 'map' | 'client'>,
): string {
  const requestOf = (how: UpstreamMap): string => {
    const { path, query } = compileUpstreamUrl(plan, how, metadata === 'full');
    return query === '' ? path : `${path}?${query}`;
  };
  const request = requestOf(map);
  const { length } = new URL(client.root.href + request).href;
  return length > map.maxUrlLength ? requestOf({ ...map, brief: true }) : request;
}

interface CollectionRead {
  readonly plan: UpstreamPlan & { kind: 'Collection' };
  readonly options: UpstreamReadOptions;
  readonly context: ReplyContext;
  /** `path?query` of the first page. */
  readonly request: string;
}

async function readCollection(read: CollectionRead): Promise<UpstreamReply> {
  const { plan, options, context, request } = read;
  const { source } = context.map;
  const place = { secret: context.secret, source, request: continuedRequest(plan, options, context) };
  const continued = options.skipToken !== null;
  const asked =
    options.skipToken === null ? { link: request, trail: beginTrail(request) } : openNext(options.skipToken, place);
  const { signal } = options;
  const response = await openPage({ path: asked.link, accept: acceptJson, pageSize: plan.pageSize, signal }, context);
  if (response.kind === 'absent') {
    if (continued && response.status !== 204) {
      throw new GatewayError('InvalidSkipToken', `The proxied feed ${source} no longer knows this page.`);
    }
    // A collection over a navigation of an entity that does not exist.
    if (plan.source.kind === 'Navigated') {
      return { kind: 'absent' };
    }
    throw refused(source, `has no ${plan.selection.set.name}`, response.status);
  }
  const { envelope } = response;
  const format = formatOf(options, context);
  const next = (): string | null => {
    const link = nextIn(envelope.members, response.body.url, context);
    const trail = link === null ? null : follow(asked.trail, asked.link, link);
    if (link !== null && trail === null) {
      throw refused(source, endless);
    }
    return link === null || trail === null ? null : sealNext({ link, trail }, place);
  };
  // What stands before the rows can still be an error reply.
  try {
    next();
  } catch (error) {
    response.body.discard();
    throw error;
  }
  const text = (plan.references ? referenceText : rowText)(plan.selection, format);
  const row = (raw: Buffer, follow: FollowNested): Promise<string> => text(utf8(raw), follow);
  const nestedHere = (): FollowNested => followIn(options, context, contextIn(envelope.members));
  const wanted = plan.restriction.count && !continued;
  let complete = false;
  let counted: string | null = null;
  const ended = async (rows: number): Promise<void> => {
    const last = next() === null;
    if (wanted) {
      counted = countIn(envelope.members) ?? (await countApart(read, { rows, last }));
    }
    complete = true;
  };
  const objects = async function* (): AsyncGenerator<string> {
    const nested = nestedHere();
    let rows = 0;
    for await (const raw of envelope.rows) {
      yield await row(raw, nested);
      rows += 1;
    }
    await ended(rows);
  };
  const blocks = async function* (plain: PlainRows): AsyncGenerator<RowBlock> {
    const nested = nestedHere();
    let rows = 0;
    for await (const block of envelope.written(plain, (raw) => row(raw, nested))) {
      yield block;
      rows += block.rows;
    }
    await ended(rows);
  };
  const plain = plan.references ? null : PlainRows.of(plan.selection, format);
  const early = wanted ? countIn(envelope.members) : null;
  return {
    kind: 'collection',
    count: early,
    objects: objects(),
    ...(plain === null ? {} : { blocks: blocks(plain) }),
    discard: response.body.discard,
    end() {
      if (!complete) {
        throw new TypeError('end() was asked before the last row');
      }
      return { count: early === null ? counted : null, next: next() };
    },
  };
}

/** The count that a feed left out, as some do for none: the rows of its only page, else what `/$count` says. */
async function countApart(
  { plan, options, context }: CollectionRead,
  { rows, last }: { readonly rows: number; readonly last: boolean },
): Promise<string> {
  const { top, skip } = plan.restriction;
  const whole = last && (top === null || rows < top) && (rows > 0 || (skip ?? 0) === 0);
  if (whole) {
    return String(rows + (skip ?? 0));
  }
  const { source, selection, restriction, apply } = plan;
  const count = countOf({ source, set: selection.set, restriction, apply });
  const reply = await readCount(shortEnough(count, options, context), options, context);
  if (reply.kind !== 'count') {
    throw refused(context.map.source, 'left out the count that was asked for');
  }
  return reply.count;
}

/** What all pages of one read have in common: our own next links leave `$top` and `$skip` out, the upstream's carry them on. */
export function continuedRequest(
  plan: CollectionPlan,
  options: Pick<UpstreamReadOptions, 'metadata'>,
  context: Pick<ReplyContext, 'map'>,
): string {
  const restriction = { ...plan.restriction, top: null, skip: null };
  // What was learned of the feed between two pages is no part of what was asked.
  const map = { ...context.map, countsNested: false, lists: 'in' as const, maxTop: null };
  const { path, query } = compileUpstreamUrl({ ...plan, restriction }, map, options.metadata === 'full');
  return `${path}?${query}`;
}

/**
 * Fetches the pages behind a next link inside a row, with the same checks as a next link of the whole reply. `told`: the
 * context URL of the reply that holds the row.
 */
export function followIn(options: UpstreamReadOptions, context: ReplyContext, told: string | null): FollowNested {
  return async (nextLink) => {
    const { root } = context.client;
    const rows: string[] = [];
    for await (const { raw } of readPages(
      linkBelowRoot(nextLink, { root, page: null, context: told }),
      options,
      context,
    )) {
      rows.push(raw);
    }
    return rows;
  };
}

/** A raw row, and the context URL of the page that holds it. */
export interface RawRow {
  readonly raw: string;
  readonly context: string | null;
}

/** The raw rows of a collection, page after page to the end. `path` is `path?query` below the service root. */
export async function* readPages(
  path: string,
  options: Pick<UpstreamReadOptions, 'signal'>,
  context: ReplyContext,
): AsyncGenerator<RawRow> {
  const { map } = context;
  const seen = new Set<string>();
  for (let next: string | null = path; next !== null; ) {
    // A feed that names a page twice would be read for ever.
    if (seen.has(addressKey(next)) || seen.size >= mostPages) {
      throw refused(map.source, endless);
    }
    seen.add(addressKey(next));
    const { signal } = options;
    const response = await openPage({ path: next, accept: acceptJson, pageSize: null, signal }, context);
    if (response.kind === 'absent') {
      throw refused(map.source, 'does not know a page that it named', response.status);
    }
    const { envelope } = response;
    for await (const raw of envelope.rows) {
      yield { raw: utf8(raw), context: contextIn(envelope.members) };
    }
    next = nextIn(envelope.members, response.body.url, context);
  }
}

async function readCount(request: string, options: UpstreamReadOptions, context: ReplyContext): Promise<UpstreamReply> {
  const { client, map } = context;
  const { signal } = options;
  const text = await unbroken(async () => {
    const response = await client.get({ path: request, accept: 'text/plain, */*;q=0.1', pageSize: null, signal });
    if (response.kind === 'absent') {
      return null;
    }
    return checkedText((await wholeText(response.body.chunks)).trim(), response.body, map.source);
  });
  if (text === null) {
    return { kind: 'absent' };
  }
  if (!/^\d{1,19}$/.test(text)) {
    throw refused(map.source, 'does not answer /$count with a number');
  }
  return { kind: 'count', count: text };
}

/** The first raw row of a collection; null where it has none. */
async function readFirst(request: string, options: UpstreamReadOptions, context: ReplyContext): Promise<string | null> {
  for await (const { raw } of readPages(request, options, context)) {
    return raw;
  }
  return null;
}

/** The whole body of one entity; null where it does not exist. */
async function readWhole(request: string, options: UpstreamReadOptions, context: ReplyContext): Promise<string | null> {
  const { client, map } = context;
  const { signal } = options;
  return unbroken(async () => {
    const response = await client.get({ path: request, accept: acceptJson, pageSize: null, signal });
    return response.kind === 'absent' ? null : wholeText(jsonBody(response.body, map.source));
  });
}

/** A page read up to its first row, or `absent` as the client says. */
function openPage(request: UpstreamRequest, { client, map }: ReplyContext) {
  return unbroken(async () => {
    const response = await client.get(request);
    return response.kind === 'absent'
      ? response
      : { ...response, envelope: await openEnvelope(jsonBody(response.body, map.source)) };
  });
}

/** What breaks off before anything of it was used is asked for once more. */
async function unbroken<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (outageOf(error)?.kind !== 'broken') {
      throw error;
    }
    return ask();
  }
}

export async function wholeText(chunks: AsyncIterable<Buffer>): Promise<string> {
  const kept: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > longestBody) {
      throw new GatewayError('UpstreamRefused', `A reply is longer than ${longestBody} bytes.`);
    }
    kept.push(chunk);
  }
  return Buffer.concat(kept)
    .toString('utf8')
    .replace(/^\ufeff/, '');
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw broken('its bytes are not UTF-8');
  }
}

type Members = ReadonlyMap<string, Buffer>;

/** A control information of the envelope in 4.0 or 4.01 spelling, as text; null where it is absent. */
function annotation(members: Members, name: string): string | null {
  const raw = (members.get(`@odata.${name}`) ?? members.get(`@${name}`))?.toString('utf8');
  return raw === undefined || raw === 'null' ? null : (stringValue(raw) ?? raw);
}

function countIn(members: Members): string | null {
  const text = annotation(members, 'count');
  return text !== null && /^\d{1,19}$/.test(text) ? text : null;
}

/** The context URL in the text of an entity. */
function contextOf(raw: string): string | null {
  const members = readObject(raw);
  return stringValue(members.get('@odata.context') ?? members.get('@context') ?? '');
}

const contextIn = (members: Members): string | null => annotation(members, 'context');

/** The next page below the service root; null where the reply names none. */
function nextIn(members: Members, page: URL, { client }: ReplyContext): string | null {
  const link = nextLinkText((members.get('@odata.nextLink') ?? members.get('@nextLink'))?.toString('utf8'));
  return link === null ? null : linkBelowRoot(link, { root: client.root, page, context: contextIn(members) });
}
