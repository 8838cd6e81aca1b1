import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import type net from 'node:net';
import path from 'node:path';
import ssh2, { type Attributes, type Connection, type SFTPWrapper } from 'ssh2';

const { Server, utils } = ssh2;
const { STATUS_CODE: status } = utils.sftp;

/** How a server of our own behaves; see `FtpManners`. */
export interface SftpManners {
  /** Connections that are broken off after so many bytes of a file, one for each number. */
  breaks: number[];
  /** Files that end after so many bytes, one for each number. */
  truncates: number[];
  /** Names that may not be read, deleted or moved, nor listed. */
  denied: Set<string>;
  whenRead: ((name: string) => void) | null;
  /** Passwords are asked for by a prompt alone. */
  prompts: boolean;
  /** Requests for bytes get no answer. */
  silent: boolean;
  sent: number;
  logins: number;
  /** Logins that failed. */
  refused: number;
}

export interface OwnSftp {
  readonly port: number;
  readonly manners: SftpManners;
  breakAll(): void;
  close(): Promise<void>;
}

export interface SftpSetup {
  readonly root: string;
  readonly user: string;
  readonly password: string;
  /** Public keys, as of `authorized_keys`, that may log in. */
  readonly authorized?: readonly string[];
  /** PEM or OpenSSH. */
  readonly hostKey: string;
  readonly port?: number;
}

/** A small SFTP server over a folder of this machine. */
export async function ownSftp(setup: SftpSetup): Promise<OwnSftp> {
  const manners: SftpManners = {
    ...{ breaks: [], truncates: [], denied: new Set(), whenRead: null, prompts: false, silent: false },
    ...{ sent: 0, logins: 0, refused: 0 },
  };
  const open = new Set<Connection>();
  const server = new Server({ hostKeys: [setup.hostKey] }, (connection) => {
    open.add(connection);
    connection.on('error', () => {});
    connection.on('close', () => open.delete(connection));
    admit(connection, setup, manners);
    connection.on('ready', () => {
      connection.on('session', (accept) => {
        accept().on('sftp', (begin) => serve(begin(), setup.root, manners, () => connection.end()));
      });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(setup.port ?? 0, '127.0.0.1', resolve);
  });
  const breakAll = (): void => {
    for (const connection of open) {
      // The socket itself: a goodbye would be no fault.
      (connection as unknown as { readonly _sock: net.Socket })._sock.destroy();
    }
  };
  const { port } = server.address() as net.AddressInfo;
  let closing: Promise<void> | null = null;
  return {
    port,
    manners,
    breakAll,
    close: () => {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        breakAll();
      });
      return closing;
    },
  };
}

function admit(connection: Connection, { user, password, authorized = [] }: SftpSetup, manners: SftpManners): void {
  const methods: ('publickey' | 'password' | 'keyboard-interactive')[] = [
    ...(authorized.length === 0 ? [] : ['publickey' as const]),
    manners.prompts ? 'keyboard-interactive' : 'password',
  ];
  connection.on('authentication', (context) => {
    const refuse = (): void => {
      manners.refused += context.method === 'none' ? 0 : 1;
      context.reject(methods);
    };
    const take = (good: boolean): void => {
      if (good && context.username === user) {
        manners.logins += 1;
        context.accept();
      } else {
        refuse();
      }
    };
    if (context.method === 'password' && !manners.prompts) {
      take(context.password === password);
    } else if (context.method === 'keyboard-interactive' && manners.prompts) {
      context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => take(answers?.[0] === password));
    } else if (context.method === 'publickey') {
      const offered = context.key.data.toString('base64');
      const known = authorized.some((line) => line.split(' ')[1] === offered);
      if (known && context.signature === undefined) {
        context.accept();
      } else {
        take(known);
      }
    } else {
      refuse();
    }
  });
}

