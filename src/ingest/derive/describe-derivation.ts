import { hash } from 'node:crypto';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { columnOf, storedTable } from '../stored/stored-table.ts';
import { derivedColumns, encodingOf } from './derived-columns.ts';
import { type DerivedTable, madeOf, type Unlearned } from './derived-sets.ts';

/** To be raised when rows are made otherwise of the same metadata: all derived sets are then made again, once. */
const rulesVersion = 1;

/** All that the rows of a derived set depend on besides the rows they are made of. */
export interface DerivationRecord {
  readonly rules: number;
  readonly kind: DerivedTable['derivation']['kind'];
  /** Each way in which things are named. */
  readonly things: readonly string[];
  /** By column: each way in which it gets its values. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
}

/** What the metadata says now of how a derived set is made, and of how what it takes from other derived sets is. */
export function describeDerivation(catalogue: Catalogue, { table, derivation }: DerivedTable): DerivationRecord {
  if (derivation.kind === 'dimension') {
    const columns = [...table.columns.entries()].filter(([, column]) => !table.key.includes(column.name));
    const told = columns.flatMap(([property, { name, sqlType }]) => {
      const ways = derivation.from.flatMap((one, place) => {
        const theirs = one.columns.get(property);
        const { set, stamp, rank, follows } = one;
        if (theirs === undefined) {
          return [];
        }
        const above = aboveOf(catalogue, set, stamp === null ? [theirs] : [theirs, stamp]);
        return [JSON.stringify([set, theirs, sqlType, stamp, rank, follows, place, above])];
      });
      return ways.length === 0 ? [] : [[name, ways] as const];
    });
    const things = derivation.from.map((one) => {
      const keys = [...one.columns].filter(([ours]) => table.key.includes(columnOf(table, ours)));
      const theirs = keys.map(([, property]) => property);
      return JSON.stringify([one.set, hiddenBy(catalogue, one.set), keys, aboveOf(catalogue, one.set, theirs)]);
    });
    return { rules: rulesVersion, kind: 'dimension', things: things.sort(), columns: Object.fromEntries(told) };
  }
  if (derivation.kind !== 'bridge') {
    return describeMade(catalogue, { table, derivation });
  }
  const { from, parent, carries, list, paired, position } = derivation;
  const listed = [list, ...(paired === null ? [] : [paired])].map(({ property }) => property);
  const encodings = listed.map((property) => encodingOf(catalogue, from, property));
  const types = [...table.columns].map(([property, { sqlType }]) => [property, sqlType]);
  const above = aboveOf(catalogue, from, [...parent.keys(), ...carries.keys(), ...listed]);
  const whole = [
    from,
    hiddenBy(catalogue, from),
    [...parent],
    list,
    paired,
    position,
    encodings,
    types,
    above,
    ...carries,
  ];
  const way = JSON.stringify(whole);
  const rest = derivedColumns({ table, derivation }).filter((name) => !table.key.includes(name));
  return {
    rules: rulesVersion,
    kind: 'bridge',
    things: [way],
    columns: Object.fromEntries(rest.map((name) => [name, [way]])),
  };
}

/** Of rows that are computed: whatever changes, all are made again. */
function describeMade(catalogue: Catalogue, { table, derivation }: DerivedTable): DerivationRecord {
  const sets = [...madeOf(catalogue, { table, derivation })].sort();
  const way = JSON.stringify(
    [
      ...[table.columns, derivation, catalogue.reportingTimeZone ?? 'UTC'],
      ...notKept(catalogue, sets),
      // Types, joins and code lists that formulas look at.
      ...sets.map((set) => [
        hiddenBy(catalogue, set),
        storedTable(catalogue, set).set.derivation?.kind === 'rows' ? storedTable(catalogue, set).set.derivation : null,
      ]),
    ],
    (_, value: unknown) => (value instanceof Map ? [...value] : value),
  );
  const rest = derivedColumns({ table, derivation }).filter((name) => !table.key.includes(name));
  const digest = hash('sha256', way, 'hex');
  return {
    rules: rulesVersion,
    kind: derivation.kind,
    things: [digest],
    columns: Object.fromEntries(rest.map((name) => [name, [digest]])),
  };
}

/** Proxied sets whose rows are to be kept no longer, or not yet. */
const notKept = (catalogue: Catalogue, sets: readonly string[]): readonly string[] =>
  sets.filter((name) => {
    const set = catalogue.sets.get(name);
    return set?.kind === 'upstream' && set.archive === undefined;
  });

/** How a source makes its things and these properties; null: it is loaded. */
function aboveOf(catalogue: Catalogue, set: string, properties: readonly string[]): unknown {
  const table = storedTable(catalogue, set);
  const { derivation } = table.set;
  if (derivation === null || derivation.kind === 'rows') {
    return null;
  }
  const { things, columns } = describeDerivation(catalogue, { table, derivation });
  return [things, properties.map((property) => columns[columnOf(table, property)] ?? null)];
}

const hiddenBy = (catalogue: Catalogue, set: string): string | null => storedTable(catalogue, set).set.hiddenBy;

/** Compares the record of how rows were made with how they are made now. */
export function unlearnedBy(former: DerivationRecord, now: DerivationRecord): Unlearned {
  const names = [...new Set([...Object.keys(former.columns), ...Object.keys(now.columns)])];
  const changed = names.filter((name) => former.columns[name]?.join() !== now.columns[name]?.join());
  return {
    things: former.kind !== now.kind || former.things.some((way) => !now.things.includes(way)),
    columns: new Set(changed),
  };
}
