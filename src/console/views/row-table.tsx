import { type Column, type FeedSet, kindOf } from '../feed/model.ts';
import { numberText } from '../rows/cells.ts';
import type { RowChoice } from '../rows/choice.ts';
import { localMinute } from '../text/zone.ts';
import { useWorld } from '../world.ts';

export type Row = Readonly<Record<string, unknown>>;

/** Rows as they are read: numbers by their digits, moments on the clocks of the reporting zone, nothing where there is nothing. */
export function RowTable(props: {
  readonly set: FeedSet;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly choice: RowChoice;
  readonly choose: (next: RowChoice) => void;
}) {
  const { set, columns, rows, choice, choose } = props;
  const { start } = useWorld();
  const sortBy = (column: string): void => {
    const { sort } = choice;
    const turns = sort?.column === column;
    choose({ ...choice, sort: turns && sort.descending ? null : { column, descending: turns } });
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scrolls tall" tabIndex={0} aria-label={`Rows of ${set.name}`}>
      <table class="table rows">
        <thead>
          <tr>
            {columns.map((column) => {
              const sorted =
                choice.sort?.column === column.name ? (choice.sort.descending ? 'descending' : 'ascending') : 'none';
              return (
                <th key={column.name} aria-sort={sorted} class={kindOf(column) === 'number' ? 'number' : undefined}>
                  {column.collection ? (
                    column.name
                  ) : (
                    <button type="button" class="plain" title={column.description} onClick={() => sortBy(column.name)}>
                      {column.name}
                      <span aria-hidden="true">
                        {sorted === 'none' ? '' : sorted === 'ascending' ? '\u00a0↑' : '\u00a0↓'}
                      </span>
                    </button>
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {columns.map((column) => (
                <Cell key={column.name} set={set} column={column} value={row[column.name]} zone={start.timeZone} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cell(props: {
  readonly set: FeedSet;
  readonly column: Column;
  readonly value: unknown;
  readonly zone: string;
}) {
  const { set, column, value, zone } = props;
  if (value === null || value === undefined) {
    return (
      <td class="none">
        <span title="null">–</span>
      </td>
    );
  }
  switch (kindOf(column)) {
    case 'number':
      return <td class="number">{numberText(String(value), column, set)}</td>;
    case 'moment': {
      const at = Date.parse(String(value));
      return (
        <td class="tight" title={String(value)}>
          {Number.isNaN(at) ? String(value) : localMinute(at, zone)}
        </td>
      );
    }
    case 'boolean':
      return <td class="tight">{value === true ? 'yes' : 'no'}</td>;
    case 'text': {
      const text = String(value);
      return (
        <td title={text.length > 40 ? text : undefined}>
          <span class="clip" dir="auto">
            {text}
          </span>
        </td>
      );
    }
    default:
      return (
        <td>
          <span class="clip">{typeof value === 'string' ? value : JSON.stringify(value)}</span>
        </td>
      );
  }
}
