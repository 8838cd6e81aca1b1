import type { Catalogue, Source } from '../../catalogue/catalogue.ts';
import type { FeedSignIn, FeedState } from '../../http/console/console-service.ts';
import type { Database } from '../../warehouse/database.ts';
import { type FeedTrouble, feedTroubles } from '../../warehouse/feed-troubles.ts';
import { type SignInState, signInNoticeDays, signInStates } from '../../warehouse/sign-ins.ts';
import type { ConnectedUpstreams } from '../feeds/connect-upstreams.ts';

interface Connected {
  readonly catalogue: Catalogue;
  readonly proxied: Pick<ConnectedUpstreams, 'upstreams' | 'feeds'>;
  readonly database: Database;
}

/** How each proxied feed is, as this gateway and those beside it see it. */
export async function feedStates({ catalogue, proxied, database }: Connected): Promise<readonly FeedState[]> {
  const [troubles, signIns] = await Promise.all([feedTroubles(database), signInStates(database)]);
  return [...catalogue.sources.values()]
    .filter(({ kind }) => kind === 'odata')
    .map((source) => feedState(source, { catalogue, proxied, troubles, signIns }));
}

interface Seen {
  readonly catalogue: Catalogue;
  readonly proxied: Connected['proxied'];
  readonly troubles: readonly FeedTrouble[];
  readonly signIns: readonly SignInState[];
}

function feedState(source: Source, { catalogue, proxied, troubles, signIns }: Seen): FeedState {
  const { name, title, upstream } = source;
  const state = proxied.upstreams.get(name)?.state() ?? null;
  const isReal = proxied.feeds.has(name);
  const told = troubles
    .filter((one) => one.source === name)
    .map(({ kind, since, message }) => ({
      since,
      message: kind === 'metadata' ? `Its $metadata cannot be read: ${message}` : `The feed fails: ${message}`,
    }));
  const unread = isReal && state?.failure != null && told.length === 0 ? [{ since: null, message: state.failure }] : [];
  const faults = [...told, ...unread];
  return {
    source: name,
    title,
    sets: [...catalogue.sets.values()].filter((set) => set.source === name).map((set) => set.name),
    state: faults.length > 0 ? 'failing' : isReal ? 'live' : state === null ? 'off' : 'sandbox',
    host: isReal && upstream?.url != null ? new URL(upstream.url).host : null,
    metadataReadAt: state?.metadataReadAt?.toISOString() ?? null,
    differences: isReal ? (state?.differences ?? []) : [],
    troubles: faults,
    signIn: signInOf(source, isReal, signIns.find((one) => one.source === name) ?? null),
  };
}

function signInOf({ name, upstream }: Source, isReal: boolean, kept: SignInState | null): FeedSignIn {
  const kind = upstream?.signIn.kind ?? 'none';
  const again = `sign in with  gateway connect ${name}`;
  if (kept === null) {
    const todo = isReal && kind === 'device-code' ? `Nobody has signed in yet: ${again}` : null;
    return { kind, endsOn: null, todo };
  }
  const { ended, endsOn, days } = kept;
  const soon = days < signInNoticeDays ? `It is expected to end in ${Math.max(0, days)} days: ${again}` : null;
  return { kind, endsOn, todo: ended === null ? soon : `The sign-in has ended (${ended}): ${again}` };
}
