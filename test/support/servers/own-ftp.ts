import { createReadStream, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, type Stats, statSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';

/** How a server of our own behaves; each of these was seen at a real one, or is what networks do to it. */
export interface FtpManners {
  /** Without: only LIST, whose dates are for people. */
  mlsd: boolean;
  /** MDTM answers 500. */
  mdtm: boolean;
  /** Hours that are added to every time that the server tells. */
  zoneHours: number;
  /** Files after which a listing ends, with code 226 and these words. */
  cut: { readonly after: number; readonly words: string } | null;
  /** Transfers that are broken off after so many bytes, one for each number. */
  breaks: number[];
  /** Transfers that end early with code 226, after so many bytes. */
  truncates: number[];
  /** RETR that are refused by closing the data connection before the reply comes. */
  resets: boolean;
  /** Data connections cannot be opened. */
  noPassive: boolean;
  /** What logins are refused with, one after the other. */
  refusals: string[];
  /** Names that may not be read, deleted or moved. */
  denied: Set<string>;
  /** Entries of a listing that are told besides what lies there, as lines. */
  besides: string[];
  /** Done when a transfer begins. */
  whenRead: ((name: string) => void) | null;
  /** Waited for in the middle of each transfer. */
  whenAtWork: (() => Promise<void>) | null;
  /** Called when a transfer breaks off, before its client can notice. */
  whenBroken: (() => void) | null;
  /** Bytes that were sent of file contents, and logins and commands seen. */
  sent: number;
  logins: number;
  commands: string[];
  /** Control connections at once, at most. */
  most: number;
}

export interface OwnFtp {
  readonly port: number;
  readonly manners: FtpManners;
  /** Breaks all connections at once; the server goes on. */
  breakAll(): void;
  close(): Promise<void>;
}

export interface FtpSetup {
  readonly root: string;
  readonly user: string;
  readonly password: string;
  readonly tls?: { readonly mode: 'explicit' | 'implicit'; readonly key: string; readonly cert: string };
  /** Default: a free one. */
  readonly port?: number;
}

/** A small FTP server over a folder of this machine: what the tests need where no real one can be had, and faults that real ones have at will. */
export async function ownFtp(setup: FtpSetup): Promise<OwnFtp> {
  const manners: FtpManners = {
    ...{ mlsd: true, mdtm: true, zoneHours: 0, cut: null, breaks: [], truncates: [], resets: false, noPassive: false },
    ...{
      denied: new Set(),
      besides: [],
      refusals: [],
      whenRead: null,
      whenAtWork: null,
      whenBroken: null,
      sent: 0,
      logins: 0,
      commands: [],
      most: 0,
    },
  };
  const open = new Set<net.Socket>();
  let controls = 0;
  const greet = (socket: net.Socket): void => {
    open.add(socket);
    controls += 1;
    manners.most = Math.max(manners.most, controls);
    socket.on('close', () => {
      open.delete(socket);
      controls -= 1;
    });
    socket.on('error', () => {});
    new Session(socket, setup, manners, open).begin();
  };
  const server = setup.tls?.mode === 'implicit' ? tls.createServer(setup.tls, greet) : net.createServer(greet);
  await new Promise<void>((resolve) => {
    server.listen(setup.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as net.AddressInfo;
  const breakAll = (): void => {
    for (const socket of open) {
      socket.destroy();
    }
  };
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

class Session {
  readonly #setup: FtpSetup;
  readonly #manners: FtpManners;
  readonly #open: Set<net.Socket>;
  #control: net.Socket;
  #user = '';
  #loggedIn = false;
  #directory = '/';
  #rest = 0;
  #from = '';
  #protected: boolean;
  #passive: net.Server | null = null;
  #data: Promise<net.Socket> | null = null;

  constructor(control: net.Socket, setup: FtpSetup, manners: FtpManners, open: Set<net.Socket>) {
    this.#control = control;
    this.#setup = setup;
    this.#manners = manners;
    this.#open = open;
    this.#protected = setup.tls?.mode === 'implicit';
  }

  begin(): void {
    this.#listen();
    this.#say('220 ready');
  }

  #listen(): void {
    let text = '';
    this.#control.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        void this.#answer(line).catch((error: unknown) => this.#say(`451 ${String(error)}`));
      }
    });
    this.#control.on('close', () => this.#passive?.close());
  }

  #say(line: string): void {
    if (!this.#control.destroyed) {
      this.#control.write(`${line}\r\n`);
    }
  }

  async #answer(line: string): Promise<void> {
    const [, verb = '', rest = ''] = /^(\S+)(?: (.*))?$/.exec(line) ?? [];
    const command = verb.toUpperCase();
    this.#manners.commands.push(command === 'PASS' ? 'PASS' : line);
    const simple: Readonly<Record<string, () => void>> = {
      FEAT: () =>
        this.#say(
          ['211-Features', ...(this.#manners.mlsd ? [' MLST type*;size*;modify*;'] : []), '211 End'].join('\r\n'),
        ),
      OPTS: () => this.#say('200 ok'),
      TYPE: () => this.#say('200 ok'),
      STRU: () => this.#say('200 ok'),
      NOOP: () => this.#say('200 ok'),
      PBSZ: () => this.#say('200 ok'),
      PROT: () => this.#say('200 ok'),
      QUIT: () => this.#control.end('221 bye\r\n'),
      AUTH: () => this.#encrypt(),
      USER: () => {
        this.#user = rest;
        this.#say(this.#setup.tls !== undefined && !this.#protected ? '530 TLS is required' : '331 password?');
      },
      PASS: () => this.#logIn(rest),
    };
    const known = simple[command];
    if (known !== undefined) {
      known();
    } else if (!this.#loggedIn) {
      this.#say('530 log in first');
    } else {
      await this.#work(command, rest);
    }
  }

  #logIn(password: string): void {
    this.#manners.logins += 1;
    const refusal = this.#manners.refusals.shift();
    if (refusal !== undefined) {
      this.#say(refusal);
      return;
    }
    this.#loggedIn = this.#user === this.#setup.user && password === this.#setup.password;
    this.#say(this.#loggedIn ? '230 in' : '530 Login incorrect.');
  }

  #encrypt(): void {
    if (this.#setup.tls?.mode !== 'explicit') {
      this.#say('500 no TLS here');
      return;
    }
    this.#say('234 begin');
    this.#control.removeAllListeners('data');
    this.#control = new tls.TLSSocket(this.#control, { isServer: true, ...this.#setup.tls });
    this.#control.on('error', () => {});
    this.#protected = true;
    this.#listen();
  }

  #path(given: string): string {
    return path.posix.resolve(this.#directory, given);
  }
  #local(given: string): string {
    return path.join(this.#setup.root, this.#path(given));
  }
  #stats(given: string): Stats | null {
    return statSync(this.#local(given), { throwIfNoEntry: false }) ?? null;
  }
  #mayNot(given: string): boolean {
    return this.#manners.denied.has(path.posix.basename(given));
  }

  async #work(command: string, rest: string): Promise<void> {
    const stats = rest === '' ? null : this.#stats(rest);
    switch (command) {
      case 'PWD':
        this.#say(`257 "${this.#directory}" is here`);
        return;
      case 'CWD':
        if (stats?.isDirectory() === true && !this.#mayNot(rest)) {
          this.#directory = this.#path(rest);
        }
        this.#say(stats?.isDirectory() === true && !this.#mayNot(rest) ? '250 ok' : '550 Failed to change directory.');
        return;
      case 'EPSV':
      case 'PASV':
        await this.#openData(command);
        return;
      case 'MLSD':
      case 'LIST':
        await this.#list(command);
        return;
      case 'SIZE':
        this.#say(stats?.isFile() === true ? `213 ${stats.size}` : '550 Could not get file size.');
        return;
      case 'MDTM':
        this.#say(
          !this.#manners.mdtm
            ? '500 Unknown command.'
            : stats?.isFile() === true
              ? `213 ${this.#time(stats)}`
              : '550 no',
        );
        return;
      case 'REST':
        this.#rest = Number(rest);
        this.#say('350 go on');
        return;
      case 'RETR':
        await this.#send(rest, stats);
        return;
      case 'DELE':
        this.#change(rest, () => rmSync(this.#local(rest)));
        return;
      case 'RNFR':
        this.#from = rest;
        this.#say(stats === null ? '550 no' : '350 to?');
        return;
      case 'RNTO':
        this.#change(this.#from, () => renameSync(this.#local(this.#from), this.#local(rest)));
        return;
      case 'MKD':
        this.#change(rest, () => mkdirSync(this.#local(rest)));
        return;
      default:
        this.#say('500 Unknown command.');
    }
  }

  #change(given: string, work: () => void): void {
    try {
      if (this.#mayNot(given)) {
        throw new Error('Permission denied');
      }
      work();
      this.#say('250 done');
    } catch {
      this.#say('550 Permission denied.');
    }
  }

  #time(stats: Stats): string {
    const at = new Date(stats.mtimeMs + this.#manners.zoneHours * 3_600_000);
    return at.toISOString().replace(/[-:T]|\..*$/g, '');
  }

  async #openData(command: string): Promise<void> {
    this.#passive?.close();
    if (this.#manners.noPassive) {
      this.#say('425 Cannot open a passive connection: no port is free.');
      return;
    }
    const server = net.createServer();
    this.#passive = server;
    this.#data = new Promise((resolve) => {
      server.once('connection', (socket: net.Socket) => {
        this.#open.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => this.#open.delete(socket));
        server.close();
        const { tls: secure } = this.#setup;
        const stream = secure === undefined ? socket : new tls.TLSSocket(socket, { isServer: true, ...secure });
        stream.on('error', () => {});
        resolve(stream);
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as net.AddressInfo;
    this.#say(command === 'EPSV' ? `229 on (|||${port}|)` : `227 on (127,0,0,1,${port >> 8},${port & 255})`);
  }

  async #list(command: string): Promise<void> {
    const data = await this.#data;
    this.#say('150 here it comes');
    const all = readdirSync(this.#local('.'));
    const { cut, besides } = this.#manners;
    const lines = (cut === null ? all : all.slice(0, cut.after)).map((name) => this.#line(command, name));
    data?.end([...lines, ...besides].map((line) => `${line}\r\n`).join(''));
    this.#say(cut !== null && all.length > cut.after ? `226 ${cut.words}` : '226 Directory send OK.');
  }

  #line(command: string, name: string): string {
    const stats = lstatSync(this.#local(name), { throwIfNoEntry: false });
    if (stats === undefined) {
      // A name that is no UTF-8.
      return command === 'MLSD' ? `type=file;size=1;modify=20250330000000; ${name}` : '';
    }
    if (command === 'MLSD') {
      const type = stats.isDirectory()
        ? 'dir'
        : stats.isSymbolicLink()
          ? 'OS.unix=slink:x'
          : stats.isFile()
            ? 'file'
            : 'OS.unix=fifo';
      return `type=${type};size=${stats.size};modify=${this.#time(stats)}; ${name}`;
    }
    const letter = stats.isDirectory() ? 'd' : stats.isSymbolicLink() ? 'l' : stats.isFile() ? '-' : 'p';
    return `${letter}rw-r--r--    1 ftp      ftp      ${String(stats.size).padStart(8)} Mar 30  2025 ${name}${letter === 'l' ? ' -> x' : ''}`;
  }

  async #send(name: string, stats: Stats | null): Promise<void> {
    const data = await this.#data;
    const from = this.#rest;
    this.#rest = 0;
    const refused =
      stats?.isFile() !== true ? '550 No such file.' : this.#mayNot(name) ? '550 Permission denied.' : null;
    if (refused !== null) {
      if (this.#manners.resets) {
        data?.resetAndDestroy();
        await new Promise((resolve) => setTimeout(resolve, 30));
      } else {
        data?.destroy();
      }
      this.#say(refused);
      return;
    }
    this.#manners.whenRead?.(path.posix.basename(name));
    const size = this.#stats(name)?.size ?? 0;
    if (from > size) {
      // As vsftpd does it: no bytes, and success.
      this.#say('150 here it comes');
      data?.end();
      this.#say('226 Transfer complete.');
      return;
    }
    const breaks = this.#manners.breaks.shift();
    const truncates = this.#manners.truncates.shift();
    const end = Math.min(size, from + (breaks ?? truncates ?? size)) - 1;
    this.#say('150 here it comes');
    if (end >= from) {
      for await (const chunk of createReadStream(this.#local(name), { start: from, end })) {
        this.#manners.sent += (chunk as Buffer).length;
        data?.write(chunk);
        await this.#manners.whenAtWork?.();
      }
    }
    if (breaks !== undefined) {
      await new Promise((resolve) => data?.write('', resolve));
      this.#manners.whenBroken?.();
      data?.destroy();
      this.#control.destroy();
      return;
    }
    data?.end();
    this.#say('226 Transfer complete.');
  }
}
