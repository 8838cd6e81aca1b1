import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export interface Received {
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly type: string; readonly timestamp: string; readonly data: Record<string, unknown> };
}

/** A receiver of Standard Webhooks that answers as it is told, `200` otherwise, and takes no message whose signature is wrong. */
export async function startReceiver() {
  const received: Received[] = [];
  const answers: { readonly status: number; readonly headers?: Record<string, string> }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = request.headers;
      const key = Buffer.from(secret.slice(6), 'base64');
      const expected = Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${time}.${text}`).digest('base64')}`);
      const given = String(signature)
        .split(' ')
        .map((one) => Buffer.from(one));
      if (!given.some((one) => one.length === expected.length && timingSafeEqual(one, expected))) {
        response.writeHead(401).end();
        return;
      }
      received.push({ id: String(id), headers: request.headers, body: JSON.parse(text) });
      const { status, headers = {} } = answers.shift() ?? { status: 200 };
      response.writeHead(status, headers).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook?token=hidden`,
    received,
    answers,
    close: async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
