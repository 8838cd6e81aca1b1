import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type BenchWarehouse, root } from './warehouse.ts';

/** A server that is measured, in a process of its own. */
export interface MeasuredServer {
  /** Service root with its final slash. */
  readonly address: string;
  /** Highest resident memory so far, in MB; null where the platform does not say. */
  peakMemory(): number | null;
  /** Milliseconds of processor time so far, its kernel time included; null where the platform does not say. */
  processorTime(): number | null;
  stop(): Promise<void>;
}

/** What the product is told in its environment: the run's database, a folder of its own, nothing on a schedule. */
export const gatewayEnvironment = (
  warehouse: BenchWarehouse,
  settings: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv => ({
  ...process.env,
  DATABASE_URL: warehouse.url,
  // Read on the server that was filled, unless it is a standby that is measured.
  READ_DATABASE_URL: '',
  DATA_DIR: path.join(warehouse.folder, 'gateway'),
  METADATA_DIR: path.join(root, 'metadata'),
  INGEST_SCHEDULE: '0 0 1 1 *',
  SAMPLES: 'off',
  LOG_LEVEL: 'error',
  PORT: '0',
  ...settings,
});

/** The product itself, `gateway serve`, on the run's database. */
export async function startGateway(
  warehouse: BenchWarehouse,
  settings: Readonly<Record<string, string>> = {},
): Promise<MeasuredServer> {
  const flags = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
  const child = spawn(process.execPath, [...flags, path.join(root, 'bin', 'gateway.mjs'), 'serve'], {
    cwd: warehouse.folder,
    // A run that is cut off takes it along: the channel ends with us.
    env: { ...gatewayEnvironment(warehouse, settings), GATEWAY_ENDS_WITH_STARTER: '1' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const address = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = /^ *(http:\/\/\S+\/odata\/)$/m.exec(text);
      if (found !== null) {
        resolve(found[1] ?? '');
      }
    });
    child.on('exit', (code) => reject(new Error(`gateway serve ended with ${code}: ${text}`)));
  });
  return {
    address,
    ...measuredProcess(child.pid ?? 0),
    stop: () =>
      new Promise((resolve) => {
        child.on('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}

/** What a process has used so far. */
export const measuredProcess = (pid: number): Pick<MeasuredServer, 'peakMemory' | 'processorTime'> => ({
  peakMemory: () => peakMemory(pid),
  processorTime: () => processorTime(pid),
});

/** VmHWM of a process on Linux, in MB. */
export function peakMemory(pid: number): number | null {
  try {
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found === null ? null : Math.round(Number(found[1]) / 1000);
  } catch {
    return null;
  }
}

/** Milliseconds of one clock tick of `/proc`, which Linux tells programs as 100 a second on every machine. */
export const tick = 10;

/** User and system time of a process on Linux, in milliseconds. */
export function processorTime(pid: number): number | null {
  try {
    // The name in parentheses may hold blanks; behind it, user and system time are the 12th and 13th field.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * tick;
  } catch {
    return null;
  }
}
