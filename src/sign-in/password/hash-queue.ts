import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { GatewayError } from '../../errors.ts';
import { type ScryptHash, scryptOptions } from './scrypt-hash.ts';

/** Whose turn it is to have a password hashed. */
export interface Turn {
  readonly address: string;
  /** Somebody of this name signed in from there before: he goes first. */
  readonly known: boolean;
}

interface Job {
  readonly password: string;
  readonly cost: ScryptHash;
  readonly resolve: (hash: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

export interface QueueLimits {
  readonly threads: number;
  /** Hashes that may wait, of one address and of all that are not known. */
  readonly ofAddress: number;
  readonly ofStrangers: number;
}

const usual: QueueLimits = {
  threads: Math.max(1, Math.min(2, Math.floor(availableParallelism() / 2))),
  ofAddress: 8,
  ofStrangers: 64,
};

/**
 * Computes hashes of passwords on threads of their own: those of Node's pool also compress replies and read files, and would be taken by whoever sends
 * wrong passwords. A thread takes one hash at a time (128 MB). Who is known goes first; strangers take turns by address.
 */
export class HashQueue {
  readonly #limits: QueueLimits;
  readonly #known: Job[] = [];
  /** By address, in the order of turns. */
  readonly #strangers = new Map<string, Job[]>();
  readonly #waiting = new Map<string, number>();
  #strangersWaiting = 0;
  #running = 0;
  readonly #idle: Worker[] = [];
  readonly #workers = new Set<Worker>();
  #closed = false;

  constructor(limits: Partial<QueueLimits> = {}) {
    this.#limits = { ...usual, ...limits };
  }

  /** The hash of `password` with the salt and cost of `cost`. Throws GatewayError SignInUnavailable where too many wait. */
  async hash(password: string, cost: ScryptHash, { address, known }: Turn): Promise<Uint8Array> {
    const waiting = this.#waiting.get(address) ?? 0;
    if (waiting >= this.#limits.ofAddress || (!known && this.#strangersWaiting >= this.#limits.ofStrangers)) {
      throw new GatewayError('SignInUnavailable', 'Too many passwords wait to be checked', { retryAfter: 5 });
    }
    this.#waiting.set(address, waiting + 1);
    this.#strangersWaiting += known ? 0 : 1;
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        const job = { password, cost, resolve, reject };
        if (known) {
          this.#known.push(job);
        } else {
          const others = this.#strangers.get(address);
          others === undefined ? this.#strangers.set(address, [job]) : others.push(job);
        }
        this.#next();
      });
    } finally {
      this.#strangersWaiting -= known ? 0 : 1;
      const left = (this.#waiting.get(address) ?? 1) - 1;
      left === 0 ? this.#waiting.delete(address) : this.#waiting.set(address, left);
    }
  }

  /** Hashes that were asked for fail. */
  async close(): Promise<void> {
    this.#closed = true;
    for (let job = this.#take(); job !== null; job = this.#take()) {
      job.reject(new Error('the gateway stops'));
    }
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
  }

  #next(): void {
    if (this.#closed || this.#running >= this.#limits.threads) {
      return;
    }
    const job = this.#take();
    if (job !== null) {
      this.#running += 1;
      this.#run(job);
    }
  }

  #take(): Job | null {
    const known = this.#known.shift();
    if (known !== undefined) {
      return known;
    }
    for (const [address, jobs] of this.#strangers) {
      const job = jobs.shift();
      // To the end of the round, if there is more.
      this.#strangers.delete(address);
      if (jobs.length > 0) {
        this.#strangers.set(address, jobs);
      }
      if (job !== undefined) {
        return job;
      }
    }
    return null;
  }

  #run({ password, cost, resolve, reject }: Job): void {
    const worker = this.#idle.pop() ?? this.#start();
    const done = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onEnd);
      worker.off('exit', onEnd);
      this.#running -= 1;
      this.#next();
    };
    const onMessage = (hash: Uint8Array): void => {
      this.#idle.push(worker);
      worker.unref();
      done();
      resolve(hash);
    };
    const onEnd = (reason: unknown): void => {
      this.#workers.delete(worker);
      done();
      reject(reason instanceof Error ? reason : new Error('the thread that hashes passwords ended'));
    };
    worker.on('message', onMessage);
    worker.on('error', onEnd);
    worker.on('exit', onEnd);
    worker.ref();
    worker.postMessage({ password, salt: cost.salt, length: cost.hash.length, options: scryptOptions(cost) });
  }

  #start(): Worker {
    const worker = new Worker(program, { eval: true, execArgv: [], env: {} });
    this.#workers.add(worker);
    return worker;
  }
}

/** All that a thread does. As text, so that it starts without a loader of TypeScript. */
const program = `
const { parentPort } = require('node:worker_threads');
const { scryptSync } = require('node:crypto');
parentPort.on('message', ({ password, salt, length, options }) => {
  parentPort.postMessage(new Uint8Array(scryptSync(password, salt, length, options)));
});
`;
