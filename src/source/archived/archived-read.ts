import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { namedMembers } from '../../plan/logic/member-names.ts';
import { mapBoundPlan } from '../../plan/model/make.ts';
import type { Bound } from '../../plan/model/read-plan.ts';
import type { CopyAge } from '../../upstream/client/lookup-copies.ts';
import { sqlState } from '../../warehouse/postgres-errors.ts';
import type { RowsPlan } from '../data-source.ts';
import type { PlannedRead } from '../planned-read.ts';

/** Who keeps the archives of proxied sets up to their feeds. */
export interface ArchiveKeeper {
  /**
   * Brings those of the sets up to their feeds that are served so; without an error where a feed cannot be reached: then it gives how old the oldest of
   * these archives is. null: all are as new as their feeds.
   */
  freshen(sets: readonly string[], signal: AbortSignal): Promise<CopyAge | null>;
}

/** Nobody keeps anything. */
export const noArchives: ArchiveKeeper = { freshen: () => Promise.resolve(null) };

/**
 * A read in which archived sets take part: they are stored sets, and whoever reads stored sets reads them. What is the feed's own in the plan,
 * literals of its enumerations, is mapped to what the archive holds; and before the first page the archive is brought up to the feed. Later
 * pages go on in what the first one saw.
 */
export function archivedRead(
  plan: Bound<RowsPlan>,
  { catalogue, keeper }: { readonly catalogue: Catalogue; readonly keeper: ArchiveKeeper },
  pick: (plan: Bound<RowsPlan>) => PlannedRead,
): PlannedRead {
  const archived = plan.setNames.filter((name) => {
    const binding = catalogue.sets.get(name);
    return binding?.kind === 'stored' && binding.role === 'copy';
  });
  if (archived.length === 0) {
    return pick(plan);
  }
  const picked = pick(rowsPlan(mapBoundPlan(plan, namedMembers)));
  const continues = 'after' in plan && plan.after !== null;
  return {
    read: async (reading, recipient) => {
      if (!continues) {
        const from = performance.now();
        const age = await keeper.freshen(archived, reading.signal);
        if (age !== null) {
          reading.onCopy(age);
        }
        reading.timing.note('feed', performance.now() - from);
      }
      try {
        return await picked.read(reading, recipient);
      } catch (error) {
        throw isLetGo(error) ? letGo(archived, error) : error;
      }
    },
  };
}

/** undefined_table (PostgreSQL manual, appendix A): another program has let the archive go, and this one learns of it a moment later. */
const isLetGo = (error: unknown): boolean => sqlState(error) === '42P01';

const letGo = (sets: readonly string[], cause: unknown): GatewayError =>
  new GatewayError('Busy', `An archive (${sets.join(', ')}) was let go just now.`, { cause });

function rowsPlan(plan: Bound): Bound<RowsPlan> {
  if (plan.kind === 'ServiceDocument' || plan.kind === 'Metadata') {
    throw new TypeError(`${plan.kind} has no rows`);
  }
  return plan;
}
