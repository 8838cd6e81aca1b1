import {
  type RejectedRow,
  type RejectFilter,
  type RejectGroup,
  rejectedRows,
  rejectGroups,
} from '../../ingest/ledger/reject-work.ts';
import { exitCodes } from '../support/exit-code.ts';
import { type Surroundings, withLedger } from '../support/surroundings.ts';
import { whatToDo } from './what-to-do.ts';

export interface RejectsFlags extends RejectFilter {
  /** How many rows are shown of each kind of fault. */
  readonly limit: number;
  /** Show the rows as they stand in their files: they are about people. */
  readonly raw: boolean;
  readonly json: boolean;
}

/** `gateway rejects`: rejected rows by what is wrong with them, or those that are named, whole. Only reads. */
export async function rejectsCommand(surroundings: Surroundings, flags: RejectsFlags): Promise<number> {
  const { print } = surroundings;
  return withLedger(surroundings, async ({ database }) => {
    const { ids = [], limit, raw, json } = flags;
    if (ids.length > 0) {
      const rows = await rejectedRows(database, { ...flags, state: 'all' }, { limit: ids.length, raw });
      print(json ? JSON.stringify(rows) : rows.map(wholeRow).join('\n\n'));
      const missing = ids.filter((id) => !rows.some((row) => row.reject_id === id));
      if (missing.length > 0) {
        print(`There is no rejected row ${missing.join(', ')}; gateway rejects lists those that are open.`);
      }
      return missing.length > 0 ? exitCodes.failed : exitCodes.ok;
    }
    const groups = await rejectGroups(database, flags);
    const rows = await rejectedRows(database, flags, { limit: limit * Math.max(groups.length, 1), raw });
    if (json) {
      print(JSON.stringify({ groups, rows: rows.slice(0, limit) }));
      return exitCodes.ok;
    }
    if (groups.length === 0) {
      print(flags.state === undefined ? 'There is no open rejected row.' : 'There is no such rejected row.');
    }
    for (const group of groups) {
      groupLines(group, rows.filter(isOf(group)).slice(0, limit)).forEach(print);
    }
    return exitCodes.ok;
  });
}

const isOf =
  (group: RejectGroup) =>
  (row: RejectedRow): boolean =>
    (['source', 'export', 'code', 'property', 'header', 'state'] as const).every((name) => row[name] === group[name]);

function groupLines(group: RejectGroup, rows: readonly RejectedRow[]): readonly string[] {
  const { source, export: name, code, header, property, state, rows: count, loads, first_seen: first } = group;
  const where = header ?? property;
  const seen = first === group.last_seen ? first : `${first} to ${group.last_seen}`;
  return [
    `${source}/${name}: ${count} ${code}${where === null ? '' : ` in ${where}`}, ${state}, of ${loads} load(s), ${seen}`,
    ...(state === 'open' ? [`  ${whatToDo(code)}`] : []),
    ...rows.flatMap((row) => [
      `  ${row.reject_id}: ${row.file_name} (load ${row.load_id}), line ${row.line ?? '?'}: ${row.message}`,
      ...(row.raw_text == null ? [] : [`    ${row.raw_text}`]),
    ]),
    ...(Number(count) > rows.length ? [`  and ${Number(count) - rows.length} more`] : []),
  ];
}

function wholeRow(row: RejectedRow): string {
  const lines: readonly (readonly [string, string | null | undefined])[] = [
    ['reject', row.reject_id],
    ['export', `${row.source}/${row.export}`],
    ['file', `${row.file_name}, load ${row.load_id} of ${row.seen_at}`],
    ['place', `line ${row.line ?? '?'}, bytes ${row.byte_start ?? '?'} to ${row.byte_end ?? '?'}`],
    ['column', row.header ?? row.property],
    ['fault', `${row.code}: ${row.message}`],
    ['key', row.key_known ? 'known: a newer file that brings the row closes it' : 'not known: no newer file closes it'],
    ['state', stateText(row)],
    ['reason', row.reason],
    ['to do', row.state === 'open' ? whatToDo(row.code) : null],
    ['text', row.raw_text],
  ];
  return lines.flatMap(([name, value]) => (value == null ? [] : [`${name.padEnd(8)}${value}`])).join('\n');
}

function stateText({ state, closed_at: at, closed_by: by, closed_by_load: load }: RejectedRow): string {
  const when = at === null ? '' : ` at ${at}`;
  const who = by === null ? '' : ` by ${by}`;
  return `${state}${when}${who}${load === null ? '' : ` by load ${load}`}`;
}
