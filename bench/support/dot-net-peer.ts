import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import {
  buildProgram,
  builtFolder,
  type DotNetProgram,
  dotnetEnvironment,
  lackOf,
  restoreProgram,
} from '../../test/support/dot-net.ts';
import { type MeasuredServer, measuredProcess } from './gateway.ts';
import { type BenchWarehouse, root } from './warehouse.ts';

const name = 'aspnet-ef';
const restored = path.join(root, 'bench', '.restored');

const program: DotNetProgram = {
  project: path.join(root, 'bench', 'peers', name, `${name}.csproj`),
  packages: path.join(restored, 'packages'),
  folder: path.join(restored, name),
  properties: [],
};

/** Downloads Microsoft.AspNetCore.OData, Entity Framework Core and Npgsql in the versions that the project pins, and builds the peer. */
export const restoreDotNetPeer = (): void => restoreProgram(program);

/** Why the peer cannot run here; null: it can. Downloads nothing. */
export const lackOfDotNetPeer = (): string | null => lackOf(program, 'scripts/restore-peers.ts');

/**
 * Microsoft.AspNetCore.OData over the warehouse's own tables, in a process of its own. `pageSize`: rows of a page; null: there are no pages, so
 * that it holds none in memory.
 */
export async function startDotNetPeer({ url }: BenchWarehouse, pageSize: number | null): Promise<MeasuredServer> {
  buildProgram(program);
  const given = [connectionString(new URL(url)), ...(pageSize === null ? [] : [String(pageSize)])];
  const child = spawn('dotnet', [path.join(builtFolder(program), `${name}.dll`), ...given], {
    env: dotnetEnvironment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const line = once(createInterface({ input: child.stdout }), 'line');
  const first = await Promise.race([line, ended.then(() => null)]);
  if (first === null) {
    throw new Error(`the peer ended with ${child.exitCode}`);
  }
  return {
    address: String(first[0]),
    ...measuredProcess(child.pid ?? 0),
    async stop() {
      // It ends with its standard input, so that it does not outlive a run that was killed.
      child.stdin.end();
      await ended;
    },
  };
}

/** In the words of Npgsql, with as many connections as `pg` has in the other peer. */
function connectionString({ hostname, port, username, password, pathname }: URL): string {
  const [host, user, secret] = [hostname, username, password].map(decodeURIComponent);
  const database = decodeURIComponent(pathname.slice(1));
  return `Host=${host};Port=${port === '' ? 5432 : port};Username=${user};Password=${secret};Database=${database};Maximum Pool Size=20`;
}
