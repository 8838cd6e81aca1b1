import { DateTime } from 'luxon';
import type { Catalogue, Export } from '../catalogue/catalogue.ts';
import type { Growth } from './growth.ts';
import { namedThings, referencesOf, uuidText } from './key-pool.ts';
import type { SampleOrder } from './sample-order.ts';

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
  /** Its delivery, counted from 0. */
  readonly delivery: number;
  /** Start of the period that the rows belong to. */
  readonly date: DateTime;
  /** Days of that period. */
  readonly days: number;
  readonly first: number;
  readonly count: number;
  /** 0 for the first statement of a row; a later statement of the same row has changed values. */
  readonly edition: number;
  readonly dialect: SampleDialect;
}

/** All files of an order, in the order in which a vendor would deliver them. */
export function sampleFiles(catalogue: Catalogue, order: SampleOrder, growth: Growth): readonly SampleFile[] {
  const files: SampleFile[] = [];
  const referenced = masterSets(catalogue);
  const names = namedThings(catalogue);
  for (let day = 0; day < order.days; day++) {
    for (const exported of catalogue.exports) {
      if (order.only.length > 0 && !order.only.includes(exported.name) && !order.only.includes(exported.set)) {
        continue;
      }
      const step = daysPerFile(exported, order);
      if (day % step !== 0) {
        continue;
      }
      const master = referenced.has(exported.set) ? thingCount(names, exported.set, order) : null;
      files.push(
        ...filesOf({ exported, delivery: day / step, days: Math.min(step, order.days - day), order, master, growth }),
      );
    }
  }
  return files;
}

/** Figures of a period that only the file's name tells could not be parted by day. */
export const daysPerFile = (exported: Export, order: SampleOrder): number =>
  exported.period === null ? Math.max(1, order.daysPerFile) : 1;

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

/** How many things of a set samples speak of: as many as there are names for them, else tens. */
export function thingCount(
  names: ReadonlyMap<string, readonly string[]>,
  set: string,
  { rows }: Pick<SampleOrder, 'rows'>,
): number {
  return names.get(set)?.length ?? Math.max(3, Math.min(40, rows));
}

interface FilesOf {
  readonly exported: Export;
  readonly delivery: number;
  readonly days: number;
  readonly order: SampleOrder;
  /** Rows of a snapshot that others refer to; null where nothing does. */
  readonly master: number | null;
  readonly growth: Growth;
}

function filesOf({ exported, delivery, days, order, master, growth }: FilesOf): readonly SampleFile[] {
  const zone = exported.files.timeZone;
  const step = daysPerFile(exported, order);
  const date = DateTime.fromISO(order.from, { zone }).plus({ days: delivery * step });
  const rows = growth.rowsPerDay(exported) * step;
  type Part = Pick<SampleFile, 'first' | 'count' | 'edition' | 'date' | 'days'>;
  const file = (part: Part, sequence: number): SampleFile => ({
    exported,
    delivery,
    path: samplePath({ exported, delivery, order }, part, sequence),
    dialect: dialectOf(exported, delivery, part.edition),
    ...part,
  });
  switch (exported.write.mode) {
    case 'snapshot': {
      const count = master ?? order.rows;
      // The second snapshot lacks the first row: a reader must notice what is gone.
      const gone = delivery > 0 && count > 3 ? 1 : 0;
      return [file({ first: gone, count: count - gone, edition: delivery, date, days }, 0)];
    }
    case 'restate': {
      const now = file({ first: 0, count: rows, edition: 0, date, days }, 0);
      // Where other files hold many days, those of a day are stated again once, so that there are no hundreds of them.
      if (delivery === 0 || (step < order.daysPerFile && delivery !== order.days - 1)) {
        return [now];
      }
      const before = { first: 0, count: rows, edition: 1, date: date.minus({ days: step }), days: step };
      return [file(before, 1), now];
    }
    case 'delete-insert':
      return [file({ first: 0, count: order.rows, edition: delivery, date, days }, 0)];
    case 'upsert': {
      const again = delivery === 0 ? 0 : Math.ceil(rows / 10);
      const files = [
        file({ first: delivery * rows, count: growth.rowsPerDay(exported) * days, edition: 0, date, days }, 0),
      ];
      if (again > 0) {
        files.unshift(file({ first: (delivery - 1) * rows, count: again, edition: 1, date, days }, 1));
      }
      return files;
    }
  }
}

function dialectOf(exported: Export, delivery: number, edition: number): SampleDialect {
  const french = exported.columns.some((column) => column.headers.some((header) => header.language === 'fr'));
  if (delivery === 0) {
    return {
      delimiter: ',',
      separatorLine: exported.files.delimiters[0] === ',' && exported.columns.length % 2 === 0,
      byteOrderMark: false,
      lineEnd: '\n',
      language: 'en',
    };
  }
  if (delivery % 2 === 1) {
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
function samplePath(
  { exported, delivery, order }: Pick<FilesOf, 'exported' | 'delivery' | 'order'>,
  { date, days }: Pick<SampleFile, 'date' | 'days'>,
  sequence: number,
): string {
  const rule = exported.fileRules.find((candidate) => candidate.example !== undefined);
  const unix = Math.floor(date.plus({ days, hours: 3, minutes: sequence }).toSeconds());
  const period = { from: date, to: date.plus({ days }) };
  const format = exported.period?.format ?? 'ddMMyyyyHHmmss';
  const name = (rule?.example ?? `${exported.name}-{from}-{to}.csv`)
    .replaceAll('{unix}', String(unix))
    .replaceAll('{from}', period.from.toFormat(format))
    .replaceAll('{to}', period.to.toFormat(format))
    .replaceAll('{uuid}', uuidText(order.seed, exported.source, exported.name, delivery, sequence))
    .replace(/^\/+/, '');
  return name.startsWith(`${exported.source}/`) ? name : `${exported.source}/${name}`;
}
