import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FeedLimits, limitsIn } from './feed-limits.ts';

/** The folder below the data folder where what was learnt from proxied feeds survives a restart. */
export function upstreamFolder(dataDir: string): string {
  return join(dataDir, 'upstream');
}

/** The last good `$metadata` of a feed; null where none was kept for this address. */
export async function readMetadataCopy(dataDir: string, source: string, url: string): Promise<string | null> {
  try {
    return await readFile(keptFile(dataDir, { source, url }, 'metadata.xml'), 'utf8');
  } catch {
    return null;
  }
}

/** Keeps a `$metadata` document, whole or not at all. */
export async function keepMetadataCopy(
  dataDir: string,
  place: { source: string; url: string },
  xml: string,
): Promise<void> {
  await replaceFile(keptFile(dataDir, place, 'metadata.xml'), xml);
}

/** What is known of a feed's limits, and of which `$metadata` they were learned. */
export interface LimitsCopy {
  /** SHA-256 of the document. */
  readonly metadata: string;
  readonly learnedAt: Date;
  readonly limits: FeedLimits;
}

/** Days after which what a feed refused is tried again. */
const limitsDays = 30;

/** The limits that were learned of a feed; null where none were kept for this address, or long ago. */
export async function readLimitsCopy(dataDir: string, source: string, url: string): Promise<LimitsCopy | null> {
  try {
    const text = await readFile(keptFile(dataDir, { source, url }, 'limits.json'), 'utf8');
    const { metadata, learnedAt, limits } = JSON.parse(text) as { readonly [name: string]: unknown };
    const known = limitsIn(limits);
    const at = new Date(String(learnedAt));
    const isFresh = Date.now() - at.getTime() < limitsDays * 86_400_000;
    return known !== null && isFresh ? { metadata: String(metadata), learnedAt: at, limits: known } : null;
  } catch {
    return null;
  }
}

/** Keeps them, whole or not at all. */
export async function keepLimitsCopy(
  dataDir: string,
  place: { source: string; url: string },
  copy: LimitsCopy,
): Promise<void> {
  await replaceFile(keptFile(dataDir, place, 'limits.json'), `${JSON.stringify(copy, null, 2)}\n`);
}

/** What was found out of a feed by trials, and of which `$metadata`. */
export interface TrialsCopy {
  /** SHA-256 of the document. */
  readonly metadata: string;
  readonly parts: Readonly<Record<string, unknown>>;
}

/** What was found out of the feed at this address; null: nothing was kept. */
export async function readTrials(dataDir: string, source: string, url: string): Promise<TrialsCopy | null> {
  try {
    const kept: unknown = JSON.parse(await readFile(keptFile(dataDir, { source, url }, 'trials.json'), 'utf8'));
    const { metadata, parts } = kept as Partial<TrialsCopy>;
    return typeof metadata === 'string' && typeof parts === 'object' && parts !== null ? { metadata, parts } : null;
  } catch {
    return null;
  }
}

/** Keeps it, whole or not at all. */
export async function keepTrials(
  dataDir: string,
  place: { source: string; url: string },
  copy: TrialsCopy,
): Promise<void> {
  await replaceFile(keptFile(dataDir, place, 'trials.json'), `${JSON.stringify(copy)}\n`);
}

/** The secret that signs page tokens: made once, kept with the data, so that tokens outlive a restart. */
export async function tokenSecret(dataDir: string): Promise<Buffer> {
  const path = join(upstreamFolder(dataDir), 'token-secret');
  const kept = await readSecret(path);
  if (kept !== null) {
    return kept;
  }
  await mkdir(upstreamFolder(dataDir), { recursive: true });
  try {
    await writeFile(path, randomBytes(32), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
    // Another process made it at the same time, or the file there is damaged.
    if ((await readSecret(path)) === null) {
      await replaceFile(path, randomBytes(32));
    }
  }
  const secret = await readSecret(path);
  if (secret === null) {
    throw new Error(`${path} cannot be read back`);
  }
  return secret;
}

async function readSecret(path: string): Promise<Buffer | null> {
  try {
    const bytes = await readFile(path);
    return bytes.length === 32 ? bytes : null;
  } catch {
    return null;
  }
}

/** One file for each address, so that a feed moved to another tenant does not start with the old one's model. */
function keptFile(dataDir: string, { source, url }: { source: string; url: string }, kind: string): string {
  const mark = createHash('sha256').update(url).digest('hex').slice(0, 12);
  return join(upstreamFolder(dataDir), `${source}-${mark}.${kind}`);
}

async function replaceFile(path: string, bytes: string | Buffer): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  await writeFile(temporary, bytes, { mode: 0o600 });
  await rename(temporary, path);
}
