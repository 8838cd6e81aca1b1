import { useEffect, useState } from 'preact/hooks';
import { type Column, type FeedSet, kindOf } from '../feed/model.ts';
import type { RowChoice } from '../rows/choice.ts';
import { type Condition, operatorsFor } from '../rows/conditions.ts';

/** Milliseconds without a stroke after which what was typed is asked for. */
const pause = 350;

/** Conditions that all have to hold. */
export function ConditionEditor(props: {
  readonly set: FeedSet;
  readonly choice: RowChoice;
  readonly choose: (next: RowChoice) => void;
  readonly faulty: readonly Condition[];
}) {
  const { set, choice, choose, faulty } = props;
  const columns = set.columns.filter((column) => operatorsFor(column).length > 0);
  const [first] = columns;
  const replace = (index: number, next: Condition | null): void => {
    const conditions = choice.conditions.flatMap((one, at) => (at === index ? (next ?? []) : one));
    choose({ ...choice, conditions });
  };
  const add = (): void => {
    if (first !== undefined) {
      const condition = { column: first.name, operator: operatorsFor(first)[0]?.[0] ?? 'filled', value: '' } as const;
      choose({ ...choice, conditions: [...choice.conditions, condition] });
    }
  };
  return (
    <fieldset class="conditions">
      <legend class="hidden">Conditions</legend>
      {choice.conditions.map((condition, index) => (
        <ConditionRow
          key={index}
          condition={condition}
          columns={columns}
          isFaulty={faulty.includes(condition)}
          replace={(next) => replace(index, next)}
        />
      ))}
      <button type="button" onClick={add} disabled={first === undefined}>
        Add a condition
      </button>
    </fieldset>
  );
}

function ConditionRow(props: {
  readonly condition: Condition;
  readonly columns: readonly Column[];
  readonly isFaulty: boolean;
  readonly replace: (next: Condition | null) => void;
}) {
  const { condition, columns, isFaulty, replace } = props;
  const column = columns.find(({ name }) => name === condition.column);
  const choices = column === undefined ? [] : operatorsFor(column);
  const take = (name: string): void => {
    const next = columns.find((one) => one.name === name);
    const operator = next === undefined ? undefined : operatorsFor(next)[0]?.[0];
    if (operator !== undefined) {
      replace({ column: name, operator, value: '' });
    }
  };
  const wantsValue = condition.operator !== 'empty' && condition.operator !== 'filled';
  return (
    <div class="condition">
      <select aria-label="Column" value={condition.column} onChange={(event) => take(event.currentTarget.value)}>
        {columns.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <select
        aria-label="Comparison"
        value={condition.operator}
        onChange={(event) => {
          const found = choices.find(([name]) => name === event.currentTarget.value);
          replace({ ...condition, operator: found?.[0] ?? condition.operator });
        }}
      >
        {choices.map(([name, title]) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
      {wantsValue && column !== undefined && (
        <ValueInput
          column={column}
          value={condition.value}
          isFaulty={isFaulty}
          take={(value) => replace({ ...condition, value })}
        />
      )}
      <button
        type="button"
        class="plain"
        aria-label={`Remove the condition on ${condition.column}`}
        onClick={() => replace(null)}
      >
        ✕
      </button>
    </div>
  );
}

function ValueInput(props: {
  readonly column: Column;
  readonly value: string;
  readonly isFaulty: boolean;
  readonly take: (value: string) => void;
}) {
  const { column, value, isFaulty, take } = props;
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    const timer = typed === value ? undefined : setTimeout(() => take(typed), pause);
    return () => clearTimeout(timer);
  }, [typed]);
  const kind = kindOf(column);
  if (kind === 'boolean') {
    return (
      <select aria-label="Value" value={value} onChange={(event) => take(event.currentTarget.value)}>
        <option value="" />
        <option value="true">yes</option>
        <option value="false">no</option>
      </select>
    );
  }
  const type = kind === 'moment' ? 'datetime-local' : kind === 'date' ? 'date' : 'text';
  return (
    <input
      aria-label="Value"
      type={type}
      inputMode={kind === 'number' ? 'decimal' : undefined}
      aria-invalid={isFaulty && typed !== ''}
      title={isFaulty && typed !== '' ? `This is no ${kind}` : undefined}
      value={typed}
      onInput={(event) => setTyped(event.currentTarget.value)}
    />
  );
}
