import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { apart } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { noteJoin } from '../ledger/confirmations.ts';
import { compareFiles, placeAt, statedLater, storedPlace } from '../ledger/file-order.ts';
import { sharesNewness } from '../stored/bound-columns.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import { actionLiteral, isAction } from './actions.ts';
import { absent, extrasOf, newerThanCell, remainingExtras } from './carried-cells.ts';
import type { Decisions } from './decide-rows.ts';
import type { MergeInput } from './merge-input.ts';
import { literalScope, scopeColumns, scopesQuery } from './replaced-scopes.ts';

// Where rows are replaced together, a file that does not hold a row of its period or parent ends it: what older files said of the
// key says nothing of a row that comes back. So a row notes the newest file that lacked it (`absent` in its `_cells`: file time,
// place): a row that is new where its period or parent is not, and one that an older file, coming late, does not hold.

/** What a load is about to note of rows that some file did not hold, as `noteAbsences` found it. Names are of temporary tables. */
export interface Absences {
  /** Of inserted rows that the file before did not hold: `_line`, and the `_cells` that note it; null: there are none. */
  readonly newcomers: string | null;
  /** Rows of newer files that are not in this one: `_target`, and which cells they lose (`_gone`); null: there are none. */
  readonly lacked: string | null;
  /** Those of them that lose cells which still older files gave them. */
  readonly cleared: number;
}

/** Finds them, before anything is written; rows that lose cells are among the decided ones then, to `clear`. */
export async function noteAbsences(
  transaction: Transaction,
  catalogue: Catalogue,
  { input, target, decisions }: Found,
): Promise<Absences> {
  if (scopeColumns(input) === null) {
    return { newcomers: null, lacked: null, cleared: 0 };
  }
  const newcomers =
    decisions.counts.inserted > 0 ? await findNewcomers(transaction, { input, target, decisions }) : null;
  // Of a load of which rows are replayed it is not known which others it held.
  const late = input.removes && !input.replayed && (await isLate(transaction, catalogue, input));
  const lacked = late ? await findLacked(transaction, input) : null;
  if (lacked === null || input.shape.others === null) {
    return { newcomers, lacked, cleared: 0 };
  }
  const cleared = await transaction.query(
    `INSERT INTO ${decisions.rows} (_line, _target, _action) SELECT NULL, _target, ${actionLiteral('clear')} FROM ${lacked} WHERE _gone IS NOT NULL`,
  );
  return { newcomers, lacked, cleared: cleared.rowCount };
}

interface Found {
  readonly input: MergeInput;
  readonly target: Export;
  readonly decisions: Decisions;
}

async function findNewcomers(transaction: Transaction, { input, target, decisions }: Found): Promise<string | null> {
  const { staged, table, file } = input;
  const newcomers = 'newcomer_rows';
  const inserted = isAction('d', 'insert');
  const scope = scopeColumns(input) ?? [];
  await transaction.query(`DROP TABLE IF EXISTS pg_temp.${newcomers}`);
  const create = `CREATE TEMP TABLE ${newcomers} ON COMMIT DROP AS SELECT d._line`;
  if (literalScope(input)) {
    const before = await fileBefore(transaction, target, file.loadId, file.earlier);
    if (before === null) {
      return null;
    }
    await transaction.query(
      `${create}, ${entry('$1::timestamptz', placeAt(before.loadId))} AS _cells FROM ${decisions.rows} d WHERE ${inserted}`,
      [before.fileTime],
    );
    return newcomers;
  }
  // Rows that are new stand in no newer file's period, so the newest row of it is the file's before.
  const scopes = `SELECT DISTINCT ${columnList(scope, 's')} FROM ${decisions.rows} d JOIN ${staged.name} s ON s._line = d._line WHERE ${inserted}`;
  const [noted, stamp, load] = input.notes.some
    ? [
        noteJoin(table, { alias: 'n' }),
        'coalesce(n.file_time, t._stamp)',
        `coalesce(n.load_id, ${storedPlace('t')} >> 31)`,
      ]
    : ['', 't._stamp', `${storedPlace('t')} >> 31`];
  const files = `SELECT DISTINCT ${columnList(scope, 't')}, ${stamp} AS _stamp, ${load} AS _load FROM ${table.name} t JOIN (${scopes}) p ON ${sameKey('p', 't', scope)}${noted} WHERE t._stamp IS NOT NULL`;
  const before = `SELECT DISTINCT ON (${columnList(scope, 'f')}) ${columnList(scope, 'f')}, f._stamp, f._load FROM (${files}) f JOIN gateway.load l ON l.load_id = f._load WHERE l.removal = 'done' ORDER BY ${columnList(scope, 'f')}, f._stamp DESC, f._load DESC`;
  const { rowCount } = await transaction.query(
    `${create}, ${entry('b._stamp', placeAt('b._load'))} AS _cells FROM ${decisions.rows} d JOIN ${staged.name} s ON s._line = d._line JOIN (${before}) b ON ${sameKey('s', 'b', scope)} WHERE ${inserted}`,
  );
  return rowCount > 0 ? newcomers : null;
}

const entry = (stamp: string, place: string): string =>
  `jsonb_build_object(${escapeText(absent)}, jsonb_build_array(${stamp}, ${place}))`;

interface Before extends Record<string, unknown> {
  readonly load_id: string;
  readonly file_name: string;
  readonly sha256: string;
  readonly modified: string;
  readonly file_time: string;
}

