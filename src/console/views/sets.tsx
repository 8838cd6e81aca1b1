import { useState } from 'preact/hooks';
import type { FeedModel, FeedSet } from '../feed/model.ts';
import { hashOf } from '../route.ts';
import { count, counted } from '../text/numbers.ts';
import { replaceRoute } from '../use-route.ts';
import { type SetGroup, useWorld } from '../world.ts';
import { NoSet } from './no-set.tsx';
import { SetView } from './set.tsx';

/** All sets by their sources, or one of them. */
export function SetsView({ path, query }: { readonly path: readonly string[]; readonly query: string }) {
  const { model } = useWorld();
  const [name] = path;
  if (name === undefined) {
    return <SetList query={query} />;
  }
  const set = model.get(name);
  if (set === undefined) {
    return <NoSet name={name} />;
  }
  return <SetView key={name} set={set} query={query} />;
}

function SetList({ query }: { readonly query: string }) {
  const { start, model } = useWorld();
  const options = new URLSearchParams(query);
  const group = options.get('group') ?? '';
  const [wanted, setWanted] = useState('');
  const groups = start.groups.filter(({ name }) => group === '' || name === group);
  const found = groups.map((one) => ({ one, sets: setsOf(one, model).filter((set) => speaksOf(set, wanted)) }));
  const number = found.reduce((sum, { sets }) => sum + sets.length, 0);
  return (
    <>
      <h1>Sets</h1>
      <form class="row" onSubmit={(event) => event.preventDefault()}>
        <label class="field grows">
          <span>Find a set or a column</span>
          <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        </label>
        <label class="field">
          <span>Source</span>
          <select
            value={group}
            onChange={({ currentTarget: { value } }) =>
              replaceRoute(hashOf(['sets'], value === '' ? '' : `group=${encodeURIComponent(value)}`))
            }
          >
            <option value="">All</option>
            {start.groups.map(({ name, title }) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <output class="quiet at-end">{count(number)} sets</output>
      </form>
      {found.map(({ one, sets }) =>
        sets.length === 0 ? null : <Group key={one.name} group={one} sets={sets} wanted={wanted} />,
      )}
      {number === 0 && <p class="quiet">No set and no column has this in its name or description.</p>}
    </>
  );
}

const setsOf = ({ sets }: SetGroup, model: FeedModel): readonly FeedSet[] =>
  sets.flatMap((name) => model.get(name) ?? []);

const has = (text: string, wanted: string): boolean => text.toLowerCase().includes(wanted.trim().toLowerCase());

const speaksOf = ({ name, title, description, columns }: FeedSet, wanted: string): boolean =>
  [name, title, description].some((text) => has(text, wanted)) || columns.some((column) => has(column.name, wanted));

function Group({
  group,
  sets,
  wanted,
}: {
  readonly group: SetGroup;
  readonly sets: readonly FeedSet[];
  readonly wanted: string;
}) {
  return (
    <section>
      <h2>{group.title}</h2>
      <ul class="cards">
        {sets.map(({ name, description, columns, relations }) => {
          const hits = wanted.trim() === '' ? [] : columns.filter((column) => has(column.name, wanted)).slice(0, 4);
          return (
            <li key={name}>
              <a href={hashOf(['sets', name])}>
                <b>{name}</b>
                <span class="quiet">
                  {counted(columns.length, 'column')}
                  {relations.length > 0 && `, ${counted(relations.length, 'relation')}`}
                </span>
              </a>
              <p>{hits.length > 0 ? `Has ${hits.map((column) => column.name).join(', ')}.` : description}</p>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
