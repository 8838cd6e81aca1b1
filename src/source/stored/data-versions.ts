import { literal } from '../../sql/literal.ts';
import type { ReadSession } from '../../warehouse/database.ts';

/** A SELECT of the data versions of sets, for `ReadOptions.opening`: one text for each set that has one. */
export function versionsText(sets: readonly string[]): string {
  const names = sets.map((name) => literal({ type: 'Edm.String', value: name })).join(', ');
  // A history that began anew counts from the same numbers: its epoch tells it apart.
  return `SELECT entity_set || '=' || version || '/' || epoch FROM gateway.set_versions WHERE entity_set IN (${names}) ORDER BY entity_set`;
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
