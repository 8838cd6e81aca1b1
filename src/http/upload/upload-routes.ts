import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { HttpEvent } from '../../observation/events/http.ts';
import type { Observe } from '../../observation/observe.ts';
import { addressedTarget } from '../edge/served-host.ts';
import { errorReply } from '../reply/error-body.ts';
import { ClientGone } from '../request/client-gone.ts';
import { type BodyBytes, bodyBytes, drainBody } from './body-bytes.ts';
import type { FindKey, UploadKey } from './upload-keys.ts';
import { addressOf, uploadPath, uploadRequest } from './upload-request.ts';
import type { UploadOutcome, UploadTarget } from './upload-target.ts';

export interface UploadService {
  readonly target: UploadTarget;
  readonly findKey: FindKey;
  readonly observe: Observe<HttpEvent>;
  /** Milliseconds that a sender may pause. Default: a minute. */
  readonly pause?: number;
}

/**
 * `PUT /ingest/<source>/<file name>`: a file, or a part of one, for the warehouse (docs/ingest.md). null: nobody has keys, and each request is told so.
 * Nothing of a body is read before it is known who sends it, and that it can be taken.
 */
export function uploadRoutes(app: FastifyInstance, service: UploadService | null): void {
  app.register(async (routes) => {
    // As for the feed: before the framework looks at the body.
    routes.addHook('onRequest', async (request, reply) => {
      reply.hijack();
      void new Upload(request.raw, reply.raw, service).answer();
    });
    routes.all(`${uploadPath}*`, (_, reply) => reply);
  });
}

/** What a request is answered with. */
interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Code of the error, for the log. */
  readonly code?: string;
}

/** One request from first to last byte, with its line in the log. */
class Upload {
  readonly #id = randomUUID();
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #service: UploadService | null;
  readonly #bytes: BodyBytes;
  #user: string | null = null;
  #reading = false;

  constructor(message: IncomingMessage, response: ServerResponse, service: UploadService | null) {
    this.#message = message;
    this.#response = response;
    this.#service = service;
    this.#bytes = bodyBytes(message, response, service?.pause ?? 60_000);
  }

