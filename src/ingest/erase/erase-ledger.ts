import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { RecordEraser } from '../convert/record-eraser.ts';
import { type RejectCode, rejectCodes } from '../csv/reject-codes.ts';
import { matchHeader } from '../identify/match-header.ts';
import { beginHistory } from '../ledger/set-version.ts';
import { recordsOf } from '../load/reject-record.ts';
import { ErasureRules } from '../personal/erasure-rules.ts';
import type { Persons } from '../personal/persons.ts';
import { storedTable } from '../stored/stored-table.ts';

interface RejectRow extends Record<string, unknown> {
  readonly reject_id: string;
  readonly line: string;
  readonly code: RejectCode;
  readonly message: string;
  readonly raw_text: string | null;
  readonly key: readonly string[] | null;
  readonly source: string;
  readonly export: string;
  readonly delimiter: string | null;
  readonly header: string | null;
}

export interface LedgerErasure {
  readonly persons: Persons;
  /** null: all. */
  readonly source: string | null;
  readonly dryRun: boolean;
}

/** Rejected rows read at once: each may have a text of 64 KiB. */
const batch = 200;
/** Keys of removed rows read at once. */
const keys = 10_000;
/** Nothing of the row may stay, and nobody can replay it. */
const isGone = `$2::text IS NULL AND state = 'open'`;

/** Takes persons out of rejected rows: a row of theirs is dismissed without its text, of others the cells are emptied. Resolves to how many. */
export async function eraseRejects(
  transaction: Transaction,
  catalogue: Catalogue,
  { persons, source, dryRun }: LedgerErasure,
): Promise<number> {
  await transaction.query(
    `DECLARE looked_through NO SCROLL CURSOR FOR SELECT reject_id::text, line::text, r.code, r.message, raw_text, r.key, l.source, l.export, l.delimiter, l.header::text FROM gateway.reject r JOIN gateway.load l USING (load_id) WHERE $1::text IS NULL OR l.source = $1`,
    [source],
  );
  const looks = new Map<string, Look | null>();
  let count = 0;
  for (;;) {
    const { rows } = await transaction.query<RejectRow>(`FETCH ${batch} FROM looked_through`);
    if (rows.length === 0) {
      break;
    }
    for (const row of rows) {
      const asked = JSON.stringify([row.source, row.export, row.delimiter, row.header]);
      const look = looks.get(asked) ?? lookOf(catalogue, row, persons);
      looks.set(asked, look);
      const isKeyed = look !== null && keyNames(row, look, persons);
      const raw = row.raw_text === null || isKeyed ? null : textWithout(row.raw_text, look, { persons });
      const isQuoted = isKeyed || raw !== row.raw_text || persons.mentions(row.message);
      if (!isQuoted) {
        continue;
      }
      count++;
      if (!dryRun) {
        await transaction.query(
          `UPDATE gateway.reject SET raw_text = $2, message = $3, key = CASE WHEN $2::text IS NOT NULL THEN key END, holds = CASE WHEN $2::text IS NOT NULL THEN holds END, state = CASE WHEN ${isGone} THEN 'dismissed' ELSE state END, closed_at = CASE WHEN ${isGone} THEN now() ELSE closed_at END, reason = CASE WHEN ${isGone} THEN 'The row was of a person who was erased.' ELSE reason END WHERE reject_id = $1`,
          [row.reject_id, raw, rejectCodes[row.code] ?? ''],
        );
      }
    }
  }
  await transaction.query('CLOSE looked_through');
  return count;
}

/** How the rows of one header of an export are looked at. */
interface Look {
  readonly rules: ErasureRules;
  /** Properties by their place in the key. */
  readonly key: readonly string[];
  readonly delimiter: string | null;
  /** null: the load has no header. */
  readonly eraser: RecordEraser | null;
}

/** null: the metadata has no such export any more. */
function lookOf(
  catalogue: Catalogue,
  { source, export: name, delimiter, header }: RejectRow,
  persons: Persons,
): Look | null {
  const target = catalogue.exports.find((one) => one.source === source && one.name === name);
  if (target === undefined) {
    return null;
  }
  const rules = new ErasureRules(catalogue, target.set);
  const { columns, key } = storedTable(catalogue, target.set);
  const properties = new Map([...columns].map(([property, column]) => [column.name, property]));
  const eraser =
    header === null || delimiter === null
      ? null
      : new RecordEraser(rules, persons, { match: matchHeader(target, JSON.parse(header) as string[]), delimiter });
  return { rules, key: key.map((column) => properties.get(column) ?? column), delimiter, eraser };
}

