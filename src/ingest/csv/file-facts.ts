import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { whyUnreadable } from '../../unreadable-file.ts';
import { byteOrderMark, type EncodingEvidence } from './file-encoding.ts';
import { type EndOfFile, findTextEnd } from './text-end.ts';
import { Utf8Census, Utf8Check } from './utf8-census.ts';
import { WideCensus } from './wide-census.ts';

/** What is known of a file before its content is understood. */
export interface FileFacts {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  /** Where its text ends: what it is padded with behind that is none. */
  readonly textEnd: number;
  /** Hex digest of the whole content; the identity of a file under any name. */
  readonly sha256: string;
  readonly modifiedAt: Date;
  readonly evidence: EncodingEvidence;
  /** Where it was unpacked from: the path, digest and length of that file, and the member's path in it. Absent: it lies as it came. */
  readonly container?: {
    readonly path: string;
    readonly sha256: string;
    readonly bytes: number;
    readonly member: string;
  };
}

const chunkLength = 256 * 1024;

/**
 * Reads the whole file once: its digest and its encoding. Throws FileUnreadable when it cannot be read, or when it
 * changed while it was read (an upload still going on).
 */
export async function examineFile(path: string): Promise<FileFacts> {
  const before = await statFile(path);
  const hash = createHash('sha256');
  const check = new Utf8Check();
  const wideCensus = new WideCensus();
  let mark: Pick<EncodingEvidence, 'bom' | 'bomBytes'> | null = null;
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: chunkLength }) as AsyncIterable<Buffer>) {
      mark ??= byteOrderMark(chunk);
      hash.update(chunk);
      if (mark.bom === null) {
        wideCensus.push(chunk);
      }
      if (mark.bom !== 'utf-16le' && mark.bom !== 'utf-16be') {
        check.push(chunk);
      }
      bytes += chunk.length;
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
  check.end();
  const { bom, bomBytes } = mark ?? { bom: null, bomBytes: 0 };
  const wide = bom === null ? wideCensus.verdict() : null;
  const encoding = bom === 'utf-8' ? null : (bom ?? wide);
  const { census, textEnd } = await lookAgain(path, { bytes, bomBytes, encoding }, check.whole).catch(
    (cause: unknown) => Promise.reject(unreadable(path, cause)),
  );
  const after = await statFile(path);
  if (after.size !== bytes || after.mtimeMs !== before.mtimeMs) {
    throw new GatewayError('FileUnreadable', `${path} changed while it was read`, { target: path });
  }
  return {
    path,
    name: basename(path),
    bytes,
    textEnd,
    sha256: hash.digest('hex'),
    modifiedAt: after.mtime,
    evidence: { bom, bomBytes, wide, whole: check.whole, multiByte: census.multiByte, malformed: census.malformed },
  };
}

/** What needs another look: the end of the text, and all bytes where they are no whole UTF-8. */
async function lookAgain(path: string, file: EndOfFile, whole: boolean) {
  const census = new Utf8Census();
  if (!whole && file.encoding === null) {
    for await (const chunk of createReadStream(path, { highWaterMark: chunkLength }) as AsyncIterable<Buffer>) {
      census.push(chunk);
    }
    census.end();
  }
  return { census, textEnd: await findTextEnd(path, file) };
}

/** Throws FileUnreadable where the file is not the one that was examined any more: what was read since may be another text. */
export async function requireUnchanged(facts: FileFacts): Promise<void> {
  const now = await statFile(facts.path);
  if (now.size === facts.bytes && now.mtime.getTime() === facts.modifiedAt.getTime()) {
    return;
  }
  throw new GatewayError('FileUnreadable', `${facts.path} changed while it was loaded`, { target: facts.path });
}

/** The first bytes of a file, enough for its header. */
export async function readHead(path: string, bytes = chunkLength): Promise<Buffer> {
  const file = await open(path, 'r').catch((cause: unknown) => Promise.reject(unreadable(path, cause)));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function statFile(path: string) {
  const stats = await stat(path).catch((cause: unknown) => Promise.reject(unreadable(path, cause)));
  if (!stats.isFile()) {
    throw new GatewayError('FileUnreadable', `${path} is not a file`, { target: path });
  }
  return stats;
}

/** What it means that a file cannot be read: it is not there, or not any more, or its disk fails. */
export const unreadable = (path: string, cause: unknown): GatewayError =>
  new GatewayError('FileUnreadable', `${path} cannot be read: ${whyUnreadable(path, cause)}`, { target: path, cause });
