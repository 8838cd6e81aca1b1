import type { Export } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { converterFor } from '../convert/converter-for.ts';
import { longestRecord, type TextRecord } from '../csv/read-records.ts';
import { CsvTokenizer } from '../csv/tokenizer.ts';
import { setsTouched } from '../derive/derived-sets.ts';
import { matchHeader } from '../identify/match-header.ts';
import type { Period } from '../identify/period.ts';
import { fileOrder } from '../ledger/file-order.ts';
import { supersededPeriod } from '../ledger/ledger.ts';
import type { Removal } from '../ledger/removal.ts';
import { lockSets } from '../ledger/set-version.ts';
import { shapeOf } from '../merge/file-shape.ts';
import { mergeRows } from '../merge/merge-rows.ts';
import { maxRaw, type Staged, stageRows, stagingTable } from '../merge/stage-rows.ts';
import { storedTable } from '../stored/stored-table.ts';
import { type IngestContext, periodValues } from './load-file.ts';

export interface ReplayOptions {
  /** Only the rejects of this load. */
  readonly loadId?: string;
  readonly source?: string;
  readonly export?: string;
}

/** What became of the open rejects of one load. */
export interface ReplayResult {
  readonly loadId: string;
  readonly fileName: string;
  readonly source: string;
  readonly export: string;
  readonly tried: number;
  readonly replayed: number;
  /** Stored rows that left because it is known now that the file lacks them. */
  readonly removed: number;
}

interface LoadRow extends Record<string, unknown> {
  readonly load_id: string;
  readonly file_name: string;
  readonly source: string;
  readonly export: string;
  readonly delimiter: string;
  readonly header: string;
  readonly file_time: string;
  readonly period_start: string | null;
  readonly period_end: string | null;
}

interface RejectRow extends Record<string, unknown> {
  readonly line: string;
  readonly byte_start: string;
  readonly byte_end: string;
  readonly raw_text: string;
}

/**
 * Converts rejected rows again, after the metadata was corrected. Rows that pass now are merged as rows of the load
 * that rejected them, so that a newer file and a later line still win, and its counts move with them; the others stay
 * open. What the load could not remove, because it did not know the keys of its rejected rows, goes once they are known.
 * One transaction for each load. Rows whose raw text is not whole (cut, or bytes that cannot be shown) need their file again.
 */
export async function replayRejects(
  context: IngestContext,
  options: ReplayOptions = {},
): Promise<readonly ReplayResult[]> {
  const { rows } = await context.database.query<LoadRow>(
    `SELECT load_id::text, file_name, source, export, delimiter, header::text, file_time::text, period_start::text, period_end::text
       FROM gateway.load l WHERE state = 'loaded' AND header IS NOT NULL
        AND EXISTS (SELECT FROM gateway.reject r WHERE r.load_id = l.load_id AND r.state = 'open')
        AND ($1::bigint IS NULL OR load_id = $1) AND ($2::text IS NULL OR source = $2) AND ($3::text IS NULL OR export = $3)
      ORDER BY l.file_time, l.load_id`,
    [options.loadId ?? null, options.source ?? null, options.export ?? null],
  );
  const results: ReplayResult[] = [];
  for (const load of rows) {
    const target = context.catalogue.exports.find((one) => one.source === load.source && one.name === load.export);
    if (target === undefined) {
      continue;
    }
    results.push(await replayWhole(context, { load, target }));
  }
  return results;
}

interface Replayed {
  readonly load: LoadRow;
  readonly target: Export;
}

/** Rows are taken, too, where what is missing beside them is more than a file may remove by itself. */
async function replayWhole(context: IngestContext, replayed: Replayed): Promise<ReplayResult> {
  const replay = (removing: boolean): Promise<ReplayResult> =>
    context.database.transaction((transaction) => replayLoad(transaction, context, { ...replayed, removing }));
  try {
    return await replay(true);
  } catch (error) {
    if (!(error instanceof GatewayError)) {
      throw error;
    }
    if (error.code !== 'SnapshotTooSmall' && error.code !== 'PeriodTooSmall') {
      throw error;
    }
    return replay(false);
  }
}

