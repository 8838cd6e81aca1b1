import { useMemo } from 'preact/hooks';
import { type AskedQuestion, questionHash, readQuestion } from '../explore/address.ts';
import { type Answer, readAnswer } from '../explore/answer.ts';
import { commonQuestions } from '../explore/common.ts';
import { anchorOf, type Span, spanOf } from '../explore/periods.ts';
import { boundsUrl, type Question, questionUrl, timeOf } from '../explore/question.ts';
import { fromFeed } from '../feed/client.ts';
import type { FeedSet } from '../feed/model.ts';
import { useLoaded } from '../loading.ts';
import { Copied } from '../parts/copied.tsx';
import { Download } from '../parts/download.tsx';
import { Shown } from '../parts/states.tsx';
import { guardedCsv, mRequest } from '../rows/choice.ts';
import { localDate, spokenDate } from '../text/zone.ts';
import { replaceRoute } from '../use-route.ts';
import { useWorld } from '../world.ts';
import { AnswerView } from './answer-view.tsx';
import { NoSet } from './no-set.tsx';
import { QuestionForm } from './question-form.tsx';

type Rows = { readonly value: readonly Readonly<Record<string, unknown>>[] };

/** A measure over time and by something, as a chart: one request. */
export function ExploreView({ path, query }: { readonly path: readonly string[]; readonly query: string }) {
  const { model } = useWorld();
  const [first] = commonQuestions(model);
  const named = path[0] === undefined ? undefined : model.get(path[0]);
  if (path[0] !== undefined && named === undefined) {
    return <NoSet name={path[0]} />;
  }
  const set = named ?? (first === undefined ? [...model.values()][0] : model.get(first.set));
  if (set === undefined) {
    return null;
  }
  const asked = path[0] === undefined && first !== undefined ? { ...first, span: null } : readQuestion(set.name, query);
  return <Explored key={set.name} set={set} asked={asked} />;
}

/** First and last day with rows, as the set has them. */
async function loadBounds(set: FeedSet, zone: string, signal: AbortSignal): Promise<Span | null> {
  const url = boundsUrl(set);
  if (url === null) {
    return null;
  }
  const [row = {}] = (await fromFeed<Rows>(url, { signal })).value;
  const day = (value: unknown): string | null =>
    typeof value !== 'string' ? null : value.length > 10 ? localDate(Date.parse(value), zone) : value;
  const [from, to] = [day(row['First']), day(row['Last'])];
  return from === null || to === null ? null : { from, to };
}

function Explored({ set, asked }: { readonly set: FeedSet; readonly asked: AskedQuestion }) {
  const { start, model } = useWorld();
  const zone = start.timeZone;
  const [bounds, again] = useLoaded(set.name, (signal) => loadBounds(set, zone, signal));
  const ask = (next: AskedQuestion): void => replaceRoute(questionHash(next));
  const questions = commonQuestions(model);
  return (
    <>
      <h1>Explore</h1>
      {questions.length > 0 && (
        <ul class="chips" aria-label="Often asked">
          {questions.map((question) => (
            <li key={question.title}>
              <a
                href={questionHash(question)}
                aria-current={questionHash(question) === questionHash(asked) ? 'true' : undefined}
              >
                {question.title}
              </a>
            </li>
          ))}
        </ul>
      )}
      <QuestionForm set={set} asked={asked} ask={ask} />
      <Shown loaded={bounds} again={again}>
        {(found) => <Answered set={set} asked={asked} bounds={found} />}
      </Shown>
    </>
  );
}

function Answered({
  set,
  asked,
  bounds,
}: {
  readonly set: FeedSet;
  readonly asked: AskedQuestion;
  readonly bounds: Span | null;
}) {
  const { start, model } = useWorld();
  const zone = start.timeZone;
  const today = localDate(Date.now(), zone);
  const time = timeOf(set);
  const newest = bounds?.to ?? null;
  const anchor = asked.period === 'own' ? today : anchorOf(asked.period, { today, newest });
  const span = time === null ? null : asked.period === 'own' ? asked.span : spanOf(asked.period, anchor);
  const question: Question = { ...asked, grain: time === null ? 'none' : asked.grain, span };
  const url = questionUrl(question, set, zone);
  const common = commonQuestions(model).find((one) => questionHash(one) === questionHash(asked))?.title ?? null;
  // What is drawn belongs to its own question while the next one is answered.
  const [reply, again] = useLoaded(url, async (signal) => ({
    question,
    common,
    ...(await fromFeed<Rows>(url, { signal })),
  }));
  if (time !== null && bounds === null) {
    return (
      <div class="state">
        <h2>Nothing is there yet</h2>
        <p>{set.name} has no row that says when.</p>
      </div>
    );
  }
  return (
    <>
      <p class="period">
        {span === null
          ? bounds === null
            ? 'All rows'
            : `All rows that say when: ${spokenDate(bounds.from)} to ${spokenDate(bounds.to)}`
          : `${spokenDate(span.from)} to ${spokenDate(span.to)}`}
        {anchor !== today && newest !== null && (
          <span class="note"> The newest row is of {spokenDate(newest)}, so the period counts back from there.</span>
        )}
        {time?.kind === 'moment' && asked.grain !== 'none' && zone !== 'UTC' && (
          <span class="note">
            {' '}
            This set has no local days: {asked.grain === 'hour' ? 'hours' : 'days'} are those of UTC.
          </span>
        )}
      </p>
      <Shown loaded={reply} again={again} stays>
        {(found) => <Drawn question={found.question} common={found.common} set={set} rows={found.value} />}
      </Shown>
      <details class="code">
        <summary>This request for other programs</summary>
        <Copied id="request-url" title="URL" text={`${start.address}${url}`} />
        <Copied id="request-m" title="Power Query (M)" text={mRequest(`${start.address}${url}`)} />
        <p>
          <Download path={`odata/${url}&$format=${guardedCsv}`} name={`${set.name}.csv`}>
            CSV of the answer
          </Download>
        </p>
      </details>
    </>
  );
}

function Drawn(props: {
  readonly question: Question;
  readonly common: string | null;
  readonly set: FeedSet;
  readonly rows: Rows['value'];
}) {
  const { question, common, set, rows } = props;
  const answer = useMemo<Answer>(() => readAnswer(question, timeOf(set), rows), [rows]);
  return <AnswerView key={questionUrl(question, set, 'UTC')} question={question} common={common} answer={answer} />;
}
