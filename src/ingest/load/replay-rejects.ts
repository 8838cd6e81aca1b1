import type { Export } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { maxRaw } from '../convert/staging-lines.ts';
import type { TextRecord } from '../csv/read-records.ts';
import { setsTouched } from '../derive/derived-sets.ts';
import { matchHeader } from '../identify/match-header.ts';
import type { Period } from '../identify/period.ts';
import { compareFiles } from '../ledger/file-order.ts';
import { addReplayed, removalOfLoad } from '../ledger/ledger.ts';
import { closeReplayed, countHiding, type OnlyRejects, type OpenReject, openRejects } from '../ledger/rejects.ts';
import type { Removal } from '../ledger/removal.ts';
import { lockSets } from '../ledger/set-version.ts';
import { storedTable } from '../stored/stored-table.ts';
import { rejectShape } from './close-carried.ts';
import type { IngestContext } from './load-file.ts';
import { recordsOf } from './reject-record.ts';
import { takeIn } from './take-in.ts';

export interface ReplayOptions {
  /** Only the rejects of this load. */
  readonly loadId?: string;
  readonly source?: string;
  readonly export?: string;
  readonly code?: string;
  /** Only these, by their numbers. */
  readonly rejectIds?: readonly string[];
}

/** What became of the open rejects of one load. */
export interface ReplayResult {
  readonly loadId: string;
  readonly fileName: string;
  readonly source: string;
  readonly export: string;
  /** Open rejects that were asked for, those whose text is whole, and those that were taken in. */
  readonly asked: number;
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
  readonly sha256: string;
  readonly modified: string;
  /** How many moments the files before speak of, and one. */
  readonly turn: number;
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
  const ids = options.rejectIds ?? null;
  const { rows } = await context.database.query<LoadRow>(
    `SELECT load_id::text, file_name, source, export, delimiter, header::text, file_time::text, period_start::text, period_end::text, sha256,
            coalesce(to_char(modified_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS'), '') AS modified,
            dense_rank() OVER (ORDER BY l.file_time)::integer AS turn
       FROM gateway.load l WHERE state = 'loaded' AND header IS NOT NULL
        AND EXISTS (SELECT FROM gateway.reject r WHERE r.load_id = l.load_id AND r.state = 'open' AND ($4::bigint[] IS NULL OR r.reject_id = ANY($4)) AND ($5::text IS NULL OR r.code = $5))
        AND ($1::bigint IS NULL OR load_id = $1) AND ($2::text IS NULL OR source = $2) AND ($3::text IS NULL OR export = $3)`,
    [options.loadId ?? null, options.source ?? null, options.export ?? null, ids, options.code ?? null],
  );
  const results: ReplayResult[] = [];
  for (const load of newestFirst(rows)) {
    const target = context.catalogue.exports.find((one) => one.source === load.source && one.name === load.export);
    if (target === undefined) {
      continue;
    }
    results.push(await replayWhole(context, { load, target, only: { ids, code: options.code ?? null } }));
  }
  return results.reverse();
}

/**
 * Rows that are replaced together have a place only beside a row of the newest file that holds their key; an older one gives that
 * the cells for which the newest file has no column.
 */
const newestFirst = (loads: readonly LoadRow[]): readonly LoadRow[] =>
  loads.toSorted((a, b) => b.turn - a.turn || compareFiles(b, a) || Number(b.load_id) - Number(a.load_id));

interface Replayed {
  readonly load: LoadRow;
  readonly target: Export;
  /** Which of its open rejects; null: all. */
  readonly only: OnlyRejects;
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
  { load, target, only, removing }: Replayed & { readonly removing: boolean },
): Promise<ReplayResult> {
  const { load_id: loadId } = load;
  await lockSets(transaction, setsTouched(catalogue, target.set));
  const { asked, rejects } = await openRejects(transaction, { loadId, maxRaw, only });
  const table = storedTable(catalogue, target.set);
  const match = matchHeader(target, JSON.parse(load.header) as string[]);
  const records = rejects.flatMap((reject) => recordOf(reject, load.delimiter));
  let known = false;
  let replayed = 0;
  const taken = await takeIn(transaction, oneBatch(records), {
    ...{ catalogue, match, table, period: periodOfLoad(load) },
    delimiter: load.delimiter,
    load: { loadId, fileTime: load.file_time },
    replayed: true,
    force: false,
    bytes: null,
    onStaged: async (staged, { read, keyless }) => {
      // The keys of all rows that are still rejected are known: what the file does not hold can be told.
      known = match.cells.length > 0 && keyless === 0 && (await countHiding(transaction, loadId)) === read;
      replayed = await closeReplayed(transaction, loadId, { staged: staged.name, shape: rejectShape(table, target) });
      return removing && known;
    },
  });
  if (replayed !== taken.read - taken.rejected) {
    throw new GatewayError('LoadCountMismatch', `${replayed} rows were replayed, not ${taken.read - taken.rejected}`);
  }
  const removal = known ? await settledRemoval(transaction, loadId, { removing, superseded: taken.superseded }) : null;
  await addReplayed(transaction, loadId, { counts: taken, rows: replayed, removal });
  const { file_name: fileName, source, export: name } = load;
  return { loadId, fileName, source, export: name, asked, tried: records.length, replayed, removed: taken.removed };
}

/** The word for a removal that was withheld until keys were known, now that they are; null: nothing was withheld for them. */
async function settledRemoval(
  transaction: Transaction,
  loadId: string,
  { removing, superseded }: { readonly removing: boolean; readonly superseded: boolean },
): Promise<Removal | null> {
  const former = await removalOfLoad(transaction, loadId);
  if (former !== 'withheld-keyless' && former !== 'withheld-too-small') {
    return null;
  }
  if (!removing) {
    return 'withheld-too-small';
  }
  return superseded ? 'superseded' : 'done';
}

/** The raw text read again; none where it is more than one record, because a quote was broken. */
function recordOf(reject: OpenReject, delimiter: string): readonly TextRecord[] {
  const records = recordsOf(reject.raw_text, { delimiter, line: Number(reject.line) });
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
