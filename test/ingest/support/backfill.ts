import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { quoteRelation } from '../../../src/sql/identifier.ts';
import type { Feed } from './feed.ts';
import { zipOf } from './zips.ts';

/** Every row of every stored set but the ledger, without the marks of ours that change with order and moment, in the order of their text. */
export async function contentOf({
  catalogue,
  rows,
}: Pick<Feed, 'catalogue' | 'rows'>): Promise<ReadonlyMap<string, readonly string[]>> {
  const sets = new Map<string, readonly string[]>();
  for (const [name, set] of storedSets(catalogue)) {
    const found = await rows<Record<string, unknown>>(`SELECT * FROM ${quoteRelation(set.relation)}`);
    const texts = found.map((row) =>
      JSON.stringify(Object.entries(row).filter(([column]) => !/^_(?!deleted_at)/.test(column))),
    );
    sets.set(name, texts.sort());
  }
  return sets;
}

function storedSets(catalogue: Catalogue) {
  return [...catalogue.sets].flatMap(([name, set]) =>
    set.kind === 'stored' && set.role !== 'ledger' ? ([[name, set]] as const) : [],
  );
}

/** What the ledger says of the rows of each file that was loaded, in the order of their text. */
export async function ledgerOf({ rows }: Pick<Feed, 'rows'>): Promise<readonly string[]> {
  const found = await rows(
    `SELECT source, export, file_name, sha256, rows_read, rows_inserted + rows_updated + rows_unchanged AS taken, rows_rejected, rows_duplicate FROM gateway.load WHERE state = 'loaded'`,
  );
  return found.map((row) => JSON.stringify(row)).sort();
}

/** Files below a folder, by path. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** Packs each third file as `.gz`, and each fourth of a folder into one `.zip` beside it, which keep their times. Gives how many files lie there then. */
export function packSome(folder: string): number {
  const archived = new Map<string, string[]>();
  for (const [index, file] of filesBelow(folder).entries()) {
    const time = statSync(file).mtime;
    if (index % 3 === 0) {
      writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)));
      utimesSync(`${file}.gz`, time, time);
      rmSync(file);
    } else if (index % 4 === 1) {
      const zip = path.join(folder, path.relative(folder, file).split(path.sep)[0] ?? '', `day-${index % 5}.zip`);
      archived.set(zip, [...(archived.get(zip) ?? []), file]);
    }
  }
  for (const [zip, files] of archived) {
    const times = files.map((file) => statSync(file).mtime.getTime());
    const members = files.map((file) => ({
      name: path.relative(path.dirname(zip), file).split(path.sep).join('/'),
      text: readFileSync(file),
      time: dosTime(statSync(file).mtime),
    }));
    writeFileSync(zip, zipOf(members));
    const newest = new Date(Math.max(...times));
    utimesSync(zip, newest, newest);
    for (const file of files) {
      rmSync(file);
    }
  }
  return filesBelow(folder).length;
}

function dosTime(time: Date): readonly [number, number] {
  const date = ((time.getUTCFullYear() - 1980) << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate();
  return [date, (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1)];
}
