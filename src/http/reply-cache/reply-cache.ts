import { randomUUID } from 'node:crypto';
import { readdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { LRUCache } from 'lru-cache';
import type { HttpEvent } from '../../observation/events/http.ts';
import type { Observe } from '../../observation/observe.ts';
import { TemporaryFile } from '../reply/temporary-file.ts';
import { CachedReply } from './cached-reply.ts';
import { type CopyHost, ReplyCopy } from './reply-copy.ts';

export interface ReplyCacheSettings {
  /** Where the temporary files are made; nothing else of this name pattern may stand there. */
  readonly folder: string;
  /** Bytes of all kept and growing replies together; one of them may have a quarter. */
  readonly totalBytes: number;
  readonly observe: Observe<HttpEvent>;
  /** Milliseconds since 1970. Absent: the system's clock. */
  readonly now?: () => number;
}

/** Which reply is to be kept. */
export interface ReplyIdentity {
  /** The request without what it was answered from. */
  readonly request: string;
  /** ETag of the reply. */
  readonly tag: string;
  /** Preferences that the reply follows. */
  readonly applied: readonly string[];
  /** Kept although it has few bytes. */
  readonly evenSmall: boolean;
  /** Rows written, asked when the reply is whole. */
  readonly rows: () => number | null;
}

/** Milliseconds after which a kept reply is gone. */
export const keptFor = 60 * 60 * 1000;
/** Kept and growing replies at most: each holds an open file. */
const mostFiles = 256;
/** Bytes below which a reply is made again faster than it is kept, unless it sums up many rows. */
const smallest = 8 * 1024;
/** Bytes of all copies that wait in memory for the disk; copies that would make it more are given up. */
const mostWaiting = 4 * 1024 * 1024;
const suffix = '.reply';

/**
 * Compressed replies that another client, or the same one again, may get as they are. Bounded in bytes, files and age;
 * the one that was not asked for longest goes first. One for each request: the last one that was whole.
 */
export class ReplyCache {
  readonly #settings: ReplyCacheSettings;
  /** By request. What leaves it, for whatever reason, is given up. */
  readonly #kept: LRUCache<string, CachedReply>;
  readonly #growing = new Set<ReplyCopy>();
  readonly #removals = new Set<Promise<void>>();
  #bytes = 0;
  #files = 0;
  #waiting = 0;
  #faulty = false;
  #closed = false;

  constructor(settings: ReplyCacheSettings) {
    this.#settings = settings;
    const now = settings.now ?? Date.now;
    this.#kept = new LRUCache({
      max: mostFiles,
      ttl: keptFor - 1,
      ttlResolution: 0,
      ttlAutopurge: true,
      perf: { now },
      dispose: (kept) => kept.giveUp(),
    });
  }

  /** Kept replies that can be found. */
  get size(): number {
    return this.#kept.size;
  }

  /** Of kept and growing replies, and of those that somebody still reads. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether no reply is on its way into the cache. */
  get settled(): boolean {
    return this.#growing.size === 0;
  }

  /** Whether a reply to this request is kept, of whatever data. */
  holds(request: string): boolean {
    return this.#kept.has(request);
  }

  /** The kept reply, retained: call `release` after it. null: there is none of this tag; one of another tag is given up. */
  take(request: string, tag: string): CachedReply | null {
    const kept = this.#kept.get(request);
    if (kept === undefined) {
      return null;
    }
    if (kept.facts.tag !== tag) {
      this.#kept.delete(request);
      return null;
    }
    kept.retain();
    return kept;
  }

  /** Nobody finds this reply any more. */
  forget(request: string, kept: CachedReply): void {
    if (this.#kept.peek(request) === kept) {
      this.#kept.delete(request);
    }
  }

  /** Nobody finds any reply any more that was begun until now. */
  forgetAll(): void {
    for (const copy of this.#growing) {
      copy.drop();
    }
    this.#kept.clear();
  }

  /** A copy of a reply that begins now; null: there is no room for another file. */
  begin(identity: ReplyIdentity): ReplyCopy | null {
    if (this.#closed) {
      return null;
    }
    if (this.#files >= mostFiles && !this.#evict()) {
      return null;
    }
    this.#files += 1;
    const copy = new ReplyCopy(this.#hostOf(identity));
    this.#growing.add(copy);
    return copy;
  }

  /** Removes everything, also what is being read. Never throws. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const copy of this.#growing) {
      copy.drop();
    }
    await Promise.all([...this.#growing].map((copy) => copy.ended));
    await Promise.all([...this.#kept.values()].map((kept) => kept.remove()));
    this.#kept.clear();
    await Promise.all(this.#removals);
  }

  #hostOf(identity: ReplyIdentity): CopyHost {
    return {
      open: () => TemporaryFile.open(this.#settings.folder, `${randomUUID()}${suffix}`),
      admit: (more, bytes) => this.#admit(more, bytes),
      written: (bytes) => {
        this.#waiting -= bytes;
      },
      whole: (copy, file) => {
        this.#growing.delete(copy);
        this.#keep(identity, copy.bytes, file);
      },
      over: (copy) => {
        this.#growing.delete(copy);
        this.#free(copy.bytes);
      },
      failed: (error) => this.#failed(error),
    };
  }

  #admit(more: number, bytes: number): boolean {
    const { totalBytes } = this.#settings;
    if (bytes + more > totalBytes / 4 || this.#waiting + more > mostWaiting) {
      return false;
    }
    while (this.#bytes + more > totalBytes) {
      if (!this.#evict()) {
        return false;
      }
    }
    this.#bytes += more;
    this.#waiting += more;
    return true;
  }

  /** Gives up the reply that was not asked for longest, of those that nobody reads. */
  #evict(): boolean {
    if (this.#kept.purgeStale()) {
      return true;
    }
    for (const request of this.#kept.rkeys()) {
      if (this.#kept.peek(request)?.isRead === false) {
        return this.#kept.delete(request);
      }
    }
    return false;
  }

  #keep({ request, tag, applied, evenSmall, rows }: ReplyIdentity, bytes: number, file: TemporaryFile): void {
    const facts = { tag, applied, bytes, rows: rows(), file };
    const kept = new CachedReply(facts, (removal) => {
      this.#free(bytes);
      this.#removals.add(removal);
      void removal.then(() => this.#removals.delete(removal));
    });
    this.#faulty = false;
    if (this.#closed || (bytes < smallest && !evenSmall) || this.#kept.peek(request)?.facts.tag === tag) {
      kept.giveUp();
      return;
    }
    this.#kept.set(request, kept);
  }

  /** A full disk, or too many open files: others may need what is kept here more than the clients do. */
  #failed(error: unknown): void {
    this.#kept.clear();
    if (!this.#faulty) {
      this.#settings.observe({
        event: 'reply-not-kept',
        reason: error instanceof Error ? error.message : String(error),
      });
    }
    this.#faulty = true;
  }

  #free(bytes: number): void {
    this.#bytes -= bytes;
    this.#files -= 1;
  }
}

/** Removes what a gateway that ended badly left where files cannot lose their names while they are open. Never throws. */
export async function removeLeftReplies(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const left = names.filter((name) => name.endsWith(suffix));
  await Promise.all(left.map((name) => unlink(path.join(folder, name)).catch(() => {})));
}
