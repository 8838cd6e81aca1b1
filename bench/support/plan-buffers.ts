import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { gatewayEnvironment } from './gateway.ts';
import { type BenchWarehouse, root } from './warehouse.ts';

/** What PostgreSQL took for the statements of a URL, by `gateway explain --analyze`. */
export interface PlanBuffers {
  /** Pages of 8 KB that were looked at, in memory or on disk. */
  readonly pages: number;
  /** The nodes that read rows, e.g. `Bitmap Heap Scan`, in the order of the plan. */
  readonly scans: readonly string[];
}

export async function planBuffers(warehouse: BenchWarehouse, url: string): Promise<PlanBuffers> {
  const child = spawn(
    process.execPath,
    [path.join(root, 'bin', 'gateway.mjs'), 'explain', url, '--analyze', '--values'],
    {
      cwd: warehouse.folder,
      env: gatewayEnvironment(warehouse, {}),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) {
    throw new Error(`gateway explain ended with ${code}: ${text}`);
  }
  const plans = text.split(/^PostgreSQL's plan: .*$/m).slice(1);
  return {
    // The first line of a plan that has them counts for all nodes below it.
    pages: plans.map(pagesOf).reduce((sum, pages) => sum + pages, 0),
    scans: plans.flatMap((plan) => [...plan.matchAll(/(?:->|^) +((?:\w+ )*Scan)/gm)].map((found) => found[1] ?? '')),
  };
}

function pagesOf(plan: string): number {
  const [line = ''] = /^ *Buffers: .*$/m.exec(plan) ?? [];
  const [shared = ''] = /shared [^,]*/.exec(line) ?? [];
  return [...shared.matchAll(/(?:hit|read)=(\d+)/g)].reduce((sum, [, pages]) => sum + Number(pages), 0);
}
