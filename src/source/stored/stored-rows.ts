import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { nextLink } from '../../http/next-link.ts';
import type { ReplySink } from '../../http/reply-sink.ts';
import { collectionContext, crossjoinContext } from '../../json/context-url.ts';
import type { CollectionPlan, PagePosition, RemovedPosition } from '../../plan/model/read-plan.ts';
import { encodePagePosition, encodeRemovedPosition } from '../../plan/position/page-position.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import { compileRemoved } from '../../sql/read/compile-changes.ts';
import { compileCrossjoinCount } from '../../sql/read/compile-crossjoin.ts';
import { compileCount, compileCountOf } from '../../sql/read/compile-read.ts';
import type { ReadSession } from '../../warehouse/database.ts';
import { writeRemoved } from './delta/removed-rows.ts';
import { type Tracking, trackedDeltaLink, trackedNextLink } from './delta/tracking.ts';
import { begun, single } from './first-row.ts';
import { boundedText, countRows } from './known-answers.ts';
import { type RowsWritten, writeRows } from './row-stream.ts';
import {
  appliedTo,
  contextMember,
  type Ending,
  ending,
  openSink,
  type PagedPlan,
  type StoredRead,
  type StoredSource,
} from './stored-read.ts';

/**
 * A page of rows as they come from PostgreSQL, and the link to the next one. Gives what sends the rest of the reply, for
 * which PostgreSQL is not needed any more. Throws GatewayError EntityNotFound.
 */
export async function replyRows(read: StoredRead<PagedPlan>, source: StoredSource): Promise<Ending> {
  const { session, compiled, tag, tracking, shared } = source;
  const { plan, exchange, negotiated } = read;
  const applied = tracking?.asked === true ? [...appliedTo(read), 'odata.track-changes'] : appliedTo(read);
  const head = { contentType: negotiated.mediaType, applied };
  if (exchange.method === 'HEAD') {
    return ending(openSink(read, { ...head, etag: await tag() }));
  }
  const delta = plan.kind === 'Collection' && plan.since !== null ? plan : null;
  const counted = plan.restriction.count ? await countAll(read, source) : null;
  // Pages behind the changed rows have removed ones alone.
  const final = delta === null && !mayLackParent(plan);
  const rows = delta?.removedAfter == null ? await begun(session.copyOut(await textOf(read, source), { final })) : null;
  const etag = await tag();
  const sink = openSink(read, { ...head, etag });
  if (etag !== null && shared !== null) {
    sink.copyTo(() => shared.begin(etag));
  }
  const { output } = sink;
  const context = negotiated.json.metadata === 'none' ? [] : [contextMember(pageContext(exchange.root, plan))];
  const count = counted === null ? [] : [`"@odata.count":${integerText(counted, negotiated.json.ieee754Compatible)}`];
  output.appendText(`{${[...context, ...count, '"value":['].join(',')}`);
  const onRow = (written: number): void => {
    exchange.rows = written;
  };
  const format = { ...negotiated.json, linksForObjects: plan.kind === 'Crossjoin' };
  const to = { sink, rest: session.rest, format, onRow };
  const { count: written, next } = rows === null ? noRows : await writeRows(rows, compiled, to);
  if (written === 0 && plan.after === null && plan.kind === 'Collection') {
    await checkParent({ ...read, plan }, session);
  }
  const left =
    delta === null || next !== null ? null : await replyRemoved({ ...read, plan: delta }, { session, sink, written });
  output.appendText(`]${trailer(read, tokenOf(read, next, left), tracking)}}`);
  return ending(sink);
}

/** The statement of the rows; a few rows of a time range far in the set would else take PostgreSQL through all before them. */
function textOf({ feed }: StoredRead<PagedPlan>, { session, compiled, versions }: StoredSource): Promise<string> {
  return boundedText(compiled, { session, versions, known: feed.known });
}

const noRows: RowsWritten = { count: 0, next: null };

