import path from 'node:path';
import { feedPath } from '../../http/exchange.ts';
import type { Surroundings } from '../support/surroundings.ts';
import { programVersion } from '../support/version.ts';

interface Announced {
  readonly folder: string | null;
  /** By set over all sources, the titles of sources without rows there. */
  readonly absent: ReadonlyMap<string, readonly string[]>;
}

/** What whoever started the program is told once the feed answers. */
export function announce(address: string, { print, config }: Surroundings, { folder, absent }: Announced): void {
  print('');
  print(`OData warehouse gateway ${programVersion()}.`);
  print(`The feed is ready. Paste this address into Power BI or Excel (Get data > OData feed):`);
  print(`  ${address}`);
  print(`A browser shows at ${address.slice(0, -feedPath.length + 1)} what is there.`);
  print(`Exports dropped into ${config.dropDir} are loaded by themselves.`);
  print(
    `Local days and hours of sets over all sources are those of ${config.reportingTimeZone} (REPORTING_TIME_ZONE).`,
  );
  for (const title of new Set([...absent.values()].flat())) {
    print(`${title} is absent in sets over all sources, as nothing of it is archived.`);
  }
  if (folder !== null && folder !== path.resolve(config.dataDir, 'postgres')) {
    print(`The database lies in ${folder}, as its user cannot reach the data folder.`);
  }
}
