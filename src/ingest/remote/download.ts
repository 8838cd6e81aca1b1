import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import { GatewayError } from '../../errors.ts';
import { mayPass } from './faults.ts';
import type { RemoteConnection, RemoteFacts } from './remote-server.ts';
import type { RemoteSession, Repeats } from './remote-session.ts';

/** A file as it was listed. */
export interface RemoteFile extends RemoteFacts {
  /** Path on the server. */
  readonly path: string;
}

/** What was fetched, and what the server said of it then: its times may differ from those of its listings. */
export interface Downloaded {
  readonly sha256: string;
  readonly facts: RemoteFacts;
}

/**
 * Fetches the bytes of a file, whole and of one version: it must have the size that was listed, and size and time are asked before each try
 * and after the last byte. What was fetched before a connection broke is kept, and the rest asked for. Throws FileUnreadable
 * (gone, changed, growing), FilePermissionDenied, SpoolFull, and what the session throws.
 */
export async function download(
  session: RemoteSession,
  file: RemoteFile,
  place: string,
  onRetry?: Repeats['onRetry'],
): Promise<Downloaded> {
  const begun: Fetching['begun'] = { hash: createHash('sha256'), bytes: 0, silent: 0, facts: null };
  let before = 0;
  const advanced = (): boolean => {
    const came = begun.bytes > before;
    before = begun.bytes;
    return came;
  };
  await session.use((connection) => fetchRest(connection, { file, place, begun }), {
    advanced,
    ...(onRetry === undefined ? {} : { onRetry }),
  });
  return { sha256: begun.hash.digest('hex'), facts: begun.facts ?? file };
}

interface Fetching {
  readonly file: RemoteFile;
  readonly place: string;
  /** `bytes`: written and in the digest; `silent`: tries in which none came; `facts`: when the first try began. */
  readonly begun: { hash: Hash; bytes: number; silent: number; facts: RemoteFacts | null };
}

async function fetchRest(connection: RemoteConnection, { file, place, begun }: Fetching): Promise<void> {
  begun.facts =
    begun.facts === null
      ? await requireAsItWas(connection, file, { ...file, modifiedAt: null }, 'since it was listed')
      : await requireAsItWas(connection, file, begun.facts, 'between two tries to fetch it');
  await keepWhatIsWhole(place, begun);
  // Servers answer a beginning behind the end in three ways, one of which looks like an empty file.
  if (begun.bytes < file.size || begun.bytes === 0) {
    await readRest(connection, { file, place, begun });
  }
  if (begun.bytes < file.size) {
    const message = `${file.path} ended after ${begun.bytes} of ${file.size} bytes`;
    throw new GatewayError('ServerUnreachable', message, { target: file.path });
  }
  await requireAsItWas(connection, file, begun.facts, 'while it was fetched');
}

async function readRest(connection: RemoteConnection, { file, place, begun }: Fetching): Promise<void> {
  const from = begun.bytes;
  const write = createWriteStream(place, { flags: from === 0 ? 'w' : 'r+', start: from });
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (begun.bytes + chunk.length > file.size) {
        const message = `${file.path} grows: it has more than the ${file.size} bytes that were listed`;
        done(new GatewayError('FileUnreadable', message, { target: file.path }));
        return;
      }
      // Counted where the disk has it, as a try that breaks loses what is on the way.
      write.write(chunk, (error) => {
        if (error === null || error === undefined) {
          begun.hash.update(chunk);
          begun.bytes += chunk.length;
        }
        done(error);
      });
    },
  });
  const written = finished(write);
  written.catch((error: Error) => count.destroy(error));
  count.resume();
  try {
    await connection.read(file.path, from, count);
    await finished(count);
  } catch (error) {
    begun.silent = begun.bytes > from ? 0 : begun.silent + 1;
    throw refusedSilently(error, file, begun.silent);
  } finally {
    write.end();
    await written.catch(() => {});
  }
}

/**
 * A server that refuses a file may say so by closing the data connection before its reply is read: what looks like a network fault, again and
 * again, at a file that can be asked about, is none.
 */
function refusedSilently(error: unknown, { path, size }: RemoteFile, silent: number): unknown {
  if (silent < 3 || size === 0 || !mayPass(error) || codeOf(error.cause) !== 'ECONNRESET') {
    return error;
  }
  const message = `${path} is there, and the server ended the transfer ${silent} times before the first byte: it may not be read (${error.message})`;
  return new GatewayError('FilePermissionDenied', message, { target: path, cause: error });
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : null);

/** The file may have lost what was written last, where this machine's disk was full. */
async function keepWhatIsWhole(place: string, begun: Fetching['begun']): Promise<void> {
  const size = await stat(place).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size !== begun.bytes) {
    await rm(place, { force: true });
    begun.hash = createHash('sha256');
    begun.bytes = 0;
  }
}

/** Throws FileUnreadable where the file is another one than it was, or none. */
async function requireAsItWas(
  connection: RemoteConnection,
  { path }: RemoteFile,
  before: RemoteFacts,
  when: string,
): Promise<RemoteFacts> {
  const now = await connection.facts(path);
  if (now === null) {
    throw new GatewayError('FileUnreadable', `${path} went away ${when}, or is no ordinary file`, { target: path });
  }
  if (now.size !== before.size) {
    const message = `${path} changed ${when}: it had ${before.size} bytes and has ${now.size}`;
    throw new GatewayError('FileUnreadable', message, { target: path });
  }
  if (!sameTime(now.modifiedAt, before.modifiedAt)) {
    throw new GatewayError('FileUnreadable', `${path} was written to ${when}`, { target: path });
  }
  return now;
}

/** null: not told, which says nothing. */
const sameTime = (one: Date | null, other: Date | null): boolean =>
  one === null || other === null || one.getTime() === other.getTime();

export const sameFacts = (one: RemoteFacts, other: RemoteFacts): boolean =>
  one.size === other.size && sameTime(one.modifiedAt, other.modifiedAt);
