import { compileCrossjoin } from '../sql/compile-crossjoin.ts';
import type { CompileOptions } from '../sql/compile-options.ts';
import { compileCollection, compileCount, compileEntity, compileProperty } from '../sql/compile-read.ts';
import type { CompiledQuery } from '../sql/compiled-query.ts';
import type { ReadSession } from '../warehouse/database.ts';
import { saysKey } from './delta/trackable.ts';
import { isTracked, openTracking } from './delta/tracking.ts';
import { modelVersion } from './documents.ts';
import { entityTag, matches, setsOf, versionsIn, versionsText } from './entity-tag.ts';
import { type Exchange, headerText } from './exchange.ts';
import type { OpenedReply } from './reply-cache/send-kept.ts';
import { sharedReply } from './reply-cache/shared-reply.ts';
import { endEmpty } from './reply-head.ts';
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
      const tag = async (): Promise<string | null> => tagOf(read, await versions());
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

/** Ends the reply with 304 where the client's own copy is as good. Only then the rows wait for the versions of the data. */
async function isCurrent(exchange: Exchange, tag: () => Promise<string | null>): Promise<boolean> {
  const known = headerText(exchange.headers['if-none-match']);
  if (known === undefined) return false;
  const etag = await tag();
  if (etag === null || !matches(known, etag)) return false;
  endEmpty(exchange, 304, { ETag: etag });
  return true;
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

async function currentVersions(session: ReadSession, sets: readonly string[]): Promise<string | null> {
  const versions = sets.length === 0 ? null : versionsIn(await session.opening(), sets);
  return versions === null ? null : versions.join(' ');
}

/** Versions of the data, the request as sent, and what was negotiated decide the bytes. */
function tagOf({ exchange, negotiated, ...read }: StoredRead, versions: string | null): string | null {
  if (versions === null) return null;
  const { path, query, prefer } = exchange;
  const { json, encoding } = negotiated;
  const model = modelVersion(read.feed, read.catalogue);
  return entityTag([versions, path, query, prefer, json, encoding, read.feed.settings.pageSize, model]);
}
