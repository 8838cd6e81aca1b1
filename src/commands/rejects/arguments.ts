import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type RejectState, rejectStates } from '../../ingest/ledger/reject-work.ts';
import { countArgument } from '../support/count-argument.ts';
import type { Surroundings } from '../support/surroundings.ts';
import { dismissCommand } from './dismiss.ts';
import { rejectsCommand } from './rejects.ts';
import { replayCommand } from './replay.ts';

interface Runner {
  readonly surroundings: () => Surroundings;
  readonly run: (work: Promise<number>) => Promise<void>;
}

interface FilterOptions {
  readonly load?: string;
  readonly source?: string;
  readonly export?: string;
  readonly code?: string;
}

interface ListOptions extends FilterOptions {
  readonly state?: RejectState | 'all';
  readonly limit: number;
  readonly raw: boolean;
  readonly json: boolean;
}

interface DismissOptions extends FilterOptions {
  readonly reason?: string;
  readonly by?: string;
  readonly reopen: boolean;
  readonly missing: boolean;
}

/** `gateway rejects`, `replay` and `dismiss`: what to do about rows that were not taken. */
export function rejectCommands(gateway: Command, { surroundings, run }: Runner): void {
  filtered(gateway.command('rejects'))
    .description('list rejected rows by what is wrong with them, or show single ones whole')
    .argument('[numbers...]', 'numbers of rejected rows', numbers)
    .addOption(new Option('--state <state>', 'default: open').choices([...rejectStates, 'all']))
    .option('--limit <count>', 'rows shown of each kind of fault', countArgument(1, 1_000_000), 5)
    .option('--raw', 'show the rows as they stand in their files: they are about people', false)
    .option('--json', 'as JSON', false)
    .action((ids: string[], options: ListOptions) => {
      const { state, limit, raw, json } = options;
      const flags = { ...filterOf(ids, options), ...(state === undefined ? {} : { state }), limit, raw, json };
      return run(rejectsCommand(surroundings(), flags));
    });
  filtered(gateway.command('replay'))
    .description('try rejected rows again, after the metadata was corrected')
    .argument('[numbers...]', 'numbers of rejected rows; none: all that are open', numbers)
    .action((ids: string[], options: FilterOptions) => {
      const { ids: rejectIds, ...filter } = filterOf(ids, options);
      return run(replayCommand(surroundings(), { ...filter, ...(rejectIds === undefined ? {} : { rejectIds }) }));
    });
  filtered(gateway.command('dismiss'))
    .description('close rejected rows, or with --load a refused file, by your word; the ledger keeps who, when and why')
    .argument('[numbers...]', 'numbers of rejected rows', numbers)
    .option('--reason <text>', 'why')
    .option('--by <name>', 'who says so; default: the user of this machine')
    .option('--reopen', 'take it back', false)
    .option('--missing', 'not rows, but files of --source and --export that were due until now and did not come', false)
    .action((ids: string[], { reason, by, reopen, missing, ...options }: DismissOptions) => {
      const flags = { ...filterOf(ids, options), by: by ?? userName(), reopen, missing };
      return run(dismissCommand(surroundings(), { ...flags, ...(reason === undefined ? {} : { reason }) }));
    });
}

const filtered = (command: Command): Command =>
  command
    .option('--load <id>', 'only those of one load', number)
    .option('--source <name>')
    .option('--export <name>')
    .option('--code <code>', 'only those with this code');

function filterOf(ids: readonly string[], { load, source, export: name, code }: FilterOptions) {
  return {
    ...(ids.length === 0 ? {} : { ids }),
    ...(load === undefined ? {} : { loadId: load }),
    ...(source === undefined ? {} : { source }),
    ...(name === undefined ? {} : { export: name }),
    ...(code === undefined ? {} : { code }),
  };
}

function number(text: string): string {
  if (!/^[1-9]\d{0,17}$/.test(text)) {
    throw new InvalidArgumentError('must be a whole number from 1 on');
  }
  return text;
}

const numbers = (text: string, others: readonly string[] = []): readonly string[] => [...others, number(text)];

/** A container may have no name for its user. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
