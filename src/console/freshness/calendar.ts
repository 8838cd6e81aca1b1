import { addDays, localDate } from '../text/zone.ts';

/** How an export is (a row of `SourceFreshness`). */
export interface ExportState {
  readonly source: string;
  readonly name: string;
  readonly set: string;
  readonly state: string;
  /** How often files should come; null: nobody said. */
  readonly expectation: string | null;
  readonly lastFile: string | null;
  /** ISO 8601. */
  readonly lastLoadedAt: string | null;
  readonly dueAt: string | null;
  readonly openRejects: number;
  readonly refusedFiles: number;
  /** Days for which a file is missing. */
  readonly missing: readonly string[];
}

/** Files and rows that were loaded on a day of the reporting zone. */
export interface DayOfLoads {
  readonly files: number;
  readonly rows: number;
  /** Files that were refused or failed. */
  readonly refused: number;
}

/** Days of loads by `exportKey` and ISO date. */
export type LoadsByExport = ReadonlyMap<string, ReadonlyMap<string, DayOfLoads>>;

type Row = Readonly<Record<string, unknown>>;
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

export const readExports = (rows: readonly Row[]): readonly ExportState[] =>
  rows.map((row) => ({
    source: String(row['Source']),
    name: String(row['Export']),
    set: String(row['EntitySet']),
    state: String(row['State']),
    expectation: textOrNull(row['Expectation']),
    lastFile: textOrNull(row['LastFile']),
    lastLoadedAt: textOrNull(row['LastLoadedAt']),
    dueAt: textOrNull(row['DueAt']),
    openRejects: Number(row['OpenRejects'] ?? 0),
    refusedFiles: Number(row['RefusedFiles'] ?? 0),
    missing: (textOrNull(row['MissingDayList']) ?? '').match(/\d{4}-\d\d-\d\d/g) ?? [],
  }));

/** The days of a calendar, `number` of them until today. */
export const calendarDays = (today: string, number: number): readonly string[] =>
  Array.from({ length: number }, (_, index) => addDays(today, index - number + 1));

/**
 * The request for loads since a moment, by export, outcome and quarter of an hour in UTC: every zone's days begin at one of these, so that they can be told by its
 * clocks without a row for each file. `since`: ISO 8601 in UTC.
 */
export const loadsUrl = (since: string): string =>
  `Loads?$apply=filter(StartedAt ge ${since} and (State eq 'loaded' or State eq 'refused' or State eq 'failed'))/compute(date(StartedAt) as Day,hour(StartedAt) as Hour,floor(minute(StartedAt) div 15) as Quarter)/groupby((Source,Export,State,Day,Hour,Quarter),aggregate($count as Files,RowsRead with sum as Rows))`;

/** Days of the calendar. */
export const shownDays = 35;

/** The request for how many files of no known export were refused since a moment, ISO 8601 in UTC. */
export const strangersUrl = (since: string): string =>
  `Loads?$apply=filter(StartedAt ge ${since} and Export eq null and (State eq 'refused' or State eq 'failed'))/aggregate($count as Files)`;

export const exportKey = (source: unknown, name: unknown): string => `${String(source)}/${String(name)}`;

/** By export and day of the zone, of the rows of the reply to `loadsUrl`. */
export function readLoads(rows: readonly Row[], zone: string): LoadsByExport {
  const found = new Map<string, Map<string, DayOfLoads>>();
  for (const row of rows) {
    const minutes = 60 * Number(row['Hour']) + 15 * Number(row['Quarter']);
    const day = localDate(Date.parse(`${String(row['Day'])}T00:00:00Z`) + 60_000 * minutes, zone);
    const key = exportKey(row['Source'], row['Export']);
    const days = found.get(key) ?? new Map<string, DayOfLoads>();
    const before = days.get(day) ?? { files: 0, rows: 0, refused: 0 };
    const files = Number(row['Files']);
    const isLoaded = row['State'] === 'loaded';
    days.set(day, {
      files: before.files + (isLoaded ? files : 0),
      rows: before.rows + (isLoaded ? Number(row['Rows'] ?? 0) : 0),
      refused: before.refused + (isLoaded ? 0 : files),
    });
    found.set(key, days);
  }
  return found;
}

/** From 1 to 4 by how much of the greatest day's rows a day has, in powers of ten; 0: none. */
export function shade(rows: number, greatest: number): 0 | 1 | 2 | 3 | 4 {
  if (rows <= 0) {
    return 0;
  }
  const below = Math.log10(Math.max(1, greatest) / rows);
  return below < 0.3 ? 4 : below < 1 ? 3 : below < 2 ? 2 : 1;
}

/** How many files were refused of which nobody knows the export: no row of the calendar shows them. */
export function refusedStrangers(exports: readonly ExportState[], loads: LoadsByExport): number {
  const known = new Set(exports.map(({ source, name }) => exportKey(source, name)));
  const strange = [...loads].filter(([key]) => !known.has(key)).flatMap(([, days]) => [...days.values()]);
  return strange.reduce((sum, { refused }) => sum + refused, 0);
}
