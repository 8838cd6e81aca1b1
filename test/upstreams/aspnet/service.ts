import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import {
  buildProgram,
  builtFolder,
  type DotNetProgram,
  dotnetEnvironment,
  lackOf,
  restoreProgram,
} from '../../support/dot-net.ts';
import type { FeedFile } from './feed-file.ts';

const restored = path.join(import.meta.dirname, '.restored');

const program: DotNetProgram = {
  project: path.join(import.meta.dirname, 'service', 'Service.csproj'),
  packages: path.join(restored, 'packages'),
  folder: path.join(restored, 'service'),
  properties: [],
};

/** Downloads Microsoft.AspNetCore.OData in the version that the project pins, and builds the service. */
export const restoreService = (): void => restoreProgram(program);

/** Why the service cannot run here; null: it can. Downloads nothing. */
export const lackOfService = (): string | null => lackOf(program, 'scripts/restore-upstreams.ts');

/** Feeds that run until they are closed, all in one process. */
export interface RunningFeeds {
  /** Their service roots, with a slash at the end, in the order given. */
  readonly roots: readonly string[];
  readonly pid: number;
  close(): Promise<void>;
}

/** Starts Microsoft.AspNetCore.OData on 127.0.0.1, a port of its own for each feed. */
export async function startFeeds(feeds: readonly FeedFile[]): Promise<RunningFeeds> {
  buildProgram(program);
  const folder = mkdtempSync(path.join(tmpdir(), 'aspnet-'));
  const files = feeds.map((feed, at) => {
    const file = path.join(folder, `${at}.json`);
    writeFileSync(file, JSON.stringify(feed));
    return file;
  });
  const child = spawn('dotnet', [path.join(builtFolder(program), 'service.dll'), ...files], {
    env: dotnetEnvironment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, 'line'), ended.then(() => null)]);
  rmSync(folder, { recursive: true, force: true });
  if (first === null) {
    throw new Error(`the service ended with ${child.exitCode}`);
  }
  return {
    roots: JSON.parse(String(first[0])) as string[],
    pid: child.pid ?? 0,
    async close() {
      // It ends with its standard input, so that none outlives a test run that was killed.
      child.stdin.end();
      await ended;
    },
  };
}
