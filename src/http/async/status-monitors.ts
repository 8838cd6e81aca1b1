import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { GatewayError } from '../../errors.ts';
import type { Exchange } from '../exchange.ts';
import type { ServiceLimits } from '../limits.ts';
import type { CapturedReply } from '../reply/captured-reply.ts';
import { replyAccepted, replyDeleted, replyFinished, replyMadeAnew } from './monitor-reply.ts';
import { type Operation, startOperation } from './operation.ts';
import { ReplySpool } from './reply-spool.ts';
import { isSameSeen, type SeenSets } from './seen-sets.ts';
import type { KeptRequest, SharedRequests } from './shared-requests.ts';

/** Whoever asks for a reply. */
export interface ReplyAsker {
  /** What he sees now. Throws GatewayError AccessDenied. */
  seen(): SeenSets;
  /** The pipeline for a request that another gateway took, as him; never throws. */
  askAnew(request: KeptRequest, reply: CapturedReply): Promise<void>;
}

/** Path of the status monitors below the service root. No entity set can have a name that starts so. */
const monitorPath = '~async/';

/** The token in the path of a status monitor; null: the path is another resource's. */
export function monitorToken(path: string): string | null {
  return path.startsWith(monitorPath) ? path.slice(monitorPath.length) : null;
}

/** `owner`: id of the principal; `holder`: the owner, or the address where nobody signed in. */
export interface AsyncRequest extends Pick<Operation, 'owner' | 'seen' | 'holder' | 'request'> {
  /** The pipeline; never throws. */
  run(reply: CapturedReply): Promise<void>;
}

/** The requests of one listener that are answered later (Protocol 11.6). */
export interface StatusMonitors {
  /** The gateway ends: what would be asked for later is answered now. */
  readonly isClosing: boolean;
  /**
   * Starts a request. Answers it at once when it ends within the seconds of `wait`, else with 202 and the address of its
   * status monitor. Throws GatewayError TooManyRequests.
   */
  start(exchange: Exchange, request: AsyncRequest): Promise<void>;
  /** GET, HEAD or DELETE on a status monitor. Throws GatewayError ResourceNotFound, also for somebody else's, and where its owner may see something else by now. */
  reply(token: string, exchange: Exchange, asker: ReplyAsker): Promise<void>;
  /** Removes the replies of all operations that have ended, and ends the others: what they read may have been erased since. */
  forgetAll(): Promise<void>;
  /** Ends all operations, and removes what is kept of them; resolves when no reply of them is being sent any more. */
  close(): Promise<void>;
}

/** `shared`: what other gateways know of; null: there never are others. */
export const statusMonitors = (
  { async: limits }: Pick<ServiceLimits, 'async'>,
  shared: SharedRequests | null = null,
): StatusMonitors => new SpooledReplies(limits, shared);

/** Each operation's reply goes to a file of its own, and stays there for a time. */
class SpooledReplies implements StatusMonitors {
  readonly #limits: ServiceLimits['async'];
  readonly #shared: SharedRequests | null;
  readonly #operations = new Map<string, Operation>();
  readonly #expiries = new Map<string, NodeJS.Timeout>();
  #folder: Promise<string> | null = null;
  /** Bytes of all replies. */
  #total = 0;
  #closed = false;

