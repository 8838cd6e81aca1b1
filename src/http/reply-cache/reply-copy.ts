import type { TemporaryFile } from '../reply/temporary-file.ts';

/** What a copy asks of whoever keeps it. */
export interface CopyHost {
  open(): Promise<TemporaryFile>;
  /** Counts so many more bytes of a copy that has `bytes`; false: there is no room for them, or the disk is too far behind. */
  admit(more: number, bytes: number): boolean;
  /** So many of the admitted bytes are in the file, or not wanted any more. */
  written(bytes: number): void;
  /** The reply is whole, and the file is the host's. */
  whole(copy: ReplyCopy, file: TemporaryFile): void;
  /** There will be no copy, and its bytes need no room any more. */
  over(copy: ReplyCopy): void;
  /** The file system failed. `over` follows. */
  failed(error: unknown): void;
}

/**
 * The compressed bytes of one reply on their way into a temporary file, beside their way to the client. The client never
 * waits for the file: a copy that cannot follow is given up, and so is one that fails.
 */
export class ReplyCopy {
  bytes = 0;
  readonly #host: CopyHost;
  #state: 'growing' | 'whole' | 'over' = 'growing';
  #waiting: Buffer[] = [];
  #work: Promise<void> | null = null;
  #file: TemporaryFile | null = null;
  #ended: Promise<void> | null = null;

  constructor(host: CopyHost) {
    this.#host = host;
  }

  /** The next bytes as the client gets them; they must not change any more. Never throws. */
  take(chunk: Buffer): void {
    if (this.#state !== 'growing') {
      return;
    }
    if (!this.#host.admit(chunk.length, this.bytes)) {
      this.drop();
      return;
    }
    this.bytes += chunk.length;
    this.#waiting.push(chunk);
    this.#work ??= this.#write();
  }

  /** The client has the whole reply. */
  keep(): void {
    if (this.#state !== 'growing') {
      return;
    }
    this.#state = 'whole';
    this.#ended = this.#end();
  }

  /** The reply broke off, or its copy is not wanted. Without effect once it is whole. */
  drop(): void {
    if (this.#state !== 'growing') {
      return;
    }
    this.#state = 'over';
    this.#ended = this.#end();
  }

  /** Resolves when the copy was handed over or thrown away; before `keep` or `drop` at once. Never rejects. */
  get ended(): Promise<void> {
    return this.#ended ?? Promise.resolve();
  }

  async #write(): Promise<void> {
    try {
      this.#file ??= await this.#host.open();
      while (this.#waiting.length > 0) {
        const chunks = this.#waiting;
        this.#waiting = [];
        try {
          if (this.#state !== 'over') {
            await this.#file.append(chunks);
          }
        } finally {
          this.#host.written(lengthOf(chunks));
        }
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#work = null;
  }

  #fail(error: unknown): void {
    this.#host.failed(error);
    if (this.#state === 'growing') {
      this.drop();
    }
    this.#state = 'over';
  }

  async #end(): Promise<void> {
    await this.#work;
    this.#host.written(lengthOf(this.#waiting));
    this.#waiting = [];
    if (this.#state === 'whole' && this.#file !== null) {
      this.#host.whole(this, this.#file);
      return;
    }
    await this.#file?.remove();
    this.#host.over(this);
  }
}

const lengthOf = (chunks: readonly Uint8Array[]): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);
