import { createHash } from 'node:crypto';
import { literal } from '../sql/literal.ts';
import type { TextRow } from '../warehouse/database.ts';

/** A strong ETag over everything that decides the bytes of a reply. */
export function entityTag(parts: readonly unknown[]): string {
  return `"${createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 27)}"`;
}

/** Whether an If-None-Match header names the tag (RFC 9110, 13.1.2; the comparison is weak). */
export function matches(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) {
    return false;
  }
  if (ifNoneMatch.trim() === '*') {
    return true;
  }
  return ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === tag);
}

/** A SELECT of the data versions of sets, for `ReadOptions.opening`. */
export function versionsText(sets: readonly string[]): string {
  const names = sets.map((name) => literal({ type: 'Edm.String', value: name })).join(', ');
  // A history that began anew counts from the same numbers: its epoch tells it apart.
  return `SELECT entity_set || '=' || version || '/' || epoch FROM gateway.set_versions WHERE entity_set IN (${names}) ORDER BY entity_set`;
}

/** What `versionsText` found, one text for each set; null where one of them has no version, so that nothing can be promised. */
export function versionsIn(rows: readonly TextRow[], sets: readonly string[]): readonly string[] | null {
  return rows.length === sets.length ? rows.map(([version]) => version ?? '') : null;
}
