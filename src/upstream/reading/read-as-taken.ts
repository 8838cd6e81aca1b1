import type { CollectionPlan } from '../../plan/model/read-plan.ts';
import { refusedWith } from '../client/upstream-fault.ts';
import { listTaken } from '../feed-limits.ts';
import type { UpstreamPlan, UpstreamReadOptions, UpstreamReply } from '../upstream.ts';
import { shortEnough } from './asked-request.ts';
import { blockIn, readBlock } from './read-blocks.ts';
import { readUpstream } from './read-reply.ts';
import type { ReplyContext } from './reply-context.ts';

/** Numbers in the text of a refusal that are tried as the most that `$top` may say. */
const mostHints = 3;

/**
 * `readUpstream`, in the form that the feed takes. A first page that it refuses is asked for in other forms, if one of them may
 * be taken, and what is taken then is learned. Throws what the feed said of the first form where it takes none.
 */
export async function readAsTaken(
  plan: UpstreamPlan,
  options: UpstreamReadOptions,
  context: ReplyContext,
): Promise<UpstreamReply> {
  const { limits } = context;
  if (limits === undefined) {
    return readUpstream(plan, options, context);
  }
  if (plan.kind === 'Collection') {
    const block = blockIn(plan, options, context);
    if (block !== null) {
      return readBlock(plan, block, { options, context });
    }
  }
  try {
    const reply = await readUpstream(plan, options, context);
    if (isUnproven(context) && hasList(plan, options, context)) {
      limits.learn(listTaken(limits.known(), 'in', 2));
    }
    return reply;
  } catch (error) {
    const status = refusedWith(error);
    if (status === null || options.skipToken !== null) {
      throw error;
    }
    const reply =
      (await withChains(plan, options, context)) ??
      (plan.kind === 'Collection' && status !== 500
        ? await withLess(plan, messageOf(error), { options, context })
        : null);
    if (reply === null) {
      throw error;
    }
    return reply;
  }
}

/** Whether the feed has neither taken nor refused `in` so far. */
const isUnproven = ({ map, limits }: ReplyContext): boolean =>
  map.lists !== 'or' && limits?.known().lengths.in.taken === 1;

/** Whether the form of lists makes a difference. */
function hasList(plan: UpstreamPlan, options: UpstreamReadOptions, context: ReplyContext): boolean {
  const asked = (lists: 'in' | 'or'): string =>
    shortEnough(plan, options, { ...context, map: { ...context.map, lists } });
  return asked('in') !== asked('or');
}

/** The reply to the same request without `in`; null: that has none, or is refused, too. */
async function withChains(
  plan: UpstreamPlan,
  options: UpstreamReadOptions,
  context: ReplyContext,
): Promise<UpstreamReply | null> {
  const { limits } = context;
  if (!isUnproven(context) || !hasList(plan, options, context)) {
    return null;
  }
  const reply = await unlessRefused(() =>
    readUpstream(plan, options, { ...context, map: { ...context.map, lists: 'or' } }),
  );
  if (reply !== null) {
    limits?.learn({ ...limits.known(), lists: 'or' });
  }
  return reply;
}

interface Place {
  readonly options: UpstreamReadOptions;
  readonly context: ReplyContext;
}

/** The reply to a request that says less in `$top`: the first of several. null: that is not why it was refused. */
async function withLess(plan: CollectionPlan, said: string, place: Place): Promise<UpstreamReply | null> {
  const { context, options } = place;
  const { top } = plan.restriction;
  if (top === null || top < 2 || context.limits === undefined) {
    return null;
  }
  const takes = async (some: number): Promise<boolean> => {
    const less = { ...plan, restriction: { ...plan.restriction, top: some, count: false } };
    const reply = await unlessRefused(() => readUpstream(less, options, context));
    if (reply?.kind === 'collection') {
      reply.discard();
    }
    return reply !== null;
  };
  const hints = [...new Set(said.match(/\d+/g)?.map(Number))].filter((number) => number > 0 && number < top);
  let maxTop: number | null = null;
  for (const hint of hints.slice(0, mostHints)) {
    if (maxTop === null && (await takes(hint))) {
      maxTop = hint;
    }
  }
  if (maxTop === null && !(await takes(1))) {
    return null;
  }
  for (let some = top >> 1; maxTop === null; some >>= 1) {
    maxTop = some <= 1 || (await takes(some)) ? Math.max(1, some) : null;
  }
  context.limits.learn({ ...context.limits.known(), maxTop });
  const block = blockIn(plan, options, context);
  return block === null ? null : readBlock(plan, block, place);
}

async function unlessRefused(read: () => Promise<UpstreamReply>): Promise<UpstreamReply | null> {
  try {
    return await read();
  } catch (error) {
    if (refusedWith(error) === null) {
      throw error;
    }
    return null;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '');
