import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { timeOfName } from '../../catalogue/name-time.ts';
import { GatewayError } from '../../errors.ts';
import { type FileFacts, readHead } from '../csv/file-facts.ts';
import type { Container, Member } from './container.ts';
import { damaged, unpackingError } from './damage.ts';
import { ratioAllows, tooDense, tooManyBytes, tooManyMembers, type UnpackLimits } from './limits.ts';
import { copyMeasured } from './measured-copy.ts';
import { memberNameFault, shownName } from './member-names.ts';

/** A local header: an archive that is empty, in parts, or behind a program is no container to us. */
export const isZip = (head: Buffer): boolean => head.subarray(0, 4).toString('latin1') === 'PK\x03\x04';

/** Members by which office documents are known, which are archives, too: those are no files to load one by one. */
const officeMembers: ReadonlySet<string> = new Set(['[Content_Types].xml', 'mimetype', 'Index/Document.iwa']);

/** Names of compression methods (APPNOTE 4.4.5) that are in use. */
const methods: ReadonlyMap<number, string> = new Map([
  [1, 'Shrink'],
  [6, 'Implode'],
  [9, 'Deflate64'],
  [12, 'bzip2'],
  [14, 'LZMA'],
  [93, 'Zstandard'],
  [95, 'XZ'],
  [98, 'PPMd'],
  [99, 'AES'],
]);

const firstYear = Date.UTC(1990, 0);

/** Opens a ZIP archive; null: it is an office document. Throws ContainerDamaged, ContainerTooLarge, MemberNotTaken where the whole archive is encrypted. */
export async function openZip(facts: FileFacts, limits: UnpackLimits): Promise<Container | null> {
  // Names are judged here one by one, sizes while bytes come out: by itself the library gives up at the first odd one.
  const options = { autoClose: false, decodeStrings: false, validateEntrySizes: false };
  const file = await yauzl.openPromise(facts.path, options).catch(async (cause: unknown) => {
    if (await beginsLikeOffice(facts)) {
      return null;
    }
    throw unreadable(facts, cause);
  });
  if (file === null) {
    return null;
  }
  try {
    const entries = await entriesOf(file, facts, limits);
    if (entries.some(({ path }) => officeMembers.has(path))) {
      file.close();
      return null;
    }
    return container(file, { limits, entries });
  } catch (error) {
    file.close();
    throw error;
  }
}

/** One that was cut off is a document all the same. */
async function beginsLikeOffice({ path }: FileFacts): Promise<boolean> {
  const head = await readHead(path, 30 + 64);
  return head.length > 30 && officeMembers.has(head.toString('latin1', 30, 30 + head.readUInt16LE(26)));
}

interface Listed {
  readonly entry: Entry;
  readonly path: string;
  readonly modifiedAt: Date;
}

/** The central directory without its directories, held against the limits as it states its sizes. */
async function entriesOf(file: ZipFile, facts: FileFacts, limits: UnpackLimits): Promise<readonly Listed[]> {
  if (file.entryCount > limits.members) {
    throw tooManyMembers(facts.name, file.entryCount, limits);
  }
  const listed: Listed[] = [];
  let [packed, unpacked] = [0, 0];
  try {
    for await (const entry of file.eachEntry()) {
      packed += entry.compressedSize;
      unpacked += entry.uncompressedSize;
      const [path, modifiedAt] = [nameOf(entry), timeOf(entry, facts)];
      // What was read of the header is up to 192 KiB an entry.
      Object.assign(entry, { fileNameRaw: empty, fileName: '', extraFieldRaw: empty, extraFields: [] });
      Object.assign(entry, { fileCommentRaw: empty, fileComment: '', comment: '' });
      if (!path.endsWith('/')) {
        listed.push({ entry, path, modifiedAt });
      }
    }
  } catch (cause) {
    throw unreadable(facts, cause);
  }
  if (packed > facts.bytes) {
    throw damaged(facts.name, 'its members lie over each other, as those of a bomb do');
  }
  if (unpacked > limits.bytes) {
    throw tooManyBytes(facts.name, limits);
  }
  return listed;
}

const empty = Buffer.alloc(0);

/** UTF-8 where the archive says so or a name can be nothing else, as many packers forget to say; else code page 437. */
function nameOf({ generalPurposeBitFlag: flags, fileNameRaw, extraFields }: Entry): string {
  const utf8 = fileNameRaw.toString('utf8').includes('\ufffd') ? flags : flags | 0x800;
  return yauzl.getFileNameLowLevel(utf8, fileNameRaw, extraFields, true).replace(/^(?:\.\/)+/, '');
}

