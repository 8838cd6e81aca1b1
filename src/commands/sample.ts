import path from 'node:path';
import type { SampleOrder } from '../samples/sample-order.ts';
import { writeSamples } from '../samples/write-samples.ts';
import { exitCodes } from './support/exit-code.ts';
import { catalogueOf, type Surroundings } from './support/surroundings.ts';

/** `gateway sample`: writes exports made from the metadata alone. */
export async function sampleCommand(
  surroundings: Surroundings,
  directory: string,
  order: Partial<SampleOrder>,
): Promise<number> {
  const report = await writeSamples(catalogueOf(surroundings), path.resolve(directory), order);
  surroundings.print(`${report.files.length} sample files with ${report.rows} rows in ${path.resolve(directory)}`);
  return exitCodes.ok;
}
