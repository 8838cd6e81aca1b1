import type { BoundUnified } from './bind-unified.ts';
import { leadsOf } from './leads.ts';

const known = new WeakMap<BoundUnified, ReadonlySet<string>>();

/** The sets of whose rows a unified set is made: those that contribute, and those that contributions look at. The same set gives the same object. */
export function setsRead(unified: BoundUnified): ReadonlySet<string> {
  const sets = known.get(unified) ?? findSets(unified);
  known.set(unified, sets);
  return sets;
}

function findSets(unified: BoundUnified): ReadonlySet<string> {
  return new Set(
    unified.contributions.flatMap((one) => {
      const led = [...one.columns.keys()].flatMap((property) => leadsOf(unified, one, property)?.set.name ?? []);
      return [one.contribution.set, ...one.reads.map((read) => read.set), ...led];
    }),
  );
}
