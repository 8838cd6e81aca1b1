import type { CountingClient } from './client.ts';
import type { Report } from './report.ts';
import type { BenchWarehouse } from './warehouse.ts';

/** What a workload gets. */
export interface Bench {
  readonly warehouse: BenchWarehouse;
  readonly client: CountingClient;
  /** Messages in the warehouse. */
  readonly rows: number;
  /** Timed rounds; one more comes first and is thrown away. */
  readonly rounds: number;
}

export type Workload = (bench: Bench) => Promise<readonly Report[]>;

/** One competitor in a comparison. */
export interface Contender<Result> {
  readonly name: string;
  run(): Promise<Result>;
}

/**
 * Runs the contenders in turn, round after round, so that a busy machine hurts all of them alike. The first round warms
 * up and is left out.
 */
export async function interleaved<Result>(
  contenders: readonly Contender<Result>[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly Result[]>> {
  const results = new Map<string, Result[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, run } of contenders) {
      const result = await run();
      if (round > 0) {
        results.get(name)?.push(result);
      }
    }
  }
  return results;
}
