import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { UnpackLimits } from '../../../src/ingest/container/limits.ts';
import { scanDropFolder } from '../../../src/ingest/delivery/folder/drop-folder.ts';
import type { IngestResult } from '../../../src/ingest/delivery/ingest-result.ts';
import type { Feed } from './feed.ts';

export const limits: UnpackLimits = { bytes: 50_000_000, ratio: 100, members: 50 };

/** Drop folders of a feed that are scanned once, and what the ledger says then. */
export function containerDrops(feed: () => Feed) {
  let count = 0;

  /** A drop folder with these files, after one scan. */
  async function dropped(files: Readonly<Record<string, Buffer>>, of: UnpackLimits = limits) {
    count += 1;
    const folder = path.join(feed().folder, `drop-${count}`);
    for (const [name, bytes] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), bytes);
    }
    const { catalogue, database } = feed();
    const scan = async (): Promise<readonly IngestResult[]> =>
      (await scanDropFolder({ catalogue, database, limits: of }, folder, { settle: 0 })).results;
    const results = await scan();
    return {
      ...{ folder, scan, results },
      lies: (name: string): string => ['loaded', 'refused'].find((at) => existsSync(path.join(folder, at, name))) ?? '',
      reason: (name: string): string => readFileSync(path.join(folder, 'refused', `${name}.reason.txt`), 'utf8'),
    };
  }
  /** The one container of a drop folder. */
  async function one(name: string, bytes: Buffer, of: UnpackLimits = limits) {
    const drop = await dropped({ [name]: bytes }, of);
    const [result] = drop.results;
    assert.ok(result !== undefined);
    return { ...drop, result, code: 'error' in result ? result.error.code : null };
  }
  const ledger = async (below: string): Promise<readonly string[]> =>
    (
      await feed().rows<{ s: string }>(
        `SELECT path || ' ' || state || coalesce(' ' || outcome_code, '') AS s FROM gateway.load WHERE path LIKE '${below}%' ORDER BY load_id`,
      )
    ).map(({ s }) => s);
  const loadsOf = async (member: string): Promise<number> =>
    (await feed().rows(`SELECT FROM gateway.load WHERE file_name = '${member}' AND state = 'loaded'`)).length;
  const unique = (ending: string): string => `export-${++count}${ending}`;
  return { dropped, one, ledger, loadsOf, unique };
}
