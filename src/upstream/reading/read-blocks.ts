import { createHmac, timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { CollectionPlan, OrderKey } from '../../plan/model/read-plan.ts';
import type { UpstreamReadOptions, UpstreamReply } from '../upstream.ts';
import { continuedRequest } from './asked-request.ts';
import { readUpstream } from './read-reply.ts';
import type { ReplyContext } from './reply-context.ts';

/**
 * A part of the rows that `$top` asks for, where the feed gives no more in one request: its own pages are followed to their
 * end, then the next part is asked for with `$skip`.
 */
export interface Block {
  /** 0 for the first one, which is counted. */
  readonly index: number;
  readonly skip: number;
  readonly size: number;
  /** Rows still wanted, with those of this block. */
  readonly left: number;
  /** The page within it; null: its first. */
  readonly page: string | null;
}

const separator = '.';
const signatureLength = 22;

/** The block that a request is for; null: it is read as a whole. Throws GatewayError InvalidSkipToken for a token of no block that was made. */
export function blockIn(
  plan: CollectionPlan,
  { skipToken, metadata }: UpstreamReadOptions,
  context: ReplyContext,
): Block | null {
  if (skipToken?.includes(separator) === true) {
    return opened(skipToken, plan, { metadata, context });
  }
  const { top, skip } = plan.restriction;
  const most = context.limits?.known().maxTop ?? null;
  return skipToken === null && top !== null && most !== null && top > most
    ? { index: 0, skip: skip ?? 0, size: most, left: top, page: null }
    : null;
}

interface Place {
  readonly options: UpstreamReadOptions;
  readonly context: ReplyContext;
}

export async function readBlock(
  plan: CollectionPlan,
  block: Block,
  { options, context }: Place,
): Promise<UpstreamReply> {
  const { restriction } = plan;
  const part: CollectionPlan = {
    ...plan,
    restriction: {
      ...restriction,
      orderby: totalOrder(plan),
      skip: block.skip === 0 ? null : block.skip,
      top: Math.min(block.size, block.left),
      count: restriction.count && block.index === 0,
    },
  };
  const reply = await readUpstream(part, { ...options, skipToken: block.page }, context);
  if (reply.kind !== 'collection') {
    return reply;
  }
  const { count, discard, end } = reply;
  let rows = 0;
  const counted = async function* <Item>(items: AsyncIterable<Item>, size: (item: Item) => number) {
    for await (const item of items) {
      rows += size(item);
      yield item;
    }
  };
  const following = (page: string | null): Block | null => {
    if (page !== null) {
      return { ...block, page };
    }
    const { index, skip, size, left } = block;
    // A page that is not the block's first does not tell how many rows the block had: the next one is asked for once in vain.
    const whole = left <= size || rows === 0 || (block.page === null && rows < size);
    return whole ? null : { index: index + 1, skip: skip + size, size, left: left - size, page: null };
  };
  return {
    kind: 'collection',
    count,
    objects: counted(reply.objects, () => 1),
    ...(reply.blocks === undefined ? {} : { blocks: counted(reply.blocks, (block) => block.rows) }),
    discard,
    end() {
      const last = end();
      const next = following(last.next);
      return { ...last, next: next === null ? null : sealed(next, plan, { metadata: options.metadata, context }) };
    },
  };
}

/** Parts fit together only where no two rows are equal in order: the key comes last. */
function totalOrder({ selection, restriction }: CollectionPlan): readonly OrderKey[] {
  const { set } = selection;
  const variable = restriction.variable ?? { name: '$it', set };
  const ordered = new Set(
    restriction.orderby.flatMap(({ expression }) =>
      expression.kind === 'PropertyValue' && expression.row.steps.length === 0 ? [expression.property.name] : [],
    ),
  );
  const key = set.entityType.key.flatMap((name): readonly OrderKey[] => {
    const property = set.entityType.properties.get(name);
    if (property === undefined || ordered.has(name)) {
      return [];
    }
    const { type, nullable } = property;
    const row = { variable, steps: [] };
    return [{ expression: { kind: 'PropertyValue', type, nullable, row, property }, direction: 'asc' }];
  });
  return [...restriction.orderby, ...key];
}

interface Seal {
  readonly metadata: UpstreamReadOptions['metadata'];
  readonly context: ReplyContext;
}

function sealed({ index, skip, size, left, page }: Block, plan: CollectionPlan, seal: Seal): string {
  const text = [index, skip, size, left, page ?? ''].join(separator);
  return [text, signature(text, plan, seal)].join(separator);
}

function opened(token: string, plan: CollectionPlan, seal: Seal): Block {
  const at = token.lastIndexOf(separator);
  const text = token.slice(0, at);
  const given = Buffer.from(token.slice(at + 1));
  const made = Buffer.from(signature(text, plan, seal));
  if (given.length !== made.length || !timingSafeEqual(given, made)) {
    throw new GatewayError('InvalidSkipToken', '$skiptoken is not one that this feed made for this request.', {
      target: '$skiptoken',
    });
  }
  const [index, skip, size, left, page = ''] = text.split(separator);
  return {
    index: Number(index),
    skip: Number(skip),
    size: Number(size),
    left: Number(left),
    page: page === '' ? null : page,
  };
}

function signature(text: string, plan: CollectionPlan, { metadata, context }: Seal): string {
  const request = continuedRequest(plan, { metadata }, context);
  const hmac = createHmac('sha256', context.secret).update(JSON.stringify([context.map.source, request, text]));
  return hmac.digest('base64url').slice(0, signatureLength);
}
