import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A feed that answers as the one behind it does, where the Authorization header is accepted; 401 otherwise. */
export interface GuardedFeed {
  readonly url: string;
  /** Authorization headers of all requests. */
  readonly seen: (string | undefined)[];
  close(): Promise<void>;
}

export async function guardedFeed(
  behind: string,
  accepts: (authorization: string | undefined) => boolean,
  challenge = 'Bearer',
): Promise<GuardedFeed> {
  const seen: (string | undefined)[] = [];
  const target = new URL(behind);
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    seen.push(authorization);
    if (!accepts(authorization)) {
      response
        .writeHead(401, { 'WWW-Authenticate': challenge })
        .end('{"error":{"code":"Unauthorized","message":"no"}}');
      return;
    }
    const { authorization: _, ...headers } = request.headers;
    const inner = ask(
      { host: target.hostname, port: target.port, path: request.url, method: request.method, headers },
      (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      },
    );
    inner.on('error', () => response.destroy());
    inner.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${target.pathname}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
