import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { RecordEraser } from '../convert/record-eraser.ts';
import { examineFile, type FileFacts } from '../csv/file-facts.ts';
import { readRows } from '../csv/read-records.ts';
import { encodeText } from '../csv/text-encoding.ts';
import type { Identification } from '../identify/identify-export.ts';
import { identifyFile } from '../identify/identify-file.ts';
import { noteRewrittenFile } from '../ledger/erasures.ts';
import { ErasureRules } from '../personal/erasure-rules.ts';
import type { Persons } from '../personal/persons.ts';
import { erasedRecord } from './erased-record.ts';

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

/** What is to be written in place of some bytes of a file. */
interface Patch {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
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
      const planned = await planFile(transaction, catalogue, { facts, persons, source });
      if (planned !== null) {
        files.push(planned);
      }
    }
  }
  return { files, containers };
}

/** What is to be written anew of one file; null: nothing names anybody. */
export async function planFile(
  transaction: Transaction,
  catalogue: Catalogue,
  { facts, persons, source }: { readonly facts: FileFacts; readonly persons: Persons; readonly source: string | null },
): Promise<PlannedFile | null> {
  const { rows } = await transaction.query<{ source: string | null; export: string | null; file_name: string }>(
    `SELECT source, export, file_name FROM gateway.load WHERE sha256 IN ($1, (SELECT sha256 FROM gateway.rewritten_file WHERE former_sha256 = $1)) ORDER BY (state = 'loaded') DESC, load_id DESC LIMIT 1`,
    [facts.sha256],
  );
  const known = rows[0];
  if (source !== null && known?.source !== source) {
    return null;
  }
  const named = known === undefined ? facts : { ...facts, name: known.file_name };
  const asked = known?.source == null || known.export === null ? {} : { source: known.source, export: known.export };
  const identified = await identifyFile(catalogue, named, asked).catch(() => null);
  const patches =
    identified === null
      ? await patchLines(facts, persons)
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

/** A file of which nobody knows what it is: lines that mention the person go, but for the first, which may be its header. */
async function patchLines({ path, evidence }: FileFacts, persons: Persons): Promise<readonly Found[]> {
  const encoding = evidence.bom ?? evidence.wide ?? (evidence.whole ? 'utf-8' : 'windows-1252');
  const wide = encoding === 'utf-16le' || encoding === 'utf-16be';
  const units = wide ? 2 : 1;
  const bytes = await readFile(path);
  const text = wide
    ? (encoding === 'utf-16be'
        ? Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2))).swap16()
        : bytes
      ).toString('utf16le')
    : bytes.toString('latin1');
  const found: Found[] = [];
  let start = 0;
  for (const line of text.split(/(?<=\n)/)) {
    const end = start + line.length * units;
    const shown = encoding === 'utf-8' ? Buffer.from(line, 'latin1').toString('utf8') : line;
    if (start > 0 && persons.mentions(shown)) {
      found.push({
        start,
        end,
        bytes: encodeText(line.replace(/[^\r\n]/g, ' '), wide ? encoding : 'iso-8859-1'),
        isWhole: true,
      });
    }
    start = end;
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
    const beside = join(dirname(facts.path), `.${basename(facts.path)}.erasing`);
    await pipeline(Readable.from(patched(facts, patches)), createWriteStream(beside));
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

export async function exchange(written: readonly Rewriting[]): Promise<void> {
  for (const { path, beside } of written) {
    await rename(beside, path);
  }
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
