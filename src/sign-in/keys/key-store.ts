import { createHash } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { JSONWebKeySet } from 'jose';

/** What was last read of an issuer. */
export interface KeptKeys {
  readonly jwksUri: string;
  readonly jwks: JSONWebKeySet;
  /** Milliseconds since 1970. */
  readonly readAt: number;
}

/** Where keys of issuers outlive the program, so that a restart while an issuer is down still knows whom to believe. */
export interface KeyStore {
  /** null: nothing, or nothing that can be read. Never throws. */
  read(discovery: string): Promise<KeptKeys | null>;
  write(discovery: string, keys: KeptKeys): Promise<void>;
}

/** Files below `folder`, one for each issuer, readable by this user alone. */
export function keyFolder(folder: string): KeyStore {
  const fileOf = (discovery: string): string =>
    path.join(folder, `keys-${createHash('sha256').update(discovery).digest('hex').slice(0, 16)}.json`);
  return {
    async read(discovery) {
      try {
        const kept: unknown = JSON.parse(await readFile(fileOf(discovery), 'utf8'));
        return isKept(kept) ? kept : null;
      } catch {
        return null;
      }
    },
    write: (discovery, keys) => replaceFile(fileOf(discovery), JSON.stringify(keys)),
  };
}

function isKept(value: unknown): value is KeptKeys {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const { jwksUri, jwks, readAt } = value as Record<string, unknown>;
  return typeof jwksUri === 'string' && typeof readAt === 'number' && typeof jwks === 'object' && jwks !== null;
}

/** Writes a file of 0600 in place of the one before: whoever reads it, also after a crash, finds one of the two whole. `prepare` is given the new one before it takes its place. */
export async function replaceFile(
  file: string,
  text: string,
  prepare: (beside: string) => Promise<void> = async () => {},
): Promise<void> {
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const beside = path.join(folder, `.${path.basename(file)}.${process.pid}.${++written}`);
  try {
    const handle = await open(beside, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(beside, 0o600);
    await prepare(beside);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

let written = 0;
