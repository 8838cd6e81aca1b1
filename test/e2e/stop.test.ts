import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './support/program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All processes with a text in their command line or their environment, as a supervisor of the machine sees them; none that has ended. */
function processesOf(text: string): readonly ProcessLine[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ');
        const stat = read('stat');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const command = read('cmdline').trim();
        if (state === 'Z' || !`${command}${read('environ')}`.includes(text)) {
          return [];
        }
        return [{ pid: Number(pid), parent: Number(parent), command }];
      } catch {
        // It ended between the two looks.
        return [];
      }
    });
}

/** The port that it was given, once it answers. */
async function listening(output: () => string): Promise<number> {
  const line = /"event":"listening","address":"http:[^"]*:(\d+)/;
  await until('the feed answers', () => line.test(output()));
  return Number(line.exec(output())?.[1]);
}

describe('B11 the process that a supervisor holds is the whole program', () => {
  let dataDir = '';
  let npm: ChildProcess | null = null;
  before(function () {
    if (process.platform !== 'linux') {
      this.skip();
    }
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'gateway-stop-'));
  });
  afterEach(() => {
    for (const { pid } of dataDir === '' ? [] : processesOf(dataDir)) {
      process.kill(pid, 'SIGKILL');
    }
  });
  after(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

  /** `npm start` as the leader of a group of its own, once the feed answers. */
  async function start(): Promise<{ readonly leader: number; readonly port: number; output(): string }> {
    const child = spawn('npm', ['start'], {
      cwd: root,
      detached: true,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: dataDir,
        DATA_DIR: dataDir,
        SAMPLES: 'off',
        PORT: '0',
        SHUTDOWN_TIMEOUT: '5',
      },
    });
    npm = child;
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (part: Buffer) => {
        text += part.toString();
      });
    }
    const port = await listening(() => text);
    assert.ok(child.pid !== undefined);
    return { leader: child.pid, port, output: () => text };
  }

  const inTree = (pattern: RegExp): ProcessLine => {
    const found = processesOf(dataDir).find(({ command }) => pattern.test(command));
    assert.ok(found !== undefined, `${pattern} in ${JSON.stringify(processesOf(dataDir))}`);
    return found;
  };

  async function allGone(port: number): Promise<void> {
    await until('every process ended', () => processesOf(dataDir).length === 0);
    assert.ok(!existsSync(path.join(dataDir, 'postgres', 'postmaster.pid')), 'PostgreSQL ended in order');
    const listener = net.createServer().listen(port, '127.0.0.1');
    await new Promise((resolve, reject) => listener.once('listening', resolve).once('error', reject));
    listener.close();
  }

  for (const [signal, target] of [
    ['SIGTERM', 'npm'],
    ['SIGKILL', 'npm'],
    ['SIGKILL', 'scripts/run.mjs'],
    ['SIGTERM', 'the whole group'],
  ] as const) {
    it(`${signal} to ${target} of npm start ends all in order, frees the port and the data folder`, async () => {
      const { leader, port, output } = await start();
      const gateway = inTree(/gateway\.mjs serve/);
      const runner = inTree(/^node scripts\/run\.mjs/);
      assert.equal(gateway.parent, runner.pid);
      assert.equal(inTree(/^sh -c node scripts/).parent, leader);
      assert.ok(processesOf(dataDir).length >= 5, 'npm, shell, runner, gateway and PostgreSQL');
      const victims = { npm: leader, 'scripts/run.mjs': runner.pid, 'the whole group': -leader };
      process.kill(victims[target], signal);
      await allGone(port);
      // What was written last may still be on its way through the pipes.
      await until('it says that it stopped', () => /"event":"stopped"/.test(output()));
      assert.match(output(), /"event":"stopping","reason":"SIGTERM"[\s\S]*"event":"stopped"/);
      assert.ok(npm !== null);
    });
  }

  it('started in another way it outlives its starter', async () => {
    const env = {
      PATH: process.env['PATH'] ?? '',
      DATA_DIR: dataDir,
      SAMPLES: 'off',
      PORT: '0',
    };
    const script = `setsid ${JSON.stringify(process.execPath)} scripts/run.mjs start > "$DATA_DIR/output" 2>&1 & sleep 1`;
    const shell = spawn('/bin/sh', ['-c', script], { cwd: root, env, stdio: 'ignore' });
    await new Promise((resolve) => shell.once('exit', resolve));
    const output = () => readFileSync(path.join(dataDir, 'output'), 'utf8');
    const port = await listening(output);
    const runner = inTree(/scripts\/run\.mjs start/);
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal((await fetch(`http://127.0.0.1:${port}/odata/`)).status, 200);
    process.kill(runner.pid, 'SIGTERM');
    await allGone(port);
  });
});
