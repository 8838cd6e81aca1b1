import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { type Exchange, headerText } from '../exchange.ts';
import { CapturedReply } from '../reply/captured-reply.ts';
import { errorHeaders, errorReply } from '../reply/error-body.ts';
import { contentEncoding, replyHead } from '../reply/reply-head.ts';
import { ReplySink } from '../reply/reply-sink.ts';
import { maxVersion } from '../request/odata-version.ts';
import type { BatchFormat, BatchRequest, InnerRequest } from './batch-request.ts';
import { type BatchWriter, batchWriter } from './batch-writer.ts';
import { Dependencies } from './dependencies.ts';
import { innerUrl } from './inner-url.ts';
import { readJsonBatch } from './read-json.ts';
import { multipartBoundary, readMultipart } from './read-multipart.ts';

/** A request of a batch as the pipeline takes it. */
export interface RunnableRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string | null;
}

export interface BatchRun {
  /** Body of the `$batch` request. */
  readonly body: string;
  /** The pipeline that answers every request; never throws. */
  run(request: RunnableRequest, reply: CapturedReply): Promise<void>;
}

/** Bytes that are kept before they are handed to the connection. */
const enough = 64 * 1024;

/**
 * `POST $batch` (Protocol 11.7). The requests run one after another through the pipeline that answers all others, and
 * their replies are written as they come. In the multipart format the first error ends the batch unless
 * `continue-on-error` is asked for; in the JSON format all requests run unless `continue-on-error=false` is (OData JSON
 * 4.01, 19.5). Throws GatewayError before the first byte; a reply that breaks off breaks the batch off.
 */
export async function answerBatch(exchange: Exchange, { body, run }: BatchRun): Promise<void> {
  const contentType = headerText(exchange.headers['content-type']) ?? '';
  const batch = readBatch(contentType, body);
  const most = exchange.limits.batchRequests;
  if (batch.requests.length > most) {
    throw new GatewayError('LimitExceeded', `The batch has ${batch.requests.length} requests; at most ${most} are run`);
  }
  const { continueOnError } = exchange.prefer;
  const writer = batchWriter(replyFormat(exchange, batch.format), `batchresponse_${randomUUID()}`);
  const applied = continueOnError === null ? [] : [`odata.continue-on-error=${continueOnError}`];
  const head = replyHead(exchange, { contentType: writer.contentType, applied });
  const sink = new ReplySink(exchange.response, head, contentEncoding(exchange));
  const goesOn = continueOnError ?? batch.format === 'json';
  await runAll(batch.requests, { exchange, run, sink, writer, goesOn });
  await sink.end();
}

function readBatch(contentType: string, body: string): BatchRequest {
  const boundary = multipartBoundary(contentType);
  if (boundary !== null) {
    return { format: 'multipart', requests: readMultipart(body, boundary) };
  }
  if (/^\s*application\/json\s*(;|$)/i.test(contentType)) {
    return { format: 'json', requests: readJsonBatch(body) };
  }
  throw new GatewayError('UnsupportedMediaType', 'A batch is multipart/mixed or application/json', {
    target: 'Content-Type',
  });
}

/**
 * As Accept says, else as the request came (Protocol 11.7.1). A client that accepts both gets its own format. The JSON
 * format is of 4.01: who knows no more than 4.0 and accepts JSON speaks of the replies inside.
 */
function replyFormat(exchange: Exchange, asked: BatchFormat): BatchFormat {
  if (asked === 'multipart' && (maxVersion(exchange.headers) ?? 4.01) < 4.01) {
    return asked;
  }
  const accept = headerText(exchange.headers['accept'])?.toLowerCase() ?? '';
  const multipart = accept.includes('multipart/mixed');
  const json = accept.includes('application/json');
  if (multipart === json) {
    return asked;
  }
  return multipart ? 'multipart' : 'json';
}

interface Running {
  readonly exchange: Exchange;
  readonly run: BatchRun['run'];
  readonly sink: ReplySink;
  readonly writer: BatchWriter;
  /** Whether the requests after a failed one are run. */
  readonly goesOn: boolean;
}

async function runAll(requests: readonly InnerRequest[], running: Running): Promise<void> {
  const { sink, writer, goesOn } = running;
  const dependencies = new Dependencies();
  writer.open(sink.output);
  for (const [index, request] of requests.entries()) {
    if (index > 0) {
      await sink.flush();
    }
    const status = await runOne(request, dependencies, running);
    dependencies.note(request, status);
    if (status >= 400 && !goesOn) {
      break;
    }
  }
  writer.close(sink.output);
}

/** The status of the reply. */
async function runOne(request: InnerRequest, dependencies: Dependencies, running: Running): Promise<number> {
  const { exchange, sink, writer, run } = running;
  let status = 0;
  const taker = {
    head: (head: Parameters<BatchWriter['head']>[1]): void => {
      status = head.status;
      writer.head(request, head, sink.output);
    },
    body: async (bytes: Uint8Array): Promise<void> => {
      writer.body(bytes, sink.output);
      if (sink.output.position > enough) {
        await sink.flush();
      }
    },
  };
  const reply = new CapturedReply(request.method, taker, exchange.signal);
  try {
    if (request.fault !== null) {
      throw request.fault;
    }
    dependencies.check(request);
    const url = innerUrl(dependencies.resolve(request), exchange);
    const headers = innerHeaders(request, exchange);
    await run({ method: request.method, url, headers, body: request.body }, reply);
  } catch (fault) {
    refuse(reply, fault, exchange.id);
  }
  await reply.whole;
  writer.end(sink.output);
  return status;
}

/**
 * What belongs to the connection comes from the batch, all else from the request. Replies are compressed with the batch.
 */
function innerHeaders({ headers }: InnerRequest, exchange: Exchange): IncomingHttpHeaders {
  const { host, 'user-agent': agent, 'odata-maxversion': version } = exchange.headers;
  return {
    ...(version === undefined ? {} : { 'odata-maxversion': version }),
    ...headers,
    authorization: undefined,
    'accept-encoding': undefined,
    host,
    'user-agent': agent,
  };
}

/** A request that the pipeline never sees is answered as the pipeline would. */
function refuse(reply: CapturedReply, fault: unknown, id: string): void {
  const { status, body } = errorReply(fault, id);
  reply.setHeader('OData-Version', '4.0');
  reply.writeHead(status, errorHeaders);
  reply.end(body);
}
