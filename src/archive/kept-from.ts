import { keptSince } from '../catalogue/retention.ts';
import type { ArchivedSet } from './archived-set.ts';

/** ISO text of the first moment of which rows are kept; null: all are. */
export function keptFrom({ settings }: ArchivedSet, now: Date): string | null {
  return settings.keep === null || settings.by === null ? null : keptSince(settings.keep, now).toISOString();
}
