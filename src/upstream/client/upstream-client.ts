import type { Readable } from 'node:stream';
import axios, { type AxiosResponse } from 'axios';
import type { UpstreamSettings } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { retryAfterSeconds } from '../retry-after.ts';
import { callerRefused } from '../sign-in/caller-refused.ts';
import { concealed } from '../sign-in/concealed.ts';
import type { UpstreamSignIn } from '../sign-in/sign-in.ts';
import { bodyPieces } from './body-pieces.ts';
import { acceptedEncoding, decodedBody } from './decoded-body.ts';
import { reusingAgents } from './reusing-agents.ts';
import { errorMessage, refusal, refused, tooLong, unavailable } from './upstream-fault.ts';

/** A GET below the service root. */
export interface UpstreamRequest {
  /** `path?query`, percent-encoded. */
  readonly path: string;
  readonly accept: string;
  /** Rows a page may have, sent as a preference; null: none. */
  readonly pageSize: number | null;
  readonly signal: AbortSignal | null;
  /** Authorization header of whoever asked us, for feeds that are asked with it. Absent: none. */
  readonly caller?: string | null;
}

/** A reply of status 200, its body still to be read; the iteration throws GatewayError when it breaks off. */
export interface UpstreamBody {
  readonly url: URL;
  readonly contentType: string;
  /** Each is valid until the next one is asked for. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Gives the unread rest up and frees the connection; for bodies whose iteration never begins. */
  discard(): void;
}

/** `absent`: 204, 404 or 410, told apart by `status`. Every other status but 200 is thrown. */
export type UpstreamResponse =
  | { readonly kind: 'body'; readonly body: UpstreamBody }
  | { readonly kind: 'absent'; readonly status: 204 | 404 | 410 };

export interface UpstreamClient {
  readonly root: URL;
  get(request: UpstreamRequest): Promise<UpstreamResponse>;
  close(): void;
}

/** Most bytes of an error body that are looked at. */
const errorBytes = 8192;

/**
 * A client with kept-alive connections for one feed, which signs in there. No redirect is followed: it would be a login page, or lead elsewhere.
 * All requests go below the root, so what is signed in with goes nowhere else.
 * @throws GatewayError UpstreamRefused when the URL is no http or https address.
 */
export function upstreamClient(source: string, settings: UpstreamSettings, signIn: UpstreamSignIn): UpstreamClient {
  const root = serviceRoot(source, settings.url ?? '');
  const agents = reusingAgents();
  const http = axios.create({
    ...agents,
    responseType: 'stream',
    maxRedirects: 0,
    proxy: false,
    validateStatus: () => true,
    decompress: false,
    headers: { 'OData-MaxVersion': '4.0', 'OData-Version': '4.0', 'Accept-Encoding': acceptedEncoding },
  });
  return {
    root,
    async get(request) {
      const url = new URL(root.href + request.path);
      if (url.href.length > settings.maxUrlLength) {
        throw tooLong(source, { length: url.href.length, most: settings.maxUrlLength });
      }
      const patience = new Patience(settings.timeoutSeconds * 1000, request.signal);
      const { signal } = patience;
      const fault =
        (kind: 'unreachable' | 'broken') =>
        (cause: unknown): GatewayError =>
          unavailable(source, cause, patience.late ? 'late' : kind);
      const failed = (cause: unknown): never => {
        throw fault('unreachable')(cause);
      };
      let authorization = signIn.passesCaller
        ? (request.caller ?? null)
        : await signIn.authorization(request.signal).catch(failed);
      const sent = authorization === null ? [] : [authorization];
      const ask = (): Promise<AxiosResponse<Readable>> => {
        const answered = patience.begin();
        return http
          .get<Readable>(url.href, {
            signal,
            headers: {
              Accept: request.accept,
              ...(request.pageSize === null ? {} : { Prefer: `odata.maxpagesize=${request.pageSize}` }),
              ...(authorization === null ? {} : { Authorization: authorization }),
            },
          })
          .catch(failed)
          .finally(answered);
      };
      let response = await ask();
      if (response.status === 401 && authorization !== null) {
        const renewed = await signIn.renew(authorization, request.signal).catch(failed);
        if (renewed !== null) {
          authorization = renewed;
          sent.push(renewed);
          response.data.on('error', () => undefined).destroy();
          response = await ask();
        }
      }
      // A feed may say again what it was sent, and what it says goes to clients and into the log.
      const told = (name: string): string => concealed(String(response.headers[name] ?? ''), sent);
      const encoding = told('content-encoding');
      const stream = decodedBody(response.data, encoding);
      if (stream === null) {
        throw refused(source, `answers in the encoding ${encoding.slice(0, 40)}, which was not asked for`);
      }
      // A body nobody reads yet may break off too; its iteration, once begun, throws the same error.
      stream.on('error', () => undefined);
      const chunks = guarded(stream, patience, fault('broken'));
      if (response.status === 200) {
        const contentType = told('content-type');
        return { kind: 'body', body: { url, contentType, chunks, discard: () => stream.destroy() } };
      }
      if (response.status === 204 || response.status === 404 || response.status === 410) {
        stream.destroy();
        return { kind: 'absent', status: response.status };
      }
      if (signIn.passesCaller && (response.status === 401 || response.status === 403)) {
        stream.destroy();
        throw callerRefused(source, response.status, told('www-authenticate'));
      }
      throw refusal(source, {
        status: response.status,
        retryAfter: retryAfterSeconds(told, Date.now()),
        message: concealed(errorMessage(await firstBytes(chunks)), sent),
      });
    },
    close() {
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
    },
  };
}

function serviceRoot(source: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new GatewayError('UpstreamRefused', `The URL of the proxied feed ${source} is not an http or https address.`);
  }
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) {
    url.pathname += '/';
  }
  return url;
}

/**
 * How long the feed may keep silent: until the head of its reply, and then between two pieces of the body while somebody
 * waits for one. A client of ours that reads slowly takes nothing from it.
 */
class Patience {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #milliseconds: number;

  constructor(milliseconds: number, given: AbortSignal | null) {
    this.#milliseconds = milliseconds;
    this.signal = given === null ? this.#controller.signal : AbortSignal.any([this.#controller.signal, given]);
  }

  get late(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Starts to wait; what comes back ends it. */
  begin(): () => void {
    const timer = setTimeout(() => this.#controller.abort(), this.#milliseconds);
    return () => clearTimeout(timer);
  }
}

/** The body's chunks; a broken, late or abandoned body throws, and leaving the loop early closes the connection. */
async function* guarded(
  stream: Readable,
  patience: Patience,
  fault: (cause: unknown) => GatewayError,
): AsyncGenerator<Buffer> {
  const stop = () => stream.destroy(new Error('the request was given up'));
  patience.signal.addEventListener('abort', stop, { once: true });
  const pieces = bodyPieces(stream);
  try {
    for (;;) {
      const arrived = patience.begin();
      const piece = await pieces.next().finally(arrived);
      if (piece.done === true) {
        return;
      }
      yield piece.value;
    }
  } catch (cause) {
    throw fault(cause);
  } finally {
    patience.signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

async function firstBytes(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(Buffer.from(chunk));
      length += chunk.length;
      if (length >= errorBytes) {
        break;
      }
    }
  } catch {
    // The status alone says enough.
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, errorBytes);
}
