import type { Derivation, DimensionSource } from '../../catalogue.ts';
import { isFault } from '../../cells/cell.ts';
import { type DraftIndex, resolveSetName, type SetDraft } from '../documents/draft.ts';
import { cellForm, isoFiles, readGiven } from '../sets/conversions.ts';
import { buildCalendar, buildUnified } from './build-unified.ts';

type Row = readonly (string | null)[];
type FixedRow = NonNullable<SetDraft['entry']['rows']>[number];

/** How a derived set or code list gets its rows; null for sets of files. */
export function buildDerivation(draft: SetDraft, index: DraftIndex): Derivation | null {
  if (draft.form === 'rows') {
    return { kind: 'rows', rows: fixedRows(draft, 'rows') };
  }
  if (draft.form === 'bridge') {
    return bridge(draft, index);
  }
  if (draft.form === 'dimension') {
    return dimension(draft, index);
  }
  if (draft.form === 'unified') {
    return buildUnified(draft, index);
  }
  return draft.form === 'calendar' ? buildCalendar(draft, index) : null;
}

/** The given rows, written in ISO form and UTC, as PostgreSQL input texts in the order of the properties. */
export function fixedRows(draft: SetDraft, key: 'rows' | 'seedRows'): readonly Row[] {
  const names = Object.keys(draft.entry.properties);
  const seen = new Set<string>();
  return (draft.entry[key] ?? []).map((row, number) => {
    for (const name of Object.keys(row)) {
      if (!names.includes(name)) {
        draft.report([key, number, name], `There is no property ${name}.`, 'Name a property of this file.');
      }
    }
    for (const name of draft.entry.key) {
      if (row[name] === undefined || row[name] === null) {
        draft.report([key, number], `The row has no ${name}, which is part of the key.`, 'Give it a value.');
      }
    }
    const values = rowValues(draft, row, [key, number]);
    const cells = names.map((name) => values.get(name) ?? null);
    const identity = draft.entry.key.map((name) => String(row[name])).join(' ');
    if (seen.has(identity)) {
      draft.report([key, number], `The key ${identity} came before.`, 'Keep one of the rows.');
    }
    seen.add(identity);
    return cells;
  });
}

function rowValues(
  draft: SetDraft,
  row: FixedRow,
  path: readonly (string | number)[],
): ReadonlyMap<string, string | null> {
  const values = new Map<string, string | null>();
  for (const [name, entry] of Object.entries(draft.entry.properties)) {
    const value = row[name];
    if (value === undefined || value === null) {
      const nullable = entry.nullable ?? !draft.entry.key.includes(name);
      if (!nullable && !draft.entry.key.includes(name)) {
        draft.report(path, `The row has no ${name}.`, 'Give it a value, or make the property nullable.');
      }
      continue;
    }
    const read = readGiven(String(value), cellForm(entry, isoFiles, { identifies: false }));
    if (!isFault(read)) {
      values.set(name, read);
    } else {
      draft.report([...path, name], `"${value}" is no ${entry.type}.`, 'Correct the value or the type.');
    }
  }
  return values;
}

/** The set a document leans on, or undefined where it cannot be used; faults are noted unless that set is at fault itself. */
function parentOf(
  draft: SetDraft,
  index: DraftIndex,
  reference: { set: string; path: readonly (string | number)[] },
): SetDraft | undefined {
  const name = resolveSetName(index, draft.source, reference.set);
  const parent = name === null ? undefined : index.sets.get(name);
  if (parent === undefined) {
    if (name === null || !index.faulty.has(name)) {
      draft.report(
        reference.path,
        `There is no set "${reference.set}".`,
        'Name a set of this source, or <source>.<set>.',
      );
    }
    return undefined;
  }
  if (parent.form !== 'upstream') {
    return parent;
  }
  draft.report(reference.path, `${parent.setName} is proxied, its rows are not here.`, 'Derive from stored sets only.');
  return undefined;
}

function checkProperty(
  draft: SetDraft,
  owner: SetDraft,
  place: { name: string; path: readonly (string | number)[] },
): void {
  if (owner.entry.properties[place.name] !== undefined) {
    return;
  }
  const message = `${owner.setName} has no property ${place.name}.`;
  draft.report(place.path, message, 'Name one of its properties.');
}

