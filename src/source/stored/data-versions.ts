import type { Catalogue } from '../../catalogue/catalogue.ts';
import { historyTables } from '../../sql/identifier.ts';
import { literal } from '../../sql/literal.ts';
import type { ReadSession } from '../../warehouse/database.ts';

/** A SELECT of the data versions of sets, for `ReadOptions.opening`: one text for each set that has one. */
export function versionsText(sets: readonly string[], catalogue: Catalogue): string {
  const tables = new Map<string, string[]>();
  for (const name of sets) {
    const { versions: table } = historyTables(catalogue.sets.get(name));
    tables.set(table, [...(tables.get(table) ?? []), literal({ type: 'Edm.String', value: name })]);
  }
  // A history that began anew counts from the same numbers: its epoch tells it apart.
  const selects = [...tables].map(
    ([table, names]) =>
      `SELECT entity_set || '=' || version || '/' || epoch FROM ${table} WHERE entity_set IN (${names.join(', ')})`,
  );
  return selects.length === 1
    ? `${selects.join('')} ORDER BY entity_set`
    : `SELECT v FROM (${selects.join(' UNION ALL ')}) AS o(v) ORDER BY v`;
}

/**
 * Data versions of the sets in the session's snapshot, as one text; null: one of them has none, or there is no set, so that
 * nothing can be promised. The session was opened with `versionsText` of the same sets.
 */
export async function currentVersions(session: ReadSession, sets: readonly string[]): Promise<string | null> {
  if (sets.length === 0) {
    return null;
  }
  const rows = await session.opening();
  return rows.length === sets.length ? rows.map(([version]) => version ?? '').join(' ') : null;
}
