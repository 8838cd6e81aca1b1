import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { GatewayError } from '../errors.ts';
import type { Part } from './manifest.ts';

/** Already compressed: another pass costs time and gives nothing. */
const packed = /\.(?:gz|zip|xlsx|bz2|xz|7z|zst)$/i;

/**
 * A backup that is being written: one ZIP file, its parts one after the other, compressed, in flat memory. It has another name until
 * it is whole and on the disk, so that whatever ends the program leaves no backup that looks like one. Only its owner may read it.
 */
export class ArchiveWriter {
  readonly #file: string;
  readonly #partial: string;
  readonly #zip = new ZipFile();
  readonly #written: Promise<void>;
  readonly #failed: Promise<never>;

  constructor(file: string) {
    this.#file = file;
    this.#partial = `${file}.partial`;
    const output = createWriteStream(this.#partial, { mode: 0o600 });
    const failure = new Promise<never>((_, reject) => this.#zip.on('error', reject));
    this.#written = pipeline(this.#zip.outputStream, output).catch((error: Error) => {
      throw new GatewayError('BackupUnwritable', `The backup cannot be written to ${file}: ${error.message}`, {
        cause: error,
      });
    });
    this.#failed = Promise.race([failure, this.#written.then(() => failure)]);
    this.#failed.catch(() => {});
  }

  /** Resolves when the part was taken; its digest is that of what was written. Throws BackupUnwritable, or what the content throws. */
  async add(part: string, content: AsyncIterable<Uint8Array>, modified = new Date()): Promise<Part> {
    const hash = createHash('sha256');
    let bytes = 0;
    const told = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of content) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    };
    const stream = Readable.from(told(), { objectMode: false });
    this.#zip.addReadStreamLazy(part, { mtime: modified, mode: 0o100600, compress: !packed.test(part) }, (take) =>
      take(null, stream),
    );
    try {
      await Promise.race([finished(stream, { writable: false }), this.#failed]);
    } catch (error) {
      // Whoever makes the content must not wait for somebody to read on.
      stream.destroy();
      throw error;
    }
    return { part, bytes, sha256: hash.digest('hex') };
  }

  /** The last part; afterwards the file has its name. */
  async finish(part: string, text: string): Promise<void> {
    this.#zip.addBuffer(Buffer.from(text), part, { mode: 0o100600 });
    this.#zip.end();
    await Promise.race([this.#written, this.#failed]);
    await synced(this.#partial);
    await rename(this.#partial, this.#file);
    // The name itself is on the disk when its folder is; where a system does not let folders be opened, it sees to that.
    await synced(path.dirname(this.#file)).catch(() => {});
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    const { outputStream } = this.#zip;
    if ('destroy' in outputStream && typeof outputStream.destroy === 'function') {
      outputStream.destroy();
    }
    await this.#written.catch(() => {});
    await rm(this.#partial, { force: true });
  }
}

async function synced(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
