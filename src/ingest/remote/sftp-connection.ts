import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileEntry, SFTPWrapper, Stats } from 'ssh2';
import type SftpClient from 'ssh2-sftp-client';
import type { DeliverySettings } from '../../catalogue/delivery-settings.ts';
import { type ErrorCode, GatewayError } from '../../errors.ts';
import { isFull, reasonOf, spoolFull } from './faults.ts';
import type { RemoteConnection, RemoteEntry, RemoteFacts, RemoteListing } from './remote-server.ts';

/** Status codes of SFTP, version 3. */
const noSuchFile = 2;
const permissionDenied = 3;
const failure = 4;

/** Bits of a file's mode that say what it is, in octal as in stat(2). */
const kindMask = 0o170000;
const kindsByMode: ReadonlyMap<number, RemoteEntry['kind']> = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'link'],
]);
/** First letter of the line for people, where a server gives no mode. */
const kindsByLetter: ReadonlyMap<string, RemoteEntry['kind']> = new Map([
  ['-', 'file'],
  ['d', 'directory'],
  ['l', 'link'],
]);

/** Milliseconds that a server gets to say goodbye. */
const farewell = 2000;

/** One login at an SFTP server. */
export class SftpConnection implements RemoteConnection {
  readonly #client: SftpClient;
  readonly #sftp: SFTPWrapper;
  readonly #settings: DeliverySettings;
  readonly #lost = new AbortController();

  constructor(client: SftpClient, sftp: SFTPWrapper, settings: DeliverySettings) {
    this.#client = client;
    this.#sftp = sftp;
    this.#settings = settings;
    for (const event of ['error', 'end', 'close']) {
      client.on(event, () => this.#lost.abort(new Error('The connection was lost')));
    }
  }

  async list(directory: string): Promise<RemoteListing> {
    // The library's own list() goes by the line for people (findings/ssh2-sftp-client-list-types.sh).
    const found = await this.#asking(
      (done: (error: Error | undefined, list: FileEntry[]) => void) => this.#sftp.readdir(directory, done),
      { what: `${directory} cannot be listed`, code: 'DirectoryUnreadable' },
    );
    return { entries: found.map(entryOf), cut: null };
  }

