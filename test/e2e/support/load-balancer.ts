import type { ChildProcess } from 'node:child_process';
import http from 'node:http';
import { freePort } from '../../../src/embedded/address.ts';
import { gatewaysSite, nginx, startNginx } from '../../support/nginx.ts';
import { until } from './program.ts';

/** Why a test is skipped without it, for its title. */
export const withoutNginx = nginx === null ? ' (no nginx here: scripts/fetch-proxies.sh)' : '';

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A reply that ended before it was whole. */
export class BrokenReply extends Error {
  constructor(url: string) {
    super(`${url} was broken off`);
    this.name = 'BrokenReply';
  }
}

type AskOptions = http.RequestOptions & { readonly send?: string };

/** nginx before some gateways, and a client of it. */
export interface LoadBalancer {
  /** What the gateways are told as PUBLIC_URL. */
  readonly publicUrl: string;
  readonly ports: readonly number[];
  /** Begins to listen, and waits until a gateway answers. */
  start(): Promise<void>;
  /** Asks for an address below the service root, with these credentials unless the options name headers. Throws BrokenReply, and what the network throws. */
  ask(url: string, options?: AskOptions): Promise<Reply>;
  close(): Promise<void>;
}

/** For three gateways at free ports, with the configuration of the repository. `folder`: a new empty one. */
export async function loadBalancer(folder: string, credentials: string): Promise<LoadBalancer> {
  const own = await freePort();
  const ports = [await freePort(), await freePort(), await freePort()];
  const publicUrl = `http://127.0.0.1:${own}/warehouse`;
  const root = `${publicUrl}/odata/`;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  let proxy: ChildProcess | null = null;
  const ask = (url: string, options: AskOptions = {}): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const { send, headers = { Authorization: credentials }, ...others } = options;
      const request = http.request(new URL(url, root), { agent, headers, ...others }, (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('end', () =>
          resolve({
            status: reply.statusCode ?? 0,
            headers: reply.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
        reply.on('aborted', () => reject(new BrokenReply(url)));
        reply.on('error', () => reject(new BrokenReply(url)));
      });
      request.on('error', reject);
      request.end(send);
    });
  return {
    publicUrl,
    ports,
    ask,
    start: async () => {
      proxy = startNginx(folder, gatewaysSite(own, ports));
      await until('nginx answers', () =>
        ask('').then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
    },
    close: async () => {
      agent.destroy();
      proxy?.kill('SIGQUIT');
      await new Promise((resolve) =>
        proxy === null || proxy.exitCode !== null ? resolve(null) : proxy.once('exit', resolve),
      );
    },
  };
}
