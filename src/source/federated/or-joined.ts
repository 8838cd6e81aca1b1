import { crosses, type ExpandPlace, placeInside, placeName } from '../../plan/federate/placement.ts';
import type { Selection } from '../../plan/model/read-plan.ts';
import type { UpstreamPlan, UpstreamReadOptions } from '../../upstream/upstream.ts';
import type { Reading } from '../data-source.ts';
import { WatchedRecipient } from '../evaluated/watched-recipient.ts';
import type { PlannedRead } from '../planned-read.ts';
import { upstreamOptions } from '../upstream/upstream-source.ts';
import type { Sources } from './sources.ts';

/**
 * A read whose `$expand` are left to the feeds that show that they do them: rows of the others are joined here. `usual`: the read where it is known
 * which these are.
 */
export function orJoined(usual: (sources: Sources) => PlannedRead, plan: UpstreamPlan, sources: Sources): PlannedRead {
  const selection = plan.kind === 'Collection' || plan.kind === 'Entity' ? plan.selection : null;
  if (selection === null || !mayBeJoined(selection, sources)) {
    return usual(sources);
  }
  // A feed without an address is told at once.
  const asked = usual(sources);
  return {
    read: async (reading, recipient) => {
      const unshown = await unshownExpands(selection, sources, reading);
      const watched = new WatchedRecipient(recipient);
      try {
        return await (unshown.size === 0 ? asked : usual(joining(sources, unshown))).read(reading, watched);
      } catch (error) {
        if (watched.taken || reading.skipToken !== null) {
          throw error;
        }
        // Rows may have come without what the feed was believed to expand.
        const now = await unshownExpands(selection, sources, reading);
        if (now.size === unshown.size) {
          throw error;
        }
        return usual(joining(sources, now)).read(reading, recipient);
      }
    },
  };
}

/** The same sources, where rows of some `$expand` are joined here. */
const joining = (sources: Sources, unshown: ReadonlySet<string>): Sources => ({
  ...sources,
  expands: (place) => !unshown.has(placeName(place)),
});

/** Whether a feed would be asked to expand something. */
const mayBeJoined = ({ set, expands }: Selection, sources: Sources): boolean =>
  expands.some(
    ({ navigation, selection }) =>
      (sources.sourceOf(set) !== null && navigation.join.length > 0) || mayBeJoined(selection, sources),
  );

/** Names of the places whose rows are to be joined here. */
async function unshownExpands(selection: Selection, sources: Sources, reading: Reading): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const options = { ...upstreamOptions(reading), skipToken: reading.skipToken };
  await lookInto(selection, null, { sources, options, found });
  return found;
}

interface Search {
  readonly sources: Sources;
  readonly options: UpstreamReadOptions;
  readonly found: Set<string>;
}

async function lookInto({ set, expands }: Selection, within: ExpandPlace | null, search: Search): Promise<void> {
  const { sources, options, found } = search;
  for (const expand of expands) {
    const at = placeInside(within, set, expand);
    const feed = sources.upstreams.get(sources.sourceOf(set) ?? '');
    const isOwn = feed !== undefined && !crosses(sources, at.step);
    const isShown =
      !isOwn || at.step.navigation.join.length === 0 || (await feed.showsExpand?.({ at, expand }, options)) !== false;
    if (!isShown) {
      found.add(placeName(at));
    }
    await lookInto(expand.selection, isOwn && isShown ? at : null, search);
  }
}