/** Whether the key of the row names somebody, also where its text is not kept. */
function keyNames({ key: values }: RejectRow, { rules, key }: Look, persons: Persons): boolean {
  const cell = (property: string): string | null => values?.[key.indexOf(property)] ?? null;
  return values !== null && rules.decide(persons, cell).kind !== 'keep';
}

/** null: nothing of the row may stay. */
function textWithout(text: string, look: Look | null, { persons }: { readonly persons: Persons }): string | null {
  const [record, more] = look?.delimiter == null ? [] : recordsOf(text, { delimiter: look.delimiter, line: 1 });
  if (look?.eraser == null || record === undefined || more !== undefined) {
    return persons.mentions(text) ? null : text;
  }
  const left = look.eraser.apply(record);
  return left === null ? null : left === record ? text : left.raw;
}

/** Takes persons out of what the ledger says of refused and failed files, which may quote a line of one. Resolves to how many. */
export async function eraseMessages(
  transaction: Transaction,
  { persons, source, dryRun }: LedgerErasure,
): Promise<number> {
  const { rows } = await transaction.query<{ id: string; message: string }>(
    `SELECT load_id::text AS id, message FROM gateway.load l WHERE message IS NOT NULL AND outcome_code IS NOT NULL AND ($1::text IS NULL OR coalesce(source, split_part(l.path, '/', 1)) = $1)`,
    [source],
  );
  const named = rows.filter(({ message }) => persons.mentions(message));
  if (!dryRun && named.length > 0) {
    await transaction.query(
      `UPDATE gateway.load SET message = outcome_code || ': What was said here named a person who was erased.' WHERE load_id = ANY($1::bigint[])`,
      [named.map(({ id }) => id)],
    );
  }
  return named.length;
}

/** Takes persons out of the samples of drift. Resolves to how many. */
export async function eraseDrift(
  transaction: Transaction,
  { persons, source, dryRun }: LedgerErasure,
): Promise<number> {
  const { rows } = await transaction.query<{ id: string; sample: string }>(
    `SELECT drift_id::text AS id, sample FROM gateway.drift WHERE sample IS NOT NULL AND ($1::text IS NULL OR source = $1)`,
    [source],
  );
  const named = rows.filter(({ sample }) => persons.isPerson(sample, false) || persons.mentions(sample));
  if (!dryRun && named.length > 0) {
    await transaction.query(`UPDATE gateway.drift SET sample = NULL WHERE drift_id = ANY($1::bigint[])`, [
      named.map(({ id }) => id),
    ]);
  }
  return named.length;
}

/** Keys of rows that left before, where they name a person: delta links of these sets expire. */
export async function eraseTombstones(
  transaction: Transaction,
  catalogue: Catalogue,
  { persons, sets, dryRun }: { readonly persons: Persons; readonly sets: readonly string[]; readonly dryRun: boolean },
): Promise<void> {
  const rules = new Map(sets.map((set) => [set, new ErasureRules(catalogue, set)] as const));
  const named = new Set<string>();
  await transaction.query(
    `DECLARE looked_through NO SCROLL CURSOR FOR SELECT entity_set, key FROM gateway.tombstones WHERE entity_set = ANY($1)`,
    [dryRun ? [] : sets],
  );
  for (;;) {
    const { rows } = await transaction.query<{ entity_set: string; key: Record<string, unknown> }>(
      `FETCH ${keys} FROM looked_through`,
    );
    if (rows.length === 0) {
      break;
    }
    for (const { entity_set: set, key } of rows) {
      // Keys of sets over all sources are made of a source and the id there.
      const made = catalogue.sources.get(catalogue.sets.get(set)?.source ?? '')?.kind === 'builtin';
      const id = (text: string): string => (made ? text.replace(/^[^:]*:(?:[a-z][a-z0-9]*-)?/, '') : text);
      const cell = (property: string): string | null => (property in key ? id(String(key[property])) : null);
      if (!named.has(set) && rules.get(set)?.decide(persons, cell).kind !== 'keep') {
        named.add(set);
      }
    }
  }
  await transaction.query('CLOSE looked_through');
  for (const set of named) {
    await beginHistory(transaction, set);
  }
}
