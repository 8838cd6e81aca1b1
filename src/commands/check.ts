import { faultText } from '../catalogue/build/fault.ts';
import { loadCatalogue } from '../catalogue/read-metadata.ts';
import { checkExposure } from '../config.ts';
import { checkModel } from '../edm/check-model.ts';
import { exitCodes } from './exit-code.ts';
import type { Surroundings } from './surroundings.ts';

/** `gateway check`: configuration and metadata, all faults with file and place. Needs no database. */
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
  for (const source of sources.values())
    if (source.upstream !== undefined && source.upstream.url === null)
      print(
        `${source.title}: no URL is set${source.upstream.urlVariable === null ? '' : ` (${source.upstream.urlVariable})`}`,
      );
  return exitCodes.ok;
}
