import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Export } from '../../src/catalogue/catalogue.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { messages } from './messages.ts';
import type { BenchWarehouse } from './warehouse.ts';

export type MessageCells = Readonly<Record<string, string>>;

/** So many messages that the warehouse does not have, of six to a conversation, from a day on. */
export function newMessages(count: number, day = '2026-01-02T00:00:00Z'): readonly MessageCells[] {
  return Array.from({ length: count }, (_, place) => {
    const time = new Date(Date.parse(day) + place * 1000).toISOString();
    return cellsOf(randomUUID(), `new ${Math.floor(place / 6)}`, { time, place });
  });
}

/** So many messages that it has, from a row number on, `apart` numbers from each other, with another text. */
export async function changedMessages(
  { database }: BenchWarehouse,
  { count, from, apart }: { readonly count: number; readonly from: number; readonly apart: number },
): Promise<readonly MessageCells[]> {
  const { rows } = await database.query<{ id: string; conversation: string; time: string }>(
    `SELECT "MessageId" AS id, "ConversationId" AS conversation, "CreatedAt"::text AS time FROM feed."${messages}" WHERE _row = ANY(SELECT $1::bigint + $2 * n FROM generate_series(0, $3::bigint - 1) AS n)`,
    [from, apart, count],
  );
  const changed = new Date(Date.UTC(2090, 0, 1) + (performance.now() | 0)).toISOString();
  return rows.map(({ id, conversation, time }, place) =>
    cellsOf(id, conversation, { time: new Date(time).toISOString(), place, changed }),
  );
}

function cellsOf(
  id: string,
  conversation: string,
  { time, place, changed = time }: { readonly time: string; readonly place: number; readonly changed?: string },
): MessageCells {
  return {
    ...{ MessageId: id, ConversationId: conversation, CreatedAt: time, LastUpdatedAt: changed },
    ...{ Medium: 'WhatsApp', Channel: '31201234560', MessageType: 'text', Direction: 'outbound' },
    ...{ TeamName: 'Webcare', Content: `Loaded at ${changed}, number ${place}` },
  };
}

let files = 0;

/** Writes messages as a file of their export. */
export const writeMessages = (warehouse: BenchWarehouse, rows: readonly MessageCells[]): Promise<string> =>
  writeCells(warehouse, exportOf(warehouse), rows);

/** Writes rows as a file of an export, by the names of its properties. */
async function writeCells(
  warehouse: BenchWarehouse,
  { columns }: Export,
  rows: readonly MessageCells[],
): Promise<string> {
  files += 1;
  const file = path.join(warehouse.folder, 'message', `messages ${files}.csv`);
  await mkdir(path.dirname(file), { recursive: true });
  const lines = [
    columns.map(({ headers }) => headers[0]?.text ?? ''),
    ...rows.map((row) => columns.map(({ property }) => row[property] ?? '')),
  ].map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','));
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

/** Loads messages, or rows of another set, as the gateway loads a file of its drop folder; each must be new or change something. */
export async function loadMessages(
  warehouse: BenchWarehouse,
  rows: readonly MessageCells[],
  set = messages,
): Promise<void> {
  const target = exportOf(warehouse, set);
  const file = await writeCells(warehouse, target, rows);
  const result = await loadFile(warehouse, file, { source: target.source, export: target.name, force: true });
  if (result.state !== 'loaded' || result.counts.inserted + result.counts.updated !== rows.length) {
    throw new Error(JSON.stringify(result));
  }
}

function exportOf({ catalogue }: BenchWarehouse, set = messages): Export {
  const found = catalogue.exports.find((one) => one.set === set);
  if (found === undefined) {
    throw new Error(`no export writes ${set}`);
  }
  return found;
}