/** The newest of the older files of the whole period of a load: it may have had no rows. */
async function fileBefore(
  transaction: Transaction,
  target: Export,
  loadId: string,
  earlier: readonly string[],
): Promise<{ readonly loadId: string; readonly fileTime: string } | null> {
  const older = `l.source = $1 AND l.export = $2 AND l.state = 'loaded' AND l.removal = 'done' AND l.period_start = o.period_start AND l.period_end = o.period_end AND (l.file_time < o.file_time OR l.load_id = ANY($4))`;
  const { rows } = await transaction.query<Before>(
    `SELECT l.load_id::text, l.file_name, l.sha256, coalesce(to_char(l.modified_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS'), '') AS modified, l.file_time::text FROM gateway.load o JOIN gateway.load l ON ${older} WHERE o.load_id = $3 ORDER BY l.file_time DESC`,
    [target.source, target.name, loadId, earlier],
  );
  const newest = rows.filter((row) => row.file_time === rows[0]?.file_time);
  const [last] = newest.sort((a, b) => compareFiles(b, a) || Number(b.load_id) - Number(a.load_id));
  return last === undefined ? null : { loadId: last.load_id, fileTime: last.file_time };
}

/** Whether a newer file of the set was loaded before. */
async function isLate(transaction: Transaction, catalogue: Catalogue, { table, file }: MergeInput): Promise<boolean> {
  const writing = catalogue.exports.filter((one) => one.set === table.set.name);
  const { rows } = await transaction.query<{ late: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM gateway.load JOIN unnest($1::text[], $2::text[]) AS x(source, export) USING (source, export) WHERE state = 'loaded' AND (file_time > $3 OR load_id = ANY($4))) AS late`,
    [writing.map((one) => one.source), writing.map((one) => one.name), file.fileTime, file.later],
  );
  return rows[0]?.late === true;
}

/** Rows that newer files stated, in periods and parents of this one, which does not hold them. */
async function findLacked(transaction: Transaction, input: MergeInput): Promise<string | null> {
  const { staged, table, file, shape } = input;
  const lacked = 'lacked_rows';
  const scope = scopeColumns(input) ?? [];
  const scopes = scopesQuery(input);
  const lacking = `NOT EXISTS (SELECT 1 FROM ${apart(staged.name)} s WHERE ${sameKey('s', 't', table.key)})`;
  const newer = (cell: string): string => newerThanCell(input, `t._cells -> ${cell}`, '0');
  const last = `(t._cells -> ${escapeText(absent)} IS NULL OR ${newer(escapeText(absent))})`;
  const [gone, joined] =
    shape.others === null
      ? ['NULL::text[]', '']
      : [
          `(SELECT array_agg(n) FROM jsonb_object_keys(t._cells) AS n WHERE n <> ${escapeText(absent)} AND ${isOlderFiles(input)} AND ${newer('n')} AND ${isShown(input)})`,
          ` LEFT JOIN ${shape.others.table} p ON p.load_id = coalesce(t._place >> 31, t._load_id)`,
        ];
  await transaction.query(`DROP TABLE IF EXISTS pg_temp.${lacked}`);
  const { rowCount } = await transaction.query(
    `CREATE TEMP TABLE ${lacked} ON COMMIT DROP AS SELECT t._row AS _target, ${gone} AS _gone FROM ${table.name} t JOIN (${scopes.text}) p_ ON ${sameKey('p_', 't', scope)}${joined} WHERE t._load_id IS NOT NULL AND ${statedLater(file, 't', '$1::timestamptz')} AND ${lacking} AND ${last}`,
    [file.fileTime, ...scopes.values],
  );
  return rowCount > 0 ? lacked : null;
}

/** Whether the row's last load does not state the cell `n` itself. */
function isOlderFiles({ shape }: MergeInput): string {
  const states = [...shape.states].map(escapeText).join(', ');
  const stated = states === '' ? 'false' : `n IN (${states})`;
  return `CASE WHEN ${stated} THEN coalesce(n = ANY(p.added), false) ELSE coalesce(n <> ALL(p.dropped), true) END`;
}

/** Whether the cell `n` has a value. */
function isShown({ table, shape }: MergeInput): string {
  const extras = extrasOf(table, shape);
  const column = `to_jsonb(t) ->> n IS NOT NULL`;
  return extras === null
    ? column
    : `CASE WHEN starts_with(n, '+') THEN t.${extras}::json -> substr(n, 2) IS NOT NULL ELSE ${column} END`;
}

/** Notes on rows of newer files that this one does not hold them, and takes away what files before it said. */
export async function writeLacked(
  transaction: Transaction,
  {
    table,
    file,
    shape,
    absences: { lacked },
    version,
  }: Pick<MergeInput, 'table' | 'file' | 'shape'> & { readonly absences: Absences; readonly version: string },
): Promise<void> {
  if (lacked === null) {
    return;
  }
  const extras = extrasOf(table, shape);
  const columns = shape.others === null ? [] : [...table.columns.values()].map(({ name }) => name);
  const emptied = columns
    .filter((name) => sharesNewness(table, name) && name !== table.columns.get('Extras')?.name)
    .map(
      (name) =>
        `${quoteIdentifier(name)} = CASE WHEN ${escapeText(name)} = ANY(l._gone) THEN NULL ELSE t.${quoteIdentifier(name)} END`,
    );
  if (extras !== null) {
    emptied.push(
      `${extras} = CASE WHEN l._gone IS NULL THEN t.${extras} ELSE ${remainingExtras(extras, 'l._gone')} END`,
    );
  }
  const cells = `_cells = (coalesce(t._cells, '{}') - coalesce(l._gone, '{}')) || ${entry('$1::timestamptz', placeAt(file.loadId))}`;
  const changed = `_version = CASE WHEN l._gone IS NULL THEN t._version ELSE $2 END`;
  await transaction.query(
    `UPDATE ${table.name} t SET ${[...emptied, cells, changed].join(', ')} FROM ${lacked} l WHERE l._target = t._row`,
    [file.fileTime, version],
  );
}
