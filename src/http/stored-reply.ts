import type { Catalogue } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';
import { encodePagePosition, encodeRemovedPosition } from '../plan/page-position.ts';
import type {
  CollectionPlan,
  CountPlan,
  CrossjoinPlan,
  EntityPlan,
  PagePosition,
  PropertyPlan,
  ReadPlan,
  RemovedPosition,
} from '../plan/read-plan.ts';
import { compileRemoved } from '../sql/compile-changes.ts';
import { compileCrossjoin, compileCrossjoinCount } from '../sql/compile-crossjoin.ts';
import type { CompileOptions } from '../sql/compile-options.ts';
import {
  compileCollection,
  compileCount,
  compileCountOf,
  compileEntity,
  compileProperty,
} from '../sql/compile-read.ts';
import type { CompiledQuery } from '../sql/compiled-query.ts';
import type { ReadSession } from '../warehouse/database.ts';
import { collectionContext, crossjoinContext, entityContext, propertyContext } from './context-url.ts';
import { writeRemoved } from './delta/removed-rows.ts';
import { saysKey } from './delta/trackable.ts';
import { isTracked, openTracking, type Tracking, trackedDeltaLink, trackedNextLink } from './delta/tracking.ts';
import { modelVersion } from './documents.ts';
import { dataVersions, entityTag, matches, setsOf } from './entity-tag.ts';
import { type Exchange, headerText } from './exchange.ts';
import type { Feed } from './feed.ts';
import { begun, type FoundRow, firstRow, rendered, single } from './first-row.ts';
import { cellText } from './json/cell-text.ts';
import { rowWriter } from './json/row-writer.ts';
import type { Negotiated } from './negotiated.ts';
import { nextLink } from './next-link.ts';
import { endEmpty, type HeadFacts, replyHead } from './reply-head.ts';
import { ReplySink } from './reply-sink.ts';
import { type RowsWritten, writeRows } from './row-stream.ts';

/** The plans that PostgreSQL answers. */
export type StoredPlan = CollectionPlan | EntityPlan | PropertyPlan | CountPlan | CrossjoinPlan;

/** The plans that answer with pages of rows. */
type PagedPlan = CollectionPlan | CrossjoinPlan;

/** One request on stored sets, bound and negotiated. */
export interface StoredRead<Plan extends ReadPlan = StoredPlan> {
  readonly plan: Plan;
  readonly exchange: Exchange;
  readonly feed: Feed;
  readonly catalogue: Catalogue;
  readonly negotiated: Negotiated;
  /** Fingerprint of the query, for tokens. */
  readonly fingerprint: string;
  /** The reply depends on the clock: no ETag. */
  readonly volatile: boolean;
  /** Text of `$deltatoken`; null: none. */
  readonly deltaToken: string | null;
}

/** Answers from PostgreSQL: everything of one reply comes from one snapshot. */
export async function replyFromStore(read: StoredRead): Promise<void> {
  const { exchange, feed, plan } = read;
  const followed = plan.kind === 'Collection' && isTracked({ ...read, plan }) ? plan : null;
  const controls = read.negotiated.json.metadata === 'full' || (followed !== null && !saysKey(followed));
  const compiled = exchange.timing.measure('compile', () => compile(read, { controls }));
  await feed.database.read(
    async (session) => {
      const tracking = followed === null ? null : await openTracking({ ...read, plan: followed }, session);
      const etag = await currentTag(read, session);
      if (etag !== null && matches(headerText(exchange.headers['if-none-match']), etag)) {
        endEmpty(exchange, 304, { ETag: etag });
        return;
      }
      const source = { session, compiled, etag, tracking };
      if (plan.kind === 'Collection' || (plan.kind === 'Crossjoin' && !plan.countOnly))
        await replyRows({ ...read, plan }, source);
      else if (plan.kind === 'Entity') await replyEntity({ ...read, plan }, source);
      else if (plan.kind === 'Property') await replyProperty({ ...read, plan }, source);
      else await replyCount(read, source);
    },
    { timeout: feed.settings.statementTimeout, signal: exchange.signal },
  );
}

function compile({ plan, catalogue }: StoredRead, options: CompileOptions): CompiledQuery {
  switch (plan.kind) {
    case 'Collection':
      return compileCollection(plan, catalogue, options);
    case 'Entity':
      return compileEntity(plan, catalogue, options);
    case 'Property':
      return compileProperty(plan, catalogue);
    case 'Count':
      return compileCount(plan, catalogue);
    case 'Crossjoin':
      return compileCrossjoin(plan, catalogue, options);
  }
}

