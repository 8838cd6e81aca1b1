import { useState } from 'preact/hooks';
import type { FeedSet } from '../feed/model.ts';
import { Download } from '../parts/download.tsx';
import { hashOf } from '../route.ts';
import { choiceText, type RowChoice, readChoice } from '../rows/choice.ts';
import { replaceRoute } from '../use-route.ts';
import { useWorld } from '../world.ts';
import { Preview } from './preview.tsx';
import { ColumnList, RelationList } from './set-columns.tsx';

const tabs = [
  ['rows', 'Rows'],
  ['columns', 'Columns'],
  ['relations', 'Relations'],
] as const;

/** One set: its rows as somebody wants to see them, its columns and its relations. */
export function SetView({ set, query }: { readonly set: FeedSet; readonly query: string }) {
  const { start } = useWorld();
  const [tab, setTab] = useState<(typeof tabs)[number][0]>('rows');
  const choice = readChoice(query, set);
  const choose = (next: RowChoice): void => replaceRoute(hashOf(['sets', set.name], choiceText(next)));
  const group = start.groups.find(({ sets }) => sets.includes(set.name));
  const name = encodeURIComponent(set.name);
  return (
    <>
      <p class="crumbs">
        <a href="#/sets">Sets</a>
        {group !== undefined && (
          <>
            {' › '}
            <a href={hashOf(['sets'], `group=${encodeURIComponent(group.name)}`)}>{group.title}</a>
          </>
        )}
      </p>
      <h1>{set.name}</h1>
      <p class="lead">{set.description}</p>
      <div class="row">
        <div class="tabs" role="tablist" aria-label="What to see of the set">
          {tabs.map(([id, title], index) => (
            <button
              key={id}
              type="button"
              role="tab"
              class="tab"
              id={`tab-${id}`}
              aria-selected={tab === id}
              aria-controls="panel"
              tabIndex={tab === id ? 0 : -1}
              onClick={() => setTab(id)}
              onKeyDown={(event) => {
                const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
                const next = tabs[(index + step + tabs.length) % tabs.length];
                if (step !== 0 && next !== undefined) {
                  setTab(next[0]);
                  document.getElementById(`tab-${next[0]}`)?.focus();
                }
              }}
            >
              {title}
              {id === 'columns' && <span class="quiet tab-count">{set.columns.length}</span>}
              {id === 'relations' && <span class="quiet tab-count">{set.relations.length}</span>}
            </button>
          ))}
        </div>
        <div class="row at-end">
          <a class="button" href={hashOf(['explore', set.name])}>
            Explore
          </a>
          <details class="menu">
            <summary class="button">Connect</summary>
            <div>
              <Download path={`connect/${name}.odc`} name={`${set.name}.odc`} class="item">
                Excel (.odc)
              </Download>
              <Download path={`connect/${name}.pq`} name={`${set.name}.pq`} class="item">
                Power Query
              </Download>
              <Download path={`connect/${name}.py`} name={`${set.name}.py`} class="item">
                Python
              </Download>
              <Download path={`connect/${name}.R`} name={`${set.name}.R`} class="item">
                R
              </Download>
              <Download path={`connect/${name}.sh`} name={`${set.name}.sh`} class="item">
                curl
              </Download>
            </div>
          </details>
        </div>
      </div>
      <div role="tabpanel" id="panel" aria-labelledby={`tab-${tab}`}>
        {tab === 'rows' && <Preview set={set} choice={choice} choose={choose} />}
        {tab === 'columns' && <ColumnList set={set} />}
        {tab === 'relations' && <RelationList set={set} />}
      </div>
    </>
  );
}