async function replayLoad(
  transaction: Transaction,
  { catalogue }: IngestContext,
  { load, target, removing }: Replayed & { readonly removing: boolean },
): Promise<ReplayResult> {
  await lockSets(transaction, setsTouched(catalogue, target.set));
  const rejects = await openRejects(transaction, load.load_id);
  const table = storedTable(catalogue, target.set);
  const period = periodOfLoad(load);
  const header = JSON.parse(load.header) as string[];
  const match = matchHeader(target, header);
  const converter = converterFor(catalogue, match, period);
  const records = rejects.flatMap((reject) => recordOf(reject, load.delimiter));
  const staged = await stageRows(transaction, oneBatch(records), { table, converter });
  const known = header.length > 0 && (await knowsAll(transaction, load.load_id, staged));
  const removes = removing && known;
  const marked = await transaction.query(
    `UPDATE gateway.reject r SET state = 'replayed' FROM ${stagingTable} s WHERE r.load_id = $1 AND r.state = 'open' AND r.line = s._line AND s._code IS NULL`,
    [load.load_id],
  );
  const file = await fileOrder(transaction, catalogue, {
    set: target.set,
    loadId: load.load_id,
    fileTime: load.file_time,
  });
  const shape = await shapeOf(transaction, catalogue, { table, match });
  const superseded = await supersededPeriod(transaction, target, { period, file });
  const decisions = await mergeRows(transaction, {
    catalogue,
    target,
    table,
    file,
    shape,
    replayed: true,
    superseded,
    removes,
    period: periodValues(target, table, converter),
    force: false,
  });
  const sum = decisions.inserted + decisions.updated + decisions.unchanged + decisions.duplicate;
  if (sum !== marked.rowCount) {
    throw new GatewayError('LoadCountMismatch', `${marked.rowCount} rows were replayed but ${sum} are accounted for`);
  }
  const settled = await settledRemoval(transaction, load.load_id, { known, removing, superseded });
  await transaction.query(
    `UPDATE gateway.load SET rows_inserted = rows_inserted + $2, rows_updated = rows_updated + $3, rows_unchanged = rows_unchanged + $4, rows_duplicate = rows_duplicate + $5, rows_rejected = rows_rejected - $6, rows_removed = rows_removed + $7, removal = coalesce($8, removal), removal_message = CASE WHEN $9 THEN NULL ELSE removal_message END WHERE load_id = $1`,
    [
      load.load_id,
      decisions.inserted,
      decisions.updated,
      decisions.unchanged,
      decisions.duplicate,
      marked.rowCount,
      decisions.removed,
      settled,
      settled !== null && removes,
    ],
  );
  const { removed } = decisions;
  const { load_id: loadId, file_name: fileName, source, export: name } = load;
  return { loadId, fileName, source, export: name, tried: records.length, replayed: marked.rowCount, removed };
}

/** Whether the keys of all rows that are still rejected are known, so that what the file does not hold can be told. */
async function knowsAll(transaction: Transaction, loadId: string, { read, keyless }: Staged): Promise<boolean> {
  const { rows } = await transaction.query<{ n: string }>(
    `SELECT count(*)::text AS n FROM gateway.reject WHERE load_id = $1 AND state = 'open'`,
    [loadId],
  );
  return keyless === 0 && Number(rows[0]?.n) === read;
}

/** The word for the removal that was withheld until the keys were known; null: nothing was withheld for them, or they still are not. */
async function settledRemoval(
  transaction: Transaction,
  loadId: string,
  asked: { readonly known: boolean; readonly removing: boolean; readonly superseded: boolean },
): Promise<Removal | null> {
  const { rows } = await transaction.query<{ removal: Removal }>(
    `SELECT removal FROM gateway.load WHERE load_id = $1`,
    [loadId],
  );
  const former = rows[0]?.removal;
  if (!asked.known || (former !== 'withheld-keyless' && former !== 'withheld-too-small')) {
    return null;
  }
  if (!asked.removing) {
    return 'withheld-too-small';
  }
  return asked.superseded ? 'superseded' : 'done';
}

async function openRejects(transaction: Transaction, loadId: string): Promise<readonly RejectRow[]> {
  const { rows } = await transaction.query<RejectRow>(
    `SELECT line::text, byte_start::text, byte_end::text, raw_text FROM gateway.reject WHERE load_id = $1 AND state = 'open' AND code NOT IN ('NUL_CHARACTER', 'INVALID_ENCODING', 'RECORD_TOO_LARGE', 'QUOTE_IN_UNQUOTED_FIELD') AND length(raw_text) < $2 ORDER BY line FOR UPDATE`,
    [loadId, maxRaw],
  );
  return rows;
}

/** The raw text read again; none where it is more than one record, because a quote was broken. */
function recordOf(reject: RejectRow, delimiter: string): readonly TextRecord[] {
  const tokenizer = new CsvTokenizer({
    delimiter,
    lineEnd: '\n',
    unitBytes: 1,
    byteOffset: 0,
    line: Number(reject.line),
    maxRecordLength: longestRecord,
  });
  const records = [...tokenizer.push(reject.raw_text), ...tokenizer.end()];
  const [only] = records;
  if (only === undefined || records.length > 1) {
    return [];
  }
  return [{ ...only, byteStart: Number(reject.byte_start), byteEnd: Number(reject.byte_end) }];
}

async function* oneBatch(records: readonly TextRecord[]): AsyncGenerator<readonly TextRecord[]> {
  yield records;
}

function periodOfLoad(load: LoadRow): Period | null {
  if (load.period_start === null || load.period_end === null) {
    return null;
  }
  return { start: new Date(load.period_start), end: new Date(load.period_end) };
}
