import { compileCrossjoin } from '../sql/compile-crossjoin.ts';
import type { CompileOptions } from '../sql/compile-options.ts';
import { compileCollection, compileCount, compileEntity, compileProperty } from '../sql/compile-read.ts';
import type { CompiledQuery } from '../sql/compiled-query.ts';
import { saysKey } from './delta/trackable.ts';
import { isTracked, openTracking } from './delta/tracking.ts';
import { setsOf, versionsText } from './entity-tag.ts';
import type { OpenedReply } from './reply-cache/send-kept.ts';
import { sharedReply } from './reply-cache/shared-reply.ts';
import { currentVersions, isCurrent, replyTag } from './reply-tag.ts';
import type { StoredRead } from './stored-read.ts';
import { replyRows } from './stored-rows.ts';
import { replyCount, replyEntity, replyProperty } from './stored-value.ts';

/** Answers from PostgreSQL: everything of one reply comes from one snapshot. */
export async function replyFromStore(read: StoredRead): Promise<void> {
  const { exchange, feed, plan } = read;
  const followed = plan.kind === 'Collection' && isTracked({ ...read, plan }) ? plan : null;
  const controls = read.negotiated.json.metadata === 'full' || (followed !== null && !saysKey(followed));
  const compiled = exchange.timing.measure('compile', () => compile(read, { controls }));
  const sets = read.volatile ? [] : setsOf(plan);
  const options = { timeout: feed.settings.statementTimeout, signal: exchange.signal };
  const shared = sharedReply(read, followed !== null);
  const kept = await feed.database.read<OpenedReply | null>(
    async (session) => {
      const tracking = followed === null ? null : await openTracking({ ...read, plan: followed }, session);
      const versions = (): Promise<string | null> => currentVersions(session, sets);
      const tag = async (): Promise<string | null> => replyTag(read, await versions());
      if (await isCurrent(exchange, tag)) return null;
      const found = (await shared?.find(tag)) ?? null;
      if (found !== null) return found;
      const source = { session, compiled, versions, tag, tracking, shared };
      if (plan.kind === 'Collection' || (plan.kind === 'Crossjoin' && !plan.countOnly))
        await replyRows({ ...read, plan }, source);
      else if (plan.kind === 'Entity') await replyEntity({ ...read, plan }, source);
      else if (plan.kind === 'Property') await replyProperty({ ...read, plan }, source);
      else await replyCount(read, source);
      return null;
    },
    sets.length === 0 ? options : { ...options, opening: versionsText(sets) },
  );
  // The connection to PostgreSQL is free for others while a slow client reads.
  if (kept !== null) await shared?.send(kept);
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
