import { GatewayError } from '../../errors.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Negotiated } from '../../http/negotiated.ts';
import { nextLink } from '../../http/next-link.ts';
import { endEmpty, replyHead } from '../../http/reply-head.ts';
import { ReplySink } from '../../http/reply-sink.ts';
import { collectionContext, entityContext, propertyContext } from '../../json/context-url.ts';
import type { ReadPlan } from '../../plan/model/read-plan.ts';
import type { Upstream, UpstreamPlan, UpstreamReply } from '../../upstream/upstream.ts';

/** One request on a proxied set, bound and negotiated. */
export interface UpstreamRead {
  readonly plan: UpstreamPlan;
  readonly exchange: Exchange;
  readonly upstream: Pick<Upstream, 'read'>;
  readonly negotiated: Negotiated;
  /** Text of `$skiptoken`; null: first page. */
  readonly skipToken: string | null;
}

/** Answers from a proxied feed. No ETag: nobody says when the upstream's rows change. */
export async function replyFromUpstream(read: UpstreamRead): Promise<void> {
  const { plan, exchange, negotiated, upstream } = read;
  const { json } = negotiated;
  const reply = await upstream.read(plan, {
    root: exchange.root,
    skipToken: read.skipToken,
    ieee754Compatible: json.ieee754Compatible,
    omitNulls: json.omitNulls,
    metadata: json.metadata,
    namespace: json.namespace,
    signal: exchange.signal,
  });
  if (reply.kind === 'absent') {
    return absent(exchange, plan);
  }
  if (reply.kind === 'collection' && plan.kind === 'Collection') {
    return replyCollection({ ...read, plan }, reply);
  }
  if (reply.kind === 'entity' && plan.kind === 'Entity') {
    const body = Buffer.from(reply.json).toString('utf8');
    exchange.rows = 1;
    return replyText(read, negotiated.mediaType, withContext(read, entityContext(exchange.root, plan), body));
  }
  if (reply.kind === 'property' && plan.kind === 'PropertyRead') {
    return replyProperty({ ...read, plan }, reply);
  }
  if (reply.kind === 'count') {
    return replyText(read, 'text/plain;charset=utf-8', reply.count);
  }
  throw new GatewayError('Internal', `The upstream answered a ${plan.kind} with a ${reply.kind}`);
}

function absent(exchange: Exchange, plan: UpstreamPlan): void {
  if (plan.kind === 'Entity' && plan.empty === 'no-content') {
    endEmpty(exchange, 204);
  } else {
    throw new GatewayError('EntityNotFound', 'No entity has this key');
  }
}

async function replyCollection(
  read: UpstreamRead & { readonly plan: UpstreamPlan & { kind: 'Collection' } },
  reply: UpstreamReply & { kind: 'collection' },
): Promise<void> {
  const { exchange, negotiated, plan } = read;
  const rows = reply.objects[Symbol.asyncIterator]();
  const isHead = exchange.method === 'HEAD';
  if (isHead) {
    reply.discard();
  }
  // The first row is awaited, so that a fault before it is still an error reply.
  let row = isHead ? null : await rows.next();
  const facts = { contentType: negotiated.mediaType, applied: negotiated.applied };
  const sink = new ReplySink(exchange.response, replyHead(exchange, facts), negotiated.encoding);
  if (row === null) {
    return sink.end();
  }
  const members = negotiated.json.metadata === 'none' ? [] : [contextMember(collectionContext(exchange.root, plan))];
  if (reply.count !== null) {
    members.push(countMember(reply.count, negotiated));
  }
  sink.output.appendText(`{${[...members, '"value":['].join(',')}`);
  let written = 0;
  for (; row.done !== true; row = await rows.next()) {
    sink.output.appendText(written === 0 ? row.value : `,${row.value}`);
    written += 1;
    exchange.rows = written;
    if (sink.output.position > 64 * 1024) {
      await sink.flush();
    }
  }
  exchange.rows = written;
  const end = reply.end();
  const count = end.count === null ? '' : `,${countMember(end.count, negotiated)}`;
  const next = end.next === null ? '' : `,"@odata.nextLink":${JSON.stringify(nextLink(exchange, end.next))}`;
  sink.output.appendText(`]${count}${next}}`);
  await sink.end();
}

async function replyProperty(
  read: UpstreamRead & { readonly plan: UpstreamPlan & { kind: 'PropertyRead' } },
  reply: UpstreamReply & { kind: 'property' },
): Promise<void> {
  const { exchange, negotiated, plan } = read;
  exchange.rows = reply.raw === null ? 0 : 1;
  if (reply.raw === null) {
    return endEmpty(exchange, 204);
  }
  if (plan.raw) {
    return replyText(read, 'text/plain;charset=utf-8', reply.raw);
  }
  const context = propertyContext(exchange.root, plan);
  return replyText(read, negotiated.mediaType, withContext(read, context, `{"value":${reply.json}}`));
}

async function replyText({ exchange, negotiated }: UpstreamRead, contentType: string, body: string): Promise<void> {
  const head = replyHead(exchange, { contentType, applied: negotiated.applied });
  const sink = new ReplySink(exchange.response, head, negotiated.encoding);
  sink.output.appendText(body);
  await sink.end();
}

function withContext({ negotiated }: UpstreamRead, url: string, object: string): string {
  if (negotiated.json.metadata === 'none') {
    return object;
  }
  return `{${contextMember(url)}${object === '{}' ? '' : ','}${object.slice(1)}`;
}

const contextMember = (url: string): string => `"@odata.context":${JSON.stringify(url)}`;

const countMember = (count: string, { json }: Negotiated): string =>
  `"@odata.count":${json.ieee754Compatible ? `"${count}"` : count}`;

/** The upstream that a plan is to be read from; null: PostgreSQL. */
export function upstreamSource(plan: ReadPlan, sourceOf: (set: string) => string | null): string | null {
  if (plan.kind === 'Collection' || plan.kind === 'Entity') {
    return sourceOf(plan.selection.set.name);
  }
  return plan.kind === 'PropertyRead' || plan.kind === 'Count' ? sourceOf(plan.set.name) : null;
}
