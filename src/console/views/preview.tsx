import { useState } from 'preact/hooks';
import { countFromFeed, type FeedError, fromFeed } from '../feed/client.ts';
import type { FeedSet } from '../feed/model.ts';
import { asFeedError, useLoaded } from '../loading.ts';
import { Copied } from '../parts/copied.tsx';
import { Download } from '../parts/download.tsx';
import { Refused, Shown } from '../parts/states.tsx';
import { chosenColumns, countUrl, csvUrl, faultyConditions, mQuery, type RowChoice, rowsUrl } from '../rows/choice.ts';
import { count, counted } from '../text/numbers.ts';
import { useWorld } from '../world.ts';
import { ColumnChooser } from './column-chooser.tsx';
import { ConditionEditor } from './condition-editor.tsx';
import { type Row, RowTable } from './row-table.tsx';

const pageSize = 50;

interface Page {
  readonly value: readonly Row[];
  readonly '@odata.nextLink'?: string;
}

/** A next link is absolute, and may name another host than this page's: below the root of the feed it is the same. */
const belowRoot = (link: string, root: string): string => (link.startsWith(root) ? link.slice(root.length) : link);

/** Rows of a set, live: filtered, sorted, with the columns that are wanted; and the same request for other programs. */
export function Preview(props: {
  readonly set: FeedSet;
  readonly choice: RowChoice;
  readonly choose: (next: RowChoice) => void;
}) {
  const { set, choice, choose } = props;
  const { start } = useWorld();
  const zone = start.timeZone;
  const url = rowsUrl(choice, set, zone);
  const [page, again] = useLoaded(url, (signal) => fromFeed<Page>(url, { signal, page: pageSize }));
  const counting = countUrl(choice, set, zone);
  const [number] = useLoaded(counting, (signal) => countFromFeed(counting, { signal }));
  const faulty = faultyConditions(choice, set, zone);
  const total = number.state === 'there' ? number.data : null;
  return (
    <>
      <ConditionEditor set={set} choice={choice} choose={choose} faulty={faulty} />
      <div class="row">
        <ColumnChooser set={set} choice={choice} choose={choose} />
        <output class="quiet">{total !== null ? counted(total, 'row') : number.state === 'failed' ? '' : '…'}</output>
        <Download path={`odata/${csvUrl(choice, set, zone)}`} name={`${set.name}.csv`} class="button at-end">
          CSV of all rows
        </Download>
      </div>
      <Shown loaded={page} again={again} stays>
        {(first) => <Rows key={url} set={set} choice={choice} choose={choose} first={first} total={total} />}
      </Shown>
      <details class="code">
        <summary>This request for other programs</summary>
        <Copied id="request-url" title="URL" text={`${start.address}${url}`} />
        <Copied id="request-m" title="Power Query (M)" text={mQuery(choice, set, { root: start.address, zone })} />
        <p class="quiet">
          The CSV puts an apostrophe before texts that begin with =, +, - or @, as a spreadsheet would run them.
          Programs get them unchanged: leave <code>;formulas=guarded</code> out.
        </p>
      </details>
    </>
  );
}

function Rows(props: {
  readonly set: FeedSet;
  readonly choice: RowChoice;
  readonly choose: (next: RowChoice) => void;
  readonly first: Page;
  readonly total: number | null;
}) {
  const { set, choice, choose, first, total } = props;
  const { start } = useWorld();
  const [more, setMore] = useState<{ readonly rows: readonly Row[]; readonly next: string | undefined } | null>(null);
  const [state, setState] = useState<'rests' | 'loads' | FeedError>('rests');
  const rows = [...first.value, ...(more?.rows ?? [])];
  const next = more === null ? first['@odata.nextLink'] : more.next;
  const goOn = async (): Promise<void> => {
    if (next === undefined) {
      return;
    }
    setState('loads');
    try {
      const page = await fromFeed<Page>(belowRoot(next, start.address), { page: pageSize });
      setMore({ rows: [...(more?.rows ?? []), ...page.value], next: page['@odata.nextLink'] });
      setState('rests');
    } catch (error) {
      setState(asFeedError(error));
    }
  };
  if (rows.length === 0) {
    return (
      <div class="state">
        <h2>No rows</h2>
        <p>{choice.conditions.length > 0 ? 'No row meets all conditions.' : 'This set has no rows.'}</p>
      </div>
    );
  }
  return (
    <>
      <RowTable set={set} columns={chosenColumns(choice, set)} rows={rows} choice={choice} choose={choose} />
      <div class="row">
        <span class="quiet">
          {count(rows.length)} shown{total !== null && ` of ${count(total)}`}
        </span>
        {next !== undefined && (
          <button type="button" onClick={goOn} disabled={state === 'loads'}>
            {state === 'loads' ? 'Loading …' : `Show ${pageSize} more`}
          </button>
        )}
      </div>
      {typeof state === 'object' && <Refused error={state} again={goOn} />}
    </>
  );
}
