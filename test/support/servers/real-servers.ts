import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Where `scripts/unpack-ftp-servers.ts` puts them. */
const unpacked = fileURLToPath(new URL('../../servers/.unpacked/', import.meta.url));
const libraries = ['usr/lib', 'lib'].flatMap((folder) => {
  const at = path.join(unpacked, folder);
  return existsSync(at)
    ? [
        at,
        ...readdirSync(at)
          .filter((name) => name.endsWith('-linux-gnu'))
          .map((name) => path.join(at, name)),
      ]
    : [];
});

/** A server of Debian on loopback. Files arrive in the folder `in` of its root, which its user owns. */
export interface RealServer {
  readonly port: number;
  readonly root: string;
  readonly user: string;
  readonly password: string;
  /** Its range of ports for data connections. */
  readonly passive: readonly [number, number];
  /** How many processes were seen that serve those who log in, by those who ask for this. */
  sessions(): number;
  /** Kills the processes that serve those who are logged in, as a crash or somebody at the server does; it goes on. */
  killSessions(): void;
  /** Ends it, and starts it again, at the same port, with other variables of the environment. */
  restart(environment?: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

export type RealName = 'vsftpd' | 'pure-ftpd' | 'proftpd' | 'sshd';

/** Why a server cannot be started here; null: it can. They want root, to become the user whose files they serve. */
export function whyNot(name: RealName): string | null {
  if (!existsSync(path.join(unpacked, 'usr/sbin', name))) {
    return `${name} is not unpacked (npx tsx scripts/unpack-ftp-servers.ts)`;
  }
  return process.getuid?.() === 0 ? null : `${name} is only started as root`;
}

/** What a test that failed left running must not keep the tests from ending, nor outlive them. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
});

const nobody = 65_534;
const daemon = 1;
const program = (name: string): string => path.join(unpacked, name);

export interface RealOptions {
  readonly user?: string;
  readonly password?: string;
  /** Lines of its configuration, or arguments of pure-ftpd, besides those that it needs. */
  readonly more?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** How many data connections it may have open; default: many. */
  readonly passivePorts?: number;
  /** Of sshd: private host key, and public keys that may log in. */
  readonly hostKey?: string;
  readonly authorized?: readonly string[];
}

/** Starts a server on a free port. */
export async function realServer(name: RealName, options: RealOptions = {}): Promise<RealServer> {
  const work = mkdtempSync(path.join(tmpdir(), `gateway-${name}-`));
  chmodSync(work, 0o755);
  const root = path.join(work, 'root');
  const owner = name === 'vsftpd' ? daemon : nobody;
  mkdirSync(path.join(root, 'in'), { recursive: true });
  mkdirSync(path.join(root, 'old'));
  for (const folder of ['in', 'old']) {
    chownSync(path.join(root, folder), owner, owner);
  }
  const port = await freePort();
  const passive = await freePorts(options.passivePorts ?? 20);
  const plan = plans[name]({ work, root, port, passive, options });
  let child: ChildProcess | null = null;
  const start = async (environment: Readonly<Record<string, string>> = {}): Promise<void> => {
    const running = spawn(plan.file, plan.arguments, {
      env: {
        PATH: process.env['PATH'] ?? '',
        LD_LIBRARY_PATH: libraries.join(':'),
        ...options.environment,
        ...environment,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    running.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child = running;
    children.add(running);
    running.once('exit', () => children.delete(running));
    running.unref();
    (running.stderr as net.Socket | null)?.unref();
    for (let tries = 0; !(await answers(port)); tries++) {
      if (running.exitCode !== null || tries > 200) {
        throw new Error(`${name} did not start: ${said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };
  const stop = async (): Promise<void> => {
    const running = child;
    child = null;
    if (running !== null && running.exitCode === null) {
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGTERM');
      const hurry = setTimeout(() => running.kill('SIGKILL'), 2000);
      await ended;
      clearTimeout(hurry);
    }
  };
  await start();
  const seen = new Set<number>();
  return {
    sessions: () => {
      for (const pid of child?.pid === undefined ? [] : below(child.pid)) {
        seen.add(pid);
      }
      return seen.size;
    },
    killSessions: () => {
      for (const pid of child?.pid === undefined ? [] : below(child.pid)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It ended by itself.
        }
      }
    },
    ...{ port, root, passive, user: plan.user, password: options.password ?? 'open sesame' },
    restart: async (environment) => {
      await stop();
      await start(environment);
    },
    close: stop,
  };
}

interface Given {
  readonly work: string;
  readonly root: string;
  readonly port: number;
  readonly passive: readonly [number, number];
  readonly options: RealOptions;
}

interface Plan {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly user: string;
}

const plans: Readonly<Record<RealName, (given: Given) => Plan>> = {
  vsftpd: ({ work, root, port, passive, options }) => {
    const empty = path.join(work, 'empty');
    mkdirSync(empty);
    const configuration = path.join(work, 'vsftpd.conf');
    const lines = [
      ...['background=NO', 'listen=YES', 'listen_address=127.0.0.1', `listen_port=${port}`, 'anonymous_enable=YES'],
      ...['local_enable=NO', 'no_anon_password=YES', 'ftp_username=daemon', `anon_root=${root}`, 'write_enable=YES'],
      ...['anon_upload_enable=YES', 'anon_mkdir_write_enable=YES', 'anon_other_write_enable=YES', 'seccomp_sandbox=NO'],
      ...['anon_world_readable_only=NO', `secure_chroot_dir=${empty}`, `pasv_min_port=${passive[0]}`],
      ...[`pasv_max_port=${passive[1]}`, 'pasv_address=127.0.0.1', 'xferlog_enable=NO', ...(options.more ?? [])],
    ];
    writeFileSync(configuration, `${lines.join('\n')}\n`);
    return { file: program('usr/sbin/vsftpd'), arguments: [configuration], user: 'anonymous' };
  },
  'pure-ftpd': ({ work, root, port, passive, options }) => {
    const { user = 'loader', password = 'open sesame' } = options;
    const [passwords, table] = [path.join(work, 'passwords'), path.join(work, 'table.pdb')];
    const ids = ['-u', String(nobody), '-g', String(nobody)];
    execFileSync(
      program('usr/bin/pure-pw'),
      ['useradd', user, ...ids, '-d', root, '-f', passwords, '-F', table, '-m'],
      {
        input: `${password}\n${password}\n`,
        stdio: ['pipe', 'ignore', 'ignore'],
        env: { LD_LIBRARY_PATH: libraries.join(':') },
      },
    );
    const where = [
      '-S',
      `127.0.0.1,${port}`,
      '-l',
      `puredb:${table}`,
      '-E',
      '-p',
      passive.join(':'),
      '-P',
      '127.0.0.1',
    ];
    const rest = ['-u', '1', '-4', '-A', '-g', path.join(work, 'pid'), ...(options.more ?? [])];
    return { file: program('usr/sbin/pure-ftpd'), arguments: [...where, ...rest], user };
  },
  proftpd: ({ work, root, port, passive, options }) => {
    const { user = 'loader', password = 'open sesame' } = options;
    const hash = execFileSync('openssl', ['passwd', '-1', '-stdin'], { input: password }).toString().trim();
    const users = path.join(work, 'users');
    writeFileSync(users, `${user}:${hash}:${nobody}:${nobody}::${root}:/bin/false\n`, { mode: 0o600 });
    const configuration = path.join(work, 'proftpd.conf');
    const lines = [
      ...[
        'ServerType standalone',
        'DefaultServer on',
        `Port ${port}`,
        'DefaultAddress 127.0.0.1',
        'SocketBindTight on',
      ],
      ...['User nobody', 'Group nogroup', `PidFile ${work}/pid`, `ScoreboardFile ${work}/scoreboard`, 'UseIPv6 off'],
      ...[`AuthUserFile ${users}`, 'AuthOrder mod_auth_file.c', 'RequireValidShell off', 'UseReverseDNS off'],
      ...[`PassivePorts ${passive.join(' ')}`, 'DefaultRoot ~', 'WtmpLog off', 'TransferLog none', 'AllowOverwrite on'],
      ...['AllowStoreRestart on', 'AllowRetrieveRestart on', `SystemLog ${work}/log`, `DelayTable ${work}/delay`],
      `ModulePath ${program('usr/lib/proftpd')}`,
      ...(options.more ?? []),
    ];
    writeFileSync(configuration, `${lines.join('\n')}\n`);
    return { file: program('usr/sbin/proftpd'), arguments: ['-n', '-q', '-c', configuration], user };
  },
  sshd: ({ work, root, port, options }) => {
    const [key, authorized, configuration] = ['host', 'authorized', 'conf'].map((name) => path.join(work, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(key, options.hostKey ?? '', { mode: 0o600 });
    chownSync(key, nobody, nobody);
    writeFileSync(authorized, `${(options.authorized ?? []).join('\n')}\n`, { mode: 0o644 });
    const lines = [
      ...[
        `Port ${port}`,
        'ListenAddress 127.0.0.1',
        `HostKey ${key}`,
        `PidFile ${work}/pid`,
        'UsePAM yes',
        'StrictModes no',
      ],
      ...[`AuthorizedKeysFile ${authorized}`, `ForceCommand internal-sftp -d ${root}`, 'Subsystem sftp internal-sftp'],
      ...(options.more ?? []),
    ];
    writeFileSync(configuration, `${lines.join('\n')}\n`);
    const as = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
    return {
      file: 'setpriv',
      arguments: [...as, program('usr/sbin/sshd'), '-D', '-e', '-f', configuration],
      user: 'nobody',
    };
  },
};

/** Processes that descend from one. Linux only, as these servers are. */
function below(parent: number): readonly number[] {
  const all = readdirSync('/proc').flatMap((name) => {
    try {
      // The name of the program before it may hold blanks and parentheses.
      const stat = /^\d+$/.test(name) ? readFileSync(`/proc/${name}/stat`, 'utf8') : '';
      const [, above] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return above === undefined ? [] : [[Number(name), Number(above)] as const];
    } catch {
      return [];
    }
  });
  const found: number[] = [];
  for (let pids = [parent]; pids.length > 0; found.push(...pids)) {
    pids = all.flatMap(([pid, above]) => (pids.includes(above) ? [pid] : []));
  }
  return found;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A range of ports that nobody listens on, below those that the system gives to connections. */
async function freePorts(count: number): Promise<readonly [number, number]> {
  for (;;) {
    const from = 20_000 + Math.floor(Math.random() * 10_000);
    const taken = await Promise.all(Array.from({ length: count }, (_, index) => answers(from + index)));
    if (!taken.includes(true)) {
      return [from, from + count - 1];
    }
  }
}
