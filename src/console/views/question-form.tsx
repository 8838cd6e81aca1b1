import type { AskedQuestion } from '../explore/address.ts';
import { measureText, questionHash, readMeasure } from '../explore/address.ts';
import { periods } from '../explore/periods.ts';
import { type Grain, grainsOf, measuredColumns, splitsOf, timeOf } from '../explore/question.ts';
import { ratiosOf } from '../explore/ratios.ts';
import type { FeedSet } from '../feed/model.ts';
import { addDays, localDate } from '../text/zone.ts';
import { useWorld } from '../world.ts';

const grainTitles: Readonly<Record<Grain, string>> = {
  none: 'as a whole',
  hour: 'by hour of the day',
  day: 'by day',
  week: 'by week',
  month: 'by month',
};

const methodTitles = [
  ['sum', 'Sum of'],
  ['average', 'Average of'],
  ['min', 'Least'],
  ['max', 'Greatest'],
] as const;

/** What is measured, of which set, by what and when. */
export function QuestionForm(props: {
  readonly set: FeedSet;
  readonly asked: AskedQuestion;
  readonly ask: (next: AskedQuestion) => void;
}) {
  const { set, asked, ask } = props;
  const { start, model } = useWorld();
  const { measure, split, grain, period, span } = asked;
  const isTimed = timeOf(set) !== null;
  const today = localDate(Date.now(), start.timeZone);
  const takeMeasure = (text: string): void => {
    ask({ ...asked, measure: readMeasure(text) });
  };
  const takePeriod = (text: string): void => {
    const next = periods.find(([name]) => name === text)?.[0] ?? 'all';
    ask({ ...asked, period: next, span: next === 'own' ? (span ?? { from: addDays(today, -27), to: today }) : null });
  };
  const takeDay = (end: 'from' | 'to', day: string): void => {
    if (day !== '' && span !== null) {
      ask({ ...asked, span: { ...span, [end]: day } });
    }
  };
  const numbers = measuredColumns(set);
  const ratios = ratiosOf(set);
  return (
    <form class="row question" onSubmit={(event) => event.preventDefault()} aria-label="Question">
      <label class="field">
        <span>Set</span>
        <select
          value={set.name}
          onChange={({ currentTarget: { value } }) => {
            location.hash = questionHash({
              ...asked,
              set: value,
              measure: { method: 'count', column: null },
              split: null,
              span,
            });
          }}
        >
          {start.groups.map(({ name, title, sets }) => (
            <optgroup key={name} label={title}>
              {sets.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Measure</span>
        <select value={measureText(measure)} onChange={(event) => takeMeasure(event.currentTarget.value)}>
          <option value="count">Number of rows</option>
          {ratios.length > 0 && (
            <optgroup label="Sum over sum">
              {ratios.map(({ title, method, column, over }) => (
                <option key={title} value={measureText({ method, column, over })}>
                  {title} ({column} / {method === 'share' ? `(${column} + ${over})` : over})
                </option>
              ))}
            </optgroup>
          )}
          {methodTitles.map(([method, title]) =>
            numbers.length === 0 ? null : (
              <optgroup key={method} label={title}>
                {numbers.map(({ name }) => (
                  <option key={name} value={`${method} ${name}`}>
                    {title} {name}
                  </option>
                ))}
              </optgroup>
            ),
          )}
        </select>
      </label>
      <label class="field">
        <span>Split by</span>
        <select
          value={split ?? ''}
          onChange={({ currentTarget: { value } }) => ask({ ...asked, split: value === '' ? null : value })}
        >
          <option value="">nothing</option>
          {splitsOf(set, model).map(({ path, title }) => (
            <option key={path} value={path}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Time</span>
        <select
          value={isTimed ? grain : 'none'}
          disabled={!isTimed}
          onChange={({ currentTarget: { value } }) =>
            ask({ ...asked, grain: grainsOf(set).find((one) => one === value) ?? 'none' })
          }
        >
          {grainsOf(set).map((one) => (
            <option key={one} value={one}>
              {grainTitles[one]}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Period</span>
        <select
          value={isTimed ? period : 'all'}
          disabled={!isTimed}
          onChange={(event) => takePeriod(event.currentTarget.value)}
        >
          {periods.map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {isTimed && period === 'own' && span !== null && (
        <>
          <label class="field">
            <span>From</span>
            <input
              type="date"
              value={span.from}
              max={span.to}
              onChange={(event) => takeDay('from', event.currentTarget.value)}
            />
          </label>
          <label class="field">
            <span>To</span>
            <input
              type="date"
              value={span.to}
              min={span.from}
              onChange={(event) => takeDay('to', event.currentTarget.value)}
            />
          </label>
        </>
      )}
    </form>
  );
}
