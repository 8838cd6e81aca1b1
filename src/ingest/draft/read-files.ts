import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { foldHeader } from '../../catalogue/compile/export/fold-header.ts';
import type { TextRecord } from '../csv/read-records.ts';
import { dataRows } from '../identify/data-rows.ts';
import type { Identification } from '../identify/identify-export.ts';
import { identifyFile } from '../identify/identify-file.ts';
import { ColumnProfile } from './column-profile.ts';
import { GroupKeys, SingleKeys } from './find-key.ts';
import type { ScannedHeader } from './scan-header.ts';

/** What all rows of the files say. */
export interface FilesRead {
  readonly profiles: readonly ColumnProfile[];
  readonly keys: SingleKeys;
  /** Rows that could be cut into cells, and those that could not, by code. */
  readonly rows: number;
  readonly broken: ReadonlyMap<string, number>;
}

/** Columns by folded header, in the order in which the files have them. */
export function columnsOf(files: readonly ScannedHeader[]): ReadonlyMap<string, string> {
  const columns = new Map<string, string>();
  for (const header of files.flatMap(({ headers }) => headers)) {
    const folded = foldHeader(header);
    if (folded !== '' && !columns.has(folded)) {
      columns.set(folded, header);
    }
  }
  return columns;
}

/** The files as an export reads them whose columns are all texts. */
export interface TextFiles {
  readonly catalogue: Catalogue;
  readonly target: Export;
  readonly files: readonly ScannedHeader[];
  /** Headers and their properties, in order. */
  readonly columns: readonly { readonly header: string; readonly property: string }[];
}

/** Reads all rows once, in flat memory. Throws what a load would refuse a file for. */
export async function readFiles(files: TextFiles): Promise<FilesRead> {
  const profiles = files.columns.map(({ header, property }) => new ColumnProfile(header, property));
  const keys = new SingleKeys(profiles.length);
  const broken = new Map<string, number>();
  const nullTokens = new Set(files.target.files.nullTokens);
  let rows = 0;
  await eachRow(files, (cells, { fault, file }) => {
    if (fault !== null) {
      broken.set(fault, (broken.get(fault) ?? 0) + 1);
      return true;
    }
    rows += 1;
    for (const [place, profile] of profiles.entries()) {
      profile.take(cells[place] ?? '', nullTokens);
    }
    keys.take(cells, file);
    return true;
  });
  return { profiles, keys, rows, broken };
}

/** Looks for groups of columns that tell rows apart. */
export async function readGroups(files: TextFiles, columns: readonly number[]): Promise<GroupKeys> {
  const groups = new GroupKeys(columns);
  await eachRow(files, (cells, { fault, file }) => {
    if (fault === null) {
      groups.take(cells, file);
    }
    return !groups.done;
  });
  return groups;
}

interface RowFacts {
  readonly fault: string | null;
  /** Number of the file. */
  readonly file: number;
}

/** Until the visitor has seen enough. Cells stand in the order of the columns. */
async function eachRow(files: TextFiles, visit: (cells: readonly string[], row: RowFacts) => boolean): Promise<void> {
  const places = new Map(files.columns.map(({ property }, place) => [property, place]));
  for (const [file, { facts }] of files.files.entries()) {
    const identified = await identifyFile(files.catalogue, facts, {
      source: files.target.source,
      export: files.target.name,
    });
    const at = cellPlaces(identified, places);
    for await (const batch of dataRows(facts, identified).records) {
      for (const record of batch) {
        const cells = new Array<string>(places.size).fill('');
        const fault = faultOf(record, identified);
        for (const [index, place] of fault === null ? at : []) {
          cells[place] = record.fields[index]?.trim() ?? '';
        }
        if (!visit(cells, { fault, file })) {
          return;
        }
      }
    }
  }
}

function cellPlaces(
  { match }: Identification,
  places: ReadonlyMap<string, number>,
): readonly (readonly [index: number, place: number])[] {
  return match.cells.flatMap(({ index, column }) => {
    const place = column === null ? undefined : places.get(column.property);
    return place === undefined ? [] : [[index, place] as const];
  });
}

function faultOf({ fault, fields }: TextRecord, { match }: Identification): string | null {
  if (fault !== null) {
    return fault;
  }
  const least = match.cells.findLastIndex(({ text }) => text.trim() !== '') + 1;
  if (fields.length < least) {
    return 'TOO_FEW_FIELDS';
  }
  return fields.length > match.cells.length ? 'TOO_MANY_FIELDS' : null;
}
