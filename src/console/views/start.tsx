import { questionHash } from '../explore/address.ts';
import { commonQuestions } from '../explore/common.ts';
import { fromFeed } from '../feed/client.ts';
import { shownDays, strangersUrl } from '../freshness/calendar.ts';
import { refusedFiles } from '../freshness/refused-files.ts';
import { useLoaded } from '../loading.ts';
import { Copied } from '../parts/copied.tsx';
import { Download } from '../parts/download.tsx';
import { Shown } from '../parts/states.tsx';
import { hashOf } from '../route.ts';
import { count, counted } from '../text/numbers.ts';
import { localMinute } from '../text/zone.ts';
import { useWorld } from '../world.ts';

export function StartView() {
  const { start, model } = useWorld();
  const questions = commonQuestions(model);
  return (
    <>
      <h1>One feed for all sources</h1>
      <p class="lead">
        Paste this address into Power BI or Excel (<i>Get data › OData feed</i>), or open a file that has it already.
      </p>
      <Copied
        id="address"
        title={start.signsIn ? 'Address · sign in as here' : 'Address · no sign-in'}
        text={start.address}
      />
      <section class="actions" aria-label="Connect">
        <Download path="connect/powerbi.zip" name="powerbi.zip" class="button strong">
          Power BI project
        </Download>
        <Download path="connect/powerbi.pbids" name="powerbi.pbids">
          Power BI connection
        </Download>
        <Download path="connect/excel.xlsx" name="excel.xlsx">
          Excel workbook
        </Download>
        <a class="button" href="#/sets">
          Code for one set
        </a>
      </section>
      <LoadedFigures />
      {questions.length > 0 && (
        <section>
          <h2>Often asked</h2>
          <ul class="links">
            {questions.map((question) => (
              <li key={question.title}>
                <a href={questionHash(question)}>{question.title}</a>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h2>What there is</h2>
        <div class="scrolls">
          <table class="table">
            <thead>
              <tr>
                <th>Source</th>
                <th class="number">Sets</th>
                <th>What it is</th>
              </tr>
            </thead>
            <tbody>
              {start.groups.map(({ name, title, sets, description }) => (
                <tr key={name}>
                  <td>
                    <a href={hashOf(['sets'], `group=${encodeURIComponent(name)}`)}>{title}</a>
                  </td>
                  <td class="number">{count(sets.length)}</td>
                  <td class="prose">{firstSentence(description)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <p class="quiet">
        Version {start.version}. Days and times are those of {start.timeZone} (REPORTING_TIME_ZONE).
      </p>
    </>
  );
}

const firstSentence = (text: string): string => /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text;

interface Figures {
  readonly files: number;
  readonly rows: number;
  readonly last: string | null;
  readonly exports: number;
  readonly states: ReadonlyMap<string, number>;
  readonly openRejects: number;
  /** Refused files of no known export, of the days that Freshness shows. */
  readonly strangers: number;
}

type Rows = { readonly value: readonly Readonly<Record<string, unknown>>[] };

async function loadFigures(signal: AbortSignal): Promise<Figures> {
  const since = new Date(Date.now() - shownDays * 86_400_000).toISOString();
  const [loads, freshness, strangers] = await Promise.all([
    fromFeed<Rows>(
      "Loads?$apply=filter(State eq 'loaded')/aggregate($count as Files,RowsInserted with sum as Rows,FinishedAt with max as Last)",
      { signal },
    ),
    fromFeed<Rows>(
      'SourceFreshness?$apply=groupby((State),aggregate($count as Exports,OpenRejects with sum as Rejects))',
      { signal },
    ),
    fromFeed<Rows>(strangersUrl(since), { signal }),
  ]);
  const [all = {}] = loads.value;
  return {
    files: Number(all['Files'] ?? 0),
    rows: Number(all['Rows'] ?? 0),
    last: typeof all['Last'] === 'string' ? all['Last'] : null,
    exports: freshness.value.reduce((sum, row) => sum + Number(row['Exports'] ?? 0), 0),
    states: new Map(freshness.value.map((row) => [String(row['State']), Number(row['Exports'])])),
    openRejects: freshness.value.reduce((sum, row) => sum + Number(row['Rejects'] ?? 0), 0),
    strangers: Number(strangers.value[0]?.['Files'] ?? 0),
  };
}

function LoadedFigures() {
  const { start, model } = useWorld();
  const isThere = model.has('Loads') && model.has('SourceFreshness');
  const [figures, again] = useLoaded(`figures ${isThere}`, async (signal) => (isThere ? loadFigures(signal) : null));
  return (
    <section aria-label="What is loaded">
      <Shown loaded={figures} again={again}>
        {(found) => {
          if (found === null) {
            return null;
          }
          const { files, rows, last, exports, states, openRejects, strangers } = found;
          if (files === 0) {
            return (
              <div class="state">
                <h2>Nothing is loaded yet</h2>
                <p>
                  Put exports into the drop folder, each source's into the subfolder named like it. They are taken
                  within two minutes.
                </p>
                {strangers + (states.get('refused') ?? 0) > 0 && (
                  <p>
                    <a href={refusedFiles}>Files were refused: which, and why</a>
                  </p>
                )}
              </div>
            );
          }
          const bad = ['late', 'refused', 'stuck', 'incomplete'].reduce(
            (sum, name) => sum + (states.get(name) ?? 0),
            0,
          );
          return (
            <dl class="figures">
              <Figure
                name="Files loaded"
                value={count(files)}
                more={last === null ? '' : `last ${localMinute(Date.parse(last), start.timeZone)}`}
                href="#/freshness"
              />
              <Figure
                name="New rows"
                value={count(rows)}
                more={`of ${counted(exports, 'export')}`}
                href="#/freshness"
              />
              <Figure
                name="Exports late or refused"
                value={count(bad)}
                more={
                  strangers > 0
                    ? `and ${counted(strangers, 'file')} of no known export`
                    : bad === 0
                      ? 'nothing is due'
                      : 'see Freshness'
                }
                href={strangers > 0 ? refusedFiles : '#/freshness'}
                warns={bad > 0 || strangers > 0}
              />
              <Figure
                name="Rejected rows"
                value={count(openRejects)}
                more={openRejects === 0 ? 'none waits' : `${openRejects === 1 ? 'waits' : 'wait'} for somebody`}
                href="#/rejects"
                warns={openRejects > 0}
              />
            </dl>
          );
        }}
      </Shown>
    </section>
  );
}

function Figure(props: {
  readonly name: string;
  readonly value: string;
  readonly more: string;
  readonly href: string;
  readonly warns?: boolean;
}) {
  const { name, value, more, href, warns = false } = props;
  return (
    <div class={warns ? 'figure warns' : 'figure'}>
      <dt>
        <a href={href}>{name}</a>
      </dt>
      <dd>
        <b>{value}</b>
        <span class="figure-more">{more}</span>
      </dd>
    </div>
  );
}
