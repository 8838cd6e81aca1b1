import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isProxied, type SampleRow, sampleRows } from '../../src/sandbox/sample-rows.ts';
import { type FeedFile, feedOf } from '../../test/upstreams/aspnet/feed-file.ts';
import { type BenchWarehouse, root } from './warehouse.ts';

/** The proxied set that is read: its source, its name here, and the environment variable with the feed's address. */
export const [source, proxiedSet, variable] = ['buzzeasy', 'BuzzeasyCalls', 'BUZZEASY_URL'];
/** What each row of it begins with at the gateway, and somewhere holds at the feed. */
export const rowStart = '"businessUnitId":';
/** Different rows; the others repeat them under keys and times of their own. */
const different = 500;
const firstStart = Date.UTC(2026, 0, 1);

/** A feed that has the set alone, in pages of this many rows. */
export function feedWith({ catalogue }: BenchWarehouse, rows: number, pageSize: number): FeedFile {
  const samples = sampleRows(catalogue, source, { rows: different, seed: 1 }).get(proxiedSet) ?? [];
  const all = Array.from({ length: rows }, (_, at): SampleRow => {
    const startedAtUTC = new Date(firstStart + at * 60_000).toISOString();
    return { ...samples[at % different], id: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`, startedAtUTC };
  });
  const prefix = catalogue.sources.get(source)?.prefix ?? '';
  return feedOf(catalogue.model, new Map([[proxiedSet, all]]), { prefix, navigations: false, settings: { pageSize } });
}

/** A copy of the metadata in which the set is proxied live, or served from its archive alone; gives its folder. */
export function metadataServed(warehouse: BenchWarehouse, how: 'live' | 'archive'): string {
  const folder = path.join(warehouse.folder, `metadata-${how}`);
  cpSync(path.join(root, 'metadata'), folder, { recursive: true });
  const files = readdirSync(path.join(folder, source)).map((name) => path.join(folder, source, name));
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    const kept = how === 'archive' && path.basename(file) === 'source.yaml';
    // Copied once, by command.
    const archive = kept ? 'archive: { schedule: "0 0 1 1 *", serve: archive }' : 'archive: false';
    writeFileSync(file, how === 'archive' && !kept ? text : text.replace(/^archive: .*$/m, archive));
  }
  return folder;
}

/** The selected columns of the set as PostgreSQL's own client would ask for its archive. */
export function archivedSelect({ catalogue }: BenchWarehouse): string {
  const set = catalogue.model.entitySets.get(proxiedSet);
  if (set === undefined || !isProxied(catalogue, proxiedSet, source)) {
    throw new TypeError(`${proxiedSet} is no proxied set`);
  }
  const names = [...set.entityType.properties.keys()];
  return `SELECT ${names.map((name) => `"${name}"`).join(', ')} FROM gateway_archive."${proxiedSet}"`;
}
