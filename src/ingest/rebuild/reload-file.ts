import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { examineFile, requireUnchanged } from '../csv/file-facts.ts';
import { dataRows } from '../identify/data-rows.ts';
import { identifyFile } from '../identify/identify-file.ts';
import { keepDrift } from '../ledger/drift.ts';
import { closeLoad, noteReading } from '../ledger/ledger.ts';
import { replaceRejects } from '../ledger/rejects.ts';
import { closeCarried, rejectShape } from '../load/close-carried.ts';
import { driftOf, readingOf } from '../load/load-file.ts';
import { outcomeOf } from '../load/load-notes.ts';
import { takeIn } from '../load/take-in.ts';
import { storedTable } from '../stored/stored-table.ts';
import type { KeptFile } from './kept-files.ts';
import { withMember } from './with-member.ts';

export interface Reloaded {
  readonly read: number;
  readonly rejected: number;
}

/**
 * Loads a file of the ledger once more, as the load that it was: into the tables of the catalogue given, with its rejects and
 * counts as they come out now. What is derived is not maintained. Throws what is wrong with the file, named.
 */
export function reloadFile(
  transaction: Transaction,
  catalogue: Catalogue,
  kept: KeptFile,
  onBytes: (bytes: number, totalBytes: number) => void,
): Promise<Reloaded> {
  return withMember(catalogue, kept, (path) => reload(transaction, catalogue, { kept, path, onBytes }));
}

async function reload(
  transaction: Transaction,
  catalogue: Catalogue,
  {
    kept: { load, path: origin, digests },
    path,
    onBytes,
  }: {
    readonly kept: KeptFile;
    /** Where its bytes lie, unpacked. */
    readonly path: string;
    readonly onBytes: (bytes: number, totalBytes: number) => void;
  },
): Promise<Reloaded> {
  const found = await examineFile(path);
  if (!digests.has(found.sha256)) {
    throw new GatewayError('FileUnreadable', `${path} changed while it was loaded`);
  }
  const facts = { ...found, name: load.file_name };
  const identified = await identifyFile(catalogue, facts, { source: load.source, export: load.export });
  const target = identified.export;
  const table = storedTable(catalogue, target.set);
  const { period_start: start, period_end: end } = load;
  const period = start === null || end === null ? null : { start: new Date(start), end: new Date(end) };
  const { match } = identified;
  const { load_id: loadId, file_time: fileTime } = load;
  const { records, passedOver } = dataRows(facts, identified, { onBytes: (bytes) => onBytes(bytes, facts.bytes) });
  const taken = await takeIn(transaction, records, {
    catalogue: withoutDerived(catalogue, target.set),
    // Nobody reads the table yet: no keys of removed rows are kept.
    table: { ...table, set: { ...table.set, versionColumn: null } },
    ...{ match, period, delimiter: identified.layout.delimiter },
    load: { loadId, fileTime },
    // Files come in their order here: none that is newer has been loaded into this table yet, whatever the ledger says.
    alone: true,
    // What a file was allowed to remove or to reject when it came is not asked anew.
    force: true,
    bytes: facts.bytes,
    onStaged: async (staged, rows, converter) => {
      await requireUnchanged(found);
      const skip = target.files.onRowError === 'skip';
      await replaceRejects(transaction, loadId, { staged: staged.name, shape: rejectShape(table, target), skip });
      await closeCarried(transaction, catalogue, {
        ...{ table, match, staged: staged.name },
        load: { loadId, fileTime },
      });
      await keepDrift(transaction, { loadId, target }, driftOf(match, converter));
      return rows.keyless === 0 && match.cells.length > 0;
    },
  });
  await closeLoad(transaction, { loadId, counts: taken, outcome: outcomeOf({ match, passedOver, ...taken }) });
  await noteReading(transaction, loadId, { ...readingOf(identified), path: origin });
  await transaction.query(`DROP TABLE ${taken.tables.join(', ')}`);
  return { read: taken.read, rejected: taken.rejected };
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