function unreadable({ name }: FileFacts, cause: unknown): GatewayError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (message === 'strong encryption is not supported') {
    return notTaken(name, 'it is encrypted', 'Pack it without a password');
  }
  return unpackingError(name, cause);
}

function notTaken(name: string, why: string, todo: string): GatewayError {
  return new GatewayError('MemberNotTaken', `${name} is not taken: ${why}. ${todo}.`, { target: name });
}

function container(
  file: ZipFile,
  { limits, entries }: { readonly limits: UnpackLimits; readonly entries: readonly Listed[] },
): Container {
  const counts = new Map<string, number>();
  for (const { path } of entries) {
    counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  const members = entries.map(({ entry, path, modifiedAt }, index): Member => {
    const shown = shownName(path);
    return {
      ...{ index, path: shown, name: shown.slice(shown.lastIndexOf('/') + 1), modifiedAt },
      packedBytes: entry.compressedSize,
      refusal: refusalOf({ entry, path }, { limits, twice: (counts.get(path) ?? 0) > 1 }),
    };
  });
  const entryOf = ({ index }: Member): Entry => (entries[index] as Listed).entry;
  return {
    kind: 'zip',
    members: members.toSorted((a, b) => orderOf(a) - orderOf(b) || (a.path < b.path ? -1 : 1)),
    extract: (member, path) => extract(file, entryOf(member), { path, member }),
    digestPacked: async (member) => {
      const hash = createHash('sha256');
      try {
        await pipeline(await file.openReadStreamPromise(entryOf(member), { decodeFileData: false }), hash);
      } catch (cause) {
        throw unpackingError(member.path, cause);
      }
      return hash.digest('hex');
    },
    close: async () => file.close(),
  };
}

const orderOf = ({ name, modifiedAt }: Member): number => (timeOfName(name, 'utc') ?? modifiedAt).getTime();

/** The time of the old header has no zone and is read as UTC; a packer that gives none leaves that of the archive. */
function timeOf(entry: Entry, facts: FileFacts): Date {
  const time = entry.getLastModDate({ timezone: 'UTC' });
  return time.getTime() >= firstYear ? time : facts.modifiedAt;
}

function refusalOf(
  { entry, path }: Pick<Listed, 'entry' | 'path'>,
  { limits, twice }: { readonly limits: UnpackLimits; readonly twice: boolean },
): GatewayError | null {
  const shown = shownName(path);
  const fault = memberNameFault(path);
  const { compressionMethod: method, compressedSize: packed, uncompressedSize: unpacked } = entry;
  if (fault !== null) {
    return notTaken(shown, fault, 'Pack it under another name');
  }
  if (twice) {
    return notTaken(
      shown,
      'its name stands there more than once, and nobody can tell which counts',
      'Pack one of them',
    );
  }
  if (entry.isEncrypted()) {
    return notTaken(shown, 'it is encrypted', 'Pack it without a password');
  }
  if (method !== 0 && method !== 8) {
    const named = methods.get(method) ?? `method ${method}`;
    return notTaken(
      shown,
      `it is packed by ${named}, which is not supported`,
      'Pack it by Deflate, as ZIP does by itself',
    );
  }
  // The upper half of the mode, where the archive comes from Unix.
  if (entry.versionMadeBy >> 8 === 3 && ((entry.externalFileAttributes >>> 16) & 0o170000) === 0o120000) {
    return notTaken(shown, 'it is a link', 'Pack the file itself');
  }
  return ratioAllows(limits, packed, unpacked) ? null : tooDense(shown, limits);
}

async function extract(
  file: ZipFile,
  entry: Entry,
  { path, member }: { readonly path: string; readonly member: Member },
): Promise<void> {
  const { path: name, modifiedAt } = member;
  const stated = entry.uncompressedSize;
  const stream = await file.openReadStreamPromise(entry).catch((cause: unknown) => {
    throw unpackingError(name, cause);
  });
  const found = await copyMeasured(stream, { path, name, modifiedAt }, (bytes) => {
    if (bytes > stated) {
      throw damaged(name, `more comes out than the ${stated} bytes that the archive states`);
    }
  });
  if (found.bytes !== stated) {
    throw damaged(name, `${found.bytes} bytes come out of it, and the archive states ${stated}`);
  }
  if (found.crc32 !== entry.crc32) {
    throw damaged(name, 'its checksum is another one than the archive states');
  }
}
