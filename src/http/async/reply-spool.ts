import { GatewayError } from '../../errors.ts';
import type { CapturedHead, ReplyTaker } from '../captured-reply.ts';
import { TemporaryFile } from '../temporary-file.ts';

/** Says whether so many more bytes may be kept; counts them when they may. */
export type Allowance = (bytes: number) => boolean;

/** A finished or growing reply in a temporary file of its own. */
export class ReplySpool implements ReplyTaker {
  bytes = 0;
  captured: CapturedHead | null = null;
  readonly #open: () => Promise<TemporaryFile>;
  readonly #allow: Allowance;
  #file: Promise<TemporaryFile> | null = null;

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

  /** The body in pieces; may be read again. */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    const file = await this.#file;
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
    this.#file = null;
    await file?.remove();
  }
}
