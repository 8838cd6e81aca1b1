import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';

/** Where a file stands among all that are written to its set. */
export interface FileOrder {
  readonly loadId: string;
  /** ISO text of the moment the file speaks of. */
  readonly fileTime: string;
  /** Loads of files of exactly this time that come before and after this one, by modification time, name and content. */
  readonly earlier: readonly string[];
  readonly later: readonly string[];
}

interface NamedFile {
  /** Modification time as text that sorts like the time. */
  readonly modified: string;
  readonly file_name: string;
  readonly sha256: string;
}

interface SameTime extends Record<string, unknown>, NamedFile {
  readonly load_id: string;
}

/**
 * Finds the place of a load whose ledger row is written. Of files of one time the one modified later counts as newer: a file
 * whose name holds a date is corrected under that name. Then the greater name does, then the greater digest. Of loads of the
 * same bytes in the same place (`ingest --again`) the later one does.
 */
export async function fileOrder(
  transaction: Transaction,
  catalogue: Catalogue,
  load: { readonly set: string; readonly loadId: string; readonly fileTime: string },
): Promise<FileOrder> {
  const writing = catalogue.exports.filter((one) => one.set === load.set);
  const { rows } = await transaction.query<SameTime>(
    `SELECT load_id::text, file_name, sha256, coalesce(to_char(modified_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS'), '') AS modified FROM gateway.load JOIN unnest($1::text[], $2::text[]) AS x(source, export) USING (source, export) WHERE state = 'loaded' AND file_time = $3`,
    [writing.map((one) => one.source), writing.map((one) => one.name), load.fileTime],
  );
  const { loadId, fileTime } = load;
  const own = rows.find((row) => row.load_id === loadId);
  const sign = (row: SameTime): number =>
    own === undefined ? 0 : compareFiles(row, own) || Number(row.load_id) - Number(own.load_id);
  const idsOf = (wanted: number): readonly string[] =>
    rows.filter((row) => Math.sign(sign(row)) === wanted).map((row) => row.load_id);
  return { loadId, fileTime, earlier: idsOf(-1), later: idsOf(1) };
}

/** Below zero: `a` comes first. Numbers in names count as such, so `part 10` follows `part 9`, and `x (1).csv` follows `x.csv`. */
export function compareFiles(a: NamedFile, b: NamedFile): number {
  return (
    compare(a.modified, b.modified) ||
    compare(named(a.file_name), named(b.file_name)) ||
    compare(a.file_name, b.file_name) ||
    compare(a.sha256, b.sha256)
  );
}

const named = (name: string): string =>
  name.replace(/\.[^.]*$/, '').replaceAll(/\d+/g, (digits) => digits.padStart(20, '0'));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

// A line of a load is one number, so that a row says in one column which line stated it last: the load's, times 2^31, and
// the line's. Rows whose last statement is the one that they were written from leave it empty.

export const lineSpan = 2n ** 31n;

/** The place that stored rows `t` were stated at last; null: before places were noted, or not by a file. */
export const storedPlace = (alias: string): string =>
  `coalesce(${alias}._place, ${alias}._load_id * ${lineSpan} + ${alias}._line)`;

/** The place of a line of the file. */
export const placeOf = ({ loadId }: FileOrder, line: string): string =>
  `(${BigInt(loadId) * lineSpan}::bigint + ${line})`;

/** The place before all lines of a load. */
export const placeAt = (load: string): string => `(${load} * ${lineSpan}::bigint)`;

const among = (place: string, loads: readonly string[]): string => `coalesce(${place} >> 31 IN (${loads}), false)`;

/** Something stated at a time and a place, as SQL. */
export interface Stated {
  readonly stamp: string;
  readonly place: string;
}

/** Whether the line of the file at `place` counts as newer than, or is, what is `stored`. `$1` in `fileTime` is the file's. */
export function isNewer(file: FileOrder, line: Stated, stored: Stated): string {
  const { stamp, place } = stored;
  const otherFile = file.later.length === 0 ? 'true' : `NOT ${among(place, file.later)}`;
  const tie = `CASE WHEN ${place} >> 31 = ${BigInt(file.loadId)} THEN ${line.place} >= ${place} ELSE ${otherFile} END`;
  return `CASE WHEN ${stamp} IS NULL OR ${line.stamp} > ${stamp} THEN true WHEN ${line.stamp} < ${stamp} THEN false ELSE ${tie} END`;
}

/** Whether row `alias` was stated by a file after this one. */
export function statedLater(file: FileOrder, alias: string, fileTime: string): string {
  const newer = `${alias}._stamp > ${fileTime}`;
  if (file.later.length === 0) {
    return newer;
  }
  return `(${newer} OR (${alias}._stamp = ${fileTime} AND ${among(storedPlace(alias), file.later)}))`;
}

/** Whether row `alias` was stated by files before this one only. */
export function statedBefore(file: FileOrder, alias: string, fileTime: string): string {
  const older = `${alias}._stamp IS NULL OR ${alias}._stamp < ${fileTime}`;
  if (file.earlier.length === 0) {
    return `(${older})`;
  }
  return `(${older} OR (${alias}._stamp = ${fileTime} AND ${among(storedPlace(alias), file.earlier)}))`;
}

/** Whether row `alias` was stated by a line of this file. */
export const statedHere = (file: FileOrder, alias: string, fileTime: string): string =>
  `${alias}._stamp = ${fileTime} AND ${storedPlace(alias)} >> 31 = ${BigInt(file.loadId)}`;
