import { settleMissing } from '../../ingest/ledger/freshness.ts';
import { settleFile, unsettleFile } from '../../ingest/ledger/open-files.ts';
import { dismiss, type RejectFilter, reopen, type Word } from '../../ingest/ledger/reject-work.ts';
import { exitCodes } from '../support/exit-code.ts';
import { type Surroundings, withLedger } from '../support/surroundings.ts';

export interface DismissFlags extends RejectFilter {
  /** Why; absent with `reopen` alone. */
  readonly reason?: string;
  readonly by: string;
  readonly reopen: boolean;
  /** Not rows: files of an export that were due and did not come. */
  readonly missing: boolean;
}

/**
 * `gateway dismiss`: closes rejected rows, a refused file, or what is missing of an export, by a person's word, which the ledger keeps; `--reopen` takes it back. 1 where
 * nothing was meant by what was named, 64 where nothing was named or no reason was given.
 */
export async function dismissCommand(surroundings: Surroundings, flags: DismissFlags): Promise<number> {
  const { print } = surroundings;
  const { ids, loadId, source, export: name, code, reason = '' } = flags;
  if ([ids, loadId, source, name, code].every((one) => one === undefined)) {
    print('Say which rows: their numbers, --load, --source, --export or --code. gateway rejects lists them.');
    return exitCodes.usage;
  }
  if (!flags.reopen && reason.trim() === '') {
    print('Say why with --reason TEXT: whoever looks at these rows later wants to know.');
    return exitCodes.usage;
  }
  const word: Word = { by: flags.by, reason: reason.trim() };
  if (flags.missing) {
    return dismissMissing(surroundings, { source, export: name }, flags.reopen ? null : word);
  }
  return withLedger(surroundings, async ({ database }) => {
    const ofFile = loadId !== undefined && [ids, source, name, code].every((one) => one === undefined);
    const [rows, files] = await database.transaction(async (transaction) => [
      flags.reopen ? await reopen(transaction, flags) : await dismiss(transaction, flags, word),
      !ofFile
        ? 0
        : flags.reopen
          ? await unsettleFile(transaction, loadId)
          : await settleFile(transaction, loadId, word),
    ]);
    const done = flags.reopen ? 'open again' : 'dismissed';
    if (rows + files === 0) {
      const state = flags.reopen ? 'that was dismissed' : 'that is open';
      print(
        `There is no rejected row, and no refused file, ${state} by what was said: gateway rejects --state all, gateway status.`,
      );
    }
    if (rows > 0) {
      print(`${rows} rejected ${rows === 1 ? 'row' : 'rows'} ${done}`);
    }
    if (files > 0) {
      print(`the refused file of load ${loadId ?? ''} is ${flags.reopen ? 'open again' : 'done with'}`);
    }
    return rows + files > 0 ? exitCodes.ok : exitCodes.failed;
  });
}

/** What was due until now. `word` null: it is missing again. */
async function dismissMissing(
  surroundings: Surroundings,
  { source, export: name }: { readonly source: string | undefined; readonly export: string | undefined },
  word: Word | null,
): Promise<number> {
  const { print } = surroundings;
  if (source === undefined || name === undefined) {
    print('Say of which export: --missing --source S --export E.');
    return exitCodes.usage;
  }
  return withLedger(surroundings, async ({ database }) => {
    const known = await settleMissing(database, { source, export: name }, word);
    const done = word === null ? 'count again' : 'are done with';
    print(
      known
        ? `${source}/${name}: files that were due until now and did not come ${done}`
        : `${source}/${name} is no export that is expected: its metadata has no expect.`,
    );
    return known ? exitCodes.ok : exitCodes.failed;
  });
}
