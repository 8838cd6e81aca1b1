import type { Catalogue, Derivation } from '../../catalogue/catalogue.ts';
import type { StoredTable } from './stored-table.ts';
import { storedTable } from './stored-table.ts';

export type LiveDerivation = Extract<Derivation, { readonly kind: 'bridge' | 'dimension' }>;

/** A set whose rows follow from another set's. */
export interface DerivedTable {
  readonly table: StoredTable;
  readonly derivation: LiveDerivation;
}

/** A derived set that says what others say of the things in it. */
export interface DerivedDimension extends DerivedTable {
  readonly derivation: Extract<Derivation, { readonly kind: 'dimension' }>;
}

/** The derived set as a dimension; null: it is a bridge. */
export function asDimension({ table, derivation }: DerivedTable): DerivedDimension | null {
  return derivation.kind === 'dimension' ? { table, derivation } : null;
}

/**
 * A thing that nobody names any more leaves where a set takes its rows along. Where all sets only mention it, it stays
 * known: a period that is restated does not unmake an agent.
 */
export function forgets({ derivation }: DerivedTable): boolean {
  return derivation.kind === 'bridge' || derivation.from.some((source) => source.follows);
}

/** The sets that take rows from `setName`, in the catalogue's order. */
export function derivedFrom(catalogue: Catalogue, setName: string): readonly DerivedTable[] {
  return [...catalogue.sets.values()].flatMap((set) => {
    if (set.kind !== 'stored' || set.derivation === null || set.derivation.kind === 'rows') return [];
    const { derivation } = set;
    const takes =
      derivation.kind === 'bridge' ? derivation.from === setName : derivation.from.some((one) => one.set === setName);
    return takes ? [{ table: storedTable(catalogue, set.name), derivation }] : [];
  });
}

/** A set, what is derived from it, what is derived from that, and every set those read. */
export function setsTouched(catalogue: Catalogue, setName: string): readonly string[] {
  const touched = new Set<string>();
  const visit = (name: string): void => {
    if (touched.has(name)) return;
    touched.add(name);
    for (const derived of derivedFrom(catalogue, name)) visit(derived.table.set.name);
  };
  visit(setName);
  return [...touched];
}
