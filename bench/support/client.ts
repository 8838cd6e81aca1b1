import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** One or more requests as the counting client made them. */
export interface Fetched {
  readonly status: number;
  /** From the first request to the last byte. */
  readonly milliseconds: number;
  /** From the first request to the first byte of its body. */
  readonly firstByte: number;
  /** Of the bodies, as they came over the wire. */
  readonly bytes: number;
  readonly pages: number;
  /** Rows, where they were asked to be counted. */
  readonly rows: number | null;
}

/** What many connections at once saw. */
export interface Load {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

export interface FetchOrder {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Follow `@odata.nextLink` to its end. */
  readonly follow?: boolean;
  /** Bytes that begin a row; counting them costs the client time, so timed rounds leave it out. */
  readonly countRows?: string;
}

export interface LoadOrder {
  readonly urls: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

export type ClientOrder =
  | { readonly kind: 'fetch'; readonly order: FetchOrder }
  | { readonly kind: 'load'; readonly order: LoadOrder };
export type ClientReport = { readonly fetched: Fetched } | { readonly load: Load } | { readonly error: string };

/** A client in a process of its own, so that counting does not take the server's time. It counts bytes and discards them. */
export interface CountingClient {
  fetch(order: FetchOrder): Promise<Fetched>;
  load(order: LoadOrder): Promise<Load>;
  close(): void;
}

export function countingClient(): CountingClient {
  const child = fork(path.join(import.meta.dirname, 'client-process.ts'), { execArgv: ['--import', 'tsx'] });
  const ask = async (order: ClientOrder): Promise<ClientReport> => {
    child.send(order);
    const [report] = (await once(child, 'message')) as [ClientReport];
    if ('error' in report) {
      throw new Error(report.error);
    }
    return report;
  };
  return {
    async fetch(order) {
      const report = await ask({ kind: 'fetch', order });
      if (!('fetched' in report)) {
        throw new Error('not a fetch');
      }
      return report.fetched;
    },
    async load(order) {
      const report = await ask({ kind: 'load', order });
      if (!('load' in report)) {
        throw new Error('not a load');
      }
      return report.load;
    },
    close: () => void child.kill(),
  };
}
