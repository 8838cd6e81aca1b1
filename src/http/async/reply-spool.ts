import { GatewayError } from '../../errors.ts';
import { BrokenReply, type CapturedHead, type ReplyTaker } from '../reply/captured-reply.ts';
import { TemporaryFile } from '../reply/temporary-file.ts';

/** Says whether so many more bytes may be kept; counts them when they may. */
export type Allowance = (bytes: number) => boolean;

/** A finished or growing reply in a temporary file of its own. */
export class ReplySpool implements ReplyTaker {
  bytes = 0;
  captured: CapturedHead | null = null;
  readonly #open: () => Promise<TemporaryFile>;
  readonly #allow: Allowance;
  #file: Promise<TemporaryFile> | null = null;
  #removed = false;
  readonly #readings = new Set<Promise<unknown>>();

  constructor(folder: string, name: string, allow: Allowance) {
    this.#open = () => TemporaryFile.open(folder, name);
    this.#allow = allow;
  }

  head(head: CapturedHead): void {
    this.captured = head;
  }

  /** Throws GatewayError LimitExceeded. */
  async body(bytes: Uint8Array): Promise<void> {
    if (!this.#allow(bytes.length)) {
      throw new GatewayError('LimitExceeded', 'The reply is larger than what is kept of asynchronous requests');
    }
    this.#file ??= this.#open();
    const file = await this.#file;
    await file.append([bytes]);
    this.bytes += bytes.length;
  }

  /** Whether it is being read now. */
  get isRead(): boolean {
    return this.#readings.size > 0;
  }

  /** Resolves when nobody is reading it who reads it now. Never throws. */
  async unread(): Promise<void> {
    await Promise.allSettled(this.#readings);
  }

  /** Work that reads it. */
  async whileRead(work: () => Promise<void>): Promise<void> {
    const reading = work();
    this.#readings.add(reading);
    try {
      await reading;
    } finally {
      this.#readings.delete(reading);
    }
  }

  /** The body in pieces; may be read again. Throws BrokenReply where it was removed: what was taken of it is not the whole. */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    const file = await this.#file;
    if (this.#removed) {
      throw new BrokenReply();
    }
    if (file === null) {
      return;
    }
    const piece = Buffer.allocUnsafe(64 * 1024);
    for (let at = 0; at < this.bytes; ) {
      const length = await file.read(piece.subarray(0, Math.min(piece.length, this.bytes - at)), at);
      if (length === 0) {
        throw new GatewayError('Internal', 'A kept reply is shorter than it was written');
      }
      at += length;
      yield piece.subarray(0, length);
    }
  }

  async remove(): Promise<void> {
    const file = await this.#file?.catch(() => null);
    this.#removed = true;
    this.#file = null;
    await file?.remove();
  }
}
