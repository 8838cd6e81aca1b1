import { faultText } from '../catalogue/compile/fault.ts';
import { loadCatalogue } from '../catalogue/read-metadata.ts';
import { type Config, ConfigError, type Environment, examineConfig, exposureFaults } from '../config.ts';
import { readCredentials } from '../http/credentials.ts';

/** Files of credentials with the settings that name them. */
export function credentialFiles(config: Config): readonly { readonly setting: string; readonly file: string }[] {
  const named = [
    { setting: 'AUTH_BASIC_FILE', file: config.basicFile },
    { setting: 'AUTH_KEY_FILE', file: config.keyFile },
  ];
  return named.flatMap(({ setting, file }) => (file === null ? [] : [{ setting, file }]));
}

/** What keeps a feed from being served with these settings, besides the settings themselves: exposure and credentials. */
export function servingFaults(config: Config): readonly string[] {
  const credentials = credentialFiles(config).flatMap(({ setting, file }) =>
    readCredentials(file).faults.map((fault) => `${setting}: ${fault}`),
  );
  return [...exposureFaults(config), ...credentials];
}

/**
 * The configuration to serve with. Throws ConfigError with every fault there is, those of the metadata too where there are
 * others: nobody should have to start once for each.
 */
export function readServingConfig(environment: Environment): Config {
  const { config, faults } = examineConfig(environment);
  const all = [...faults, ...servingFaults(config)];
  if (all.length === 0) {
    return config;
  }
  const metadata = loadCatalogue(config.metadataDir, environment).faults.map(
    (fault) => `METADATA_DIR: ${faultText(fault)}`,
  );
  throw new ConfigError([...all, ...metadata]);
}
