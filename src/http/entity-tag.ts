import { createHash } from 'node:crypto';
import type { EntitySet } from '../edm/model.ts';
import type { ReadPlan } from '../plan/model/read-plan.ts';
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

/** Every entity set whose rows may take part in a plan, in alphabetical order. */
export function setsOf(plan: ReadPlan): readonly string[] {
  const names = new Set<string>();
  collect(plan, { names, seen: new Set() });
  return [...names].sort();
}

function collect(node: unknown, found: { readonly names: Set<string>; readonly seen: Set<unknown> }): void {
  if (typeof node !== 'object' || node === null || node instanceof Map || found.seen.has(node)) {
    return;
  }
  found.seen.add(node);
  if ('kind' in node && node.kind === 'EntitySet') {
    found.names.add((node as EntitySet).name);
    return;
  }
  if ('kind' in node && (node.kind === 'EntityType' || node.kind === 'Property')) {
    return;
  }
  for (const part of Object.values(node)) {
    collect(part, found);
  }
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
