import { useState } from 'preact/hooks';
import type { Answer } from '../explore/answer.ts';
import { fromFeed } from '../feed/client.ts';
import {
  calendarDays,
  type DayOfLoads,
  type ExportState,
  exportKey,
  type LoadsByExport,
  loadsUrl,
  readExports,
  readLoads,
  refusedStrangers,
  shade,
  shownDays,
} from '../freshness/calendar.ts';
import { refusedFiles } from '../freshness/refused-files.ts';
import { volumeOf } from '../freshness/volume.ts';
import { useLoaded } from '../loading.ts';
import { Chart } from '../parts/chart.tsx';
import { Shown } from '../parts/states.tsx';
import { hashOf } from '../route.ts';
import { count, counted, measured } from '../text/numbers.ts';
import { localDate, localMinute, momentOf, shortDate, spokenDate } from '../text/zone.ts';
import { useWorld, type World } from '../world.ts';

type Rows = { readonly value: readonly Readonly<Record<string, unknown>>[] };

interface Freshness {
  readonly exports: readonly ExportState[];
  readonly loads: LoadsByExport;
  readonly days: readonly string[];
}

async function loadFreshness({ start }: World, signal: AbortSignal): Promise<Freshness> {
  const zone = start.timeZone;
  const days = calendarDays(localDate(Date.now(), zone), shownDays);
  const since = new Date(momentOf(days[0] ?? '', zone) ?? 0).toISOString();
  const [freshness, loads] = await Promise.all([
    fromFeed<Rows>('SourceFreshness', { signal }),
    fromFeed<Rows>(loadsUrl(since), { signal }),
  ]);
  return { exports: readExports(freshness.value), loads: readLoads(loads.value, zone), days };
}

/** When each export came, which days are missing, and how much it was. */
export function FreshnessView() {
  const world = useWorld();
  const isThere = world.model.has('Loads') && world.model.has('SourceFreshness');
  const [found, again] = useLoaded(`freshness ${isThere}`, async (signal) =>
    isThere ? loadFreshness(world, signal) : null,
  );
  return (
    <>
      <h1>Freshness</h1>
      <Shown loaded={found} again={again}>
        {(freshness) =>
          freshness === null ? (
            <p class="quiet">Loads and SourceFreshness are not among the sets that you may see.</p>
          ) : (
            <FreshnessOf freshness={freshness} again={again} />
          )
        }
      </Shown>
    </>
  );
}

const bad: Readonly<Record<string, string>> = {
  late: 'is late',
  refused: 'refused',
  stuck: 'stuck upload',
  incomplete: 'days missing',
  rejects: 'rejected rows',
};

function FreshnessOf({ freshness, again }: { readonly freshness: Freshness; readonly again: () => void }) {
  const { start } = useWorld();
  const [chosen, setChosen] = useState<string | null>(null);
  const { exports, loads, days } = freshness;
  const strangers = refusedStrangers(exports, loads);
  if (exports.every(({ lastLoadedAt }) => lastLoadedAt === null)) {
    return (
      <div class="state">
        <h2>Nothing was loaded yet</h2>
        <p>As soon as a file was taken in, its day is marked here.</p>
        {strangers + exports.reduce((sum, one) => sum + one.refusedFiles, 0) > 0 && (
          <p>
            <a href={refusedFiles}>Files were refused: which, and why</a>
          </p>
        )}
      </div>
    );
  }
  const troubled = exports.filter(({ state }) => bad[state] !== undefined);
  const greatest = Math.max(...[...loads.values()].flatMap((one) => [...one.values()].map(({ rows }) => rows)), 0);
  const sources = [...new Set(exports.map(({ source }) => source))];
  const titles = new Map(start.groups.map(({ name, title }) => [name, title]));
  return (
    <>
      <p class="lead">
        {troubled.length === 0
          ? `No export is late, has a missing day or a refused file.`
          : `${counted(troubled.length, 'export')} of ${count(exports.length)} ${troubled.length === 1 ? 'asks' : 'ask'} to be looked at.`}{' '}
        {strangers > 0 && (
          <>
            {counted(strangers, 'file')} of no known export {strangers === 1 ? 'was' : 'were'} refused in these{' '}
            {count(days.length)} days: <a href={refusedFiles}>which, and why</a>; gateway status says which still{' '}
            {strangers === 1 ? 'waits' : 'wait'}.{' '}
          </>
        )}
        Days are those of {start.timeZone} on which files were loaded.
        <button type="button" class="plain" onClick={again}>
          Look again
        </button>
      </p>
      <Volume days={days} loads={loads} chosen={chosen} titles={titles} />
      <ul class="legend" aria-label="What the marks mean">
        {[1, 2, 3, 4].map((one) => (
          <li key={one}>
            <span class={`day shade-${one}`} /> {['few rows', '', '', 'most rows'][one - 1]}
          </li>
        ))}
        <li>
          <span class="day refused-day" /> a file was refused
        </li>
        <li>
          <span class="day missing" /> a file of this day is missing
        </li>
      </ul>
      <div class="scrolls">
        <table class="table calendar">
          <thead>
            <tr>
              <th>Export</th>
              <th>State</th>
              <th>Last loaded</th>
              <th>
                <span class="ends">
                  <span>{shortDate(days[0] ?? '')}</span>
                  <span>{shortDate(days.at(-1) ?? '')}</span>
                </span>
              </th>
            </tr>
          </thead>
          {sources.map((source) => (
            <tbody key={source}>
              <tr class="group">
                <th colSpan={4}>{titles.get(source) ?? source}</th>
              </tr>
              {exports
                .filter((one) => one.source === source)
                .map((one) => {
                  const key = exportKey(one.source, one.name);
                  return (
                    <ExportRow
                      key={key}
                      one={one}
                      days={days}
                      loads={loads.get(key)}
                      greatest={greatest}
                      isChosen={chosen === key}
                      choose={() => setChosen(chosen === key ? null : key)}
                    />
                  );
                })}
            </tbody>
          ))}
        </table>
      </div>
    </>
  );
}

