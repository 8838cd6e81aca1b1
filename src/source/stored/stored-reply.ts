import { versionsText } from '../../http/entity-tag.ts';
import type { Exchange } from '../../http/exchange.ts';
import { type SharedReply, sharedReply } from '../../http/reply-cache/shared-reply.ts';
import { currentVersions, isCurrent, replyTag } from '../../http/reply-tag.ts';
import { setsOf } from '../../plan/model/sets.ts';
import type { CompileOptions } from '../../sql/compile-options.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import { compileCrossjoin } from '../../sql/read/compile-crossjoin.ts';
import { compileCollection, compileCount, compileEntity, compileProperty } from '../../sql/read/compile-read.ts';
import type { ReadSession } from '../../warehouse/database.ts';
import { saysKey } from './delta/trackable.ts';
import { isTracked, openTracking } from './delta/tracking.ts';
import type { Ending, StoredRead } from './stored-read.ts';
import { replyRows } from './stored-rows.ts';
import { replyCount, replyEntity, replyProperty } from './stored-value.ts';
import { weighed } from './weighed.ts';

/** Answers from PostgreSQL: everything of one reply comes from one snapshot. */
export async function replyFromStore(read: StoredRead): Promise<void> {
  const { exchange, feed, plan } = read;
  const followed = plan.kind === 'Collection' && isTracked({ ...read, plan }) ? plan : null;
  const controls = read.negotiated.json.metadata === 'full' || (followed !== null && !saysKey(followed));
  const compiled = exchange.timing.measure('compile', () => compile(read, { controls }));
  const sets = read.volatile ? [] : setsOf(plan);
  const shared = sharedReply(read, followed !== null);
  const { response, signal } = exchange;
  const opening = sets.length === 0 ? {} : { opening: versionsText(sets) };
  const options = { timeout: feed.settings.statementTimeout, signal, ...opening };
  const weight = weighed(read, compiled);
  const versionsOf = (session: ReadSession) => (): Promise<string | null> => currentVersions(session, sets);
  /** How the reply ends where somebody has it already; null: it has to be made. */
  const known = async (session: ReadSession): Promise<Ending | null> => {
    const tag = async (): Promise<string | null> => replyTag(read, await versionsOf(session)());
    if (await isCurrent(exchange, tag)) {
      return async () => {};
    }
    const found = (await shared?.find(tag)) ?? null;
    return found === null || shared === null ? null : () => shared.send(found);
  };
  const made = async (session: ReadSession): Promise<Ending> => {
    const tracking = followed === null ? null : await openTracking({ ...read, plan: followed }, session);
    const before = await known(session);
    if (before !== null) {
      return before;
    }
    const versions = versionsOf(session);
    const tag = async (): Promise<string | null> => replyTag(read, await versions());
    const source = { session, compiled, versions, tag, tracking, shared };
    if (plan.kind === 'Collection' || (plan.kind === 'Crossjoin' && !plan.countOnly)) {
      return replyRows({ ...read, plan }, source);
    }
    if (plan.kind === 'Entity') {
      return replyEntity({ ...read, plan }, source);
    }
    if (plan.kind === 'PropertyRead') {
      return replyProperty({ ...read, plan }, source);
    }
    return replyCount(read, source);
  };
  // A large reply that somebody has already is none: it does not wait for its turn.
  const early = weight !== null && followed === null && mayBeKnown(exchange, shared) ? { early: known } : {};
  const unseen = (): boolean => !response.headersSent;
  const onTurn = (waited: number): void => {
    if (waited >= 1) {
      exchange.timing.note('queue', waited);
    }
  };
  const ending = await feed.database.read(made, { ...options, ...early, weighed: weight, unseen, onTurn });
  // The connection to PostgreSQL is free for others while a slow client reads.
  await ending();
}

function mayBeKnown({ headers }: Exchange, shared: SharedReply | null): boolean {
  return headers['if-none-match'] !== undefined || shared?.kept === true;
}

function compile({ plan, catalogue }: StoredRead, options: CompileOptions): CompiledQuery {
  switch (plan.kind) {
    case 'Collection':
      return compileCollection(plan, catalogue, options);
    case 'Entity':
      return compileEntity(plan, catalogue, options);
    case 'PropertyRead':
      return compileProperty(plan, catalogue);
    case 'Count':
      return compileCount(plan, catalogue);
    case 'Crossjoin':
      return compileCrossjoin(plan, catalogue, options);
  }
}