/** Versions of the data, the request as sent, and what was negotiated decide the bytes. */
async function currentTag(
  { plan, exchange, negotiated, ...read }: StoredRead,
  session: ReadSession,
): Promise<string | null> {
  if (read.volatile) return null;
  const versions = await dataVersions(session, setsOf(plan));
  if (versions === null) return null;
  const { path, query, prefer } = exchange;
  const { json, encoding } = negotiated;
  const model = modelVersion(read.feed, read.catalogue);
  return entityTag([versions, path, query, prefer, json, encoding, read.feed.settings.pageSize, model]);
}

interface Source {
  readonly session: ReadSession;
  readonly compiled: CompiledQuery;
  readonly etag: string | null;
  /** null: nobody follows the changes of the rows. */
  readonly tracking: Tracking | null;
}

async function replyRows(read: StoredRead<PagedPlan>, { session, compiled, etag, tracking }: Source): Promise<void> {
  const { plan, exchange, negotiated } = read;
  const applied = tracking?.asked === true ? [...appliedTo(read), 'odata.track-changes'] : appliedTo(read);
  const head = { contentType: negotiated.mediaType, etag, applied };
  if (exchange.method === 'HEAD') return openSink(read, head).end();
  const delta = plan.kind === 'Collection' && plan.since !== null ? plan : null;
  const counted = plan.restriction.count ? await countAll(read, session) : null;
  // Pages behind the changed rows have removed ones alone.
  const rows = delta?.removedAfter == null ? await begun(session.copyOut(compiled.text)) : null;
  const sink = openSink(read, head);
  const { output } = sink;
  const context = negotiated.json.metadata === 'none' ? [] : [contextMember(pageContext(exchange.root, plan))];
  const count = counted === null ? [] : [`"@odata.count":${integerText(counted, negotiated.json.ieee754Compatible)}`];
  output.appendText(`{${[...context, ...count, '"value":['].join(',')}`);
  const onRow = (written: number): void => {
    exchange.rows = written;
  };
  const format = { ...negotiated.json, linksForObjects: plan.kind === 'Crossjoin' };
  const to = { sink, format, onRow };
  const { count: written, next } = rows === null ? noRows : await writeRows(rows, compiled, to);
  if (written === 0 && plan.after === null && plan.kind === 'Collection') await checkParent({ ...read, plan }, session);
  const left =
    delta === null || next !== null ? null : await replyRemoved({ ...read, plan: delta }, { session, sink, written });
  output.appendText(`]${trailer(read, tokenOf(read, next, left), tracking)}}`);
  await sink.end();
}

const noRows: RowsWritten = { count: 0, next: null };

/** The removed rows that find room behind the changed ones. Gives where the next page goes on with them. */
async function replyRemoved(
  { plan, exchange, catalogue }: StoredRead<CollectionPlan>,
  page: { readonly session: ReadSession; readonly sink: ReplySink; readonly written: number },
): Promise<RemovedPosition | null> {
  const query = compileRemoved(plan, catalogue, plan.pageSize - page.written);
  const rows = { plan, query, root: exchange.root, follows: page.written > 0 };
  const { count, next } = await writeRemoved(page.session.copyOut(query.text), rows, page.sink);
  exchange.rows = page.written + count;
  return next;
}

/** `$count=true`: all rows of all pages, of changes those that left too. */
async function countAll({ plan, catalogue }: StoredRead<PagedPlan>, session: ReadSession): Promise<string> {
  const rows = await single(session, compileTotal(plan, catalogue));
  if (plan.kind === 'Crossjoin' || plan.since === null) return rows;
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
  if (next !== null) return encodePagePosition(next, fingerprint);
  return left === null ? null : encodeRemovedPosition(left, fingerprint);
}

function trailer({ exchange }: StoredRead<PagedPlan>, token: string | null, tracking: Tracking | null): string {
  if (token === null) return tracking === null ? '' : linkMember('deltaLink', trackedDeltaLink(exchange, tracking));
  const link = tracking === null ? nextLink(exchange, token) : trackedNextLink(exchange, token, tracking);
  return linkMember('nextLink', link);
}

const linkMember = (name: 'nextLink' | 'deltaLink', url: string): string => `,"@odata.${name}":${JSON.stringify(url)}`;

/** An empty navigated collection may be one whose parent does not exist: that is 404, not an empty list. */
async function checkParent({ plan, catalogue }: StoredRead<CollectionPlan>, session: ReadSession): Promise<void> {
  if (plan.source.kind !== 'Navigated') return;
  const { from } = plan.source;
  if (from.kind !== 'Keyed') return;
  const set = setOfSource(from);
  if (set === null) return;
  const restriction = { filter: null, search: null, orderby: [], top: null, skip: null, count: false };
  const parents = await single(
    session,
    compileCount({ kind: 'Count', source: from, set, restriction, apply: null }, catalogue),
  );
  if (parents === '0')
    throw new GatewayError('EntityNotFound', `No entity of ${set.name} has this key`, { target: set.name });
}

