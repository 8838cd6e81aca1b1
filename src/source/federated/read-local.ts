import { GatewayError } from '../../errors.ts';
import { rowWriter } from '../../json/row-writer.ts';
import type { CollectionPlan, EntityPlan, PagePosition } from '../../plan/model/read-plan.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import { encodePagePosition } from '../../plan/position/page-position.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import { compileCollection, compileCount, compileCountOf, compileEntity } from '../../sql/read/compile-read.ts';
import type { ReadSession } from '../../warehouse/database.ts';
import type { ObjectRowsEnd } from '../object-page.ts';
import { statementWeight } from '../stored/read-weight.ts';
import { firstRow, rowJson, singleCell } from '../stored/single-row.ts';
import { connected, proxiedSource } from './crossing.ts';
import type { Place } from './place.ts';
import { storedObjects } from './stored-objects.ts';

/** A page of rows of one source, in chunks. */
export interface LocalPage {
  readonly count: string | null;
  /** Rows as JSON objects, some hundreds at a time. */
  readonly chunks: AsyncIterable<readonly string[]>;
  discard(): void;
  /** To be asked after the last chunk. */
  end(): ObjectRowsEnd;
}

/** Rows that are held while what they lead to is asked for. */
const chunkSize = 500;

/** One entity of one source as a JSON object; null: it does not exist. */
export async function readEntity(plan: EntityPlan, place: Place): Promise<string | null> {
  const { sources, format } = place;
  const source = proxiedSource(sources, plan.selection.set);
  if (source !== null) {
    const options = { ...place.options, metadata: format.metadata, skipToken: null };
    const reply = await connected(sources, source).read(plan, options);
    return reply.kind === 'entity' ? Buffer.from(reply.json).toString('utf8') : null;
  }
  const query = compileEntity(plan, sources.catalogue, { controls: format.metadata === 'full' });
  const found = await inStore(place, query, firstRow);
  return found === null ? null : rowJson(rowWriter(query.shape, format, query.control ?? null), found);
}

/** A page of one source. `skipToken` is the proxied feed's, `fingerprint` is for tokens of stored rows. */
export async function readPage(
  plan: CollectionPlan,
  place: Place,
  tokens: { readonly skipToken: string | null; readonly fingerprint: string },
): Promise<LocalPage | null> {
  const source = proxiedSource(place.sources, plan.selection.set);
  if (source === null) {
    return storedPage(plan, place, tokens.fingerprint);
  }
  const options = { ...place.options, skipToken: tokens.skipToken };
  const reply = await connected(place.sources, source).read(plan, options);
  if (reply.kind !== 'collection') {
    return null;
  }
  const { count, discard, end } = reply;
  return { count, discard, end, chunks: inChunks(reply.objects) };
}

async function* inChunks(rows: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let chunk: string[] = [];
  for await (const row of rows) {
    chunk.push(row);
    if (chunk.length < chunkSize) {
      continue;
    }
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) {
    yield chunk;
  }
}

/**
 * A page of stored rows, one short query a chunk: no connection is held while another source or the client is slow. The
 * chunks follow each other by key, as pages do, so a row that exists throughout comes exactly once.
 */
async function storedPage(plan: CollectionPlan, place: Place, fingerprint: string): Promise<LocalPage> {
  const { catalogue } = place.sources;
  const count = plan.restriction.count ? await inStore(place, compileCountOf(plan, catalogue), singleCell) : null;
  let next: PagePosition | null = null;
  const chunks = async function* (): AsyncGenerator<readonly string[]> {
    let part: CollectionPlan = { ...plan, pageSize: Math.min(plan.pageSize, chunkSize) };
    for (let left = plan.pageSize; ; ) {
      const found = await storedChunk(part, place);
      if (found.objects.length === 0 && part.after === null) {
        await checkParent(plan, place);
      }
      if (found.objects.length > 0) {
        yield found.objects;
      }
      next = found.next;
      left -= found.objects.length;
      if (next === null || left === 0) {
        return;
      }
      part = following(part, next, left);
    }
  };
  const end = (): ObjectRowsEnd => ({
    count: null,
    next: next === null ? null : encodePagePosition(next, fingerprint),
  });
  return { count, chunks: chunks(), discard: () => undefined, end };
}

function following(part: CollectionPlan, after: PagePosition, left: number): CollectionPlan {
  const restriction = { ...part.restriction, skip: null, top: after.remaining ?? part.restriction.top };
  return { ...part, after, restriction, pageSize: Math.min(left, chunkSize) };
}

async function storedChunk(plan: CollectionPlan, place: Place) {
  const query = compileCollection(plan, place.sources.catalogue, { controls: place.format.metadata === 'full' });
  const found = await inStore(place, query, (session) => storedObjects(session, query, place.format));
  if (found === null) {
    throw new GatewayError(
      'LimitExceeded',
      'The rows are too long to be joined; ask for fewer properties with $select',
    );
  }
  return found;
}

/** Runs one query; where it is a large one, when its turn comes. Nothing is held while it waits. */
function inStore<T>(
  { store: { database, timeout }, signal }: Place,
  query: CompiledQuery,
  work: (session: ReadSession, query: CompiledQuery) => Promise<T>,
): Promise<T> {
  const options = { timeout, signal, weighed: statementWeight(query) };
  return database.read((session) => work(session, query), options);
}

/** An empty collection of an entity that does not exist is 404 (Protocol 11.2.4). */
async function checkParent({ source }: CollectionPlan, place: Place): Promise<void> {
  if (source.kind !== 'Navigated' || source.from.kind !== 'Keyed') {
    return;
  }
  const set = sourceSet(source.from);
  const restriction = { filter: null, search: null, orderby: [], top: null, skip: null, count: false };
  const plan = { kind: 'Count', source: source.from, set, restriction, apply: null } as const;
  const parents = await inStore(place, compileCount(plan, place.sources.catalogue), singleCell);
  if (parents === '0') {
    throw new GatewayError('EntityNotFound', `No entity of ${set.name} has this key`, { target: set.name });
  }
}
