import { faultText } from '../catalogue/build/fault.ts';
import { loadCatalogue } from '../catalogue/read-metadata.ts';
import { checkExposure } from '../config.ts';
import { checkModel } from '../edm/check-model.ts';
import { checkUpstream } from './check-upstreams.ts';
import { exitCodes } from './exit-code.ts';
import type { Surroundings } from './surroundings.ts';

/** `gateway check`: configuration, metadata and the proxied feeds, all faults with file and place. Needs no database. */
export async function checkCommand({ config, environment, print }: Surroundings): Promise<number> {
  checkExposure(config);
  const { catalogue, faults } = loadCatalogue(config.metadataDir, environment);
  for (const fault of faults) print(faultText(fault));
  const modelFaults = catalogue === null ? [] : checkModel(catalogue.model);
  for (const fault of modelFaults) print(JSON.stringify(fault));
  if (catalogue === null || faults.length > 0 || modelFaults.length > 0) {
    print(`${faults.length + modelFaults.length} fault(s)`);
    return exitCodes.failed;
  }
  const { sources, exports, model } = catalogue;
  print(`${sources.size} sources, ${exports.length} exports, ${model.entitySets.size} entity sets: no fault`);
  let upstreamFaults = 0;
  for (const source of sources.values()) {
    const found = await checkUpstream(catalogue, source);
    found.lines.forEach(print);
    upstreamFaults += found.faults;
  }
  if (upstreamFaults > 0) return exitCodes.failed;
  return exitCodes.ok;
}