function ExportRow(props: {
  readonly one: ExportState;
  readonly days: readonly string[];
  readonly loads: ReadonlyMap<string, DayOfLoads> | undefined;
  readonly greatest: number;
  readonly isChosen: boolean;
  readonly choose: () => void;
}) {
  const { one, days, loads, greatest, isChosen, choose } = props;
  const { start } = useWorld();
  const told = bad[one.state] ?? (one.state === 'unknown' ? 'no file yet' : one.state);
  const notes = [
    one.expectation === null ? null : `expected ${one.expectation}`,
    one.dueAt === null ? null : `due ${localMinute(Date.parse(one.dueAt), start.timeZone)}`,
  ].flatMap((text) => text ?? []);
  return (
    <tr class={isChosen ? 'chosen' : undefined}>
      <td>
        <button type="button" class="plain" aria-pressed={isChosen} onClick={choose} title="Show its volume alone">
          {one.name}
        </button>
      </td>
      <td class="tight">
        <span class={bad[one.state] === undefined ? 'tag' : 'tag warns'} title={notes.join(', ') || undefined}>
          {told}
        </span>
        {one.openRejects > 0 && (
          <a
            class="tag warns"
            href={hashOf(
              ['rejects'],
              `source=${encodeURIComponent(one.source)}&export=${encodeURIComponent(one.name)}`,
            )}
          >
            {counted(one.openRejects, 'reject')}
          </a>
        )}
      </td>
      <td class="tight" title={one.lastFile ?? undefined}>
        {one.lastLoadedAt === null ? '–' : localMinute(Date.parse(one.lastLoadedAt), start.timeZone)}
      </td>
      <td>
        <span class="days" role="img" aria-label={spoken(one, days, loads)}>
          {days.map((day) => {
            const found = loads?.get(day);
            const marks = [
              `shade-${shade(found?.rows ?? 0, greatest)}`,
              ...((found?.refused ?? 0) > 0 ? ['refused-day'] : []),
              ...(one.missing.includes(day) ? ['missing'] : []),
            ];
            const refused = found !== undefined && found.refused > 0 ? `, ${found.refused} refused` : '';
            const lacks = one.missing.includes(day) ? ', a file is missing' : '';
            const title =
              found === undefined ? 'nothing' : `${counted(found.files, 'file')}, ${counted(found.rows, 'row')}`;
            return (
              <span
                key={day}
                class={`day ${marks.join(' ')}`}
                title={`${spokenDate(day)}: ${title}${refused}${lacks}`}
              />
            );
          })}
        </span>
      </td>
    </tr>
  );
}

function spoken(
  { missing }: ExportState,
  days: readonly string[],
  loads: ReadonlyMap<string, DayOfLoads> | undefined,
): string {
  const loaded = days.filter((day) => (loads?.get(day)?.files ?? 0) > 0);
  const lacks = missing.length === 0 ? '' : `; missing: ${missing.map(spokenDate).join(', ')}`;
  const last = loaded.slice(-7).map(shortDate).join(', ');
  return `${counted(loaded.length, 'day')} of ${days.length} with loads${last === '' ? '' : `, the last ${last}`}${lacks}`;
}

function Volume(props: {
  readonly days: readonly string[];
  readonly loads: Freshness['loads'];
  readonly chosen: string | null;
  readonly titles: ReadonlyMap<string, string>;
}) {
  const { days, loads, chosen, titles } = props;
  const [step, setStep] = useState<number | null>(null);
  const [answer, setAnswer] = useState<{ readonly of: string | null; readonly answer: Answer } | null>(null);
  if (answer === null || answer.of !== chosen) {
    setAnswer({ of: chosen, answer: volumeOf(days, loads, { chosen, titles }) });
    return null;
  }
  const { series, steps } = answer.answer;
  return (
    <figure class="answer">
      <figcaption>
        Rows read per day{chosen === null ? '' : `: ${chosen}`}{' '}
        <span class="quiet">{step === null ? '' : steps[step]}</span>
      </figcaption>
      <Chart
        answer={answer.answer}
        label="Rows read per day; the calendar below says it by export"
        say={measured}
        at={setStep}
      />
      <ul class="legend">
        {series.map(({ name, values, total }, index) => (
          <li key={name}>
            <span class={`swatch series-${index + 1}`} />
            {name} <b>{count(step === null ? (total ?? 0) : (values[step] ?? 0))}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}
