import type { ComponentChildren, FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { forgetKey, fromConsole, fromFeed, keptKey } from './feed/client.ts';
import { type FeedModel, readModel } from './feed/model.ts';
import { signOut } from './feed/sign-in.ts';
import { useLoaded } from './loading.ts';
import { Quiet, Refused } from './parts/states.tsx';
import { useRoute } from './use-route.ts';
import { ExploreView } from './views/explore.tsx';
import { FeedsView } from './views/feeds.tsx';
import { FreshnessView } from './views/freshness.tsx';
import { ModelView } from './views/model.tsx';
import { RejectsView } from './views/rejects.tsx';
import { SetsView } from './views/sets.tsx';
import { SignInView } from './views/sign-in.tsx';
import { StartView } from './views/start.tsx';
import { type Start, type World, WorldContext } from './world.ts';

interface View {
  readonly name: string;
  readonly title: string;
  readonly view: FunctionComponent<{ readonly path: readonly string[]; readonly query: string }>;
}

const views: readonly View[] = [
  { name: '', title: 'Start', view: StartView },
  { name: 'sets', title: 'Sets', view: SetsView },
  { name: 'explore', title: 'Explore', view: ExploreView },
  { name: 'freshness', title: 'Freshness', view: FreshnessView },
  { name: 'rejects', title: 'Rejects', view: RejectsView },
  { name: 'feeds', title: 'Feeds', view: FeedsView },
  { name: 'model', title: 'Model', view: ModelView },
];

async function loadWorld(signal: AbortSignal): Promise<World> {
  // Alone, and first: a browser that has to ask for a password asks once.
  const start = await fromConsole<Start>('start', { signal });
  const [service, metadata] = await Promise.all([
    fromFeed<unknown>('', { signal }),
    fromFeed<unknown>('$metadata?$format=json', { signal }),
  ]);
  return { start, model: readModel(service, metadata) };
}

export function App() {
  const route = useRoute();
  const [world, again] = useLoaded('world', loadWorld);
  const [name = ''] = route.path;
  const shown = views.find((one) => one.name === name);
  const title = shown?.title ?? 'Not found';
  useEffect(() => {
    document.title = `${title} · OData warehouse gateway`;
  }, [title]);
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <Bar current={name} world={world.state === 'there' ? world.data : null} />
      <main class="page" id="content" tabIndex={-1}>
        {world.state === 'loading' && <Quiet>Loading …</Quiet>}
        {world.state === 'failed' &&
          (world.error.status === 401 ? (
            <SignInView onKey={again} />
          ) : (
            <Refused error={world.error} again={again} title="The console cannot be shown" />
          ))}
        {world.state === 'there' && (
          <WorldContext.Provider value={world.data}>
            <Page model={world.data.model} key={name}>
              {shown === undefined ? <NotFound /> : <shown.view path={route.path.slice(1)} query={route.query} />}
            </Page>
          </WorldContext.Provider>
        )}
      </main>
    </>
  );
}

/** The address names a view, so a jump within the page is made here. */
function skip(): void {
  document.getElementById('content')?.focus();
}

function Bar({ current, world }: { readonly current: string; readonly world: World | null }) {
  const list = useRef<HTMLElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [current]);
  return (
    <header class="bar">
      <a class="brand" href="#/">
        OData warehouse gateway
      </a>
      <nav aria-label="Views" ref={list}>
        {views.map(({ name, title }) => (
          <a key={name} href={`#/${name}`} aria-current={name === current ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {world !== null && <Who world={world} />}
    </header>
  );
}

function Who({ world: { start } }: { readonly world: World }) {
  const leave = (): void => {
    forgetKey();
    location.reload();
  };
  return (
    <div class="who">
      <span title="Reporting time zone: days and times are told by it">{start.timeZone}</span>
      {start.user !== null && <span class="user">{start.user}</span>}
      {keptKey() !== null && (
        <button type="button" class="plain" onClick={leave}>
          Forget key
        </button>
      )}
      {start.session && (
        <button type="button" class="plain" onClick={() => void signOut().finally(() => location.reload())}>
          Sign out
        </button>
      )}
    </div>
  );
}

function Page({ model, children }: { readonly model: FeedModel; readonly children: ComponentChildren }) {
  if (model.size === 0) {
    return (
      <section class="state">
        <h1>No set to see</h1>
        <p>You are signed in, and have no right to see any set of this feed. Ask whoever runs the gateway for it.</p>
      </section>
    );
  }
  return <>{children}</>;
}

function NotFound() {
  return (
    <section class="state">
      <h1>There is no such view</h1>
      <p>
        <a href="#/">To the start</a>
      </p>
    </section>
  );
}
