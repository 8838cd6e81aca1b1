import { keyProperties } from '../edm/key-properties.ts';
import type { Property } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import { canonicalDateTimeOffset } from '../plan/value/temporal-text.ts';
import { quoteIdentifier } from '../sql/identifier.ts';
import { escapeText } from '../sql/literal.ts';
import type { Transaction } from '../warehouse/database.ts';
import { noteRemovedRows } from '../warehouse/note-removed-rows.ts';
import { writeTombstones } from '../warehouse/write-tombstones.ts';
import type { ArchivedSet } from './archived-set.ts';
import { type Feed, oldestMoment, rowsOfKeys } from './feed-rows.ts';
import { type ArchiveTable, copiedRows, sameKeys, tableOf } from './merge-copied.ts';
import { firstMoment, type Part, partCondition } from './parts.ts';
import { hidesKey } from './policies.ts';

/** The temporary table of stored rows that a copy did not bring: `_target` is their `_row`. */
const goneRows = 'gone_rows';
/** Keys that the feed is asked for at once. */
const askedAtOnce = 450;
/** So many rows of a part may be deleted however few it has; of more, at most half. */
const fewRows = 100;

/** Rows of a part that the feed does not have any more. */
export interface GoneRows {
  readonly purged: number;
  readonly deleted: number;
}

export interface Looking {
  readonly archived: ArchivedSet;
  readonly table: ArchiveTable;
  readonly part: Part;
  readonly feed: Feed;
  /** Rows may go however many they are. */
  readonly force: boolean;
  /** Takes rows of the feed into the table of copied rows. */
  readonly take: (rows: AsyncIterable<string>) => Promise<void>;
}

/**
 * Finds the stored rows of a part that were not copied, and asks the feed for them by key: a page may have lost a row, or the row now
 * bears another time. What it still has is taken among the copied rows; what is left is gone: deleted where the feed has older rows, else purged,
 * also where nothing says how old rows are: what is marked and kept is not lost. Changes no stored row. Throws ArchiveShrunk.
 */
export async function findGone(transaction: Transaction, looking: Looking): Promise<void> {
  const { archived, table, part, feed, force } = looking;
  await transaction.query(
    `CREATE TEMP TABLE ${goneRows} (_target bigint PRIMARY KEY, _purged boolean NOT NULL DEFAULT true) ON COMMIT DROP`,
  );
  const within = partCondition(part, (property) => archived.table.columns.get(property)?.name ?? '');
  const found = await transaction.query(
    `INSERT INTO ${goneRows} (_target) SELECT t._row FROM ${table.name} t WHERE ${within} AND t.${table.purged} IS NULL AND NOT EXISTS (SELECT FROM ${copiedRows} s WHERE ${sameKeys('t', 's', table)})`,
  );
  if (found.rowCount === 0) {
    return;
  }
  const oldest = part.kind === 'window' ? await oldestMoment(feed, archived.live, part.by) : undefined;
  const column = `t.${quoteIdentifier((part.kind === 'whole' ? undefined : archived.table.columns.get(part.by.name)?.name) ?? '_row')}`;
  if (part.kind === 'window' && typeof oldest === 'string') {
    await transaction.query(
      `UPDATE ${goneRows} g SET _purged = false FROM ${table.name} t WHERE t._row = g._target AND ${column} >= $1::timestamptz`,
      [oldest],
    );
  }
  // What is older than all that the feed has, it surely has not.
  if (!hidesKey(archived)) {
    const which =
      oldest === undefined ? 'true' : `(NOT g._purged OR ${column} < ${escapeText(firstMoment)}::timestamptz)`;
    await askAgain(transaction, looking, which);
  }
  await transaction.query(
    `DELETE FROM ${goneRows} g USING ${table.name} t WHERE t._row = g._target AND EXISTS (SELECT FROM ${copiedRows} s WHERE ${sameKeys('t', 's', table)})`,
  );
  const { rows } = await transaction.query<{ deleted: string; all: string }>(
    `SELECT (SELECT count(*) FROM ${goneRows} WHERE NOT _purged)::text AS deleted, (SELECT count(*) FROM ${table.name} t WHERE ${within} AND t.${table.purged} IS NULL)::text AS all`,
  );
  const [deleted, all] = [Number(rows[0]?.deleted ?? 0), Number(rows[0]?.all ?? 0)];
  if (!force && deleted > fewRows && deleted * 2 > all) {
    throw new GatewayError(
      'ArchiveShrunk',
      `The feed does not have ${deleted} of the ${all} rows of ${archived.name} that were looked for, and they are newer than the oldest that it has: nothing was deleted`,
      { target: archived.name },
    );
  }
}

