import type { Catalogue } from '../../catalogue/catalogue.ts';
import { faultText } from '../../catalogue/compile/documents/fault.ts';
import { loadCatalogue } from '../../catalogue/read-metadata.ts';
import { type Config, ConfigError, type Environment, examineConfig } from '../../config.ts';
import { tlsFault } from '../../http/edge/tls-files.ts';
import { readUploadKeys } from '../../http/upload/upload-keys.ts';
import { passwordsToRenew, readCredentials, slowKeys } from '../../sign-in/files/credentials.ts';
import { linesToRenew } from '../sign-in/credential-commands.ts';
import { exposureFaults } from './exposure.ts';

/** Files of credentials with the settings that name them. */
export function credentialFiles(
  config: Config,
): readonly { readonly setting: 'AUTH_BASIC_FILE' | 'AUTH_KEY_FILE'; readonly file: string }[] {
  const named = [
    { setting: 'AUTH_BASIC_FILE' as const, file: config.basicFile },
    { setting: 'AUTH_KEY_FILE' as const, file: config.keyFile },
  ];
  return named.flatMap(({ setting, file }) => (file === null ? [] : [{ setting, file }]));
}

/** What keeps a feed from being served with these settings, besides the settings themselves: exposure and credentials. */
export function servingFaults(config: Config): readonly string[] {
  const credentials = credentialFiles(config).flatMap(({ setting, file }) =>
    readCredentials(file).faults.map((fault) => `${setting}: ${fault}`),
  );
  const tls = config.tls === null ? null : tlsFault(config.tls);
  return [
    ...exposureFaults(config),
    ...credentials,
    ...uploadKeyFaults(config),
    ...(tls === null ? [] : [`TLS_CERT_FILE: ${tls}`]),
    ...loadUserFaults(config),
    ...(config.rowLevelSecurity && config.accessFile === null
      ? ['ROW_LEVEL_SECURITY: needs ACCESS_FILE, whose rules it has PostgreSQL hold to']
      : []),
  ];
}

function loadUserFaults({ databaseUrl, loadDatabaseUrl }: Config): readonly string[] {
  if (databaseUrl === null || loadDatabaseUrl === null) {
    return [];
  }
  const [one, other] = [new URL(databaseUrl), new URL(loadDatabaseUrl)];
  return one.host === other.host && one.pathname === other.pathname
    ? []
    : ['LOAD_DATABASE_URL: must name the server and the database of DATABASE_URL, with another user'];
}

/** Credentials that count and should be made anew. */
export function credentialWarnings(config: Config): readonly string[] {
  return credentialFiles(config).flatMap(({ setting, file }) => {
    const { lines } = readCredentials(file);
    const weak = setting === 'AUTH_BASIC_FILE' ? passwordsToRenew(lines) : slowKeys(lines);
    return linesToRenew(setting, lines, weak);
  });
}

/** Also keys that would both read and load: who sends files is often a program of somebody else's. */
function uploadKeyFaults({ ingestKeysFile, keyFile }: Config): readonly string[] {
  if (ingestKeysFile === null) {
    return [];
  }
  const { lines, faults } = readUploadKeys(ingestKeysFile);
  const reading = new Set(
    (keyFile === null ? [] : readCredentials(keyFile).lines).map(({ hash }) =>
      hash.kind === 'sha256' ? hash.digest.toString('hex') : '',
    ),
  );
  const both = lines
    .filter(({ hash }) => reading.has(hash))
    .map(
      ({ name }) => `the key of ${name} stands in AUTH_KEY_FILE too; what may load must not read: make one for each`,
    );
  return [...faults, ...both].map((fault) => `INGEST_KEYS_FILE: ${fault}`);
}

/** Sources that keys for uploads name and the metadata does not have. */
export function uploadSourceFaults({ ingestKeysFile }: Config, { sources }: Catalogue): readonly string[] {
  const lines = ingestKeysFile === null ? [] : readUploadKeys(ingestKeysFile).lines;
  return lines.flatMap((line) =>
    (line.sources ?? [])
      .filter((name) => sources.get(name)?.kind !== 'files')
      .map((name) => `INGEST_KEYS_FILE: the key of ${line.name} names ${name}, which is no source of files`),
  );
}

/** Feeds that are asked with the tokens of callers, where these have to sign in at the gateway: one header cannot carry both. */
export function callerFaults({ basicFile, keyFile, signIn }: Config, { sources }: Catalogue): readonly string[] {
  const set: readonly (readonly [string, unknown])[] = [
    ['AUTH_BASIC_FILE', basicFile],
    ['AUTH_KEY_FILE', keyFile],
    ['ENTRA_TENANT_ID', signIn.entra],
    ['OIDC_ISSUER', signIn.oidc],
  ];
  const [setting = null] = set.find(([, value]) => value !== null) ?? [];
  return [...sources.values()]
    .filter(({ upstream }) => setting !== null && upstream?.signIn.kind === 'caller')
    .map(
      ({ name }) =>
        `${setting}: the proxied feed ${name} is asked with the token of whoever reads (signIn of kind caller), so they cannot sign in at the gateway, too`,
    );
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