  constructor(limits: ServiceLimits['async'], shared: SharedRequests | null) {
    this.#limits = limits;
    this.#shared = shared;
    shared?.onBeat(() => this.#compare(shared));
  }

  get isClosing(): boolean {
    return this.#closed;
  }

  async start(exchange: Exchange, request: AsyncRequest): Promise<void> {
    const operation = await this.#begin(exchange, request);
    const wait = Math.min((exchange.prefer.wait ?? 0) * 1000, this.#limits.longestWait);
    if (wait > 0) {
      await within(operation.ended, wait, exchange.signal);
    }
    // Whoever left without the address can never ask again.
    if (exchange.signal.aborted) {
      return this.#forget(operation);
    }
    if (wait === 0 || operation.state === 'running') {
      await this.#noteFirst(operation);
      return replyAccepted(exchange, `${monitorPath}${operation.token}`);
    }
    try {
      await replyFinished(exchange, operation, 'direct');
    } finally {
      await this.#forget(operation);
    }
  }

  async reply(token: string, exchange: Exchange, asker: ReplyAsker): Promise<void> {
    const operation = this.#operations.get(token);
    const owner = exchange.principal?.id ?? null;
    if (operation === undefined) {
      return this.#replyOfOther(token, exchange, asker);
    }
    if (operation.owner !== owner) {
      throw noSuchMonitor();
    }
    if (exchange.method === 'DELETE') {
      await this.#forget(operation);
      return replyDeleted(exchange);
    }
    if (operation.noted && !(await this.#shared?.remaining([token]))?.has(token)) {
      await this.#forget(operation);
      throw noSuchMonitor();
    }
    // This gateway has begun to stop meanwhile, or somebody else has removed it.
    if (this.#operations.get(token) !== operation) {
      return this.#replyOfOther(token, exchange, asker);
    }
    if (!isSameSeen(operation.seen, asker.seen())) {
      await this.#forget(operation);
      throw otherRights();
    }
    if (operation.state === 'running') {
      return replyAccepted(exchange, exchange.path);
    }
    await operation.spool.whileRead(() => replyFinished(exchange, operation, 'monitored'));
  }

  async #replyOfOther(token: string, exchange: Exchange, asker: ReplyAsker): Promise<void> {
    const found = (await this.#shared?.find(token)) ?? null;
    if (this.#shared === null || found === null || found.owner !== (exchange.principal?.id ?? null)) {
      throw noSuchMonitor();
    }
    if (exchange.method === 'DELETE') {
      await this.#shared.remove(token);
      return replyDeleted(exchange);
    }
    const { seen } = found.request;
    if (seen !== undefined && !isSameSeen(seen, asker.seen())) {
      // Gone for good, as at the gateway that was asked.
      await this.#shared.remove(token);
      throw otherRights();
    }
    if (found.running) {
      return replyAccepted(exchange, exchange.path);
    }
    return replyMadeAnew(exchange, (reply) => asker.askAnew(found.request, reply));
  }

  /** Before anybody has its address: where the others cannot know it, it is gone. Throws GatewayError TooManyRequests, or why it cannot be said. */
  async #noteFirst(operation: Operation): Promise<void> {
    try {
      if (!(await this.#note(operation))) {
        throw new GatewayError('TooManyRequests', tooManyOf(String(this.#limits.keptEach ?? this.#limits.kept)));
      }
    } catch (error) {
      await this.#forget(operation);
      throw error;
    }
  }

  /** Lets the other gateways know; false: its holder has as many as he may. */
  async #note(operation: Operation): Promise<boolean> {
    const { token, owner, holder, request } = operation;
    if (this.#shared === null || request === null || operation.noted) {
      return true;
    }
    if (!(await this.#shared.note(token, { owner, holder, request, running: operation.state === 'running' }))) {
      return false;
    }
    operation.noted = true;
    if (operation.state !== 'running') {
      await this.#shared.ended(token);
    }
    return true;
  }

  /** What was removed at another one is forgotten here. */
  async #compare(shared: SharedRequests): Promise<void> {
    const noted = [...this.#operations.values()].filter((one) => one.noted);
    if (noted.length > 0) {
      const there = await shared.remaining(noted.map(({ token }) => token));
      await Promise.all(noted.filter(({ token }) => !there.has(token)).map((one) => this.#forget(one)));
    }
  }

  async forgetAll(): Promise<void> {
    await this.#shared?.removeAll().catch(() => {});
    await Promise.all([...this.#operations.values()].map((operation) => this.#forget(operation)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    // The other gateways go on with them. What is being sent is sent whole.
    await Promise.all(
      [...this.#operations.values()].map((operation) => this.#drop(operation, operation.spool.unread())),
    );
    if (this.#folder !== null) {
      await rm(await this.#folder, { recursive: true, force: true });
    }
  }

  async #begin(exchange: Exchange, { run, ...request }: AsyncRequest): Promise<Operation> {
    this.#folder ??= mkdtemp(path.join(os.tmpdir(), `gateway-replies-${process.pid}-`));
    const inFolder = await this.#folder;
    this.#admit(request.holder);
    const spool = new ReplySpool(inFolder, exchange.id, (bytes) => this.#take(spool, bytes));
    const operation = startOperation({ ...request, method: exchange.method, spool, run });
    this.#operations.set(operation.token, operation);
    void operation.ended.then(() => {
      this.#expireLater(operation);
      return operation.noted ? this.#shared?.ended(operation.token) : undefined;
    });
    return operation;
  }

  /** Whether so many more bytes of a reply may be kept; counts them when they may. */
  #take(spool: ReplySpool, bytes: number): boolean {
    const { replyBytes, totalBytes } = this.#limits;
    if (spool.bytes + bytes > replyBytes || this.#total + bytes > totalBytes) {
      return false;
    }
    this.#total += bytes;
    return true;
  }

  /** Throws GatewayError TooManyRequests. */
  #admit(holder: string): void {
    const running = [...this.#operations.values()].filter(({ state }) => state === 'running').length;
    if (this.#closed) {
      throw new GatewayError('TooManyRequests', 'The gateway is stopping');
    }
    if (running >= this.#limits.running) {
      throw new GatewayError('TooManyRequests', `${running} asynchronous requests are running; no more are taken`);
    }
    const { size } = this.#operations;
    const own = [...this.#operations.values()].filter((one) => one.holder === holder).length;
    if (own >= (this.#limits.keptEach ?? this.#limits.kept)) {
      throw new GatewayError('TooManyRequests', tooManyOf(String(own)));
    }
    if (size >= this.#limits.kept) {
      throw new GatewayError('TooManyRequests', `The replies of ${size} asynchronous requests are kept`);
    }
  }

  /** One that is being read stays for as long again. */
  #expireLater(operation: Operation): void {
    if (!this.#operations.has(operation.token)) {
      return;
    }
    const timer = setTimeout(() => {
      if (operation.spool.isRead) {
        this.#expireLater(operation);
      } else {
        void this.#forget(operation);
      }
    }, this.#limits.keptFor);
    timer.unref();
    this.#expiries.set(operation.token, timer);
  }

  /** Here and, where they know it, at the other gateways. */
  async #forget(operation: Operation): Promise<void> {
    if (operation.noted && this.#operations.has(operation.token)) {
      await this.#shared?.remove(operation.token).catch(() => {});
    }
    return this.#drop(operation);
  }

  /** `unread`: what is kept of it stays until then. */
  async #drop(operation: Operation, unread: Promise<void> = Promise.resolve()): Promise<void> {
    if (!this.#operations.delete(operation.token)) {
      return;
    }
    clearTimeout(this.#expiries.get(operation.token));
    this.#expiries.delete(operation.token);
    operation.abort.abort();
    await operation.ended;
    await unread;
    this.#total -= operation.spool.bytes;
    await operation.spool.remove();
  }
}

const noSuchMonitor = (): GatewayError =>
  new GatewayError('ResourceNotFound', 'There is no such status monitor, or it has expired');

const otherRights = (): GatewayError =>
  new GatewayError(
    'ResourceNotFound',
    'What you may see has changed since this reply was asked for: send its request again',
  );

const tooManyOf = (count: string): string =>
  `The replies of ${count} asynchronous requests of yours are kept: fetch them, and delete them at their status monitors`;

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
