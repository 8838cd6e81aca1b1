import type { Catalogue, Derivation } from '../../catalogue/catalogue.ts';
import { unifiedOf } from '../../unify/bind-unified.ts';
import { setsRead } from '../../unify/reads.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { columnOf, storedTable } from '../stored/stored-table.ts';

export type LiveDerivation = Extract<Derivation, { readonly kind: 'bridge' | 'dimension' | 'unified' | 'calendar' }>;

/** What derived rows know by a former derivation only, and what does not stay therefore. */
export interface Unlearned {
  /** Things that nothing names now leave. */
  readonly things: boolean;
  /** Columns whose former values do not stay where nothing gives them one now. */
  readonly columns: ReadonlySet<string>;
}

/** A set whose rows follow from another set's. */
export interface DerivedTable {
  readonly table: StoredTable;
  readonly derivation: LiveDerivation;
  /** Where it is made again after the metadata changed. */
  readonly unlearned?: Unlearned;
  /** What nothing names any more leaves: it was named by rows that are kept no longer. */
  readonly outlived?: boolean;
  /** Columns whose values come from cells that a deletion empties: what nothing says any more is not kept. */
  readonly clears?: ReadonlySet<string>;
}

/** A derived set whose rows are named by the rows of others. */
export interface NamedTable extends DerivedTable {
  readonly derivation: Extract<Derivation, { readonly kind: 'bridge' | 'dimension' }>;
}

export function isNamed(derived: DerivedTable): derived is NamedTable {
  return derived.derivation.kind === 'bridge' || derived.derivation.kind === 'dimension';
}

/** A derived set that says what others say of the things in it. */
export interface DerivedDimension extends NamedTable {
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
export function forgets({ derivation, unlearned, outlived }: DerivedTable): boolean {
  return unlearned?.things === true || outlived === true || keepsPace(derivation);
}

/** Whether what it knew of a thing goes where nothing says it now. */
export function forgetsValue({ derivation, unlearned, clears }: DerivedTable, column: string): boolean {
  return unlearned?.columns.has(column) === true || clears?.has(column) === true || keepsPace(derivation);
}

function keepsPace(derivation: LiveDerivation): boolean {
  return derivation.kind === 'dimension'
    ? derivation.from.some((source) => source.follows)
    : derivation.kind !== 'calendar';
}

/** What was found once for a catalogue, which does not change: each load asks, and the first start for each set again and again. */
interface Found {
  readonly from: Map<string, readonly DerivedTable[]>;
  tables: readonly DerivedTable[] | null;
}

const known = new WeakMap<Catalogue, Found>();

function foundIn(catalogue: Catalogue): Found {
  const found = known.get(catalogue) ?? { from: new Map(), tables: null };
  known.set(catalogue, found);
  return found;
}

/** The sets that take rows from `setName`, in the catalogue's order. The same catalogue gives the same objects. */
export function derivedFrom(catalogue: Catalogue, setName: string): readonly DerivedTable[] {
  const { from } = foundIn(catalogue);
  const derived = from.get(setName) ?? findDerived(catalogue, setName);
  from.set(setName, derived);
  return derived;
}

function findDerived(catalogue: Catalogue, setName: string): readonly DerivedTable[] {
  return [...catalogue.sets.values()].flatMap((set) => {
    if (set.kind !== 'stored' || set.derivation === null || set.derivation.kind === 'rows') {
      return [];
    }
    const { derivation } = set;
    if (!setsOf(catalogue, set.name, derivation).has(setName)) {
      return [];
    }
    const table = storedTable(catalogue, set.name);
    return [{ table, derivation, clears: clearedColumns(catalogue, table, derivation) }];
  });
}

/** Own columns that take cells which a deletion in a source set empties. */
function clearedColumns(catalogue: Catalogue, table: StoredTable, derivation: LiveDerivation): ReadonlySet<string> {
  if (derivation.kind !== 'dimension') {
    return new Set();
  }
  return new Set(
    derivation.from.flatMap((one) => {
      const from = storedTable(catalogue, one.set);
      const cleared = new Set(from.kept.filter(({ deletions }) => deletions.length > 0).map(({ column }) => column));
      return [...one.columns].flatMap(([ours, theirs]) =>
        cleared.has(from.columns.get(theirs)?.name ?? '') ? [columnOf(table, ours)] : [],
      );
    }),
  );
}

/** All derived sets, each after those that it is made of. */
export function derivedTables(catalogue: Catalogue): readonly DerivedTable[] {
  const found = foundIn(catalogue);
  found.tables ??= findTables(catalogue);
  return found.tables;
}

function findTables(catalogue: Catalogue): readonly DerivedTable[] {
  const found = new Map<string, DerivedTable>();
  const visit = (set: string): void => {
    for (const one of derivedFrom(catalogue, set)) {
      // Those below are put behind again, however they were reached before.
      found.delete(one.table.set.name);
      found.set(one.table.set.name, one);
      visit(one.table.set.name);
    }
  };
  for (const set of catalogue.sets.values()) {
    if (set.kind === 'stored' && set.derivation === null) {
      visit(set.name);
    }
  }
  return [...found.values()];
}

/** The sets that a derived set is made of. */
export const madeOf = (catalogue: Catalogue, { table, derivation }: DerivedTable): ReadonlySet<string> =>
  setsOf(catalogue, table.set.name, derivation);

function setsOf(catalogue: Catalogue, name: string, derivation: LiveDerivation): ReadonlySet<string> {
  if (derivation.kind === 'unified') {
    const unified = unifiedOf(catalogue, name);
    return unified === null ? new Set() : setsRead(unified);
  }
  return new Set(derivation.kind === 'bridge' ? [derivation.from] : derivation.from.map((one) => one.set));
}

/** The sets that a derived set is made of, and those that these are made of. */
export function sourcesOf(catalogue: Catalogue, derived: DerivedTable): ReadonlySet<string> {
  const direct = madeOf(catalogue, derived);
  const above = derivedTables(catalogue).filter((one) => direct.has(one.table.set.name));
  return new Set([...direct, ...above.flatMap((one) => [...sourcesOf(catalogue, one)])]);
}

/** A set, what is derived from it, what is derived from that, and every set those read. */
export function setsTouched(catalogue: Catalogue, setName: string): readonly string[] {
  const touched = new Set<string>();
  const visit = (name: string): void => {
    if (touched.has(name)) {
      return;
    }
    touched.add(name);
    for (const derived of derivedFrom(catalogue, name)) {
      visit(derived.table.set.name);
    }
  };
  visit(setName);
  return [...touched];
}
