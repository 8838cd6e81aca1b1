import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GatewayError } from '../../errors.ts';
import type { UploadOrder } from './upload-order.ts';

/** What is known of a file of which a part is here: what the first request said of it. */
export interface PartFacts extends Pick<UploadOrder, 'name' | 'export' | 'period' | 'sha256' | 'total'> {
  /** Name of the source in the metadata. */
  readonly source: string;
  /** ISO 8601; null: not said. */
  readonly modifiedAt: string | null;
  /** ISO 8601, when the upload began. */
  readonly startedAt: string;
}

/** The beginning of a file. */
export interface Part {
  readonly facts: PartFacts;
  readonly path: string;
  /** Bytes that are here. */
  readonly size: number;
}

/**
 * Files of which not all has come: their first bytes, and beside them what they are. They outlive the program, and are forgotten when nothing was
 * added to them for a time.
 */
export class UploadParts {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** null: nothing of it is here. */
  async find(source: string, name: string): Promise<Part | null> {
    const file = this.#path(source, name);
    try {
      const [text, { size }] = await Promise.all([readFile(`${file}.json`, 'utf8'), stat(`${file}.part`)]);
      const facts = readFacts(text);
      return facts === null ? null : { facts, path: `${file}.part`, size };
    } catch {
      return null;
    }
  }

  /** Begins a file anew. */
  async begin(facts: PartFacts): Promise<Part> {
    const file = this.#path(facts.source, facts.name);
    await mkdir(this.#folder, { recursive: true });
    await rm(`${file}.part`, { force: true });
    await writeFacts(`${file}.json`, facts);
    await writeFile(`${file}.part`, '');
    return { facts, path: `${file}.part`, size: 0 };
  }

  async remove({ facts: { source, name } }: Part): Promise<void> {
    const file = this.#path(source, name);
    await rm(`${file}.part`, { force: true });
    await rm(`${file}.json`, { force: true });
  }

  /** Forgets what was added to last before a time (milliseconds since 1970), and gives what it was. */
  async forget(before: number): Promise<readonly Part[]> {
    const names = await readdir(this.#folder).catch((): string[] => []);
    const forgotten: Part[] = [];
    for (const name of names) {
      const file = path.join(this.#folder, name);
      const stats = await stat(file).catch(() => null);
      if (stats === null || stats.mtimeMs >= before) {
        continue;
      }
      if (!name.endsWith('.json')) {
        // Its facts go with it; alone it is of no use.
        const facts = `${file.replace(/\.part$/, '')}.json`;
        const text = await readFile(facts, 'utf8').catch(() => null);
        await rm(file, { force: true });
        await rm(facts, { force: true });
        const known = text === null ? null : readFacts(text);
        if (known !== null) {
          forgotten.push({ facts: known, path: file, size: stats.size });
        }
      } else if (!names.includes(name.replace(/\.json$/, '.part'))) {
        await rm(file, { force: true });
      }
    }
    return forgotten;
  }

  #path(source: string, name: string): string {
    const key = createHash('sha256').update(`${source}\0${name}`).digest('hex').slice(0, 32);
    return path.join(this.#folder, key);
  }
}

/** Whole, or not at all. */
export async function writeFacts(file: string, facts: PartFacts): Promise<void> {
  try {
    await writeFile(`${file}.new`, JSON.stringify(facts), { flush: true });
    await rename(`${file}.new`, file);
  } catch (error) {
    await rm(`${file}.new`, { force: true });
    throw error;
  }
}

/** null: they were cut off. */
export function readFacts(text: string): PartFacts | null {
  try {
    return JSON.parse(text) as PartFacts;
  } catch {
    return null;
  }
}

export interface Addition {
  /** Bytes that may be added; one more is too many. */
  readonly most: number;
  /** What to throw then. */
  readonly tooMany: () => GatewayError;
  /** Hex digest that they must have; null: not said. */
  readonly sha256: string | null;
}

/**
 * Writes bytes behind those that are here, as they come: nothing is held but the piece at hand. Resolves to the size then, when they are on the disk. Throws
 * what reading them throws, where what came stays; and GatewayError DigestMismatch and `tooMany`, where nothing of it does.
 */
export async function append(part: Part, bytes: AsyncIterable<Uint8Array>, addition: Addition): Promise<number> {
  const handle = await open(part.path, 'r+');
  const hash = addition.sha256 === null ? null : createHash('sha256');
  try {
    const added = await write(handle, bytes, { at: part.size, most: addition.most, hash });
    if (added > addition.most) {
      await handle.truncate(part.size);
      throw addition.tooMany();
    }
    const found = hash?.digest('hex') ?? null;
    if (found !== addition.sha256) {
      await handle.truncate(part.size);
      throw damaged(addition.sha256 ?? '', found ?? '');
    }
    await handle.sync();
    return part.size + added;
  } catch (error) {
    // What is to be gone on with must be there after a power cut, too.
    await handle.sync().catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
}

async function write(
  handle: FileHandle,
  bytes: AsyncIterable<Uint8Array>,
  { at, most, hash }: { readonly at: number; readonly most: number; readonly hash: Hash | null },
): Promise<number> {
  let added = 0;
  for await (const piece of bytes) {
    if (added + piece.length > most) {
      return added + piece.length;
    }
    hash?.update(piece);
    let from = 0;
    while (from < piece.length) {
      const { bytesWritten } = await handle.write(piece, from, piece.length - from, at + added + from);
      from += bytesWritten;
    }
    added += piece.length;
  }
  return added;
}

/** Hex digest of a file. */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 256 * 1024 })) {
    hash.update(piece as Buffer);
  }
  return hash.digest('hex');
}

export const damaged = (said: string, found: string): GatewayError =>
  new GatewayError('DigestMismatch', `The bytes that came have the SHA-256 ${found}; ${said} was announced`);
