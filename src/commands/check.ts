import { faultText } from '../catalogue/compile/documents/fault.ts';
import { loadCatalogue } from '../catalogue/read-metadata.ts';
import { secretFiles } from '../config.ts';
import { checkModel } from '../edm/check-model.ts';
import { beyondReaders } from '../edm/reader-limits.ts';
import { anyHashes } from '../ingest/personal/treated-sets.ts';
import { unifiedFaults } from '../unify/bind-unified.ts';
import { tableFaults, wantedTables } from '../warehouse/tables/wanted-tables.ts';
import { checkUpstream } from './feeds/check-upstreams.ts';
import { accessFaults } from './serving/access-works.ts';
import { connectDeliveries, faultsOfDeliveries, warningsOfDeliveries } from './serving/deliveries.ts';
import { loadWarnings } from './serving/open-loads.ts';
import { openSecrets, secretsOf } from './serving/private-files.ts';
import { rowSecurityWarnings } from './serving/row-security.ts';
import { callerFaults, credentialWarnings, servingFaults, uploadSourceFaults } from './serving/serving-faults.ts';
import { publicFindings } from './sign-in/public-checklist.ts';
import { exitCodes } from './support/exit-code.ts';
import type { Surroundings } from './support/surroundings.ts';

export interface CheckOptions {
  readonly connects?: boolean;
  readonly asksRows?: boolean;
  /** Whether Power BI could sign in by organizational account, and what the Entra portal must have. */
  readonly public?: boolean;
}

/**
 * `gateway check`: configuration, credentials, metadata and the proxied feeds, all faults with file and place; where it
 * is asked to, a row of each set of the feeds, and the servers of deliveries. Needs no database. `settings`: faults of the environment that the configuration was made without.
 */
export async function checkCommand(
  { config, environment, print }: Surroundings,
  settings: readonly string[] = [],
  { connects = false, asksRows = false, public: isPublic = false }: CheckOptions = {},
): Promise<number> {
  const { faults: unfit, checklist } = isPublic ? publicFindings(config) : { faults: [], checklist: [] };
  const own = [...settings, ...servingFaults(config), ...unfit];
  const { catalogue, faults } = loadCatalogue(config.metadataDir, environment);
  for (const fault of [...own, ...faults.map(faultText)]) {
    print(fault);
  }
  checklist.forEach(print);
  const modelFaults = catalogue === null ? [] : checkModel(catalogue.model);
  for (const fault of modelFaults) {
    print(JSON.stringify(fault));
  }
  const keys = catalogue === null ? [] : [...uploadSourceFaults(config, catalogue), ...callerFaults(config, catalogue)];
  keys.forEach(print);
  const rules = catalogue === null || modelFaults.length > 0 ? null : accessFaults(config, catalogue);
  rules?.faults.forEach(print);
  const formulas = catalogue === null || modelFaults.length > 0 ? [] : unifiedFaults(catalogue);
  formulas.forEach(print);
  const tables = catalogue === null ? [] : tableFaults(wantedTables(catalogue));
  tables.forEach(print);
  const delivering = catalogue === null ? [] : await faultsOfDeliveries(catalogue, environment);
  delivering.forEach(print);
  const lacksKey = catalogue !== null && config.personalDataKey === null && anyHashes(catalogue);
  if (lacksKey) {
    print('PERSONAL_DATA_KEY_FILE: must be set, for the metadata has personal data hashed');
  }
  const found = [own, faults, modelFaults, formulas, keys, rules?.faults ?? [], tables, delivering].map(
    ({ length }) => length,
  );
  const count = Number(lacksKey) + found.reduce((sum, length) => sum + length, 0);
  if (catalogue === null || count > 0) {
    print(`${count} fault(s)`);
    return exitCodes.failed;
  }
  for (const warning of [...credentialWarnings(config), ...loadWarnings(config)]) {
    print(`warning: ${warning}`);
  }
  const { sources, exports, model } = catalogue;
  const wider = rowSecurityWarnings(config, catalogue);
  for (const warning of [...(rules?.warnings ?? []), ...wider, ...beyondReaders(model)]) {
    print(`warning: ${warning}`);
  }
  const told = [...sources.values()].filter(({ kind }) => kind !== 'builtin');
  print(`${told.length} sources, ${exports.length} exports, ${model.entitySets.size} entity sets: no fault`);
  let upstreamFaults = 0;
  for (const source of sources.values()) {
    const found = await checkUpstream(source, {
      catalogue,
      environment,
      secrets: config.signInKeys,
      store: null,
      asksRows,
    });
    found.lines.forEach(print);
    upstreamFaults += found.faults;
  }
  const open = await openSecrets([...secretFiles(environment), ...secretsOf(catalogue)]);
  for (const warning of [...open, ...warningsOfDeliveries(catalogue)]) {
    print(`warning: ${warning}`);
  }
  const unreachable = connects ? await connectDeliveries(catalogue, environment, print) : 0;
  if (upstreamFaults + unreachable > 0) {
    return exitCodes.failed;
  }
  return exitCodes.ok;
}
