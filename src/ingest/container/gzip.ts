import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type FileFacts, readHead } from '../csv/file-facts.ts';
import type { Container, Member } from './container.ts';
import { damaged, unpackingError } from './damage.ts';
import { ratioAllows, tooDense, tooManyBytes, type UnpackLimits } from './limits.ts';
import { copyMeasured } from './measured-copy.ts';
import { memberNameFault } from './member-names.ts';

/** RFC 1952, 2.3: magic bytes, and deflate, the only method there is. */
export const isGzip = (head: Buffer): boolean => head.subarray(0, 3).equals(Buffer.from([0x1f, 0x8b, 8]));

const firstYear = Date.UTC(1990, 0);

/**
 * A gzip file: one file inside, whose members (RFC 1952, 2.2) are one text. `known`: whether a file rule knows a name; the file's own name
 * without `.gz` counts, and the one in its header where only that one is known, since a file may be renamed after it was packed.
 */
export async function openGzip(
  facts: FileFacts,
  limits: UnpackLimits,
  known: (name: string) => boolean,
): Promise<Container> {
  const header = readHeader(await readHead(facts.path, 64 * 1024));
  const own = facts.name.replace(/\.gz$/i, '').replace(/\.tgz$/i, '.tar');
  const name = header.name !== null && !known(own) && known(header.name) ? header.name : own;
  const modifiedAt = header.modifiedAt ?? facts.modifiedAt;
  const member: Member = { index: 0, path: name, name, modifiedAt, packedBytes: facts.bytes, refusal: null };
  return {
    kind: 'gzip',
    members: [member],
    extract: (_, path) => gunzipTo(facts, { path, name: facts.name, modifiedAt }, limits),
    digestPacked: async () => {
      const hash = createHash('sha256');
      await pipeline(createReadStream(facts.path), hash);
      return hash.digest('hex');
    },
    close: async () => {},
  };
}

/** What the header of the first member says: the name of the file and when it was changed; null: it does not, or no name can be that. */
function readHeader(head: Buffer): { readonly name: string | null; readonly modifiedAt: Date | null } {
  const seconds = head.length < 8 ? 0 : head.readUInt32LE(4);
  const modifiedAt = seconds * 1000 < firstYear ? null : new Date(seconds * 1000);
  const flags = head[3] ?? 0;
  let at = 10;
  if ((flags & 4) !== 0 && head.length >= at + 2) {
    at += 2 + head.readUInt16LE(at);
  }
  const end = head.indexOf(0, at);
  if ((flags & 8) === 0 || end <= at) {
    return { name: null, modifiedAt };
  }
  const bytes = head.subarray(at, end);
  const utf8 = bytes.toString('utf8');
  // ISO 8859-1 by the standard, UTF-8 by most who write one.
  const name = utf8.includes('\ufffd') ? bytes.toString('latin1') : utf8;
  return { name: memberNameFault(name) === null && !name.includes('/') ? name : null, modifiedAt };
}

async function gunzipTo(
  facts: FileFacts,
  to: { readonly path: string; readonly name: string; readonly modifiedAt: Date },
  limits: UnpackLimits,
): Promise<void> {
  const gunzip = createGunzip();
  const source = createReadStream(facts.path);
  source.on('error', (error) => gunzip.destroy(error));
  try {
    // Not a pipeline, which takes padding behind the last member for a broken one.
    await copyMeasured(source.pipe(gunzip), to, (bytes) => {
      if (bytes > limits.bytes) {
        throw tooManyBytes(to.name, limits);
      }
      if (!ratioAllows(limits, gunzip.bytesWritten, bytes)) {
        throw tooDense(to.name, limits);
      }
    });
  } finally {
    source.destroy();
  }
  await requirePadding(facts, gunzip.bytesWritten);
}

/** Behind the last member only NUL may stand, as tapes and block devices pad files: Node ends there, and would lose what follows. */
async function requirePadding({ path, name }: FileFacts, from: number): Promise<void> {
  try {
    let at = from;
    for await (const chunk of createReadStream(path, { start: from }) as AsyncIterable<Buffer>) {
      const found = chunk.findIndex((byte) => byte !== 0);
      if (found >= 0) {
        const why = `behind its packed data and ${at + found - from} bytes of padding, at byte ${at + found}, more data follows, which would be lost. Take the padding out between the parts, or send each part as a file`;
        throw damaged(name, why);
      }
      at += chunk.length;
    }
  } catch (cause) {
    throw unpackingError(name, cause);
  }
}
