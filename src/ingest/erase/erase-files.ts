import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import { RecordEraser } from '../convert/record-eraser.ts';
import { examineFile, type FileFacts } from '../csv/file-facts.ts';
import { readRows } from '../csv/read-records.ts';
import type { Identification } from '../identify/identify-export.ts';
import { identifyFile } from '../identify/identify-file.ts';
import { sourceNamed } from '../identify/source-named.ts';
import { noteRewrittenFile } from '../ledger/erasures.ts';
import { ErasureRules } from '../personal/erasure-rules.ts';
import type { Persons } from '../personal/persons.ts';
import { erasedRecord } from './erased-record.ts';
import { type Patch, patchLines } from './patch-lines.ts';

/** A kept file that names the person. */
export interface ErasedFile {
  readonly path: string;
  readonly removed: number;
  readonly emptied: number;
}

export interface FilesToErase {
  /** Folders of files that were taken in. */
  readonly folders: readonly string[];
  readonly persons: Persons;
  readonly source: string | null;
}

export interface FoundInFiles {
  readonly files: readonly PlannedFile[];
  /** Containers: they are not opened, and not written anew. */
  readonly containers: readonly string[];
}

export interface PlannedFile extends ErasedFile {
  readonly facts: FileFacts;
  readonly patches: readonly Patch[];
}

/** Finds persons in the files below the folders. */
export async function findInFiles(
  transaction: Transaction,
  catalogue: Catalogue,
  { folders, persons, source }: FilesToErase,
): Promise<FoundInFiles> {
  const files: PlannedFile[] = [];
  const containers: string[] = [];
  for (const folder of folders) {
    for (const path of await filesBelow(resolve(folder))) {
      if (await isContainer(path)) {
        containers.push(path);
        continue;
      }
      const facts = await examineFile(path);
      const place = sourceOfPlace(catalogue, folder, path);
      const planned = await planFile(transaction, catalogue, { facts, persons, source, place });
      if (planned !== null) {
        files.push(planned);
      }
    }
  }
  return { files, containers };
}

interface KeptFileToErase {
  readonly facts: FileFacts;
  readonly persons: Persons;
  /** Only where the file is one of this source; null: whatever it is. */
  readonly source: string | null;
  /** The source that its folder says, which counts where the ledger does not know it: of refused files, and of reasons. */
  readonly place: string | null;
}

/** The source that the first folder below a folder of kept files is named after; null: none. */
export function sourceOfPlace(catalogue: Catalogue, folder: string, path: string): string | null {
  const [first, ...rest] = relative(resolve(folder), path).split(sep);
  return rest.length === 0 ? null : sourceNamed(first, catalogue);
}

/** What is to be written anew of one file; null: nothing names anybody. */
export async function planFile(
  transaction: Transaction,
  catalogue: Catalogue,
  { facts, persons, source, place }: KeptFileToErase,
): Promise<PlannedFile | null> {
  const { rows } = await transaction.query<{ source: string | null; export: string | null; file_name: string }>(
    `SELECT source, export, file_name FROM gateway.load WHERE sha256 IN ($1, (SELECT sha256 FROM gateway.rewritten_file WHERE former_sha256 = $1)) ORDER BY (state = 'loaded') DESC, load_id DESC LIMIT 1`,
    [facts.sha256],
  );
  const known = rows[0];
  if (source !== null && (known?.source ?? place) !== source) {
    return null;
  }
  const named = known === undefined ? facts : { ...facts, name: known.file_name };
  const asked = known?.source == null || known.export === null ? {} : { source: known.source, export: known.export };
  const identified = await identifyFile(catalogue, named, asked).catch(() => null);
  const patches =
    identified === null
      ? (await patchLines(facts, persons)).map((patch): Found => ({ ...patch, isWhole: true }))
      : await patchRecords(catalogue, facts, { identified, persons });
  if (patches.length === 0) {
    return null;
  }
  const removed = patches.filter(({ isWhole }) => isWhole).length;
  return { path: facts.path, facts, patches, removed, emptied: patches.length - removed };
}

interface Found extends Patch {
  /** The whole row. */
  readonly isWhole: boolean;
}

async function patchRecords(
  catalogue: Catalogue,
  facts: FileFacts,
  { identified, persons }: { readonly identified: Identification; readonly persons: Persons },
): Promise<readonly Found[]> {
  const { layout, match } = identified;
  const rules = new ErasureRules(catalogue, match.export.set);
  const eraser = new RecordEraser(rules, persons, { match, delimiter: layout.delimiter });
  const known = new Set(match.cells.flatMap(({ column, index }) => (column === null ? [] : [index])));
  const found: Found[] = [];
  for await (const batch of readRows(facts.path, layout)) {
    for (const record of batch) {
      const erasure = eraser.decide(record);
      if (erasure !== null) {
        const { byteStart: start, byteEnd: end } = record;
        const bytes = erasedRecord(record, { erasure, layout, known });
        found.push({ start, end, bytes, isWhole: erasure === 'remove' });
      }
    }
  }
  return found;
}

