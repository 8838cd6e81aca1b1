import type { CommandEvent } from '../../observation/events/commands.ts';
import type { Observation } from '../../observation/observation.ts';
import type { Observe } from '../../observation/observe.ts';

type Print = (line: string) => void;

/** How much of a file was read, where somebody watches. */
export function progressOf({ progress }: { progress: Print }): Observe<Observation> {
  return (one) => {
    if (one.event === 'load-progress') {
      progress(`${one.file}: ${Math.floor((100 * one.bytes) / Math.max(one.totalBytes, 1))} %`);
    }
  };
}

/** What became of stored rows, or should: whoever runs any command should know. */
export function storedRowsTo(print: Print): Observe<CommandEvent> {
  return (one) => {
    if (one.event === 'stored-rows') {
      print(one.message);
    }
  };
}

/** The same, and the changes of tables; with `most` no more than so many of these: the first start makes a hundred, and nobody reads them all. */
export function preparationTo(print: Print, most = Number.POSITIVE_INFINITY): Observe<CommandEvent> {
  const rows = storedRowsTo(print);
  let changes = 0;
  return (one) => {
    rows(one);
    if (one.event !== 'table-change') {
      return;
    }
    changes += 1;
    if (changes <= most) {
      print(one.message);
    }
    if (changes === most + 1) {
      print('... (`gateway migrate` prints all changes)');
    }
  };
}
