import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { converterFor } from '../convert/converter-for.ts';
import { examineFile, requireUnchanged } from '../csv/file-facts.ts';
import { dataRows, passedOverNote } from '../identify/data-rows.ts';
import { identifyFile } from '../identify/identify-file.ts';
import { fileOrder } from '../ledger/file-order.ts';
import { closeLoad, keepDrift, keepRejects } from '../ledger/ledger.ts';
import { driftOf, periodValues } from '../load/load-file.ts';
import { joinedMessages, removalMessage, removalOf, winnerMessage } from '../load/load-notes.ts';
import { decidedTable, removedTable } from '../merge/decide-rows.ts';
import { shapeOf } from '../merge/file-shape.ts';
import { mergeRows } from '../merge/merge-rows.ts';
import { stageRows, stagingTable } from '../merge/stage-rows.ts';
import { storedTable } from '../stored/stored-table.ts';
import type { KeptFile } from './kept-files.ts';

export interface Reloaded {
  readonly read: number;
  readonly rejected: number;
}

/**
 * Loads a file of the ledger once more, as the load that it was: into the tables of the catalogue given, with its rejects and
 * counts as they come out now. What is derived is not maintained. Throws what is wrong with the file, named.
 */
export async function reloadFile(
  transaction: Transaction,
  catalogue: Catalogue,
  { load, path }: KeptFile,
  onBytes: (bytes: number, totalBytes: number) => void,
): Promise<Reloaded> {
  const found = await examineFile(path);
  if (found.sha256 !== load.sha256) {
    throw new GatewayError('FileUnreadable', `${path} changed while it was loaded`);
  }
  const facts = { ...found, name: load.file_name };
  const identified = await identifyFile(catalogue, facts, { source: load.source, export: load.export });
  const target = identified.export;
  const table = storedTable(catalogue, target.set);
  const { period_start: start, period_end: end } = load;
  const period = start === null || end === null ? null : { start: new Date(start), end: new Date(end) };
  const converter = converterFor(catalogue, identified.match, period);
  const hasHeader = identified.match.cells.length > 0;
  const { records, passedOver } = dataRows(facts, identified, { onBytes: (bytes) => onBytes(bytes, facts.bytes) });
  const staged = await stageRows(transaction, records, { table, converter });
  await requireUnchanged(found);
  await replaceRejects(transaction, load.load_id);
  await keepDrift(transaction, { loadId: load.load_id, target }, driftOf(identified, converter));
  const file = await fileOrder(transaction, catalogue, {
    set: target.set,
    loadId: load.load_id,
    fileTime: load.file_time,
  });
  // Files come in their order here: none that is newer has been loaded into this table yet, whatever the ledger says.
  const superseded = false;
  // What a file was allowed to remove or to reject when it came is not asked anew.
  const shape = await shapeOf(transaction, catalogue, { table, match: identified.match });
  const removes = staged.keyless === 0 && hasHeader;
  const decisions = await mergeRows(transaction, {
    catalogue: withoutDerived(catalogue, target.set),
    target,
    table: { ...table, set: { ...table.set, versionColumn: null } },
    file,
    shape,
    replayed: false,
    superseded,
    removes,
    period: periodValues(target, table, converter),
    force: true,
  });
  const sum = decisions.inserted + decisions.updated + decisions.unchanged + staged.rejected + decisions.duplicate;
  if (sum !== staged.read) {
    throw new GatewayError('LoadCountMismatch', `${path}: ${staged.read} rows were read but ${sum} are accounted for`);
  }
  const removal = removalOf({ write: target.write, hasHeader, superseded, keyless: staged.keyless });
  await closeLoad(transaction, {
    loadId: load.load_id,
    staged,
    decisions,
    removal,
    removalMessage: removalMessage(removal, staged.keyless),
    message: joinedMessages([winnerMessage(identified.match), passedOverNote(passedOver)]),
  });
  await transaction.query(
    `UPDATE gateway.load SET header = $2, encoding = $3, delimiter = $4, origin = $5 WHERE load_id = $1`,
    [
      load.load_id,
      JSON.stringify(identified.match.cells.map((cell) => cell.text)),
      identified.layout.encoding,
      identified.layout.delimiter,
      path,
    ],
  );
  await transaction.query(`DROP TABLE ${stagingTable}, ${decidedTable}, ${removedTable}`);
  return { read: staged.read, rejected: staged.rejected };
}

/** Those of now in place of the former; lines that somebody dismissed, or that a later load of the same bytes has, stay so. */
async function replaceRejects(transaction: Transaction, loadId: string): Promise<void> {
  const { rows } = await transaction.query<{ line: string }>(
    `DELETE FROM gateway.reject WHERE load_id = $1 RETURNING CASE WHEN state = 'dismissed' THEN line::text END AS line`,
    [loadId],
  );
  await keepRejects(transaction, loadId);
  await transaction.query(
    `UPDATE gateway.reject SET state = 'dismissed' WHERE load_id = $1 AND (line = ANY($2::bigint[]) OR EXISTS (SELECT FROM gateway.load WHERE again_of = $1 AND state = 'loaded'))`,
    [loadId, rows.flatMap(({ line }) => line ?? [])],
  );
}

/** The catalogue without what is derived from a set, and without keys of removed rows: nobody reads its table yet. */
function withoutDerived(catalogue: Catalogue, name: string): Catalogue {
  const sets = [...catalogue.sets].map(([other, set]) => {
    if (set.kind !== 'stored' || other === name || set.derivation === null) {
      return [other, set] as const;
    }
    return [other, { ...set, derivation: null }] as const;
  });
  return { ...catalogue, sets: new Map(sets) };
}