/** A file written anew beside its old self, which takes its place when the ledger knows its new bytes. */
export interface Rewriting {
  readonly path: string;
  readonly beside: string;
}

/** Writes the files anew beside them, and notes their new digests in the ledger. `exchange` puts them in place after the commit. */
export async function rewriteFiles(
  transaction: Transaction,
  files: readonly PlannedFile[],
): Promise<readonly Rewriting[]> {
  const written: Rewriting[] = [];
  for (const { facts, patches } of files) {
    const beside = besideOf(facts.path);
    const { mode } = await stat(facts.path);
    await rm(beside, { force: true });
    await pipeline(Readable.from(patched(facts, patches)), createWriteStream(beside, { mode: mode & 0o777 }));
    await utimes(beside, facts.modifiedAt, facts.modifiedAt);
    const hash = createHash('sha256');
    await pipeline(createReadStream(beside), hash);
    const { size } = await stat(beside);
    await noteRewrittenFile(transaction, { former: facts.sha256, now: hash.digest('hex'), bytes: size });
    written.push({ path: facts.path, beside });
  }
  return written;
}

async function* patched({ path, bytes: length }: FileFacts, patches: readonly Patch[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const { start, end, bytes } of [...patches, { start: length, end: length, bytes: Buffer.alloc(0) }]) {
    if (start > from) {
      yield* createReadStream(path, { start: from, end: start - 1 }) as AsyncIterable<Buffer>;
    }
    yield bytes;
    from = end;
  }
}

/** A name of its own, hidden, and short whatever the file is called. */
const besideOf = (path: string): string =>
  join(dirname(path), `.${createHash('sha256').update(basename(path)).digest('hex').slice(0, 32)}${erasingSuffix}`);

const erasingSuffix = '.erasing';

export async function exchange(written: readonly Rewriting[]): Promise<void> {
  for (const { path, beside } of written) {
    await rename(beside, path).catch((error: NodeJS.ErrnoException) => {
      // A gateway that saw it lie there was faster.
      if (error.code !== 'ENOENT') {
        throw error;
      }
    });
  }
}

/**
 * Puts files in place that were written anew and noted by a program that ended before it could: the ledger has their bytes, and their former selves
 * still name somebody. What is noted nowhere is somebody's who is at work, or is written again.
 */
export async function finishExchanges(asker: Pick<Database, 'query'>, folder: string): Promise<readonly string[]> {
  const finished: string[] = [];
  const entries = await readdir(resolve(folder), { withFileTypes: true, recursive: true }).catch(() => []);
  const names = (hidden: boolean) =>
    entries
      .filter((entry) => entry.isFile() && entry.name.startsWith('.') === hidden)
      .map((entry) => join(entry.parentPath, entry.name));
  const left = new Set(names(true).filter((path) => path.endsWith(erasingSuffix)));
  for (const path of left.size === 0 ? [] : names(false)) {
    const beside = besideOf(path);
    if (left.has(beside) && (await isNoted(asker, await digestOf(beside), await digestOf(path)))) {
      await exchange([{ path, beside }]);
      finished.push(path);
    }
  }
  return finished;
}

async function isNoted(asker: Pick<Database, 'query'>, now: string | null, former: string | null): Promise<boolean> {
  const { rowCount } = await asker.query(
    `SELECT FROM gateway.rewritten_file WHERE former_sha256 = $1 AND sha256 = $2`,
    [former, now],
  );
  return rowCount > 0;
}

/** null: it is gone. */
async function digestOf(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  return pipeline(createReadStream(path), hash).then(
    () => hash.digest('hex'),
    () => null,
  );
}

export async function discard(written: readonly Rewriting[]): Promise<void> {
  await Promise.all(written.map(({ beside }) => rm(beside, { force: true })));
}

/** Hidden files are none. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** By its first bytes, as `.zip` and `.gz` begin. */
export async function isContainer(path: string): Promise<boolean> {
  for await (const head of createReadStream(path, { end: 3 }) as AsyncIterable<Buffer>) {
    return head.subarray(0, 2).toString('latin1') === 'PK' || (head[0] === 0x1f && head[1] === 0x8b);
  }
  return false;
}
