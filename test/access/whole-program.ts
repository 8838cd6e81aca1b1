import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { archiveCommand } from '../../src/commands/archive.ts';
import { serveCommand } from '../../src/commands/serve.ts';
import { readServingConfig } from '../../src/commands/serving/serving-faults.ts';
import type { Surroundings } from '../../src/commands/support/surroundings.ts';
import { unobserved } from '../../src/observation/observe.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { hashKey } from '../../src/sign-in/files/credentials.ts';
import { quickLine } from '../http/signing-in.ts';
import { application, type EntraStandIn, startEntra, tenant } from '../sign-in/entra-stand-in.ts';
import { metadataFolder } from '../support/gateway.ts';
import { provisionedDatabase } from '../support/made-databases.ts';
import { wholeCatalogue } from '../unified/whole-catalogue.ts';

/** The whole program with all ways to sign in, rules, uploads, the audit, and a proxied feed of which one set is archived. */
export interface WholeProgram {
  /** Without the final slash. */
  readonly address: string;
  readonly entra: EntraStandIn;
  /** What the program was started with, for commands beside it. */
  readonly environment: Readonly<Record<string, string>>;
  get(path: string, headers: Readonly<Record<string, string>>): Promise<Response>;
  close(): Promise<void>;
}

export const archivedSet = 'BuzzeasyCalls';

/** `settings`: besides its own. */
export async function startWholeProgram(
  access: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<WholeProgram> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-rights-'));
  const file = (name: string, text: string): string => {
    writeFileSync(path.join(folder, name), text, { mode: 0o600 });
    return path.join(folder, name);
  };
  mkdirSync(path.join(folder, 'drop'));
  const entra = await startEntra();
  const sandbox = await startSandbox(wholeCatalogue, 'buzzeasy', { rows: 12, seed: 1 });
  const database = await provisionedDatabase(wholeCatalogue);
  const environment = {
    DATABASE_URL: database.connectionString,
    DATA_DIR: path.join(folder, 'data'),
    DROP_DIR: path.join(folder, 'drop'),
    METADATA_DIR: metadataFolder,
    PORT: '0',
    SAMPLES: 'off',
    BUZZEASY_URL: sandbox.url,
    BUZZEASY_SIGN_IN: 'none',
    PUBLIC_URL: 'http://feed.example',
    AUTH_BASIC_FILE: file('users', `${quickLine('ann', 'a long password')}\n`),
    AUTH_KEY_FILE: file('keys', `bi:${hashKey('k-bi')}:2099-12-31\nstranger:${hashKey('k-stranger')}:2099-12-31\n`),
    INGEST_KEYS_FILE: file('ingest-keys', `crm:${hashKey('k-crm')}\nother:${hashKey('k-other')}\n`),
    ENTRA_TENANT_ID: tenant,
    ENTRA_CLIENT_ID: application,
    ENTRA_AUTHORITY: entra.authority,
    ACCESS_FILE: file('access.yaml', access),
    ...settings,
  };
  let stop = (_: string): void => {};
  const stopped = new Promise<string>((resolve) => {
    stop = resolve;
  });
  const printed: string[] = [];
  const surroundings: Surroundings = {
    config: readServingConfig(environment),
    environment,
    print: (line) => printed.push(line),
    progress: () => {},
    observe: unobserved,
  };
  const copied = await archiveCommand(surroundings, 'buzzeasy', { set: archivedSet, stop: stopped });
  if (copied !== 0) {
    throw new Error(printed.join('\n'));
  }
  let ended: Promise<number> = Promise.resolve(0);
  const port = await new Promise<number>((resolve, reject) => {
    ended = serveCommand(surroundings, { stop: stopped, onListening: (_, port) => resolve(port) });
    ended.then(() => reject(new Error(printed.join('\n'))), reject);
  });
  const origin = `http://127.0.0.1:${port}`;
  return {
    address: origin,
    entra,
    environment,
    get: (where, headers) => fetch(`${origin}${where}`, { headers }),
    async close() {
      stop('the test is over');
      await ended;
      await sandbox.close();
      await entra.close();
      await database.drop();
      rmSync(folder, { recursive: true });
    },
  };
}
