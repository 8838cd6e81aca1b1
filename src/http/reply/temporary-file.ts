import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import path from 'node:path';

/**
 * A file that only this process knows, readable by this user alone. It loses its name at once where the system lets it, so
 * that nothing is left behind even by a crash. Bytes are appended in order and may be read anywhere meanwhile.
 */
export class TemporaryFile {
  readonly #handle: FileHandle;
  readonly #file: string;
  readonly #named: boolean;
  #removed: Promise<void> | null = null;

  // biome-ignore lint/style/useConsistentMemberAccessibility: made by its static method alone, which waits for what it needs
  private constructor(handle: FileHandle, file: string, named: boolean) {
    this.#handle = handle;
    this.#file = file;
    this.#named = named;
  }

  /** Makes the folder where it is missing. Throws the file system's error. */
  static async open(folder: string, name: string): Promise<TemporaryFile> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = path.join(folder, name);
    const handle = await open(file, 'wx+', 0o600);
    const named = await unlink(file).then(
      () => false,
      () => true,
    );
    return new TemporaryFile(handle, file, named);
  }

  /** Throws the file system's error, also where only a part found room. The chunks must not change meanwhile. */
  async append(chunks: readonly Uint8Array[]): Promise<void> {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const { bytesWritten } = await this.#handle.writev([...chunks]);
    if (bytesWritten !== length) {
      throw new Error(`Only ${bytesWritten} of ${length} bytes were written`);
    }
  }

  /** Fills `piece` from `at` on; gives the number of bytes, 0 behind the end. */
  async read(piece: Uint8Array, at: number): Promise<number> {
    return (await this.#handle.read(piece, 0, piece.length, at)).bytesRead;
  }

  /** Gives the disk its room back. Never throws. */
  remove(): Promise<void> {
    this.#removed ??= this.#end();
    return this.#removed;
  }

  async #end(): Promise<void> {
    await this.#handle.close().catch(() => {});
    if (this.#named) {
      await unlink(this.#file).catch(() => {});
    }
  }
}
