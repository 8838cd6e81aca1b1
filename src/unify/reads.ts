import type { BoundUnified } from './bind-unified.ts';
import { leadsOf } from './leads.ts';

/** The sets of whose rows a unified set is made: those that contribute, and those that contributions look at. */
export function setsRead(unified: BoundUnified): ReadonlySet<string> {
  return new Set(
    unified.contributions.flatMap((one) => {
      const led = [...one.columns.keys()].flatMap((property) => leadsOf(unified, one, property)?.set.name ?? []);
      return [one.contribution.set, ...one.reads.map((read) => read.set), ...led];
    }),
  );
}