/** The removed rows that find room behind the changed ones. Gives where the next page goes on with them. */
async function replyRemoved(
  { plan, exchange, catalogue }: StoredRead<CollectionPlan>,
  page: { readonly session: ReadSession; readonly sink: ReplySink; readonly written: number },
): Promise<RemovedPosition | null> {
  const query = compileRemoved(plan, catalogue, plan.pageSize - page.written);
  const { rest } = page.session;
  const rows = { plan, query, root: exchange.root, follows: page.written > 0, rest };
  const { count, next } = await writeRemoved(page.session.copyOut(query.text), rows, page.sink);
  exchange.rows = page.written + count;
  return next;
}

/** `$count=true`: all rows of all pages, of changes those that left too. */
async function countAll(
  { plan, feed, catalogue }: StoredRead<PagedPlan>,
  { session, versions }: StoredSource,
): Promise<string> {
  const source = { session, versions, known: feed.known };
  const rows = await countRows(compileTotal(plan, catalogue), source, { final: false });
  if (plan.kind === 'Crossjoin' || plan.since === null) {
    return rows;
  }
  const removed = compileRemoved({ ...plan, removedAfter: null }, catalogue, null);
  const gone = await single(session, { ...removed, text: `SELECT count(*) FROM (${removed.text}) AS r` });
  return String(BigInt(rows) + BigInt(gone));
}

function compileTotal(plan: PagedPlan, catalogue: Catalogue): CompiledQuery {
  return plan.kind === 'Crossjoin' ? compileCrossjoinCount(plan, catalogue) : compileCountOf(plan, catalogue);
}

function pageContext(root: string, plan: PagedPlan): string {
  return plan.kind === 'Crossjoin' ? crossjoinContext(root) : collectionContext(root, plan);
}

function tokenOf(
  { fingerprint }: StoredRead<PagedPlan>,
  next: PagePosition | null,
  left: RemovedPosition | null,
): string | null {
  if (next !== null) {
    return encodePagePosition(next, fingerprint);
  }
  return left === null ? null : encodeRemovedPosition(left, fingerprint);
}

function trailer({ exchange }: StoredRead<PagedPlan>, token: string | null, tracking: Tracking | null): string {
  if (token === null) {
    return tracking === null ? '' : linkMember('deltaLink', trackedDeltaLink(exchange, tracking));
  }
  const link = tracking === null ? nextLink(exchange, token) : trackedNextLink(exchange, token, tracking);
  return linkMember('nextLink', link);
}

const linkMember = (name: 'nextLink' | 'deltaLink', url: string): string => `,"@odata.${name}":${JSON.stringify(url)}`;

const mayLackParent = (plan: PagedPlan): boolean => plan.kind === 'Collection' && plan.source.kind === 'Navigated';

/** An empty navigated collection may be one whose parent does not exist: that is 404, not an empty list. */
async function checkParent({ plan, catalogue }: StoredRead<CollectionPlan>, session: ReadSession): Promise<void> {
  if (plan.source.kind !== 'Navigated') {
    return;
  }
  const { from } = plan.source;
  if (from.kind !== 'Keyed') {
    return;
  }
  const set = setOfSource(from);
  if (set === null) {
    return;
  }
  const restriction = { filter: null, search: null, orderby: [], top: null, skip: null, count: false };
  const parents = await single(
    session,
    compileCount({ kind: 'Count', source: from, set, restriction, apply: null }, catalogue),
  );
  if (parents === '0') {
    throw new GatewayError('EntityNotFound', `No entity of ${set.name} has this key`, { target: set.name });
  }
}

function setOfSource(source: CollectionPlan['source']): CollectionPlan['selection']['set'] | null {
  if (source.kind === 'Set' || source.kind === 'Navigated') {
    return source.set;
  }
  return setOfSource(source.from);
}

const integerText = (digits: string, asString: boolean): string => (asString ? `"${digits}"` : digits);
