import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { after, afterEach } from 'mocha';
import { until } from '../../support/until.ts';

export { until };

const root = fileURLToPath(new URL('../../..', import.meta.url));
const executable = path.join(root, 'bin', 'gateway.mjs');

/** The gateway's own executable as a child process. */
export interface Program {
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  /** Exit code; null: ended by a signal. */
  readonly ended: Promise<number | null>;
  /** Resolves when the output matches; fails when the program ends before. */
  printed(text: RegExp): Promise<RegExpExecArray>;
}

const running = new Set<ChildProcess>();

export function gateway(args: readonly string[], environment: Readonly<Record<string, string>>): Program {
  const child = spawn(process.execPath, [executable, ...args], {
    cwd: root,
    // Files of the tests are complete when they are there.
    env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'warn', DROP_MIN_AGE: '0', ...environment },
  });
  running.add(child);
  let output = '';
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  const printed = async (text: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = text.exec(output);
      if (found !== null) {
        return found;
      }
      if (!running.has(child)) {
        assert.fail(`the program ended without ${String(text)}:\n${output}`);
      }
      await pause(20);
    }
  };
  return { child, output: () => output, ended, printed };
}

/** `gateway serve` on a free port, once it answers. */
export async function serve(
  environment: Readonly<Record<string, string>>,
): Promise<Program & { readonly root: string }> {
  const program = gateway(['serve'], { PORT: '0', ...environment });
  const [, address = ''] = await program.printed(/(http:\/\/[\w.]+:\d+\/odata\/)/);
  return { ...program, root: address };
}

/** Runs to its end. */
export async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const program = gateway(args, environment);
  const code = await program.ended;
  return { code, output: program.output() };
}

/** A new empty folder for each call; all are removed at the end. */
export function useFolders(): () => string {
  const made: string[] = [];
  // What a failed test left running must not outlive it.
  afterEach(async () => {
    for (const child of running) {
      child.kill('SIGKILL');
    }
    await until('all programs ended', () => running.size === 0);
  });
  after(() => {
    for (const folder of made) {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  });
  return () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-e2e-'));
    made.push(folder);
    return folder;
  };
}
