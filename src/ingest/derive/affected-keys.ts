import { quoteIdentifier } from '../../sql/identifier.ts';
import { idTableColumns } from '../../unify/id-table.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import { distinctName } from '../stored/distinct-name.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';
import { derivedColumns, sourceProperty } from './derived-columns.ts';
import type { DerivedTable, NamedTable } from './derived-sets.ts';

/** Table of the derived set's keys whose rows must be made again. For a bridge: its parents' keys. */
export function affectedTable(derived: DerivedTable): string {
  return quoteIdentifier(distinctName('affected_', derived.table.set.name));
}

/** Columns of the derived set that `affectedTable` holds. */
export function affectedColumns({ table, derivation }: DerivedTable): readonly string[] {
  if (derivation.kind === 'unified') {
    return idTableColumns(derivation);
  }
  return derivation.kind === 'bridge'
    ? [...derivation.parent.values()].map((property) => columnOf(table, property))
    : table.key;
}

/** A SELECT of the affected keys that rows `t` of the source set matching `condition` name. */
export function affectedBy(derived: NamedTable, source: StoredTable, condition: string): string {
  const selects =
    derived.derivation.kind === 'bridge'
      ? [[...derived.derivation.parent.keys()].map((property) => columnOf(source, property))]
      : derived.derivation.from
          .filter((one) => one.set === source.set.name)
          .map((one) => derived.table.key.map((name) => columnOf(source, sourceProperty(derived, one, name))));
  return selects
    .map((columns) => `SELECT DISTINCT ${columnList(columns, 't')} FROM ${source.name} t WHERE ${condition}`)
    .join(' UNION ');
}

/**
 * A SELECT of the keys of a dimension that rows `t` matching `condition` describe otherwise than it does now, where the
 * newest file counts; null: what the derived set says does not depend on how new a row's file is.
 */
export function disputedBy(derived: NamedTable, source: StoredTable, condition: string): string | null {
  const { table, derivation } = derived;
  if (derivation.kind !== 'dimension') {
    return null;
  }
  const rest = derivedColumns(derived).filter((name) => !table.key.includes(name));
  const selects = derivation.from.flatMap((one) => {
    if (one.set !== source.set.name || one.stamp !== null) {
      return [];
    }
    const given = new Set([...one.columns.keys()].map((property) => columnOf(table, property)));
    const theirs = (name: string): string =>
      `t.${quoteIdentifier(columnOf(source, sourceProperty(derived, one, name)))}`;
    const other = rest
      .filter((name) => given.has(name))
      .map((name) => {
        const differs = `d.${quoteIdentifier(name)} IS DISTINCT FROM ${theirs(name)}`;
        return one.follows ? differs : `(${theirs(name)} IS NOT NULL AND ${differs})`;
      });
    if (other.length === 0) {
      return [];
    }
    const same = table.key.map((name) => `d.${quoteIdentifier(name)} = ${theirs(name)}`).join(' AND ');
    return [
      `SELECT DISTINCT ${table.key.map(theirs).join(', ')} FROM ${source.name} t JOIN ${table.name} d ON ${same} WHERE ${condition} AND (${other.join(' OR ')})`,
    ];
  });
  return selects.length === 0 ? null : selects.join(' UNION ');
}

/** The join of a derived row `alias` with its affected key `a`. */
export const affectedJoin = (derived: NamedTable, alias: string): string =>
  sameKey('a', alias, affectedColumns(derived));