  async facts(path: string): Promise<RemoteFacts | null> {
    try {
      const stats = await this.#asking(
        (done: (error: Error | undefined, stats: Stats) => void) => this.#sftp.lstat(path, done),
        { what: `${path} cannot be looked at`, code: 'FilePermissionDenied' },
      );
      return stats.isFile() ? { size: stats.size, modifiedAt: new Date(stats.mtime * 1000) } : null;
    } catch (error) {
      if (error instanceof GatewayError && statusOf(error.cause) === noSuchFile) {
        return null;
      }
      throw error;
    }
  }

  async read(path: string, from: number, into: Writable): Promise<void> {
    const idle = new AbortController();
    const milliseconds = this.#settings.timeoutSeconds * 1000;
    const giveUp = (): void => idle.abort(new Error(`No byte came for ${this.#settings.timeoutSeconds} seconds`));
    let timer = setTimeout(giveUp, milliseconds);
    try {
      const source = this.#client.createReadStream(path, { start: from, highWaterMark: 256 * 1024 });
      source.on('data', () => {
        clearTimeout(timer);
        timer = setTimeout(giveUp, milliseconds);
      });
      await pipeline(source, into, { signal: AbortSignal.any([this.#lost.signal, idle.signal]) });
    } catch (error) {
      if (statusOf(error) === noSuchFile) {
        throw this.#fault('FileUnreadable', `${path} is gone from the server`, error);
      }
      throw this.#error(idle.signal.aborted ? idle.signal.reason : error, {
        what: `${path} cannot be read`,
        code: 'FilePermissionDenied',
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async move(from: string, to: string): Promise<void> {
    const what = `${from} cannot be moved to ${to}`;
    await this.#changing((done) => this.#sftp.rename(from, to, done), what);
  }

  async remove(path: string): Promise<void> {
    await this.#changing((done) => this.#sftp.unlink(path, done), `${path} cannot be deleted`);
  }

  async makeDirectory(path: string): Promise<void> {
    const parts = path.split('/');
    for (let length = 1; length <= parts.length; length++) {
      const part = parts.slice(0, length).join('/');
      if (part !== '' && part !== '.' && !(await this.#isDirectory(part))) {
        await this.#changing((done) => this.#sftp.mkdir(part, done), `${part} cannot be made`);
      }
    }
  }

  async close(): Promise<void> {
    const over = new Promise<void>((resolve) => {
      setTimeout(resolve, farewell).unref();
    });
    await Promise.race([
      this.#client.end().then(
        () => {},
        () => {},
      ),
      over,
    ]);
  }

  async #isDirectory(path: string): Promise<boolean> {
    try {
      const stats = await this.#asking(
        (done: (error: Error | undefined, stats: Stats) => void) => this.#sftp.stat(path, done),
        { what: path, code: 'FilePermissionDenied' },
      );
      return stats.isDirectory();
    } catch (error) {
      if (error instanceof GatewayError && statusOf(error.cause) === noSuchFile) {
        return false;
      }
      throw error;
    }
  }

  async #changing(ask: (done: (error: Error | null | undefined) => void) => void, what: string): Promise<void> {
    await this.#asking(
      (done: (error: Error | undefined, nothing: undefined) => void) =>
        ask((error) => done(error ?? undefined, undefined)),
      {
        what,
        code: 'FilePermissionDenied',
      },
    );
  }

  /** One request. A connection that is lost, and a server that does not answer, end it. */
  #asking<T>(ask: (done: (error: Error | undefined, answer: T) => void) => void, refused: Refused): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const fail = (error: unknown): void => {
        clearTimeout(timer);
        this.#lost.signal.removeEventListener('abort', lose);
        reject(this.#error(error, refused));
      };
      const lose = (): void => fail(this.#lost.signal.reason);
      const timer = setTimeout(
        () => fail(new Error(`No answer for ${this.#settings.timeoutSeconds} seconds`)),
        this.#settings.timeoutSeconds * 1000,
      );
      if (this.#lost.signal.aborted) {
        lose();
        return;
      }
      this.#lost.signal.addEventListener('abort', lose);
      try {
        ask((error, answer) => {
          if (error !== undefined && error !== null) {
            fail(error);
            return;
          }
          clearTimeout(timer);
          this.#lost.signal.removeEventListener('abort', lose);
          resolve(answer);
        });
      } catch (error) {
        fail(error);
      }
    });
  }

  #error(error: unknown, { what, code }: Refused): GatewayError {
    if (error instanceof GatewayError) {
      return error;
    }
    if (isFull(error)) {
      return spoolFull(error);
    }
    const status = statusOf(error);
    if (status === permissionDenied || status === failure || status === noSuchFile) {
      return this.#fault(code, `${what}: ${reasonOf(error)}`, error);
    }
    const { host, port } = this.#settings;
    const reason = this.#lost.signal.aborted ? reasonOf(this.#lost.signal.reason) : reasonOf(error);
    return this.#fault('ServerUnreachable', `${host}:${port}: ${reason}`, error);
  }

  #fault(code: Exclude<ErrorCode, 'NotImplemented'>, message: string, cause: unknown): GatewayError {
    return new GatewayError(code, message, { target: this.#settings.id, cause });
  }
}

/** What it means where the server refuses. */
interface Refused {
  readonly what: string;
  readonly code: 'DirectoryUnreadable' | 'FilePermissionDenied';
}

/** The status that the server gave; null: it was not the server. */
function statusOf(error: unknown): number | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null;
}

function entryOf({ filename, longname, attrs }: FileEntry): RemoteEntry {
  const { mode, size, mtime } = attrs as Partial<typeof attrs>;
  const kind = mode === undefined ? kindsByLetter.get(longname[0] ?? '') : kindsByMode.get(mode & kindMask);
  return {
    name: filename,
    kind: kind ?? 'other',
    size: size ?? null,
    modifiedAt: mtime === undefined ? null : new Date(mtime * 1000),
  };
}
