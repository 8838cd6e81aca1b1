import { DateTime } from 'luxon';
import type { Catalogue, Export } from '../catalogue/catalogue.ts';
import { referencesOf, uuidText } from './key-pool.ts';

/** What `gateway sample` is asked for. */
export interface SampleOrder {
  /** Rows of a file of an export that grows day by day; statistics and master records get fewer, as in real exports. */
  readonly rows: number;
  /** The same seed, order and metadata give the same bytes. */
  readonly seed: number;
  readonly days: number;
  /** First day of the data, `yyyy-MM-dd`, in each source's own zone. */
  readonly from: string;
  /** Broken rows added to each file. */
  readonly broken: number;
  /** Export names to write; empty: all. */
  readonly only: readonly string[];
}

/** How one file is written: everything a reader must cope with appears in some file. */
export interface SampleDialect {
  readonly delimiter: ',' | ';' | '\t';
  readonly separatorLine: boolean;
  readonly byteOrderMark: boolean;
  readonly lineEnd: '\n' | '\r\n';
  /** Language of the headers where the export has headers in it. */
  readonly language: string;
}

/** One file to write. `first` to `first + count - 1` are the numbers of its rows within its export. */
export interface SampleFile {
  readonly exported: Export;
  readonly path: string;
  readonly day: number;
  /** Start of the period that the rows belong to. */
  readonly date: DateTime;
  readonly first: number;
  readonly count: number;
  /** 0 for the first statement of a row; a later statement of the same row has changed values. */
  readonly edition: number;
  readonly dialect: SampleDialect;
}

/** All files of an order, in the order in which a vendor would deliver them. */
export function sampleFiles(catalogue: Catalogue, order: SampleOrder): readonly SampleFile[] {
  const files: SampleFile[] = [];
  const referenced = masterSets(catalogue);
  for (let day = 0; day < order.days; day++) {
    for (const exported of catalogue.exports) {
      if (order.only.length > 0 && !order.only.includes(exported.name) && !order.only.includes(exported.set)) {
        continue;
      }
      files.push(...filesOfDay({ exported, day, order, master: referenced.has(exported.set) }));
    }
  }
  return files;
}

/** Snapshot sets and other sets are small where everything refers to them: a contact centre has tens of agents, not millions. */
function masterSets(catalogue: Catalogue): ReadonlySet<string> {
  const targets = new Set<string>();
  for (const exported of catalogue.exports) {
    if (exported.write.mode !== 'snapshot') {
      continue;
    }
    const referrers = catalogue.exports.filter((other) =>
      [...referencesOf(catalogue, other).values()].some((reference) => reference.set === exported.set),
    );
    if (referrers.length > 0) {
      targets.add(exported.set);
    }
  }
  return targets;
}

/** How many rows of a set other rows may refer to. */
export function masterCount(order: SampleOrder): number {
  return Math.max(3, Math.min(40, order.rows));
}

interface DayOf {
  readonly exported: Export;
  readonly day: number;
  readonly order: SampleOrder;
  readonly master: boolean;
}

function filesOfDay({ exported, day, order, master }: DayOf): readonly SampleFile[] {
  const zone = exported.files.timeZone;
  const date = DateTime.fromISO(order.from, { zone }).plus({ days: day });
  const file = (part: Pick<SampleFile, 'first' | 'count' | 'edition' | 'date'>, sequence: number): SampleFile => ({
    exported,
    day,
    path: samplePath({ exported, day, order, master }, part.date, sequence),
    dialect: dialectOf(exported, day, part.edition),
    ...part,
  });
  switch (exported.write.mode) {
    case 'snapshot': {
      const count = master ? masterCount(order) : order.rows;
      // The second day's snapshot lacks the first row: a reader must notice what is gone.
      const gone = day > 0 && count > 3 ? 1 : 0;
      return [file({ first: gone, count: count - gone, edition: day, date }, 0)];
    }
    case 'restate': {
      const today = file({ first: 0, count: order.rows, edition: 0, date }, 0);
      if (day === 0) {
        return [today];
      }
      const yesterday = { first: 0, count: order.rows, edition: 1, date: date.minus({ days: 1 }) };
      return [file(yesterday, 1), today];
    }
    case 'delete-insert':
      return [file({ first: 0, count: order.rows, edition: day, date }, 0)];
    case 'upsert': {
      const again = day === 0 ? 0 : Math.ceil(order.rows / 10);
      const files = [file({ first: day * order.rows, count: order.rows, edition: 0, date }, 0)];
      if (again > 0) {
        files.unshift(file({ first: (day - 1) * order.rows, count: again, edition: 1, date }, 1));
      }
      return files;
    }
  }
}

function dialectOf(exported: Export, day: number, edition: number): SampleDialect {
  const french = exported.columns.some((column) => column.headers.some((header) => header.language === 'fr'));
  if (day === 0) {
    return {
      delimiter: ',',
      separatorLine: exported.files.delimiters[0] === ',' && exported.columns.length % 2 === 0,
      byteOrderMark: false,
      lineEnd: '\n',
      language: 'en',
    };
  }
  if (day % 2 === 1) {
    return {
      delimiter: ',',
      separatorLine: edition === 1,
      byteOrderMark: true,
      lineEnd: '\r\n',
      language: french ? 'fr' : 'en',
    };
  }
  return { delimiter: ';', separatorLine: true, byteOrderMark: edition === 1, lineEnd: '\r\n', language: 'en' };
}

/** Below the drop folder: the source's folder, then the path that the export's first rule with an example describes. */
function samplePath({ exported, day, order }: DayOf, date: DateTime, sequence: number): string {
  const rule = exported.fileRules.find((candidate) => candidate.example !== undefined);
  const unix = Math.floor(date.plus({ days: 1, hours: 3, minutes: sequence }).toSeconds());
  const period = { from: date, to: date.plus({ days: 1 }) };
  const format = exported.period?.format ?? 'ddMMyyyyHHmmss';
  const name = (rule?.example ?? `${exported.name}-{from}-{to}.csv`)
    .replaceAll('{unix}', String(unix))
    .replaceAll('{from}', period.from.toFormat(format))
    .replaceAll('{to}', period.to.toFormat(format))
    .replaceAll('{uuid}', uuidText(order.seed, exported.source, exported.name, day, sequence))
    .replace(/^\/+/, '');
  return name.startsWith(`${exported.source}/`) ? name : `${exported.source}/${name}`;
}
