import { fromConsole, fromFeed } from '../feed/client.ts';
import { useLoaded } from '../loading.ts';
import { Shown } from '../parts/states.tsx';
import { hashOf } from '../route.ts';
import { count, counted } from '../text/numbers.ts';
import { localMinute, spokenDate } from '../text/zone.ts';
import { useWorld } from '../world.ts';

/** As `console/data/feeds` tells it. */
interface FeedState {
  readonly source: string;
  readonly title: string;
  readonly state: 'live' | 'sandbox' | 'off' | 'failing';
  readonly host: string | null;
  readonly metadataReadAt: string | null;
  readonly differences: readonly string[];
  readonly troubles: readonly { readonly since: string | null; readonly message: string }[];
  readonly signIn: { readonly kind: string; readonly endsOn: string | null; readonly todo: string | null };
}

interface ArchivedSet {
  readonly EntitySet: string;
  readonly Source: string;
  readonly Complete: boolean;
  readonly CopiedAt: string | null;
  readonly FailingSince: string | null;
  readonly ErrorMessage: string | null;
}

interface Feeds {
  readonly feeds: readonly FeedState[];
  readonly archives: readonly ArchivedSet[];
}

const states: Readonly<Record<FeedState['state'], string>> = {
  live: 'is served live',
  sandbox: 'is a sandbox with made-up rows until its address is set',
  off: 'has no address, so its sets are not served',
  failing: 'fails',
};

const signIns: Readonly<Record<string, string>> = {
  none: 'asked without a sign-in',
  bearer: 'with a token of a file',
  basic: 'with name and password',
  'client-credentials': 'as a client of its own (OAuth 2.0)',
  'refresh-token': "with a person's rights, by a refresh token",
  'device-code': "with a person's rights, by a code",
  caller: 'with the token of whoever asks',
};

/** How the proxied feeds are. */
export function FeedsView() {
  const { model } = useWorld();
  const isThere = model.has('ArchivedSets');
  const [found, again] = useLoaded(`feeds ${isThere}`, async (signal): Promise<Feeds> => {
    const none: { readonly value: readonly ArchivedSet[] } = { value: [] };
    const [{ feeds }, archives] = await Promise.all([
      fromConsole<{ readonly feeds: readonly FeedState[] }>('feeds', { signal }),
      isThere ? fromFeed<typeof none>('ArchivedSets?$orderby=EntitySet', { signal }) : none,
    ]);
    return { feeds, archives: archives.value };
  });
  return (
    <>
      <div class="row head">
        <h1>Feeds</h1>
        <button type="button" class="at-end" onClick={again}>
          Look again
        </button>
      </div>
      <Shown loaded={found} again={again} stays>
        {({ feeds, archives }) =>
          feeds.length === 0 ? (
            <div class="state">
              <h2>No proxied feed</h2>
              <p>The metadata names no feed, or none of which you may see a set.</p>
            </div>
          ) : (
            feeds.map((feed) => (
              <Feed key={feed.source} feed={feed} archives={archives.filter(({ Source }) => Source === feed.source)} />
            ))
          )
        }
      </Shown>
    </>
  );
}

function Feed({ feed, archives }: { readonly feed: FeedState; readonly archives: readonly ArchivedSet[] }) {
  const { start } = useWorld();
  const { title, state, host, metadataReadAt, differences, troubles, signIn } = feed;
  const at = (text: string): string => localMinute(Date.parse(text), start.timeZone);
  const sets = start.groups.find(({ name }) => name === feed.source)?.sets.length ?? 0;
  return (
    <section>
      <h2>{title}</h2>
      <p>
        <span class={state === 'failing' ? 'tag warns' : 'tag'}>{state}</span> It {states[state]}.
      </p>
      {troubles.map(({ since, message }) => (
        <p key={message} class="note warns" role="alert">
          {message}
          {since !== null && ` Since ${at(since)}.`}
        </p>
      ))}
      {signIn.todo !== null && (
        <p class="note warns" role="alert">
          {signIn.todo}
        </p>
      )}
      <dl class="facts">
        <dt>Sets</dt>
        <dd>
          <a href={hashOf(['sets'], `group=${encodeURIComponent(feed.source)}`)}>{count(sets)}</a>
        </dd>
        <dt>Address</dt>
        <dd>{host ?? 'none'}</dd>
        <dt>Sign-in</dt>
        <dd>
          {signIns[signIn.kind] ?? signIn.kind}
          {signIn.endsOn !== null && `, until about ${spokenDate(signIn.endsOn)}`}
        </dd>
        <dt>$metadata read</dt>
        <dd>{metadataReadAt === null ? 'not since the start' : at(metadataReadAt)}</dd>
      </dl>
      {differences.length > 0 && (
        <details>
          <summary>{counted(differences.length, 'difference')} between what it declares and its documents</summary>
          <ul>
            {differences.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </details>
      )}
      {archives.length > 0 && <Archives archives={archives} at={at} />}
    </section>
  );
}

function Archives({
  archives,
  at,
}: {
  readonly archives: readonly ArchivedSet[];
  readonly at: (text: string) => string;
}) {
  return (
    <div class="scrolls">
      <table class="table">
        <thead>
          <tr>
            <th>Archived set</th>
            <th>Copied</th>
            <th>State</th>
          </tr>
        </thead>
        <tbody>
          {archives.map(({ EntitySet, Complete, CopiedAt, FailingSince, ErrorMessage }) => (
            <tr key={EntitySet}>
              <td>
                <a href={hashOf(['sets', EntitySet])}>{EntitySet}</a>
              </td>
              <td class="tight">{CopiedAt === null ? 'not yet' : at(CopiedAt)}</td>
              <td class="prose">
                {FailingSince !== null ? (
                  <span class="tag warns">
                    failing since {at(FailingSince)}: {ErrorMessage}
                  </span>
                ) : Complete ? (
                  'whole'
                ) : (
                  'not whole yet'
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
