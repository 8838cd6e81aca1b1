import type { Writable } from 'node:stream';
import { type Client, type FileInfo, FileType, FTPError } from 'basic-ftp';
import type { DeliverySettings } from '../../catalogue/delivery-settings.ts';
import { GatewayError } from '../../errors.ts';
import { reasonOf } from './faults.ts';
import { ftpError, isRefusal } from './ftp-errors.ts';
import type { RemoteConnection, RemoteEntry, RemoteFacts, RemoteListing } from './remote-server.ts';

/** What servers say behind a listing that they cut; the code is that of success. */
const cutListing = /truncat|\blimit(ed)?\b|too many files|incomplete/i;

/** One login at an FTP server. */
export class FtpConnection implements RemoteConnection {
  readonly #client: Client;
  /** Where the login led: paths of the delivery are relative to it. */
  readonly #home: string;
  readonly #settings: DeliverySettings;

  constructor(client: Client, home: string, settings: DeliverySettings) {
    this.#client = client;
    this.#home = home;
    this.#settings = settings;
  }

  async list(directory: string): Promise<RemoteListing> {
    const path = this.#absolute(directory);
    let replies = '';
    try {
      // Behind LIST, servers read options and patterns where a path should be.
      await this.#client.send(`CWD ${path}`);
      // The library gives the files and keeps what the server said of them; all that is said passes here.
      this.#client.ftp.log = (message) => {
        replies += message.startsWith('< ') ? message.slice(2) : '';
      };
      const found = await this.#client.list();
      const cut = replies.split(/\r?\n/).find((line) => cutListing.test(line)) ?? null;
      return { entries: found.map(entryOf), cut: cut === null ? null : cut.replace(/^\d{3}[ -]/, '') };
    } catch (error) {
      if (isRefusal(error)) {
        throw new GatewayError('DirectoryUnreadable', `${path} cannot be listed: ${error.message}`, {
          target: this.#settings.id,
          cause: error,
        });
      }
      throw this.#error(error);
    } finally {
      this.#client.ftp.log = () => {};
    }
  }

  async facts(path: string): Promise<RemoteFacts | null> {
    const absolute = this.#absolute(path);
    try {
      const size = await this.#client.size(absolute);
      return { size, modifiedAt: await this.#modifiedAt(absolute) };
    } catch (error) {
      if (isRefusal(error)) {
        return null;
      }
      throw this.#error(error);
    }
  }

  async read(path: string, from: number, into: Writable): Promise<void> {
    let thrown: unknown = null;
    // The library knows where its own socket fails and where our stream does, but throws whichever comes first.
    into.once('error', (error) => {
      thrown = error;
    });
    try {
      await this.#client.downloadTo(into, this.#absolute(path), from);
    } catch (error) {
      if (thrown instanceof GatewayError) {
        this.#client.close();
        throw thrown;
      }
      if (isRefusal(error) || (error instanceof FTPError && error.code === 554)) {
        throw await this.#refusal(path, error);
      }
      // A reply that belongs to this transfer may still come, and would be taken for that to the next command.
      this.#client.close();
      throw this.#error(thrown ?? error);
    }
  }

  async move(from: string, to: string): Promise<void> {
    await this.#changing(`${from} cannot be moved to ${to}`, async () => {
      await this.#client.send(`RNFR ${this.#absolute(from)}`);
      await this.#client.send(`RNTO ${this.#absolute(to)}`);
    });
  }

  async remove(path: string): Promise<void> {
    await this.#changing(`${path} cannot be deleted`, async () => {
      await this.#client.send(`DELE ${this.#absolute(path)}`);
    });
  }

  async makeDirectory(path: string): Promise<void> {
    const parts = this.#absolute(path)
      .split('/')
      .filter((part) => part !== '');
    await this.#changing(`${path} cannot be made`, async () => {
      for (let length = 1; length <= parts.length; length++) {
        // One that is there is refused with the same code as one that may not be made; the next command shows which it was.
        await this.#client.sendIgnoringError(`MKD /${parts.slice(0, length).join('/')}`);
      }
      await this.#client.send(`CWD /${parts.join('/')}`);
    });
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  async #modifiedAt(absolute: string): Promise<Date | null> {
    try {
      const time = await this.#client.lastMod(absolute);
      return Number.isNaN(time.getTime()) ? null : time;
    } catch (error) {
      if (error instanceof FTPError) {
        return null;
      }
      throw error;
    }
  }

  /** Why a server that refuses a file does so: the code is the same where it is gone. */
  async #refusal(path: string, error: FTPError): Promise<GatewayError> {
    const { id: target } = this.#settings;
    if ((await this.facts(path)) === null) {
      return new GatewayError('FileUnreadable', `${path} is gone from the server: ${error.message}`, {
        target,
        cause: error,
      });
    }
    return new GatewayError('FilePermissionDenied', `${path} may not be read: ${error.message}`, {
      target,
      cause: error,
    });
  }

  async #changing(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof FTPError && error.code >= 450 && error.code !== 421) {
        throw new GatewayError('FilePermissionDenied', `${what}: ${reasonOf(error)}`, {
          target: this.#settings.id,
          cause: error,
        });
      }
      throw this.#error(error);
    }
  }

  #absolute(path: string): string {
    if (path.startsWith('/')) {
      return path;
    }
    const home = this.#home.replace(/\/+$/, '');
    return path === '.' ? home || '/' : `${home}/${path}`;
  }

  #error(error: unknown): GatewayError {
    return ftpError(error, 'working', this.#settings);
  }
}

function entryOf(info: FileInfo): RemoteEntry {
  const kinds = {
    [FileType.File]: 'file',
    [FileType.Directory]: 'directory',
    [FileType.SymbolicLink]: 'link',
    [FileType.Unknown]: 'other',
  } as const;
  return {
    name: info.name,
    kind: kinds[info.type],
    size: Number.isSafeInteger(info.size) ? info.size : null,
    // Of LIST the library has a text in the server's zone, often without a year or a time: not even a hint.
    modifiedAt: info.modifiedAt ?? null,
  };
}