  /** Never throws. */
  async answer(): Promise<void> {
    const started = performance.now();
    let reply: Reply | null;
    try {
      reply = await this.#outcome();
    } catch (thrown) {
      reply = thrown instanceof ClientGone ? null : this.#refusal(thrown);
    }
    if (reply === null) {
      this.#response.destroy();
    } else {
      this.#send(reply);
    }
    this.#service?.observe({
      event: 'upload',
      id: this.#id,
      file: this.#file(),
      status: reply?.status ?? 499,
      bytes: this.#bytes.count,
      milliseconds: Math.round(performance.now() - started),
      user: this.#user,
      error: reply === null ? 'ClientGone' : (reply.code ?? null),
    });
  }

  async #outcome(): Promise<Reply> {
    const service = this.#service;
    if (service === null) {
      throw new GatewayError('UploadsOff', 'This gateway takes no uploads: it has no keys for them');
    }
    const key = service.findKey(this.#message.headers);
    if (key === null) {
      throw new GatewayError('Unauthorized', 'Files are sent with a key for uploads; one for reading is none');
    }
    this.#user = key.name;
    const { method = '' } = this.#message;
    if (method === 'OPTIONS') {
      return { status: 204, body: '', headers: { Allow: methods } };
    }
    if (method !== 'PUT') {
      throw new GatewayError('MethodNotAllowed', `${method} is not allowed: a file is sent with PUT`);
    }
    const url = addressedTarget(this.#message.url ?? '', undefined).url;
    const { order, asks, unlessKnown } = uploadRequest(this.#message, url);
    const { target } = service;
    this.#checkSource(order.source, key, target);
    for (const sha256 of unlessKnown) {
      const known = await target.known(order, sha256);
      if (known !== null) {
        return this.#told(known, order.total);
      }
    }
    await target.check(order);
    if (asks) {
      return this.#told(await target.ask(order), order.total);
    }
    const outcome = await target.take(order, (signal) => {
      this.#reading = true;
      return this.#bytes.read(signal);
    });
    return this.#told(outcome, order.total);
  }

  #checkSource(source: string, key: UploadKey, target: UploadTarget): void {
    const name = target.sourceNamed(source);
    // Who may send for some sources only is not told which others there are.
    if (key.sources !== null && !key.sources.includes(name ?? source)) {
      throw new GatewayError('SourceForbidden', `The key ${key.name} is for ${key.sources.join(', ')}`);
    }
    if (name === null) {
      throw new GatewayError('SourceUnknown', `There is no source of files named ${source.slice(0, 100)}`);
    }
  }

  #told(outcome: UploadOutcome, total: number | null): Reply {
    switch (outcome.fate) {
      case 'loaded':
      case 'known':
        return {
          status: 200,
          body: JSON.stringify({ outcome: outcome.fate, load: outcome.report, members: outcome.members }),
          headers: { ETag: `"${outcome.report.sha256}"` },
        };
      case 'incomplete':
        return { status: 308, body: '', headers: rangeHeader(outcome.arrived) };
      case 'misplaced': {
        const { arrived } = outcome;
        const here = arrived === 0 ? 'Nothing of this file is here' : `The first ${arrived} of ${total} bytes are here`;
        const refusal = this.#refusal(new GatewayError('UploadMisplaced', `${here}; the body does not follow`));
        return { ...refusal, headers: { ...refusal.headers, ...rangeHeader(arrived) } };
      }
      case 'refused':
        return this.#refusal(outcome.error);
      case 'waits': {
        const refusal = this.#refusal(outcome.error);
        // Whatever it waits for passes by itself.
        return { ...refusal, status: 503, headers: { 'Retry-After': '30', ...refusal.headers } };
      }
    }
  }

  #refusal(thrown: unknown): Reply {
    // What is wrong inside is for the log alone.
    const isDefect = thrown instanceof GatewayError && thrown.code === 'Internal';
    const { status, code, body, retryAfter } = errorReply(isDefect ? new Error(thrown.message) : thrown, this.#id);
    if (code === 'Internal') {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#service?.observe({ event: 'defect', id: this.#id, error });
    }
    const headers: Record<string, string> = {
      ...(retryAfter === null ? {} : { 'Retry-After': String(retryAfter) }),
      ...(status === 401
        ? { 'WWW-Authenticate': 'Bearer realm="uploads", Basic realm="uploads", charset="UTF-8"' }
        : {}),
      ...(status === 405 ? { Allow: methods } : {}),
      ...(status === 415 ? { 'Accept-Encoding': 'identity' } : {}),
      ...(status === 409 && code === 'UploadBusy' ? { 'Retry-After': '5' } : {}),
    };
    return { status, body, headers, code };
  }

  #send({ status, body, headers = {} }: Reply): void {
    const response = this.#response;
    if (response.destroyed || response.headersSent) {
      return void response.destroy();
    }
    // A client that was not told to send its body does not; the parser waits for it all the same.
    const unsent = this.#message.headers.expect !== undefined && !this.#reading;
    response.writeHead(status, {
      ...headers,
      ...(body === '' ? {} : { 'Content-Type': 'application/json; charset=utf-8', 'Content-Language': 'en' }),
      ...(status === 204 ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
      ...(unsent ? { Connection: 'close' } : {}),
      'Cache-Control': 'no-store',
      'X-Request-Id': this.#id,
    });
    response.end(body);
    if (!unsent) {
      drainBody(this.#message);
    }
  }

  /** For the log: nothing of an address that is none. */
  #file(): string {
    try {
      const { source, name } = addressOf(this.#message.url ?? '');
      return `${source}/${name}`;
    } catch {
      return '?';
    }
  }
}

const methods = 'PUT, OPTIONS';

/** As object stores answer: the last byte that is here; no header where none is. */
const rangeHeader = (arrived: number): Readonly<Record<string, string>> =>
  arrived === 0 ? {} : { Range: `bytes=0-${arrived - 1}` };
