import { GatewayError } from '../../errors.ts';
import { httpHead } from '../batch/batch-writer.ts';
import { type Exchange, headerText } from '../exchange.ts';
import { type CapturedHead, CapturedReply, type ReplyTaker } from '../reply/captured-reply.ts';
import { contentEncoding, replyHead } from '../reply/reply-head.ts';
import { type ReplyHead, ReplySink } from '../reply/reply-sink.ts';
import { maxVersion } from '../request/odata-version.ts';
import type { Operation } from './operation.ts';

/** Seconds after which a client is told to look again. */
const retryAfter = '2';

/** 202 with the address of the status monitor (Protocol 11.6, 8.3.1). */
export function replyAccepted(exchange: Exchange, path: string): void {
  exchange.response.writeHead(202, {
    Location: `${exchange.root}${path}`,
    'Retry-After': retryAfter,
    'Cache-Control': 'no-store',
    'Content-Length': '0',
    ...(exchange.prefer.respondAsync ? { 'Preference-Applied': 'respond-async' } : {}),
  });
  exchange.response.end();
}

/** The operation is cancelled or its reply is forgotten. */
export function replyDeleted(exchange: Exchange): void {
  exchange.response.writeHead(204, { 'Cache-Control': 'no-store' });
  exchange.response.end();
}

/** Headers that belong to the connection on which a reply is sent, not to what it says. */
const ofConnection = /^(content-length|odata-version|x-request-id|server-timing|transfer-encoding)$/i;

/**
 * The reply of an operation that ended. `direct`: as if it had been waited for. `monitored`: as a message within the
 * reply for clients of 4.0 and whoever accepts `application/http`, else as it is with its status in `AsyncResult`
 * (Protocol 11.6, 8.3.1). Throws GatewayError for one that broke off.
 */
export async function replyFinished(
  exchange: Exchange,
  { spool, state, fault }: Operation,
  way: 'direct' | 'monitored',
): Promise<void> {
  const { captured } = spool;
  if (fault instanceof GatewayError) {
    throw fault;
  }
  if (state !== 'finished' || captured === null) {
    throw new GatewayError('AsyncRequestBroken', 'The asynchronous request broke off before its reply was whole');
  }
  const sink = sinkOf(exchange, captured, way);
  for await (const piece of spool.read()) {
    sink.output.append(piece);
    await sink.flush();
  }
  await sink.end();
}

/**
 * The reply of an operation that another gateway was asked for, made here and sent as it comes. `run`: the pipeline; never throws. Throws BrokenReply where it breaks off.
 */
export async function replyMadeAnew(exchange: Exchange, run: (reply: CapturedReply) => Promise<void>): Promise<void> {
  let sink: ReplySink | null = null;
  const taker: ReplyTaker = {
    head: (head) => {
      sink = sinkOf(exchange, head, 'monitored');
    },
    body: async (bytes) => {
      sink?.output.append(bytes);
      await sink?.flush();
    },
  };
  const reply = new CapturedReply('GET', taker, exchange.signal);
  await run(reply);
  await reply.whole;
  await (sink as ReplySink | null)?.end();
}

function sinkOf(exchange: Exchange, captured: CapturedHead, way: Way['way']): ReplySink {
  const wrapped = way === 'monitored' && wantsMessage(exchange);
  const head = headOf(exchange, captured, { way, wrapped });
  const sink = new ReplySink(exchange.response, head, contentEncoding(exchange));
  if (wrapped) {
    sink.output.appendText(httpHead(captured));
  }
  return sink;
}

function wantsMessage({ headers }: Exchange): boolean {
  const accept = headerText(headers['accept']) ?? '';
  if (/application\/http/i.test(accept)) {
    return true;
  }
  return (maxVersion(headers) ?? 4) < 4.01;
}

interface Way {
  readonly way: 'direct' | 'monitored';
  readonly wrapped: boolean;
}

function headOf(exchange: Exchange, captured: CapturedHead, { way, wrapped }: Way): ReplyHead {
  if (wrapped) {
    return replyHead(exchange, { contentType: 'application/http', more: { 'Cache-Control': 'no-store' } });
  }
  const headers = Object.fromEntries(Object.entries(captured.headers).filter(([name]) => !ofConnection.test(name)));
  if (way === 'direct') {
    return { status: captured.status, headers };
  }
  return { status: 200, headers: { ...headers, 'Cache-Control': 'no-store', AsyncResult: String(captured.status) } };
}
