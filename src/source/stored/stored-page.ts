import { collectionContext, crossjoinContext } from '../../json/context-url.ts';
import type {
  Bound,
  CollectionPlan,
  CrossjoinPlan,
  PagePosition,
  RemovedPosition,
} from '../../plan/model/read-plan.ts';
import { encodePagePosition, encodeRemovedPosition } from '../../plan/position/page-position.ts';
import { compileRemoved } from '../../sql/read/compile-changes.ts';
import { compileCrossjoinCount } from '../../sql/read/compile-crossjoin.ts';
import { compileCountOf } from '../../sql/read/compile-read.ts';
import type { RowBatch } from '../../warehouse/database.ts';
import type { PageEnd, PageReply, PageRows, RowPage, RowStep, RowSteps } from '../data-source.ts';
import { removedRows } from './delta/removed-rows.ts';
import { deltaTokenOf } from './delta/tracking.ts';
import { pageRows, type RowsEnd } from './page-rows.ts';
import { checkParent } from './parent.ts';
import { boundedText, countRows } from './result-cache.ts';
import { singleCell, startedRows } from './single-row.ts';
import type { StoredRead } from './stored-read.ts';

/** The plans that answer with pages of rows. */
export type PagedPlan = CollectionPlan | CrossjoinPlan;

type PageRead = StoredRead<PagedPlan>;

/** A page of rows as they come from PostgreSQL. */
export function storedPage(read: PageRead): PageReply {
  const { plan, reading, validator, tracking } = read;
  const { root } = reading.format;
  return {
    kind: 'page',
    context: plan.kind === 'Crossjoin' ? crossjoinContext(root) : collectionContext(root, plan),
    validator,
    followed: { omitNulls: true, pageSize: plan.pageSize, trackChanges: tracking?.asked === true },
    begin: () => begin(read),
  };
}

async function begin(read: PageRead): Promise<PageRows> {
  const { plan, session, compiled } = read;
  const changes = changesOf(plan);
  const count = plan.restriction.count ? await countAll(read) : null;
  // Pages behind the changed rows have removed ones alone.
  const final = changes === null && !mayLackParent(plan);
  const copy = changes?.removedAfter == null ? session.copyOut(await textOf(read), { final }) : null;
  const batches = copy === null ? null : (await startedRows(copy)).batches;
  const { rest } = session;
  const wait = (room: Promise<void>): Promise<boolean> =>
    compiled.positionColumns > 0 || batches === null ? rest.nap(room) : rest.endure(room).then(() => true);
  return { count, wait, fill: (envelope) => fill(read, envelope, batches) };
}

async function* fill(read: PageRead, envelope: RowPage, batches: AsyncIterable<RowBatch> | null): RowSteps {
  const { plan, reading, session, compiled } = read;
  const format = { linksForObjects: plan.kind === 'Crossjoin', ...reading.format };
  const { next } = batches === null ? noRows : yield* pageRows(batches, compiled, { envelope, format });
  if (envelope.rows === 0 && plan.after === null && plan.kind === 'Collection') {
    await checkParent(plan, reading.catalogue, (query) => singleCell(session, query));
  }
  const changes = changesOf(plan);
  if (changes === null || next !== null) {
    return endOf(read, next, null);
  }
  yield 'asking';
  const left = yield* removed({ ...read, plan: changes }, envelope);
  return endOf(read, next, left);
}

/** The changes since a data version; null: the rows as they are. */
const changesOf = (plan: Bound<PagedPlan>): Bound<CollectionPlan> | null =>
  plan.kind === 'Collection' && plan.since !== null ? plan : null;

/** The statement of the rows; a few rows of a time range far in the set would else take PostgreSQL through all before them. */
function textOf({ session, compiled, validator: { versions }, results }: PageRead): Promise<string> {
  return boundedText(compiled, { session, versions, results });
}

const noRows: RowsEnd = { count: 0, next: null };

/** The removed rows that find room behind the changed ones. Gives where the next page goes on with them. */
async function* removed(
  { plan, reading, session }: StoredRead<CollectionPlan>,
  envelope: RowPage,
): AsyncGenerator<RowStep, RemovedPosition | null, boolean> {
  const query = compileRemoved(plan, reading.catalogue, plan.pageSize - envelope.rows);
  return yield* removedRows(session.copyOut(query.text), { plan, query, root: reading.format.root }, envelope);
}

/** `$count=true`: all rows of all pages, of changes those that left too. */
async function countAll({ plan, reading, session, validator: { versions }, results }: PageRead): Promise<string> {
  const { catalogue } = reading;
  const total = plan.kind === 'Crossjoin' ? compileCrossjoinCount(plan, catalogue) : compileCountOf(plan, catalogue);
  const rows = await countRows(total, { session, versions, results }, { final: false });
  if (plan.kind === 'Crossjoin' || plan.since === null) {
    return rows;
  }
  const gone = compileRemoved({ ...plan, removedAfter: null }, catalogue, null);
  const text = `SELECT count(*) FROM (${gone.text}) AS r`;
  return String(BigInt(rows) + BigInt(await singleCell(session, { text })));
}

function endOf(
  { plan: { fingerprint }, tracking }: PageRead,
  next: PagePosition | null,
  left: RemovedPosition | null,
): PageEnd {
  const behind = left === null ? null : encodeRemovedPosition(left, fingerprint);
  const skipToken = next === null ? behind : encodePagePosition(next, fingerprint);
  const deltaToken = tracking === null ? null : deltaTokenOf(tracking, { last: skipToken === null });
  return { count: null, skipToken, deltaToken };
}

const mayLackParent = (plan: PagedPlan): boolean => plan.kind === 'Collection' && plan.source.kind === 'Navigated';
