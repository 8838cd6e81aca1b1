import { Buffer } from 'node:buffer';
import type { Transaction } from '../../warehouse/database.ts';
import { copyLine } from '../convert/copy-line.ts';
import type { RowConverter } from '../convert/row-converter.ts';
import type { TextRecord } from '../csv/read-records.ts';
import { columnDefinition, columnList } from '../stored/column-lists.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';
import { stagingMarks } from './kept-cells.ts';

export const stagingTable = 'staged_rows';

/** Longest raw text kept of a rejected row, in characters; its byte range tells where the rest is. */
export const maxRaw = 64 * 1024;

/** What a file's rows came to before they met the table. */
export interface Staged {
  readonly read: number;
  readonly rejected: number;
  /** Rejected rows whose key could not be read: nobody knows which stored rows they speak of. */
  readonly keyless: number;
}

/**
 * Creates the staging table and fills it with records, the header left out. Rejected rows stand in it too, with their fault, and with their
 * key where it could be read. The file streams through: memory does not grow with it.
 */
export async function stageRows(
  transaction: Transaction,
  records: AsyncIterable<readonly TextRecord[]>,
  target: { readonly table: StoredTable; readonly converter: RowConverter },
): Promise<Staged> {
  const { table, converter } = target;
  const columns = [...converter.properties.map((property) => columnOf(table, property)), ...extrasColumn(table)];
  await createStaging(transaction, table);
  const counts = { read: 0, rejected: 0, keyless: 0 };
  const text = `COPY ${stagingTable} (_line, _byte_start, _byte_end, _code, _property, _header, _message, _raw, ${columnList(columns)}) FROM STDIN`;
  await transaction.copyIn(text, encodeRows(records, { converter, counts, extras: extrasColumn(table).length > 0 }));
  await transaction.query(`ANALYZE ${stagingTable}`);
  return counts;
}

/** All columns of the table without its constraints: a rejected row may lack any of them. */
export async function createStaging(transaction: Transaction, table: StoredTable): Promise<void> {
  const columns = [...table.columns.values()].map(({ name, sqlType }) => columnDefinition(name, sqlType));
  await transaction.query(
    `CREATE TEMP TABLE ${stagingTable} (_line integer NOT NULL, _byte_start bigint, _byte_end bigint, _code text, _property text, _header text, _message text, _raw text, ${[...columns, ...stagingMarks(table.kept)].join(', ')}) ON COMMIT DROP`,
  );
}

function extrasColumn(table: StoredTable): readonly string[] {
  const column = table.columns.get('Extras');
  return column === undefined ? [] : [column.name];
}

interface Encoding {
  readonly converter: RowConverter;
  readonly counts: { read: number; rejected: number; keyless: number };
  readonly extras: boolean;
}

async function* encodeRows(
  batches: AsyncIterable<readonly TextRecord[]>,
  encoding: Encoding,
): AsyncGenerator<Uint8Array> {
  for await (const batch of batches) {
    let text = '';
    for (const record of batch) {
      text += encodeRow(record, encoding);
    }
    if (text !== '') {
      yield Buffer.from(text, 'utf8');
    }
  }
}

function encodeRow(record: TextRecord, { converter, counts, extras }: Encoding): string {
  const row = converter.convert(record);
  counts.read++;
  if (row.fault === null) {
    const line = `${record.line}\t${record.byteStart}\t${record.byteEnd}\t\\N\t\\N\t\\N\t\\N\t\\N\t`;
    return line + copyLine(extras ? [...row.values, row.extras] : row.values);
  }
  counts.rejected++;
  if (!row.keyKnown) {
    counts.keyless++;
  }
  const { code, property, header, message } = row.fault;
  const where = [String(record.line), String(record.byteStart), String(record.byteEnd)];
  const values = row.keyKnown ? row.values : converter.properties.map(() => null);
  const what = [code, property, header, withoutNul(message), withoutNul(record.raw.slice(0, maxRaw))];
  return copyLine([...where, ...what, ...values, ...(extras ? [null] : [])]);
}

/** PostgreSQL takes no U+0000; the symbol for it stands in its place. */
function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '␀') : text;
}
