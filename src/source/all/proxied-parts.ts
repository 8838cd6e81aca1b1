import { GatewayError } from '../../errors.ts';
import { countOf } from '../../plan/model/make.ts';
import type { AllPosition, CollectionPlan } from '../../plan/model/read-plan.ts';
import type { Upstream, UpstreamReadOptions, UpstreamReply } from '../../upstream/upstream.ts';
import type { RowPage, RowStep } from '../data-source.ts';
import { connected, type Sources } from '../federated/sources.ts';
import type { AllPage } from './all-page.ts';
import { nameOf, startOf } from './parts.ts';

/** What the rows of proxied sets are read with. */
export interface ProxiedParts {
  readonly parts: readonly CollectionPlan[];
  readonly sources: Sources;
  /** Without a token. */
  readonly options: UpstreamReadOptions;
}

/** A page of a feed that has a row to give. */
export interface StartedFeed {
  readonly index: number;
  readonly reply: FeedPage;
  readonly first: string;
  readonly more: AsyncIterator<string>;
}

type FeedPage = UpstreamReply & { readonly kind: 'collection' };

/** Rows of proxied sets together, as their feeds count them. Throws what the feeds throw. */
export async function countProxied(read: ProxiedParts): Promise<bigint> {
  let total = 0n;
  for (const part of read.parts) {
    total += await rowsOf(part, read);
  }
  return total;
}

/** The first page of a feed that has rows, from `after` or the first of the sets on; null: none has. */
export async function nextProxied(
  page: AllPage,
  after: AllPosition | null,
  read: ProxiedParts,
): Promise<StartedFeed | null> {
  for (const [index, part] of read.parts.entries()) {
    let token = after?.set === nameOf(part) ? after.token : null;
    do {
      if (!page.wantsMore) {
        return null;
      }
      if (page.skip > 0 && page.skipsWhole(Number(await rowsOf(part, read)))) {
        break;
      }
      const reply = await feedPage(part, page, { ...read, token });
      const more = reply.objects[Symbol.asyncIterator]();
      const { done, value } = await more.next();
      if (done !== true) {
        return { index, reply, first: value, more };
      }
      token = reply.end().next;
    } while (token !== null);
  }
  return null;
}

/**
 * Fills the page with one page of a feed. A feed may give more rows than it was asked for; they are all given, save those
 * that `$top` leaves out. Gives where the next page begins; null: there is no further row.
 */
export async function* proxiedRows(
  { index, reply, first, more }: StartedFeed,
  { page, envelope }: { readonly page: AllPage; readonly envelope: RowPage },
  { parts }: ProxiedParts,
): AsyncGenerator<RowStep, AllPosition | null, boolean> {
  let row: IteratorResult<string> = { done: false, value: first };
  for (; row.done !== true; row = await more.next()) {
    envelope.object(row.value);
    page.add(1);
    if (envelope.isWorthSending) {
      yield 'full';
    }
    if (!page.wantsMore) {
      return null;
    }
  }
  const { remaining } = page;
  const token = reply.end().next;
  const part = parts[index];
  if (token !== null && part !== undefined) {
    return { set: nameOf(part), rowId: null, token, remaining };
  }
  const following = parts[index + 1];
  return following === undefined ? null : startOf(following, remaining);
}

async function feedPage(
  part: CollectionPlan,
  page: AllPage,
  { token, ...read }: ProxiedParts & { readonly token: string | null },
): Promise<FeedPage> {
  const restriction = { ...part.restriction, top: page.remaining, skip: page.skip === 0 ? null : page.skip };
  page.skip = 0;
  const reply = await feedOf(part, read).read({ ...part, restriction }, { ...read.options, skipToken: token });
  if (reply.kind === 'collection') {
    return reply;
  }
  throw new GatewayError('UpstreamRefused', `The feed of ${nameOf(part)} does not answer with its rows.`);
}

async function rowsOf(part: CollectionPlan, read: ProxiedParts): Promise<bigint> {
  const { source, selection, restriction } = part;
  const { set } = selection;
  const reply = await feedOf(part, read).read(countOf({ source, set, restriction }), read.options);
  if (reply.kind !== 'count') {
    throw new GatewayError('UpstreamRefused', `The feed does not count ${set.name}.`);
  }
  return BigInt(reply.count);
}

const feedOf = (part: CollectionPlan, { sources }: ProxiedParts): Upstream =>
  connected(sources, sources.sourceOf(part.selection.set) ?? nameOf(part));
