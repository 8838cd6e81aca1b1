import { GatewayError } from '../../errors.ts';
import { crosses, type ExpandPlace, placeInside, placeName } from '../../plan/federate/placement.ts';
import type { ExpandPlan, Selection } from '../../plan/model/read-plan.ts';
import { isUnshown } from '../../upstream/trials/trial-findings.ts';
import type { AskedExpand, UpstreamPlan } from '../../upstream/upstream.ts';
import type { Reading, Recipient } from '../data-source.ts';
import { WatchedRecipient } from '../evaluated/watched-recipient.ts';
import type { PlannedRead } from '../planned-read.ts';
import { upstreamOptions } from '../upstream/upstream-source.ts';
import { JoinedPages, joinedOf } from './joined-pages.ts';
import type { Sources } from './sources.ts';

/**
 * A read whose `$expand` are left to the feeds that show that they do them: rows of the others are joined here. `usual`: the read where it is known
 * which these are. Of later pages of a feed those are that were at the first one, as its token says.
 */
export function orJoined(usual: (sources: Sources) => PlannedRead, plan: UpstreamPlan, sources: Sources): PlannedRead {
  const selection = plan.kind === 'Collection' || plan.kind === 'Entity' ? plan.selection : null;
  if (selection === null || !mayBeJoined(selection, sources)) {
    return usual(sources);
  }
  // A feed without an address is told at once.
  const asked = usual(sources);
  const isOfFeed = sources.sourceOf(selection.set) !== null;
  const read = <T>({ names, numbers }: Unshown, reading: Reading, recipient: Recipient<T>): Promise<T> =>
    (names.size === 0 ? asked : usual(joining(sources, names))).read(
      reading,
      isOfFeed ? new JoinedPages(recipient, numbers) : recipient,
    );
  /** Whether a feed does no longer what it did when the first page was asked for. */
  const isOther = async (error: unknown, before: Unshown, reading: Reading): Promise<boolean> => {
    if (!isOfFeed || !isRefused(error)) {
      return isUnshown(error);
    }
    const { numbers } = await unshownExpands(selection, sources, shownNow(sources, reading)).catch(() => before);
    return numbers.some((one) => !before.numbers.includes(one));
  };
  return {
    read: async (reading, recipient) => {
      const known = isOfFeed && reading.skipToken !== null ? joinedOf(reading.skipToken) : null;
      const goesOn: Reading = known === null ? reading : { ...reading, skipToken: known.token };
      const find = (): Promise<Unshown> =>
        unshownExpands(selection, sources, known === null ? shownNow(sources, reading) : shownBefore(known.joined));
      const unshown = await find();
      const watched = new WatchedRecipient(recipient);
      try {
        return await read(unshown, goesOn, watched);
      } catch (error) {
        if (watched.taken) {
          throw error;
        }
        if (reading.skipToken !== null) {
          throw (await isOther(error, unshown, reading)) ? pagesChanged() : error;
        }
        // Rows may have come without what the feed was believed to expand.
        const now = await find();
        if (now.names.size === unshown.names.size) {
          throw error;
        }
        return read(now, goesOn, recipient);
      }
    },
  };
}

const isRefused = (error: unknown): boolean => error instanceof GatewayError && error.code === 'UpstreamRefused';

const pagesChanged = (): GatewayError =>
  new GatewayError(
    'PagesChanged',
    'A proxied feed no longer does what it did when the first page was read: the rows of further pages would be others.',
    { target: '$skiptoken' },
  );

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

/** The places whose rows are to be joined here. */
interface Unshown {
  readonly names: ReadonlySet<string>;
  /** Their places among all `$expand` of the request, counted from the outermost first one. */
  readonly numbers: readonly number[];
}

/** Whether an `$expand`, with that number, may be left to the feed that has the rows. */
type Shown = (asked: AskedExpand, number: number) => Promise<boolean>;

const shownNow =
  (sources: Sources, reading: Reading): Shown =>
  async (asked) => {
    const feed = sources.upstreams.get(sources.sourceOf(asked.at.step.from) ?? '');
    return (await feed?.showsExpand?.(asked, upstreamOptions(reading))) !== false;
  };

const shownBefore =
  (joined: readonly number[]): Shown =>
  (_, number) =>
    Promise.resolve(!joined.includes(number));

async function unshownExpands(selection: Selection, sources: Sources, shown: Shown): Promise<Unshown> {
  const found: { readonly name: string; readonly number: number }[] = [];
  let number = 0;
  const lookInto = async ({ set, expands }: Selection, within: ExpandPlace | null): Promise<void> => {
    const all = expands.map((expand) => placed(expand, { set, within, sources, number: number++ }));
    const leave = async (asked: readonly Placed[]): Promise<readonly Placed[]> => {
      const left: Placed[] = [];
      for (const one of asked) {
        if (!one.isJoinable || (await shown(one, one.number))) {
          left.push(one);
        } else {
          found.push({ name: placeName(placeInside(within, set, one.expand)), number: one.number });
        }
      }
      return left;
    };
    let left = await leave(all.filter(({ isOwn }) => isOwn));
    // A feed that does each of them may drop one of several.
    for (let most = 0; left.length > 1 && left.length !== most; ) {
      most = left.length;
      const beside = left.map(({ at }) => at.step);
      left = await leave(left.map((one) => ({ ...one, at: { ...one.at, beside } })));
    }
    const own = new Map(left.map((one) => [one.number, placeInside(within, set, one.expand)] as const));
    for (const { expand, number: of } of all) {
      await lookInto(expand.selection, own.get(of) ?? null);
    }
  };
  await lookInto(selection, null);
  return { names: new Set(found.map(({ name }) => name)), numbers: found.map((one) => one.number) };
}

interface Placed extends AskedExpand {
  readonly number: number;
  /** The feed that has the rows can follow it. */
  readonly isOwn: boolean;
  /** It is known what it joins. */
  readonly isJoinable: boolean;
}

function placed(
  expand: ExpandPlan,
  {
    set,
    within,
    sources,
    number,
  }: {
    readonly set: Selection['set'];
    readonly within: ExpandPlace | null;
    readonly sources: Sources;
    readonly number: number;
  },
): Placed {
  const at = placeInside(within, set, expand);
  const isOwn = sources.upstreams.has(sources.sourceOf(set) ?? '') && !crosses(sources, at.step);
  return { at, expand, number, isOwn, isJoinable: expand.navigation.join.length > 0 };
}
