import { foldHeader } from '../../catalogue/compile/export/fold-header.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { matchHeader } from '../identify/match-header.ts';
import type { ChangedExport } from '../ledger/known-headers.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import type { ExtrasLoad } from './extras-reader.ts';

interface LoadRow extends Record<string, unknown> {
  readonly load_id: string;
  readonly source: string;
  readonly export: string;
  readonly header: string;
  readonly period_start: string | null;
  readonly period_end: string | null;
}

/** The loads of the changed exports whose rows may hold cells under a header that is known now, by load id. */
export async function candidateLoads(
  transaction: Transaction,
  { table, changed }: { readonly table: StoredTable; readonly changed: readonly ChangedExport[] },
): Promise<ReadonlyMap<string, ExtrasLoad>> {
  const found = new Map<string, ExtrasLoad>();
  const news: ChangedExport[] = [];
  for (const one of changed) {
    if (await hasNews(transaction, one)) {
      news.push(one);
    }
  }
  if (news.length === 0) {
    return found;
  }
  const { rows } = await transaction.query<LoadRow>(
    `SELECT load_id::text, source, export, header::text, period_start::text, period_end::text
       FROM gateway.load JOIN unnest($1::text[], $2::text[]) AS x(source, export) USING (source, export)
      WHERE state = 'loaded' AND header IS NOT NULL AND load_id IN (SELECT DISTINCT coalesce(_place >> 31, _load_id) FROM ${table.name})`,
    [news.map(({ target }) => target.source), news.map(({ target }) => target.name)],
  );
  for (const row of rows) {
    const one = news.find(({ target }) => target.source === row.source && target.name === row.export);
    if (one === undefined) {
      continue;
    }
    const header = JSON.parse(row.header) as string[];
    const emptied = [...one.returned].filter(([, last]) => BigInt(row.load_id) > BigInt(last)).map(([text]) => text);
    const { period_start: start, period_end: end } = row;
    found.set(row.load_id, {
      target: one.target,
      header,
      period: start === null || end === null ? null : { start: new Date(start), end: new Date(end) },
      emptied: new Set(emptied.filter((text) => header.some((cell) => foldHeader(cell) === text))),
    });
  }
  return found;
}

/** Whether a header that files had and nobody knew is a column now. */
async function hasNews(transaction: Transaction, { target, changed }: ChangedExport): Promise<boolean> {
  const { rows } = await transaction.query<{ header: string }>(
    `SELECT DISTINCT header FROM gateway.drift WHERE source = $1 AND export = $2 AND kind = 'unknown'`,
    [target.source, target.name],
  );
  if (rows.length === 0) {
    return false;
  }
  const placed = target.columns.some(
    ({ position, headers }) => position !== null && headers.some(({ text }) => changed.has(foldHeader(text))),
  );
  return (
    placed || rows.some(({ header }) => changed.has(foldHeader(header)) && matchHeader(target, [header]).matched > 0)
  );
}
