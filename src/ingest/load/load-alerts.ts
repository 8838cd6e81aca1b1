import type { Export } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { raiseAlert } from '../ledger/alerts.ts';
import type { DriftFinding } from '../ledger/drift.ts';
import type { LoadCounts } from '../ledger/ledger.ts';
import { rejectCounts } from '../ledger/rejects.ts';

/** Headers named in one alert. */
const shownHeaders = 20;

/** A load that is done, and what its ledger row has. */
export interface DoneLoad {
  readonly loadId: string;
  readonly file: string;
  readonly target: Export;
  readonly counts: LoadCounts;
  /** Columns that nobody knew to differ before. */
  readonly drift: readonly DriftFinding[];
}

/** Raises what somebody should know of a load, in its transaction: rows that wait, columns that differ, stored rows that left. */
export async function raiseLoadAlerts(
  transaction: Transaction,
  { loadId, file, target, counts, drift }: DoneLoad,
): Promise<void> {
  const { source, name } = target;
  const about = { source, export: name };
  const load = { load: Number(loadId), file };
  if (counts.rejected > 0 && target.files.onRowError !== 'skip') {
    const codes = await rejectCounts(transaction, loadId);
    const details = { ...load, read: counts.read, rejected: counts.rejected, codes };
    await raiseAlert(transaction, { kind: 'rows.rejected', ...about, details });
  }
  if (drift.length > 0) {
    const of = (kind: DriftFinding['kind']): readonly string[] =>
      drift.filter((one) => one.kind === kind).map(({ header }) => header);
    const [unknown, missing] = [of('unknown'), of('missing')];
    const details = { ...load, unknown: unknown.slice(0, shownHeaders), missing: missing.slice(0, shownHeaders) };
    await raiseAlert(transaction, { kind: 'columns.drifted', ...about, details });
  }
  if (counts.removed > 0) {
    const details = { ...load, removed: counts.removed, mode: target.write.mode };
    await raiseAlert(transaction, { kind: 'rows.removed', ...about, details });
  }
}
