import type { DeliverySettings, SecretPlace } from '../../delivery-settings.ts';
import type { DeliveryDraft, SourceDraft } from '../documents/draft.ts';
import type { DeliveryEntry } from '../schema/delivery-schema.ts';
import { hostileTexts, type Matches } from '../schema/pattern-cost.ts';

/** The deliveries of a source, resolved. What is wrong with their keys together is reported at its place. */
export function buildDeliveries(source: SourceDraft, matches: Matches): readonly DeliverySettings[] {
  const named = new Set<string>();
  return source.deliveries.map((draft) => {
    const { entry, report } = draft;
    const name = entry.name ?? entry.kind;
    if (named.has(name)) {
      report(['name'], `Another delivery of the source is called "${name}".`, 'Give each a name of its own.');
    }
    named.add(name);
    checkKeys(draft);
    checkPatterns(draft, matches);
    return settingsOf(source.name, name, entry);
  });
}

function checkKeys(draft: DeliveryDraft): void {
  const { entry, report } = draft;
  const onlyOf = (kinds: readonly DeliveryEntry['kind'][], keys: readonly (keyof DeliveryEntry)[]): void => {
    for (const key of keys) {
      if (entry[key] !== undefined && !kinds.includes(entry.kind)) {
        report([key], `"${key}" has no meaning for kind: ${entry.kind}.`, `Remove it, or use kind: ${kinds.join()}.`);
      }
    }
  };
  onlyOf(['sftp'], ['privateKey', 'passphrase', 'hostKey']);
  onlyOf(['ftps'], ['tls', 'caFile']);
  if (entry.kind === 'sftp' && entry.hostKey === undefined) {
    const remedy = `Ask whoever runs the server for the fingerprint, and compare it with what "ssh-keyscan -p ${portOf(entry)} ${entry.host} | ssh-keygen -lf -" prints.`;
    report(['hostKey'], 'This key is missing: without it anybody could be the server.', remedy);
  }
  if (entry.password === undefined && entry.privateKey === undefined) {
    const remedy = 'Add password: { env: NAME } or { file: PATH }, or, for sftp, privateKey.';
    report(['password'], 'Nothing says with what to log in.', remedy);
  }
  if (entry.passphrase !== undefined && entry.privateKey === undefined && entry.kind === 'sftp') {
    report(['passphrase'], 'There is no private key that it could belong to.', 'Remove it, or add privateKey.');
  }
  const archive = archiveOf(entry);
  if (archive !== null && plain(archive) === plain(entry.directory ?? '.')) {
    const message = 'Files that were taken in would stay where they are looked for.';
    report(['afterLoad', 'archive'], message, 'Name another directory.');
  }
}

function checkPatterns({ entry, report }: DeliveryDraft, matches: Matches): void {
  for (const [index, pattern] of (entry.patterns ?? []).entries()) {
    if (!compiles(pattern)) {
      report(['patterns', index], `"${pattern}" is no regular expression.`, 'Write one, such as "^orders-.*\\.csv$".');
    } else if (matches(pattern, hostileTexts(pattern, '')) === null) {
      report(['patterns', index], `"${pattern}" takes too long for some names.`, 'Write it without nested repetition.');
    }
  }
}

function settingsOf(source: string, name: string, entry: DeliveryEntry): DeliverySettings {
  const archiveDirectory = archiveOf(entry);
  const kept = entry.afterLoad === 'delete' ? 'delete' : 'leave';
  return Object.freeze({
    id: `${source}/${name}`,
    source,
    protocol: entry.kind,
    tls: entry.kind === 'ftps' ? (entry.tls ?? 'explicit') : 'none',
    host: entry.host,
    port: portOf(entry),
    user: entry.user,
    password: placeOf(entry.password),
    privateKey: placeOf(entry.privateKey),
    passphrase: placeOf(entry.passphrase),
    hostKeys: [entry.hostKey ?? []].flat().map((key) => key.replace(/=$/, '')),
    caFile: entry.caFile ?? null,
    directory: entry.directory ?? '.',
    patterns: entry.patterns ?? [],
    recursive: entry.recursive ?? false,
    afterLoad: archiveDirectory === null ? kept : 'archive',
    archiveDirectory,
    schedule: entry.schedule ?? '*/5 * * * *',
    minimumAgeSeconds: entry.minimumAgeSeconds ?? null,
    stuckAfterMinutes: entry.stuckAfterMinutes ?? 60,
    timeoutSeconds: entry.timeoutSeconds ?? 60,
  });
}

function portOf({ kind, tls, port }: DeliveryEntry): number {
  return port ?? (kind === 'sftp' ? 22 : tls === 'implicit' ? 990 : 21);
}

const archiveOf = ({ afterLoad }: DeliveryEntry): string | null =>
  typeof afterLoad === 'object' ? afterLoad.archive : null;

function placeOf(given: DeliveryEntry['password']): SecretPlace | null {
  if (given === undefined) {
    return null;
  }
  return 'env' in given ? { kind: 'environment', name: given.env } : { kind: 'file', path: given.file };
}

/** A path for comparing: `./in/` is `in`. */
const plain = (path: string): string => path.replace(/\/+/g, '/').replace(/^(\.\/)+|\/$/g, '') || '.';

function compiles(text: string): boolean {
  try {
    new RegExp(text, 'iu');
    return true;
  } catch {
    return false;
  }
}
