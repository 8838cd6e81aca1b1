import http, { type IncomingHttpHeaders } from 'node:http';
import { until } from '../../support/until.ts';

/** A reply, read to its end. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** What JSON body it has; null: none. */
  readonly body: {
    readonly outcome?: string;
    readonly load?: Record<string, unknown>;
    readonly members?: readonly Record<string, unknown>[];
    readonly error?: Fault;
  } | null;
  /** The server asked for the body (100 Continue). */
  readonly continued: boolean;
}
interface Fault {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details: readonly { readonly message: string }[];
}

export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The connection is broken after so many bytes of the body. */
  readonly cut?: number;
  /** Asked again and again before it is broken. Absent: it is broken soon. */
  readonly breaks?: () => boolean | Promise<boolean>;
  /** Without a length, in chunks. */
  readonly chunked?: boolean;
}

/** One request; null: the connection ended without a reply. With `Expect` the body is sent once it is asked for. */
export function send(
  address: string,
  { method = 'PUT', headers = {}, body = '', cut, chunked, breaks }: Sending,
): Promise<Reply | null> {
  const bytes = Buffer.from(body);
  return new Promise((resolve) => {
    let continued = false;
    const length: Record<string, string> =
      chunked === true ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': String(bytes.length) };
    const request = http.request(address, { method, agent: false, headers: { ...length, ...headers } }, (reply) => {
      const pieces: Buffer[] = [];
      reply.on('data', (piece: Buffer) => pieces.push(piece));
      reply.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        request.destroy();
        resolve({
          status: reply.statusCode ?? 0,
          headers: reply.headers,
          body: text === '' ? null : (JSON.parse(text) as Reply['body']),
          continued,
        });
      });
    });
    request.on('error', () => resolve(null));
    const write = (): void => {
      if (cut === undefined) {
        return void request.end(bytes);
      }
      const leave = async (): Promise<void> => {
        await until('the time has come to leave', breaks ?? (() => true));
        request.destroy();
      };
      request.write(bytes.subarray(0, cut), () => setTimeout(leave, 20));
    };
    if (headers['Expect'] === undefined) {
      write();
    } else {
      request.flushHeaders();
      request.once('continue', () => {
        continued = true;
        write();
      });
    }
  });
}
