import type { Catalogue, DimensionSource, Encoding } from '../../catalogue/catalogue.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';
import type { DerivedTable } from './derived-sets.ts';

/** Columns a derivation gives values to, key first. */
export function derivedColumns({ table, derivation }: DerivedTable): readonly string[] {
  if (derivation.kind === 'bridge') {
    const { parent, carries, list: members, paired, position } = derivation;
    const properties = [
      ...parent.values(),
      members.as,
      ...(paired === null ? [] : [paired.as]),
      ...(position === null ? [] : [position]),
      ...carries.values(),
    ];
    return properties.map((property) => columnOf(table, property));
  }
  if (derivation.kind !== 'dimension') {
    // What rows are one is told when all of them are there (matched-rows.ts).
    const later = derivation.kind === 'unified' ? derivation.match?.as : undefined;
    const all = [...table.columns].filter(([property]) => property !== later).map(([, { name }]) => name);
    return [...table.key, ...all.filter((name) => !table.key.includes(name))];
  }
  const given = new Set(
    derivation.from.flatMap((one) => [...one.columns.keys()].map((property) => columnOf(table, property))),
  );
  return [...table.key, ...[...given].filter((name) => !table.key.includes(name))];
}

/** The property of the source that gives a column of the derived set its value. */
export function sourceProperty(derived: DerivedTable, source: DimensionSource, column: string): string {
  for (const [ours, theirs] of source.columns) {
    if (columnOf(derived.table, ours) === column) {
      return theirs;
    }
  }
  return column;
}

/** How a list is written: in the export of its set, or in the one its dimension takes it from. */
export function encodingOf(catalogue: Catalogue, setName: string, property: string): Encoding {
  const set = catalogue.sets.get(setName);
  if (set?.kind === 'stored' && set.derivation?.kind === 'dimension') {
    for (const source of set.derivation.from) {
      const theirs = source.columns.get(property);
      if (theirs !== undefined) {
        return encodingOf(catalogue, source.set, theirs);
      }
    }
  }
  const target = catalogue.exports.find((one) => one.set === setName);
  return target?.columns.find((column) => column.property === property)?.encoding ?? 'list';
}

export function columnTypeOf(table: StoredTable, property: string): string {
  return table.columns.get(property)?.sqlType ?? 'text';
}
