import { randomUUID } from 'node:crypto';
import os from 'node:os';
import { ByteOutput } from '../../json/bytes/byte-output.ts';
import { TemporaryFile } from '../reply/temporary-file.ts';

const firstSize = 16 * 1024;
/** Bytes of a page that are kept in memory. */
const inMemory = 1024 * 1024;
const pieceSize = 64 * 1024;

/**
 * A page that is written before it is sent, because its head says what is known behind its last row alone. What of it is
 * too much for the memory lies in a temporary file.
 */
export class PageSpool {
  readonly output = new ByteOutput(firstSize);
  #file: TemporaryFile | null = null;
  #filed = 0;

  /** Makes room in the output. Throws the file system's error. */
  async makeRoom(): Promise<void> {
    const { output } = this;
    if (output.bytes.length < inMemory) {
      output.ensure(inMemory - output.position);
    } else if (output.position > inMemory / 2) {
      await this.#put();
    }
  }

  /** What was written, in pieces that are valid until the next one is asked for. Once, after the last row. */
  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    const { output } = this;
    if (this.#file === null) {
      yield output.bytes.subarray(0, output.position);
      return;
    }
    const file = await this.#put();
    const piece = Buffer.allocUnsafeSlow(pieceSize);
    for (let at = 0; at < this.#filed; ) {
      const length = await file.read(piece, at);
      if (length === 0) {
        throw new Error(`A page ends after ${at} of ${this.#filed} bytes`);
      }
      at += length;
      yield piece.subarray(0, length);
    }
  }

  /** Never throws. */
  async remove(): Promise<void> {
    await this.#file?.remove();
  }

  async #put(): Promise<TemporaryFile> {
    const { output } = this;
    this.#file ??= await TemporaryFile.open(os.tmpdir(), `${randomUUID()}.page`);
    await this.#file.append([output.bytes.subarray(0, output.position)]);
    this.#filed += output.position;
    output.position = 0;
    return this.#file;
  }
}
