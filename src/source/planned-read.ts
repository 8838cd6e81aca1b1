import type { Bound } from '../plan/model/read-plan.ts';
import type { DataSource, Reading, Recipient, RowsPlan } from './data-source.ts';

/** A plan with the source that answers it. */
export interface PlannedRead {
  /** As `DataSource.read`. */
  read<T>(reading: Reading, recipient: Recipient<T>): Promise<T>;
}

export const planned = <Plan extends RowsPlan>(source: DataSource<Plan>, plan: Bound<Plan>): PlannedRead => ({
  read: (reading, recipient) => source.read(plan, reading, recipient),
});
