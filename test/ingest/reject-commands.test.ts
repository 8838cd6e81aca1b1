import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { ingestCommand } from '../../src/commands/ingest.ts';
import { rejectCommands } from '../../src/commands/rejects/arguments.ts';
import { statusCommand } from '../../src/commands/status.ts';
import type { Surroundings } from '../../src/commands/support/surroundings.ts';
import { readConfig } from '../../src/config.ts';
import { unobserved } from '../../src/observation/observe.ts';
import { exportFile, useFeed } from './support/feed.ts';

describe('What the commands say of rejected rows', () => {
  const feed = useFeed();
  const lines: string[] = [];
  const surroundings = (): Surroundings => ({
    config: readConfig({ DATABASE_URL: feed().connectionString }),
    environment: {},
    print: (line) => void lines.push(line),
    observe: unobserved,
    progress: () => {},
  });
  /** As typed: exit code and output. */
  const typed = async (...args: readonly string[]): Promise<readonly [number, string]> => {
    const codes: number[] = [];
    lines.length = 0;
    const program = new Command().exitOverride();
    rejectCommands(program, { surroundings, run: async (work) => void codes.push(await work) });
    await program.parseAsync(['node', 'gateway', ...args]);
    return [codes[0] ?? -1, lines.join('\n')];
  };
  const status = async (json = false): Promise<readonly [number, string]> => {
    lines.length = 0;
    return [await statusCommand(surroundings(), { json }), lines.join('\n')];
  };
  const ingest = (name: string, text: string): Promise<number> => {
    const path = join(feed().folder, name);
    writeFileSync(path, text);
    return ingestCommand(surroundings(), [path], {});
  };
  const cases = (name: string, rows: readonly Record<string, string | number>[]): Promise<number> =>
    ingest(name, exportFile('tracebuzz/cases', rows));

  it('lists them with what to do, lets them be closed and opened again, and tells a monitor what is open', async () => {
    const late = 'late';
    deepEqual(await status(), [0, 'Nothing was loaded yet.\nNothing waits for anybody.']);
    equal(
      await cases('raw-cases-1750000000.csv', [
        { CaseId: 1 },
        { CaseId: 2, ClosedAt: late },
        { CaseId: 3, ClosedAt: late },
      ]),
      2,
    );
    match((await status())[1], /^warning: rejected rows to look at: 2 INVALID_UNIX_TIME \(gateway rejects --code /m);
    equal((await status())[0], 1);

    const [, list] = await typed('rejects');
    match(list, /^tracebuzz\/cases: 2 INVALID_UNIX_TIME in CLOSED, open, of 1 load\(s\), \S+$/m);
    match(list, /^ {2}Correct the metadata and run gateway replay, or /m);
    match(
      (await typed('rejects', '1', '--raw'))[1],
      /^reject {2}1\n(?:.*\n)*key {5}known: .*\nstate {3}open\n(?:.*\n)*text {4}2,/,
    );
    doesNotMatch((await typed('rejects', '1'))[1], /^text/m);
    const { groups, rows } = JSON.parse((await typed('rejects', '--json', '--limit', '1'))[1]);
    deepEqual([groups.length, groups[0].rows, rows.length, rows[0].reject_id], [1, '2', 1, '2']);
    deepEqual(await typed('rejects', '77'), [
      1,
      '\nThere is no rejected row 77; gateway rejects lists those that are open.',
    ]);
    deepEqual(await typed('rejects', '--code', 'TOO_LONG'), [0, 'There is no open rejected row.']);

    equal((await typed('dismiss', '1'))[0], 64);
    equal((await typed('dismiss', '--reason', 'x'))[0], 64);
    deepEqual(await typed('dismiss', '1', '--reason', 'no case', '--by', 'ann'), [0, '1 rejected row dismissed']);
    match((await typed('rejects', '1'))[1], /dismissed at \S+ by ann\nreason {2}no case$/m);
    equal(await cases('raw-cases-1750000100.csv', [{ CaseId: 3 }]), 0);
    match((await typed('rejects', '2'))[1], /^state {3}superseded at \S+ by load 2$/m);
    equal((await status())[0], 0);
    deepEqual(await typed('dismiss', '1', '--reopen'), [0, '1 rejected row open again']);
    const [code, replayed] = await typed('replay', '1');
    match(replayed, /0 of 1 rows taken in, 0 removed\n {2}1 rejected again: gateway rejects --load 1 says why/);
    equal(code, 2);
    deepEqual(await typed('replay', '2'), [
      1,
      'None of these rows is open: gateway rejects 2 says what became of them.',
    ]);
    deepEqual(await typed('replay', '--code', 'TOO_LONG'), [0, 'There is no rejected row to replay.']);
    const [none, told] = await typed('dismiss', '2', '77', '--reason', 'x');
    match(told, /^There is no rejected row, and no refused file, that is open by what was said: gateway rejects/);
    equal(none, 1);
  });

  it('counts a refused file until it is taken, or done with by a word', async () => {
    equal(await ingest('odd.csv', 'a,b\n1,2\n'), 2);
    const { state, findings } = JSON.parse((await status(true))[1]);
    deepEqual([state, findings.map(({ kind }: { kind: string }) => kind)], ['error', ['refused-file', 'open-rejects']]);
    deepEqual(await typed('dismiss', '--load', '3', '--reason', 'not ours'), [
      0,
      'the refused file of load 3 is done with',
    ]);
    equal((await status())[0], 1);
    deepEqual(await typed('dismiss', '--load', '3', '--reopen'), [0, 'the refused file of load 3 is open again']);
    equal((await status())[0], 2);
    equal(await cases('odd.csv', [{ CaseId: 7 }]), 0);
    equal((await status())[0], 1);
  });
});