function setOfSource(source: CollectionPlan['source']): CollectionPlan['selection']['set'] | null {
  if (source.kind === 'Set' || source.kind === 'Navigated') return source.set;
  return setOfSource(source.from);
}

async function replyEntity(read: StoredRead<EntityPlan>, { session, compiled, etag }: Source): Promise<void> {
  const { plan, exchange, negotiated } = read;
  const found = await firstRow(session, compiled);
  if (found === null) return absent(exchange, plan);
  const sink = openSink(read, { contentType: negotiated.mediaType, etag, applied: appliedTo(read) });
  const { output } = sink;
  const start = output.position;
  rowWriter(compiled.shape, negotiated.json, compiled.control ?? null).row(found.input, found.span, output);
  if (negotiated.json.metadata !== 'none') {
    const row = Buffer.from(output.bytes.subarray(start + 1, output.position));
    output.position = start;
    const more = row.length > 1 ? ',' : '';
    output.appendText(`{${contextMember(entityContext(exchange.root, plan))}${more}`);
    output.append(row);
  }
  exchange.rows = 1;
  await sink.end();
}

/** A missing entity is 404 where it was named by key, and 204 where a navigation leads nowhere (Protocol 11.2.4). */
function absent(exchange: Exchange, plan: EntityPlan): void {
  const { name } = plan.selection.set;
  if (plan.empty === 'no-content') endEmpty(exchange, 204);
  else throw new GatewayError('EntityNotFound', `No entity of ${name} has this key`, { target: name });
}

async function replyProperty(read: StoredRead<PropertyPlan>, { session, compiled, etag }: Source): Promise<void> {
  const { plan, exchange, negotiated } = read;
  const found = await firstRow(session, compiled);
  if (found === null)
    throw new GatewayError('EntityNotFound', `No entity of ${plan.set.name} has this key`, { target: plan.set.name });
  const text = cellText(found.input, found.span.start, false);
  if (text === null) return endEmpty(exchange, 204);
  if (plan.raw) return replyRaw(read, { text, found, etag });
  const sink = openSink(read, { contentType: negotiated.mediaType, etag });
  const { name, type, collection } = plan.property;
  const shape = { fields: [{ kind: 'value', name: 'value', type, collection }] } as const;
  const member = contextMember(propertyContext(exchange.root, plan));
  const row = rendered(rowWriter(shape, negotiated.json), found);
  sink.output.appendText(negotiated.json.metadata === 'none' ? row : `{${member},${row.slice(1)}`);
  exchange.rows = name === '' ? 0 : 1;
  await sink.end();
}

/** `/$value`: the bare value, binary as bytes (Protocol 11.2.4.1). */
async function replyRaw(
  read: StoredRead<PropertyPlan>,
  value: { readonly text: string; readonly found: FoundRow; readonly etag: string | null },
): Promise<void> {
  const { type, collection } = read.plan.property;
  const binary = type === 'Edm.Binary';
  const contentType = binary ? 'application/octet-stream' : 'text/plain;charset=utf-8';
  const sink = openSink(read, { contentType, etag: value.etag });
  if (binary) sink.output.append(Buffer.from(value.text.slice(2), 'hex'));
  else if (type === 'Edm.String' || collection) sink.output.appendText(value.text);
  else {
    const format = { ...read.negotiated.json, metadata: 'minimal', ieee754Compatible: false } as const;
    const row = rendered(rowWriter({ fields: [{ kind: 'value', name: 'v', type, collection }] }, format), value.found);
    sink.output.appendText(row.slice('{"v":'.length, -1).replace(/^"(.*)"$/, '$1'));
  }
  await sink.end();
}

async function replyCount(read: StoredRead, { session, compiled, etag }: Source): Promise<void> {
  const count = await single(session, compiled);
  const sink = openSink(read, { contentType: 'text/plain;charset=utf-8', etag });
  sink.output.appendText(count);
  await sink.end();
}

function openSink({ exchange, negotiated }: StoredRead<ReadPlan>, facts: HeadFacts): ReplySink {
  return new ReplySink(exchange.response, replyHead(exchange, facts), negotiated.encoding);
}

function appliedTo({ exchange, negotiated, plan }: StoredRead<PagedPlan> | StoredRead<EntityPlan>): readonly string[] {
  const { maxPageSize } = exchange.prefer;
  const paged = plan.kind !== 'Entity' && maxPageSize !== null;
  return paged ? [...negotiated.applied, `odata.maxpagesize=${plan.pageSize}`] : negotiated.applied;
}

const contextMember = (url: string): string => `"@odata.context":${JSON.stringify(url)}`;

const integerText = (digits: string, asString: boolean): string => (asString ? `"${digits}"` : digits);
