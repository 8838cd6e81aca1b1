import { useState } from 'preact/hooks';
import type { Answer, Series } from '../explore/answer.ts';
import type { Method, Question } from '../explore/question.ts';
import { ratioOf, type Unit, unitOf } from '../explore/ratios.ts';
import { Chart } from '../parts/chart.tsx';
import { duration, measured, share } from '../text/numbers.ts';

const says: Readonly<Record<Unit, (value: number) => string>> = { seconds: duration, share, number: measured };

/** An answer as a chart, and as a table. `common`: title of the question where it has one. */
export function AnswerView(props: {
  readonly question: Question;
  readonly answer: Answer;
  readonly common: string | null;
}) {
  const { question, answer, common } = props;
  const unit = unitOf(question.measure);
  const say = says[unit];
  if (answer.series.length === 0) {
    return (
      <div class="state">
        <h2>Nothing in this period</h2>
        <p>No row of {question.set} says anything of it. Try another period, or another measure.</p>
      </div>
    );
  }
  const title = common ?? titleOf(question);
  return question.grain === 'none' ? (
    <Ranking answer={answer} say={say} title={title} isTotal={answer.additive} />
  ) : (
    <OverTime answer={answer} say={say} title={title} isTime={unit === 'seconds'} />
  );
}

const methodNames: Readonly<Record<Method, string>> = {
  ...{ count: 'Number of', sum: 'Sum of', average: 'Average' },
  ...{ min: 'Least', max: 'Greatest', countdistinct: 'Different values of', ratio: '', share: '' },
};

function titleOf({ set, measure, split }: Question): string {
  const { method, column, over } = measure;
  const valued =
    ratioOf(measure)?.title ??
    (over === undefined
      ? `${methodNames[method]} ${column}`
      : method === 'share'
        ? `${column} as a share of it and ${over}`
        : `${column} per ${over}`);
  const what = column === null ? set : `${valued} of ${set}`;
  return split === null ? what : `${what} by ${split.split('/')[0] ?? split}`;
}

interface Showing {
  readonly answer: Answer;
  readonly say: (value: number) => string;
  readonly title: string;
}

function OverTime({ answer, say, title, isTime: inSeconds }: Showing & { readonly isTime: boolean }) {
  const [step, setStep] = useState<number | null>(null);
  const { steps, series, others, additive } = answer;
  const hasTotals = series.some(({ total }) => total !== null);
  const shown = ({ values, total }: Series): string => {
    const value = step === null ? total : (values[step] ?? null);
    return value === null ? '–' : say(value);
  };
  const sum = series.reduce((whole, { values, total }) => whole + ((step === null ? total : values[step]) ?? 0), 0);
  const summed = additive && series.length > 0 ? say(sum) : '';
  const where =
    step === null
      ? hasTotals
        ? summed === ''
          ? 'over the whole period'
          : `${summed} in all`
        : 'point at the chart for values'
      : [steps[step] ?? '', summed].filter((text) => text !== '').join(': ');
  return (
    <>
      <figure class="answer">
        <figcaption>
          {title} <span class="quiet">{where}</span>
        </figcaption>
        <Chart
          answer={answer}
          label={`${title}: a chart of ${series.length} series over ${steps.length} steps; the table below has its values`}
          say={say}
          isTime={inSeconds}
          at={setStep}
        />
        <ul class="legend">
          {series.map((one, index) => (
            <li key={one.name}>
              <span class={`swatch series-${index + 1}`} />
              {one.name === '' ? 'All' : one.name} <b>{shown(one)}</b>
            </li>
          ))}
        </ul>
        {others > 0 && !additive && (
          <p class="quiet">
            {others} more {others === 1 ? 'is' : 'are'} not drawn.
          </p>
        )}
      </figure>
      <details class="values">
        <summary>Values as a table</summary>
        <div class="scrolls tall">
          <table class="table">
            <thead>
              <tr>
                <th>Time</th>
                {series.map(({ name }) => (
                  <th key={name} class="number">
                    {name === '' ? 'All' : name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {steps.map((name, index) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {series.map((one) => {
                    const value = one.values[index] ?? null;
                    return (
                      <td key={one.name} class="number">
                        {value === null ? '–' : say(value)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

const mostBars = 40;

/** One value for each, the greatest first: a table whose rows are bars. */
function Ranking({ answer, say, title, isTotal }: Showing & { readonly isTotal: boolean }) {
  const [all, setAll] = useState(false);
  const values = answer.series.flatMap(({ name, values: [value] }) => (value == null ? [] : [{ name, value }]));
  const greatest = Math.max(...values.map(({ value }) => value), 0);
  const sum = values.reduce((total, { value }) => total + value, 0);
  const shown = all ? values : values.slice(0, mostBars);
  return (
    <figure class="answer">
      <figcaption>
        {title} {isTotal && <span class="quiet">{say(sum)} in all</span>}
      </figcaption>
      <table class="ranking">
        <tbody>
          {shown.map(({ name, value }) => (
            <tr key={name}>
              <th scope="row">{name === '' ? 'All' : name}</th>
              <td class="number">{say(value)}</td>
              <td class="track" aria-hidden="true">
                <span
                  class="track-bar"
                  style={{ width: `${greatest > 0 ? Math.max(0, (100 * value) / greatest) : 0}%` }}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {values.length > shown.length && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {values.length}
        </button>
      )}
    </figure>
  );
}
