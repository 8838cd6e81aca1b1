import type { FeedSet } from '../feed/model.ts';
import type { RowChoice } from '../rows/choice.ts';

/** Which columns are asked for and shown. */
export function ColumnChooser(props: {
  readonly set: FeedSet;
  readonly choice: RowChoice;
  readonly choose: (next: RowChoice) => void;
}) {
  const { set, choice, choose } = props;
  const isShown = (name: string): boolean => choice.columns.length === 0 || choice.columns.includes(name);
  const turn = (name: string): void => {
    const next = set.columns
      .map((column) => column.name)
      .filter((one) => (one === name ? !isShown(one) : isShown(one)));
    // Of no column nothing can be shown; of all, the request need not name them.
    if (next.length > 0) {
      choose({ ...choice, columns: next.length === set.columns.length ? [] : next });
    }
  };
  const shown = choice.columns.length === 0 ? set.columns.length : choice.columns.length;
  const keys = set.columns.filter(({ isKey }) => isKey).map(({ name }) => name);
  return (
    <details class="menu">
      <summary class="button">
        Columns {shown} of {set.columns.length}
      </summary>
      <div>
        <div class="row">
          <button type="button" class="plain" onClick={() => choose({ ...choice, columns: [] })}>
            All
          </button>
          <button
            type="button"
            class="plain"
            onClick={() => choose({ ...choice, columns: keys })}
            disabled={keys.length === 0}
          >
            Key alone
          </button>
        </div>
        {set.columns.map(({ name }) => (
          <label key={name} class="check">
            <input type="checkbox" checked={isShown(name)} onChange={() => turn(name)} />
            {name}
          </label>
        ))}
      </div>
    </details>
  );
}
