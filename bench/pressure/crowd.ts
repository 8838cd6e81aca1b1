import { fork } from 'node:child_process';
import path from 'node:path';

/** What one process of clients does. Each of them runs apart, so that none takes the time of another or of the gateway. */
export type CrowdOrder =
  /** One small request after another, until told to stop. */
  | { readonly kind: 'probe'; readonly urls: readonly string[] }
  /** `count` clients that each read all pages from `url` on, `together` at a time. */
  | { readonly kind: 'extract'; readonly url: string; readonly count: number; readonly together: number }
  /** `count` clients that stop reading after the first bytes, and read on when told to stop. */
  | { readonly kind: 'stall'; readonly url: string; readonly count: number }
  /** `count` clients that take a few bytes ten times a second, until told to stop; then they hang up. */
  | { readonly kind: 'slow'; readonly url: string; readonly count: number }
  /** Each URL asked at once; those that are not answered when told to stop hang up. */
  | { readonly kind: 'ask'; readonly urls: readonly string[] }
  /** `count` POST requests whose bodies come one byte a second. */
  | { readonly kind: 'drip'; readonly url: string; readonly count: number };

export interface Probed {
  /** Milliseconds of each request that was answered with 200. */
  readonly times: readonly number[];
  /** Other answers, and requests without one for as long as this took. */
  readonly failed: readonly string[];
}

export interface Extracted {
  readonly milliseconds: number;
  /** Rows of each client. */
  readonly rows: readonly number[];
}

export interface Stalled {
  /** Clients whose connection the gateway closed meanwhile. */
  readonly closed: number;
  /** Rows that each of the others had in the end, read on by link. */
  readonly rows: readonly number[];
}

export interface Slow {
  /** Clients that were taking bytes still when they were told to stop, and those whose reply had come to its end. */
  readonly taking: number;
  readonly ended: number;
  /** Of whom the gateway broke the reply off, or refused it. */
  readonly broken: number;
}

export interface Asked {
  readonly status: number;
  readonly milliseconds: number;
  readonly body: string;
}

export interface Dripped {
  readonly open: number;
  readonly statuses: readonly number[];
}

export interface CrowdReport {
  readonly probe: Probed;
  readonly extract: Extracted;
  readonly stall: Stalled;
  readonly slow: Slow;
  readonly ask: readonly Asked[];
  readonly drip: Dripped;
}

export interface Crowd<Kind extends CrowdOrder['kind']> {
  /** Resolves when the clients have done what they were told to. */
  readonly done: Promise<CrowdReport[Kind]>;
  /** They end in the way the order says; gives the report. */
  stop(): Promise<CrowdReport[Kind]>;
}

export function crowd<Kind extends CrowdOrder['kind']>(order: CrowdOrder & { readonly kind: Kind }): Crowd<Kind> {
  const child = fork(path.join(import.meta.dirname, 'crowd-process.ts'), { execArgv: ['--import', 'tsx'] });
  const done = new Promise<CrowdReport[Kind]>((resolve, reject) => {
    child.once('message', (message: { report?: CrowdReport[Kind]; error?: string }) => {
      if (message.report === undefined) {
        reject(new Error(message.error));
      } else {
        resolve(message.report);
      }
      child.disconnect();
    });
    child.once('exit', (code) => reject(new Error(`${order.kind}: ended with ${code}`)));
  });
  done.catch(() => {});
  child.send(order);
  return {
    done,
    stop: () => {
      if (child.connected) {
        child.send('stop');
      }
      return done;
    },
  };
}
