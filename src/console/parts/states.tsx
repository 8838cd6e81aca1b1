import type { ComponentChildren } from 'preact';
import type { FeedError } from '../feed/client.ts';
import type { Loaded } from '../loading.ts';

/** What is said while there is nothing to show. */
export function Quiet({ children }: { readonly children: ComponentChildren }) {
  return (
    <p class="quiet" role="status">
      {children}
    </p>
  );
}

/** An error of the feed, with what to do about it. */
export function Refused(props: { readonly error: FeedError; readonly again: () => void; readonly title?: string }) {
  const { error, again, title } = props;
  return (
    <section class="refused" role="alert">
      <h2>{title ?? headOf(error)}</h2>
      <p>{error.message}</p>
      {error.remedy !== '' && <p class="quiet">{error.remedy}</p>}
      <p>
        {error.status === 401 ? (
          <button type="button" onClick={() => location.reload()}>
            Sign in again
          </button>
        ) : (
          <button type="button" onClick={again}>
            Try again
          </button>
        )}{' '}
        <span class="quiet">{error.status === 0 ? error.code : `${error.status} ${error.code}`}</span>
      </p>
    </section>
  );
}

function headOf({ status }: FeedError): string {
  switch (status) {
    case 0:
      return 'No answer';
    case 401:
      return 'You are not signed in any more';
    case 403:
      return 'You may not do this';
    case 404:
      return 'This is not there, or not for you';
    case 503:
      return 'The gateway cannot answer now';
    default:
      return 'The request was refused';
  }
}

/** Shows what is loaded, or why it is not there. */
export function Shown<T>(props: {
  readonly loaded: Loaded<T>;
  readonly again: () => void;
  /** What was there before stays while the next is loaded. */
  readonly stays?: boolean;
  readonly children: (data: T) => ComponentChildren;
}) {
  const { loaded, again, stays = false, children } = props;
  if (loaded.state === 'failed') {
    return <Refused error={loaded.error} again={again} />;
  }
  const isThere = loaded.state === 'there';
  const shown = isThere ? loaded.data : stays ? loaded.before : null;
  if (isThere || shown !== null) {
    // One element either way, so that what somebody opened or typed in it stays.
    return (
      <div class={isThere ? 'shown' : 'stale'} aria-busy={!isThere}>
        {children(shown as T)}
      </div>
    );
  }
  return <Quiet>Loading …</Quiet>;
}
