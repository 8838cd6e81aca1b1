import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Catalogue, Export, ExportColumn } from '../catalogue/catalogue.ts';
import { Growth } from './growth.ts';
import { randomIndex } from './random.ts';
import { type SampleDialect, type SampleFile, sampleFiles } from './sample-files.ts';
import type { SampleOrder } from './sample-order.ts';
import { type RowMaker, rowMaker } from './sample-row.ts';

/** What was written, for the command's last line and for tests. */
export interface SampleReport {
  readonly files: readonly {
    readonly path: string;
    readonly export: string;
    readonly set: string;
    readonly rows: number;
    readonly broken: number;
  }[];
  readonly rows: number;
}

export const defaultOrder: SampleOrder = {
  rows: 40,
  seed: 1,
  days: 3,
  daysPerFile: 1,
  from: '2026-11-01',
  broken: 0,
  only: [],
};

/**
 * Writes sample exports of every CSV export in the catalogue below `directory`, made from the metadata alone: the same
 * order gives the same bytes. Keys join across files, later days state earlier rows again. Rows stream to disk; a
 * file's modification time is the time at which its vendor would have written it, so that load order is right.
 */
export async function writeSamples(
  catalogue: Catalogue,
  directory: string,
  order: Partial<SampleOrder> = {},
): Promise<SampleReport> {
  const whole: SampleOrder = { ...defaultOrder, ...order };
  const growth = new Growth(catalogue, whole);
  const makers = new Map<Export, RowMaker>();
  const files: SampleReport['files'][number][] = [];
  for (const file of sampleFiles(catalogue, whole, growth)) {
    const maker = makers.get(file.exported) ?? rowMaker(catalogue, file.exported, whole, growth);
    makers.set(file.exported, maker);
    const count = Math.min(file.count, maker.capacity(file.days));
    await writeFile(join(directory, file.path), linesOf({ ...file, count }, maker, whole));
    const written = file.date.plus({ days: file.days, hours: 3 }).toJSDate();
    await utimes(join(directory, file.path), written, written);
    files.push({
      path: file.path,
      export: file.exported.name,
      set: file.exported.set,
      rows: count,
      broken: whole.broken,
    });
  }
  return { files, rows: files.reduce((sum, file) => sum + file.rows, 0) };
}

async function writeFile(path: string, lines: Iterable<string>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const stream = createWriteStream(path, { highWaterMark: 1 << 18 });
  let pending = '';
  for (const line of lines) {
    pending += line;
    if (pending.length < 1 << 16) {
      continue;
    }
    if (!stream.write(pending)) {
      await once(stream, 'drain');
    }
    pending = '';
  }
  stream.end(pending);
  await once(stream, 'finish');
}

function* linesOf(file: SampleFile, maker: RowMaker, order: SampleOrder): Generator<string> {
  const { dialect, exported } = file;
  const quoted = (cells: readonly string[]): string => csvLine(cells, dialect);
  if (dialect.byteOrderMark) {
    yield '\uFEFF';
  }
  if (dialect.separatorLine) {
    yield `sep=${dialect.delimiter}${dialect.lineEnd}`;
  }
  yield quoted(exported.columns.map((column) => headerText(column, dialect.language)));
  for (let i = 0; i < file.count; i++) {
    yield quoted(maker.row(file.first + i, file));
  }
  for (let i = 0; i < order.broken; i++) {
    yield quoted(brokenRow(file, maker, i));
  }
}

function headerText(column: ExportColumn, language: string): string {
  const header = column.headers.find((candidate) => candidate.language === language) ?? column.headers[0];
  if (header === undefined) {
    throw new RangeError(`the column ${column.property} has no header`);
  }
  return header.text;
}

function csvLine(cells: readonly string[], { delimiter, lineEnd }: SampleDialect): string {
  const texts = cells.map((cell) =>
    cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
  );
  return texts.join(delimiter) + lineEnd;
}

/** A row whose one typed cell cannot be read; an export of nothing but text gets a row without its key. */
function brokenRow(file: SampleFile, maker: RowMaker, index: number): readonly string[] {
  const number = file.first + Math.min(file.count, maker.capacity(file.days)) + 1_000_000 + index;
  const cells = [...maker.row(Number.isFinite(maker.capacity(file.days)) ? index : number, file)];
  const typed = file.exported.columns
    .map((column, at) => ({ column, at }))
    .filter(
      ({ column }) => column.encoding !== 'text' && column.encoding !== 'list' && column.encoding !== 'label-list',
    );
  const victim = typed[randomIndex(Math.max(typed.length, 1), index, file.path)];
  const key = file.exported.columns.findIndex((column) => file.exported.key.includes(column.property));
  cells[victim?.at ?? key] = victim === undefined ? '' : 'not-a-value';
  return cells;
}
