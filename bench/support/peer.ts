import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type MeasuredServer, measuredProcess } from './gateway.ts';
import { type BenchWarehouse, root } from './warehouse.ts';

/** Starts a program of `bench/peers`, which sends its address when it listens. */
export async function startPeer({ url }: BenchWarehouse, name: string): Promise<MeasuredServer> {
  const child = fork(path.join(root, 'bench', 'peers', `${name}.ts`), [url], { execArgv: ['--import', 'tsx'] });
  const [address] = (await once(child, 'message')) as [string];
  return {
    address,
    ...measuredProcess(child.pid ?? 0),
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}