async function askAgain(
  transaction: Transaction,
  { archived, table, feed, take }: Looking,
  which: string,
): Promise<void> {
  const keyed = keyProperties(archived.live.entityType);
  const texts = keyed.map((property, place) => keyText(property, `t.${table.key[place] ?? ''}`)).join(', ');
  let whole = false;
  for (let after = '0'; !whole; ) {
    const { rows } = await transaction.query<{ target: string; key: string[] }>(
      `SELECT g._target::text AS target, ARRAY[${texts}]::text[] AS key FROM ${goneRows} g JOIN ${table.name} t ON t._row = g._target WHERE ${which} AND g._target > $1 ORDER BY g._target LIMIT ${askedAtOnce}`,
      [after],
    );
    const last = rows.at(-1);
    if (last === undefined) {
      return;
    }
    after = last.target;
    const keys = rows.map((row) => row.key.map((text, place) => canonical(keyed[place], text)));
    const onWhole = (): void => {
      whole = true;
    };
    await take(rowsOfKeys(feed, archived.live, { keys, onWhole }));
  }
}

function keyText({ type }: Property, column: string): string {
  return type === 'Edm.DateTimeOffset'
    ? `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
    : `${column}::text`;
}

const canonical = (property: Property | undefined, text: string): string =>
  property?.type === 'Edm.DateTimeOffset' ? (canonicalDateTimeOffset(text) ?? text) : text;

/** SELECT of the `_row` of the stored rows that `findGone` found to be deleted. */
export const deletedRows = `SELECT _target FROM ${goneRows} WHERE NOT _purged`;

/** Marks and deletes what `findGone` found. Deleted rows are told to delta links. */
export async function writeGone(
  transaction: Transaction,
  { archived, table }: Pick<Looking, 'archived' | 'table'>,
  version: string,
): Promise<GoneRows> {
  const { name, purged } = table;
  const marked = await transaction.query(
    `UPDATE ${name} t SET ${purged} = now(), _version = $1 FROM ${goneRows} g WHERE t._row = g._target AND g._purged`,
    [version],
  );
  await noteLeaving(transaction, archived, { where: `t._row IN (${deletedRows})`, values: [], version });
  const deleted = await transaction.query(
    `DELETE FROM ${name} t USING ${goneRows} g WHERE t._row = g._target AND NOT g._purged`,
  );
  return { purged: marked.rowCount, deleted: deleted.rowCount };
}

/** Notes, for delta links and for counts that are known, that the rows `t` leave which meet a condition. */
export async function noteLeaving(
  transaction: Transaction,
  archived: ArchivedSet,
  leaving: { readonly where: string; readonly values: readonly string[]; readonly version: string },
): Promise<void> {
  const table = tableOf(archived);
  const { where, values, version } = leaving;
  const [set, at] = [`$${String(values.length + 1)}`, `$${String(values.length + 2)}`];
  await transaction.query(
    writeTombstones(
      `${set}::text, jsonb_build_object(${keyPairs(archived, table)}), ${at}::bigint FROM ${table.name} t WHERE ${where}`,
    ),
    [...values, archived.name, version],
  );
  const leave = noteRemovedRows(`FROM ${table.name} t WHERE ${where}`, { set, version: at });
  await transaction.query(leave, [...values, archived.name, version]);
}

const keyPairs = ({ live }: ArchivedSet, { key }: ArchiveTable): string =>
  live.entityType.key.map((property, place) => `${escapeText(property)}::text, t.${key[place] ?? ''}`).join(', ');

/** Marks the rows that are older than all that the feed has; resolves to how many. */
export async function markPurged(
  transaction: Transaction,
  { archived, table }: Pick<Looking, 'archived' | 'table'>,
  { by, oldest, version }: { readonly by: Property; readonly oldest: string; readonly version: string },
): Promise<number> {
  const column = quoteIdentifier(archived.table.columns.get(by.name)?.name ?? '');
  const marked = await transaction.query(
    `UPDATE ${table.name} t SET ${table.purged} = now(), _version = $1 WHERE t.${column} >= $3::timestamptz AND t.${column} < $2::timestamptz AND t.${table.purged} IS NULL`,
    [version, oldest, firstMoment],
  );
  return marked.rowCount;
}
