import { useState } from 'preact/hooks';
import { fromFeed } from '../feed/client.ts';
import { useLoaded } from '../loading.ts';
import { Shown } from '../parts/states.tsx';
import { groupsUrl, type RejectGroup, readGroups, rejectStates } from '../rejects/groups.ts';
import { hashOf } from '../route.ts';
import { count, counted } from '../text/numbers.ts';
import { replaceRoute } from '../use-route.ts';
import { useWorld } from '../world.ts';
import { RejectRows } from './reject-rows.tsx';

type Rows = { readonly value: readonly Readonly<Record<string, unknown>>[] };

/** Rejected rows by what is wrong with them, and one by one; replayed and dismissed by those who may. */
export function RejectsView({ query }: { readonly query: string }) {
  const { model, start } = useWorld();
  const options = new URLSearchParams(query);
  const state = rejectStates.find((one) => one === options.get('state')) ?? 'open';
  const isThere = model.has('LoadRejects') && model.has('Loads');
  const url = groupsUrl(state);
  const [groups, again] = useLoaded(`${isThere} ${url}`, async (signal) =>
    isThere ? readGroups((await fromFeed<Rows>(url, { signal })).value) : null,
  );
  // What an order came to is read while the rows are looked at anew.
  const [{ said, turn }, setSaid] = useState({ said: '', turn: 0 });
  const changed = (what: string): void => {
    setSaid({ said: what, turn: turn + 1 });
    again();
  };
  const [source, name] = [options.get('source'), options.get('export')];
  const meant = ({ source: s, export: e }: RejectGroup): boolean =>
    (source === null || s === source) && (name === null || e === name);
  return (
    <>
      <h1>Rejected rows</h1>
      <div class="row">
        <label class="field">
          <span>State</span>
          <select
            value={state}
            onChange={({ currentTarget: { value } }) => replaceRoute(hashOf(['rejects'], `state=${value}`))}
          >
            {rejectStates.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        {(source !== null || name !== null) && (
          <a class="button" href="#/rejects">
            {name ?? source} alone ✕
          </a>
        )}
        <button type="button" class="at-end" onClick={again}>
          Look again
        </button>
      </div>
      {!start.mayOperate && (
        <p class="note">
          To replay and to dismiss is for those whom OPERATORS names
          {start.user === null ? '' : `; ${start.user} is none of them`}.
        </p>
      )}
      <p role="status" class="said">
        {said}
      </p>
      <Shown loaded={groups} again={again} stays>
        {(found) => {
          if (found === null) {
            return <p class="quiet">LoadRejects is not among the sets that you may see.</p>;
          }
          const shown = found.filter(meant);
          if (shown.length === 0) {
            return (
              <div class="state">
                <h2>{state === 'open' ? 'No rejected row waits' : `No row is ${state}`}</h2>
                <p>A row that cannot be taken in is kept here, with its text and what is wrong with it.</p>
              </div>
            );
          }
          const sum = shown.reduce((total, { rows }) => total + rows, 0);
          return (
            <>
              <p class="lead">
                {counted(sum, 'row')}, {count(shown.length)} {shown.length === 1 ? 'kind' : 'kinds'} of fault.
              </p>
              {shown.map((group) => (
                <RejectRows
                  key={`${state} ${group.source} ${group.export} ${group.code} ${group.header ?? ''}`}
                  group={group}
                  state={state}
                  turn={turn}
                  changed={changed}
                />
              ))}
            </>
          );
        }}
      </Shown>
    </>
  );
}
