import { useState } from 'preact/hooks';
import { type FeedError, fromFeed, order } from '../feed/client.ts';
import { asFeedError, useLoaded } from '../loading.ts';
import { Quiet, Refused, Shown } from '../parts/states.tsx';
import { type RejectedRow, type RejectGroup, type RejectState, rejectsUrl, replayText } from '../rejects/groups.ts';
import { count, counted } from '../text/numbers.ts';
import { localMinute } from '../text/zone.ts';
import { useWorld } from '../world.ts';

const pageSize = 20;

interface Page {
  readonly value: readonly RejectedRow[];
}

/** One kind of fault with its rows, and what can be done about them. */
export function RejectRows(props: {
  readonly group: RejectGroup;
  readonly state: RejectState;
  /** Counts the orders that were carried out: after each, rows are asked for again. */
  readonly turn: number;
  readonly changed: (what: string) => void;
}) {
  const { group, state, turn, changed } = props;
  const { start } = useWorld();
  const [isOpen, setOpen] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { source, export: name, code, header, rows } = group;
  const done = (what: string): void => {
    setChosen(new Set());
    changed(what);
  };
  const title = start.groups.find((one) => one.name === source)?.title ?? source;
  return (
    <details class="group" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b class="number">{count(rows)}</b> <code>{code}</code>
        {header !== null && <span> in {header}</span>}
        <span class="quiet">
          {' '}
          {title} · {name}
        </span>
      </summary>
      {isOpen && (
        <>
          {state === 'open' && start.mayOperate && <Orders group={group} chosen={chosen} changed={done} />}
          <RowList group={group} state={state} turn={turn} chosen={chosen} choose={setChosen} />
        </>
      )}
    </details>
  );
}

function RowList(props: {
  readonly group: RejectGroup;
  readonly state: RejectState;
  readonly turn: number;
  readonly chosen: ReadonlySet<string>;
  readonly choose: (next: ReadonlySet<string>) => void;
}) {
  const { group, state, turn: orders, chosen, choose } = props;
  const { start } = useWorld();
  const [most, setMost] = useState(pageSize);
  const url = `${rejectsUrl(group, state)}&$top=${most}`;
  const [page, again] = useLoaded(`${orders} ${url}`, (signal) => fromFeed<Page>(url, { signal }));
  const mayChoose = state === 'open' && start.mayOperate;
  const turn = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) {
      next.add(id);
    }
    choose(next);
  };
  return (
    <Shown loaded={page} again={again} stays>
      {({ value }) => (
        <>
          <ol class="rejects">
            {value.map((row) => (
              <li key={row.RejectId}>
                <div class="row">
                  {mayChoose ? (
                    <label class="check">
                      <input type="checkbox" checked={chosen.has(row.RejectId)} onChange={() => turn(row.RejectId)} />
                      {row.RejectId}
                    </label>
                  ) : (
                    <span>{row.RejectId}</span>
                  )}
                  <span class="quiet">
                    {row.Load.FileName}, {row.Line === null ? '' : `line ${row.Line}, `}load {row.Load.LoadId} of{' '}
                    {localMinute(Date.parse(row.Load.StartedAt), start.timeZone)}
                  </span>
                </div>
                <p>{row.Message}</p>
                {row.Reason !== null && <p class="note">Dismissed: {row.Reason}</p>}
                {row.ClosedAt !== null && (
                  <p class="quiet">Closed {localMinute(Date.parse(row.ClosedAt), start.timeZone)}</p>
                )}
                {row.RawText === null ? (
                  <p class="quiet">Its text is not kept.</p>
                ) : (
                  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
                  <pre tabIndex={0}>{row.RawText}</pre>
                )}
              </li>
            ))}
          </ol>
          {group.rows > value.length && (
            <p>
              <button type="button" onClick={() => setMost(most + 5 * pageSize)}>
                Show more of {count(group.rows)}
              </button>
            </p>
          )}
        </>
      )}
    </Shown>
  );
}

/** Most rows that one order may name. */
const mostIds = 1000;

/** An order by code is for all columns, so those of one are named. */
async function idsOf(group: RejectGroup): Promise<readonly string[]> {
  const page = await fromFeed<Page>(`${rejectsUrl(group, 'open')}&$top=${mostIds}`);
  return page.value.map(({ RejectId }) => RejectId);
}

type Work = 'rests' | 'works' | FeedError;

/** Both orders name the rows that were chosen, else all of the kind. */
function Orders(props: {
  readonly group: RejectGroup;
  readonly chosen: ReadonlySet<string>;
  readonly changed: (what: string) => void;
}) {
  const { group, chosen, changed } = props;
  const [reason, setReason] = useState('');
  const [work, setWork] = useState<Work>('rests');
  const of = chosen.size === 0 ? `all ${count(group.rows)}` : counted(chosen.size, 'row');
  const run = async (doing: () => Promise<string>): Promise<void> => {
    setWork('works');
    try {
      const said = await doing();
      setWork('rests');
      changed(said);
    } catch (error) {
      setWork(asFeedError(error));
    }
  };
  const which = async (): Promise<object> => {
    if (chosen.size > 0) {
      return { ids: [...chosen] };
    }
    const { source, export: name, code } = group;
    return group.header === null ? { source, export: name, code } : { ids: await idsOf(group) };
  };
  const replay = (): Promise<void> =>
    run(async () => replayText(await order<Parameters<typeof replayText>[0]>('rejects/replay', await which())));
  const dismiss = (event: Event): void => {
    event.preventDefault();
    void run(async () => {
      const { dismissed } = await order<{ readonly dismissed: number }>('rejects/dismiss', {
        ...(await which()),
        reason,
      });
      return `${counted(dismissed, 'row')} dismissed.`;
    });
  };
  const busy = work === 'works';
  return (
    <div class="orders">
      <div class="row">
        <button type="button" onClick={replay} disabled={busy}>
          Replay {of}
        </button>
        <span class="quiet">after the metadata was corrected and the gateway restarted</span>
      </div>
      <form class="row" onSubmit={dismiss}>
        <label class="field grows">
          <span>Why they are done with</span>
          <input required maxLength={1000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={busy}>
          Dismiss {of}
        </button>
      </form>
      {busy && <Quiet>At work …</Quiet>}
      {typeof work === 'object' && <Refused error={work} again={() => setWork('rests')} />}
    </div>
  );
}