function serve(sftp: SFTPWrapper, root: string, manners: SftpManners, end: () => void): void {
  const local = (given: string): string => path.join(root, path.posix.resolve('/', given));
  const handles: (
    | { kind: 'file'; name: string; fd: number; from: number; until: number; breaks: boolean }
    | { kind: 'folder'; path: string; done: boolean }
  )[] = [];
  const mayNot = (given: string): boolean => manners.denied.has(path.posix.basename(given));
  const handleOf = (number: number): Buffer => {
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(number);
    return handle;
  };
  const answering = (request: number, given: string, work: () => void): void => {
    if (mayNot(given)) {
      sftp.status(request, status.PERMISSION_DENIED, 'Permission denied');
      return;
    }
    try {
      work();
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      sftp.status(request, missing ? status.NO_SUCH_FILE : status.FAILURE, missing ? 'No such file' : 'Failure');
    }
  };
  const done = (request: number): void => sftp.status(request, status.OK);
  sftp.on('REALPATH', (request, given) => {
    const at = path.posix.resolve('/', given);
    sftp.name(request, [{ filename: at, longname: at, attrs: {} as Attributes }]);
  });
  sftp.on('STAT', (request, given) =>
    answering(request, '', () => sftp.attrs(request, attributes(statSync(local(given))))),
  );
  sftp.on('LSTAT', (request, given) =>
    answering(request, '', () => sftp.attrs(request, attributes(lstatSync(local(given))))),
  );
  sftp.on('OPENDIR', (request, given) =>
    answering(request, given, () => {
      readdirSync(local(given));
      sftp.handle(request, handleOf(handles.push({ kind: 'folder', path: local(given), done: false }) - 1));
    }),
  );
  sftp.on('READDIR', (request, handle) => {
    const folder = handles[handle.readUInt32BE()];
    if (folder?.kind !== 'folder' || folder.done) {
      sftp.status(request, status.EOF);
      return;
    }
    folder.done = true;
    const names = readdirSync(folder.path).flatMap((filename) => {
      const stats = lstatSync(path.join(folder.path, filename), { throwIfNoEntry: false });
      if (stats === undefined) {
        return { filename, longname: filename, attrs: {} as Attributes };
      }
      // The line for people may be anything: what an entry is, its mode says (findings/ssh2-sftp-client-list-types.sh).
      return { filename, longname: filename, attrs: attributes(stats) };
    });
    sftp.name(request, names);
  });
  sftp.on('OPEN', (request, given) =>
    answering(request, given, () => {
      const fd = openSync(local(given), 'r');
      manners.whenRead?.(path.posix.basename(given));
      const breaks = manners.breaks.shift();
      const limit = breaks ?? manners.truncates.shift();
      const until = limit ?? Number.POSITIVE_INFINITY;
      const file = { kind: 'file' as const, name: given, fd, from: -1, until, breaks: breaks !== undefined };
      sftp.handle(request, handleOf(handles.push(file) - 1));
    }),
  );
  sftp.on('READ', (request, handle, offset, length) => {
    const file = handles[handle.readUInt32BE()];
    if (file?.kind !== 'file' || manners.silent) {
      return;
    }
    file.from = file.from < 0 ? offset : file.from;
    const end0 = Math.min(offset + length, file.from + file.until, fstatSync(file.fd).size);
    if (end0 <= offset) {
      if (file.breaks && offset >= file.from + file.until) {
        end();
      } else {
        sftp.status(request, status.EOF);
      }
      return;
    }
    const bytes = Buffer.alloc(end0 - offset);
    const read = readSync(file.fd, bytes, 0, bytes.length, offset);
    manners.sent += read;
    sftp.data(request, bytes.subarray(0, read));
  });
  sftp.on('FSTAT', (request, handle) => {
    const file = handles[handle.readUInt32BE()];
    if (file?.kind === 'file') {
      sftp.attrs(request, attributes(fstatSync(file.fd)));
    } else {
      sftp.status(request, status.FAILURE);
    }
  });
  sftp.on('CLOSE', (request, handle) => {
    const file = handles[handle.readUInt32BE()];
    if (file?.kind === 'file') {
      closeSync(file.fd);
    }
    done(request);
  });
  sftp.on('REMOVE', (request, given) =>
    answering(request, given, () => {
      unlinkSync(local(given));
      done(request);
    }),
  );
  sftp.on('RENAME', (request, from, to) =>
    answering(request, from, () => {
      if (statSync(local(to), { throwIfNoEntry: false }) !== undefined) {
        sftp.status(request, status.FAILURE, 'Failure');
        return;
      }
      renameSync(local(from), local(to));
      done(request);
    }),
  );
  sftp.on('MKDIR', (request, given) =>
    answering(request, given, () => {
      mkdirSync(local(given));
      done(request);
    }),
  );
}

const attributes = ({ mode, uid, gid, size, atimeMs, mtimeMs }: Stats): Attributes => ({
  ...{ mode, uid, gid, size },
  atime: Math.floor(atimeMs / 1000),
  mtime: Math.floor(mtimeMs / 1000),
});
