import { type FileHandle, open, unlink } from 'node:fs/promises';
import path from 'node:path';
import { GatewayError } from '../../errors.ts';
import type { CapturedHead, ReplyTaker } from '../captured-reply.ts';

/** Says whether so many more bytes may be kept; counts them when they may. */
export type Allowance = (bytes: number) => boolean;

/**
 * A finished or growing reply in a temporary file of its own, readable by this user only. The file loses its name at
 * once where the system lets it, so that nothing is left behind even by a crash.
 */
export class ReplySpool implements ReplyTaker {
  bytes = 0;
  captured: CapturedHead | null = null;
  readonly #file: string;
  readonly #allow: Allowance;
  #handle: Promise<FileHandle> | null = null;
  #named = true;

  constructor(folder: string, name: string, allow: Allowance) {
    this.#file = path.join(folder, name);
    this.#allow = allow;
  }

  head(head: CapturedHead): void {
    this.captured = head;
  }

  /** Throws GatewayError LimitExceeded. */
  async body(bytes: Uint8Array): Promise<void> {
    if (!this.#allow(bytes.length))
      throw new GatewayError('LimitExceeded', 'The reply is larger than what is kept of asynchronous requests');
    this.#handle ??= this.#open();
    const handle = await this.#handle;
    await handle.writeFile(bytes);
    this.bytes += bytes.length;
  }

  async #open(): Promise<FileHandle> {
    const handle = await open(this.#file, 'wx+', 0o600);
    this.#named = await unlink(this.#file).then(
      () => false,
      () => true,
    );
    return handle;
  }

  /** The body in pieces; may be read again. */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    const handle = await this.#handle;
    if (handle === null) return;
    const piece = Buffer.allocUnsafe(64 * 1024);
    for (let at = 0; at < this.bytes; ) {
      const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, this.bytes - at), at);
      if (bytesRead === 0) throw new GatewayError('Internal', 'A kept reply is shorter than it was written');
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  }

  async remove(): Promise<void> {
    const handle = await this.#handle?.catch(() => null);
    this.#handle = null;
    await handle?.close();
    if (handle !== undefined && handle !== null && this.#named) await unlink(this.#file).catch(() => {});
  }
}
