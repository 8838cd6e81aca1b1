import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import { whyUnreadable } from '../unreadable-file.ts';
import { whichBackup } from './backup-names.ts';
import { backupFormat, type Manifest, manifestName, manifestSchema, type Part } from './manifest.ts';

/** Bytes of a manifest: a few hundred a table and a file. */
const longestManifest = 1 << 28;

/** A backup that is read. Its parts are those of its manifest, no more and no fewer. */
export class ArchiveReader {
  readonly manifest: Manifest;
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  // biome-ignore lint/style/useConsistentMemberAccessibility: made by its static method alone, which waits for what it needs
  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>, manifest: Manifest) {
    this.#zip = zip;
    this.#entries = entries;
    this.manifest = manifest;
  }

  /** Throws GatewayError BackupInvalid for a file that is no backup, is cut off or damaged, or of a later format. */
  static async open(file: string): Promise<ArchiveReader> {
    const zip = await openPromise(file, { lazyEntries: true, autoClose: false }).catch(async (error: Error) => {
      throw invalid(await whyNoBackup(file, error), error);
    });
    try {
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        entries.set(entry.fileName, entry);
      }
      const manifest = await readManifest(zip, entries.get(manifestName), file);
      checkParts(entries, manifest, file);
      return new ArchiveReader(zip, entries, manifest);
    } catch (error) {
      zip.close();
      throw error instanceof GatewayError ? error : invalid(`${file} is no whole backup: ${String(error)}`, error);
    }
  }

  /** The content of a part. Throws BackupInvalid at its end, or before, where it is not what the manifest says. */
  async *content({ part, bytes, sha256 }: Part): AsyncGenerator<Buffer, void, undefined> {
    const hash = createHash('sha256');
    let read = 0;
    try {
      const entry = this.#entries.get(part);
      const stream = entry === undefined ? [] : await this.#zip.openReadStreamPromise(entry);
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        hash.update(chunk);
        read += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw error instanceof GatewayError ? error : invalid(`${part} is damaged: ${String(error)}`, error);
    }
    if (read !== bytes || hash.digest('hex') !== sha256) {
      throw invalid(`${part} is damaged: its bytes are not those that were written`);
    }
  }

  close(): void {
    this.#zip.close();
  }
}

async function whyNoBackup(file: string, error: Error): Promise<string> {
  const isFolder = (await stat(file).catch(() => null))?.isDirectory() ?? false;
  const why = isFolder ? `it is a folder, and ${await whichBackup(file)}` : whyUnreadable(file, error);
  return `${file} is no whole backup: ${why}`;
}

async function readManifest(zip: ZipFile, entry: Entry | undefined, file: string): Promise<Manifest> {
  if (entry === undefined || entry.uncompressedSize > longestManifest) {
    throw invalid(`${file} is no backup of the gateway: it has no ${manifestName}`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of await zip.openReadStreamPromise(entry)) {
    chunks.push(chunk as Buffer);
  }
  const text = Buffer.concat(chunks);
  if (crc32(text) !== entry.crc32) {
    throw invalid(`${file} is damaged: ${manifestName} is not as it was written`);
  }
  const found: unknown = JSON.parse(text.toString('utf8'));
  const { format } = z.object({ format: z.number() }).parse(found);
  if (format > backupFormat) {
    throw invalid(`${file} is of format ${format}, which a newer gateway wrote; this one reads ${backupFormat}`);
  }
  const manifest = manifestSchema.safeParse(found);
  if (!manifest.success) {
    throw invalid(`${file} has a manifest that cannot be read: ${z.prettifyError(manifest.error)}`);
  }
  return manifest.data;
}

/** All parts of a backup, in the order in which they were written. */
export const partsOf = ({ tables, files, metadata }: Manifest): readonly Part[] => [
  ...tables,
  ...(files ?? []),
  ...metadata,
];

function checkParts(entries: ReadonlyMap<string, Entry>, manifest: Manifest, file: string): void {
  const named = new Set([manifestName, ...partsOf(manifest).map(({ part }) => part)]);
  const missing = [...named].filter((name) => !entries.has(name));
  const unknown = [...entries.keys()].filter((name) => !named.has(name));
  if (missing.length > 0 || unknown.length > 0) {
    const lists = [
      ...(missing.length === 0 ? [] : [`lacks ${missing.slice(0, 5).join(', ')}`]),
      ...(unknown.length === 0 ? [] : [`has ${unknown.slice(0, 5).join(', ')}, which its manifest does not name`]),
    ];
    throw invalid(`${file} ${lists.join(' and ')}`);
  }
}

export function invalid(message: string, cause?: unknown): GatewayError {
  return new GatewayError('BackupInvalid', message, cause === undefined ? {} : { cause });
}
