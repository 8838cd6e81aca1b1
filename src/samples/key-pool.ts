import type { Catalogue, Export, ExportColumn } from '../catalogue/catalogue.ts';
import { randomIndex, randomNumber } from './random.ts';

/** A column of an export that names a row of another set: which set, and which of its key properties. */
export interface Reference {
  readonly navigation: string;
  readonly set: string;
  readonly property: string;
}

/** To-one navigations of an export's set by the property that holds the key; a code list wins over other targets. */
export function referencesOf(catalogue: Catalogue, exported: Export): ReadonlyMap<string, Reference> {
  const references = new Map<string, Reference>();
  const set = catalogue.model.entitySets.get(exported.set);
  if (set === undefined) {
    return references;
  }
  for (const navigation of set.entityType.navigationProperties.values()) {
    const target = set.navigationPropertyBindings.get(navigation.name);
    if (navigation.collection || target === undefined) {
      continue;
    }
    for (const pair of navigation.join) {
      if (target === set.name && exported.key.includes(pair.property)) {
        continue;
      }
      if (references.has(pair.property) && codeListRows(catalogue, target) === null) {
        continue;
      }
      references.set(pair.property, { navigation: navigation.name, set: target, property: pair.referencedProperty });
    }
  }
  return references;
}

/** The names of the things of a set, where `samples.names` gives them. */
export function namedThings(catalogue: Catalogue): ReadonlyMap<string, readonly string[]> {
  const all = new Map<string, readonly string[]>();
  for (const exported of catalogue.exports) {
    for (const { samples } of exported.columns) {
      const set = samples?.of === undefined ? undefined : thingsOf(catalogue, exported, samples.of);
      if (samples?.names !== undefined && set !== undefined) {
        all.set(set, samples.names);
      }
    }
  }
  return all;
}

/** The set whose rows the values of a property name: another one, or the export's own by its key. */
const thingsOf = (catalogue: Catalogue, exported: Export, property: string): string | undefined =>
  referencesOf(catalogue, exported).get(property)?.set ?? (exported.key.includes(property) ? exported.set : undefined);

/** The rows of a code list, or null where the set is none. */
export function codeListRows(catalogue: Catalogue, set: string): readonly (readonly (string | null)[])[] | null {
  const binding = catalogue.sets.get(set);
  if (binding?.kind !== 'stored' || binding.derivation?.kind !== 'rows') {
    return null;
  }
  return binding.derivation.rows;
}

/**
 * The `index`-th key of a set as it stands in a file. Two exports that name the same set get the same texts, which is
 * what makes samples join: number 0 is the documented example, the others count on from it.
 */
export function keyText(catalogue: Catalogue, reference: Pick<Reference, 'set' | 'property'>, index: number): string {
  const rows = codeListRows(catalogue, reference.set);
  if (rows !== null) {
    const position = [...(catalogue.model.entitySets.get(reference.set)?.entityType.properties.keys() ?? [])].indexOf(
      reference.property,
    );
    return rows[index % Math.max(rows.length, 1)]?.[position] ?? '';
  }
  const column = definingColumn(catalogue, reference);
  const source = catalogue.sets.get(reference.set)?.source ?? '';
  return column === null
    ? String(index + 1)
    : countedText(column.example, index + shiftOf(catalogue, source, column.example));
}

/** Two sources never give the same UUID to two things: where files of several have one example, each counts on from a place of its own. */
export function shiftOf(catalogue: Catalogue, source: string, example: string): number {
  if (!uuid.test(example)) {
    return 0;
  }
  const first = catalogue.exports.find(({ columns }) => columns.some((column) => column.example === example));
  return first === undefined || first.source === source ? 0 : (1 + randomIndex(0xff, 0, source)) * 0x1_0000_0000;
}

const uuid = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** The export column that first states the values of a property, through derived sets and foreign keys. */
function definingColumn(catalogue: Catalogue, reference: Pick<Reference, 'set' | 'property'>): ExportColumn | null {
  const exported = catalogue.exports.find((candidate) => candidate.set === reference.set);
  if (exported !== undefined) {
    return exported.columns.find((column) => column.property === reference.property) ?? null;
  }
  const binding = catalogue.sets.get(reference.set);
  if (binding?.kind !== 'stored' || binding.derivation?.kind !== 'dimension') {
    return null;
  }
  for (const source of binding.derivation.from) {
    const property = source.columns.get(reference.property);
    const column = property === undefined ? null : definingColumn(catalogue, { set: source.set, property });
    if (column !== null) {
      return column;
    }
  }
  return null;
}

/** `example` for 0; else its last run of digits counted on, keeping its width; a UUID or a text without digits gets a suffix of its own. */
export function countedText(example: string, index: number): string {
  if (index === 0) {
    return example;
  }
  if (uuid.test(example)) {
    return (
      example.slice(0, -12) +
      (BigInt(`0x${example.slice(-12)}`) + BigInt(index)).toString(16).slice(-12).padStart(12, '0')
    );
  }
  const digits = /^(.*?)(\d+)(\D*)$/s.exec(example);
  if (digits === null) {
    return `${example}-${index + 1}`;
  }
  const [, before = '', number = '0', after = ''] = digits;
  return before + (BigInt(number) + BigInt(index)).toString().padStart(number.length, '0') + after;
}

/** A random UUID-shaped text for file names. */
export function uuidText(seed: number, ...parts: readonly (string | number)[]): string {
  const digit = (i: number): string => Math.floor(randomNumber(seed, ...parts, i) * 16).toString(16);
  return [8, 4, 4, 4, 12]
    .map((size, part) => Array.from({ length: size }, (_, i) => digit(part * 16 + i)).join(''))
    .join('-');
}