function bridge(draft: SetDraft, index: DraftIndex): Derivation | null {
  const entry = draft.entry.bridge;
  if (entry === undefined) {
    return null;
  }
  const parent = parentOf(draft, index, { set: entry.from, path: ['bridge', 'from'] });
  if (parent !== undefined) {
    for (const [theirs, ours] of Object.entries(entry.parent)) {
      checkProperty(draft, parent, { name: theirs, path: ['bridge', 'parent', theirs] });
      checkProperty(draft, draft, { name: ours, path: ['bridge', 'parent', theirs] });
    }
    for (const [theirs, ours] of Object.entries(entry.carries ?? {})) {
      checkProperty(draft, parent, { name: theirs, path: ['bridge', 'carries', theirs] });
      checkProperty(draft, draft, { name: ours, path: ['bridge', 'carries', theirs] });
      if (
        parent.entry.properties[theirs]?.type !== draft.entry.properties[ours]?.type ||
        draft.entry.key.includes(ours)
      ) {
        const message = `${ours} has another type, or is a part of the key.`;
        draft.report(['bridge', 'carries', theirs], message, 'Name properties of one type.');
      }
    }
    for (const key of ['list', 'paired'] as const) {
      const list = entry[key];
      if (list === undefined) {
        continue;
      }
      checkProperty(draft, parent, { name: list.property, path: ['bridge', key, 'property'] });
      checkProperty(draft, draft, { name: list.as, path: ['bridge', key, 'as'] });
    }
    const missing = parent.entry.key.filter((name) => entry.parent[name] === undefined);
    if (missing.length > 0) {
      const message = `The key of ${parent.setName} is not complete: ${missing.join(', ')}.`;
      draft.report(['bridge', 'parent'], message, 'Map every key property of the parent.');
    }
  }
  if (entry.position !== undefined) {
    checkProperty(draft, draft, { name: entry.position, path: ['bridge', 'position'] });
  }
  return {
    kind: 'bridge',
    from: parent?.setName ?? entry.from,
    parent: new Map(Object.entries(entry.parent)),
    carries: new Map(Object.entries(entry.carries ?? {})),
    list: entry.list,
    paired: entry.paired ?? null,
    position: entry.position ?? null,
  };
}

function dimension(draft: SetDraft, index: DraftIndex): Derivation {
  const from = (draft.entry.dimension ?? []).flatMap((entry, number): readonly DimensionSource[] => {
    const path = ['dimension', number] as const;
    const parent = parentOf(draft, index, { set: entry.set, path: [...path, 'set'] });
    if (parent === undefined) {
      return [];
    }
    const names = Object.keys(draft.entry.properties);
    const same = names.filter((name) => parent.entry.properties[name] !== undefined);
    const columns = new Map(
      entry.columns === undefined ? same.map((name) => [name, name]) : Object.entries(entry.columns),
    );
    for (const [ours, theirs] of columns) {
      checkProperty(draft, draft, { name: ours, path: [...path, 'columns', ours] });
      checkProperty(draft, parent, { name: theirs, path: [...path, 'columns', ours] });
      const [left, right] = [draft.entry.properties[ours]?.type, parent.entry.properties[theirs]?.type];
      if (left !== undefined && right !== undefined && left !== right) {
        const message = `${ours} is ${left}, ${parent.setName}.${theirs} is ${right}.`;
        draft.report([...path, 'columns', ours], message, 'Map properties of the same type.');
      }
    }
    const missing = draft.entry.key.filter((name) => !columns.has(name));
    if (missing.length > 0) {
      const message = `${parent.setName} gives no ${missing.join(', ')}.`;
      draft.report(path, message, 'Map every key property.');
    }
    if (entry.stamp !== undefined) {
      checkProperty(draft, parent, { name: entry.stamp, path: [...path, 'stamp'] });
    }
    return [{ set: parent.setName, columns, stamp: entry.stamp ?? null, rank: entry.rank, follows: entry.follows }];
  });
  return { kind: 'dimension', from };
}
