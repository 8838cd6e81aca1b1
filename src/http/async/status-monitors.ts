import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { GatewayError } from '../../errors.ts';
import type { CapturedReply } from '../captured-reply.ts';
import type { Exchange } from '../exchange.ts';
import type { ServiceLimits } from '../limits.ts';
import { replyAccepted, replyDeleted, replyFinished } from './monitor-reply.ts';
import { type Operation, startOperation } from './operation.ts';
import { ReplySpool } from './reply-spool.ts';

/** Path of the status monitors below the service root. No entity set can have a name that starts so. */
const monitorPath = '~async/';

/** The token in the path of a status monitor; null: the path is another resource's. */
export function monitorToken(path: string): string | null {
  return path.startsWith(monitorPath) ? path.slice(monitorPath.length) : null;
}

export interface AsyncRequest {
  readonly owner: string | null;
  /** The pipeline; never throws. */
  run(reply: CapturedReply): Promise<void>;
}

/** The requests of one listener that are answered later (Protocol 11.6). */
export interface StatusMonitors {
  /**
   * Starts a request. Answers it at once when it ends within the seconds of `wait`, else with 202 and the address of its
   * status monitor. Throws GatewayError TooManyRequests.
   */
  start(exchange: Exchange, request: AsyncRequest): Promise<void>;
  /** GET, HEAD or DELETE on a status monitor. Throws GatewayError ResourceNotFound, also for somebody else's. */
  reply(token: string, exchange: Exchange, user: string | null): Promise<void>;
  /** Ends all operations and removes what is kept of them. */
  close(): Promise<void>;
}

export function statusMonitors({ async: limits }: Pick<ServiceLimits, 'async'>): StatusMonitors {
  const operations = new Map<string, Operation>();
  const expiries = new Map<string, NodeJS.Timeout>();
  let folder: Promise<string> | null = null;
  let total = 0;
  let closed = false;

  async function forget(operation: Operation): Promise<void> {
    if (!operations.delete(operation.token)) {
      return;
    }
    clearTimeout(expiries.get(operation.token));
    expiries.delete(operation.token);
    operation.abort.abort();
    await operation.ended;
    total -= operation.spool.bytes;
    await operation.spool.remove();
  }

  function admit(): void {
    const running = [...operations.values()].filter(({ state }) => state === 'running').length;
    if (closed) {
      throw new GatewayError('TooManyRequests', 'The gateway is stopping');
    }
    if (running >= limits.running) {
      throw new GatewayError('TooManyRequests', `${running} asynchronous requests are running; no more are taken`);
    }
    if (operations.size >= limits.kept) {
      throw new GatewayError('TooManyRequests', `The replies of ${operations.size} asynchronous requests are kept`);
    }
  }

  function expireLater(operation: Operation): void {
    if (!operations.has(operation.token)) {
      return;
    }
    const timer = setTimeout(() => {
      if (operation.readers > 0) {
        expireLater(operation);
      } else {
        void forget(operation);
      }
    }, limits.keptFor);
    timer.unref();
    expiries.set(operation.token, timer);
  }

  async function begin(exchange: Exchange, { owner, run }: AsyncRequest): Promise<Operation> {
    folder ??= mkdtemp(path.join(os.tmpdir(), `gateway-replies-${process.pid}-`));
    const inFolder = await folder;
    admit();
    const spool = new ReplySpool(inFolder, exchange.id, (bytes) => {
      if (spool.bytes + bytes > limits.replyBytes || total + bytes > limits.totalBytes) {
        return false;
      }
      total += bytes;
      return true;
    });
    const operation = startOperation({ owner, method: exchange.method, spool, run });
    operations.set(operation.token, operation);
    void operation.ended.then(() => expireLater(operation));
    return operation;
  }

  return {
    async start(exchange, request) {
      const operation = await begin(exchange, request);
      const wait = Math.min((exchange.prefer.wait ?? 0) * 1000, limits.longestWait);
      if (wait > 0) {
        await within(operation.ended, wait, exchange.signal);
      }
      // Whoever left without the address can never ask again.
      if (exchange.signal.aborted) {
        return forget(operation);
      }
      if (wait === 0 || operation.state === 'running') {
        return replyAccepted(exchange, `${monitorPath}${operation.token}`);
      }
      try {
        await replyFinished(exchange, operation, 'direct');
      } finally {
        await forget(operation);
      }
    },
    async reply(token, exchange, user) {
      const operation = operations.get(token);
      if (operation === undefined || operation.owner !== user) {
        throw new GatewayError('ResourceNotFound', 'There is no such status monitor, or it has expired');
      }
      if (exchange.method === 'DELETE') {
        await forget(operation);
        return replyDeleted(exchange);
      }
      if (operation.state === 'running') {
        return replyAccepted(exchange, exchange.path);
      }
      operation.readers += 1;
      try {
        await replyFinished(exchange, operation, 'monitored');
      } finally {
        operation.readers -= 1;
      }
    },
    async close() {
      closed = true;
      await Promise.all([...operations.values()].map(forget));
      if (folder !== null) {
        await rm(await folder, { recursive: true, force: true });
      }
    },
  };
}

/** Waits for the end of the operation, the milliseconds, or the client's leaving, whichever comes first. */
async function within(ended: Promise<void>, milliseconds: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([ended, over]);
  clearTimeout(timer);
}
