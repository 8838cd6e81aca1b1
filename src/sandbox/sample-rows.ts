import { createHash } from 'node:crypto';
import type { Catalogue, PropertyHint } from '../catalogue/catalogue.ts';
import type { EntitySet, Enumeration, NavigationProperty, Property } from '../edm/model.ts';

export type SampleValue = string | number | boolean | null | readonly SampleValue[];
export type SampleRow = Readonly<Record<string, SampleValue>>;

export interface SampleSize {
  readonly rows: number;
  readonly seed: number;
  /** Instants lie in the days from this one on, `yyyy-MM-dd` in UTC; else a quarter of an hour apart in a week of their own. */
  readonly within?: { readonly from: string; readonly days: number };
}

/** Rows of every set of one source, by our set name: the same for the same catalogue and size, keys unique, joins filled. */
export function sampleRows(
  catalogue: Catalogue,
  sourceName: string,
  size: SampleSize,
): ReadonlyMap<string, readonly SampleRow[]> {
  const sets = [...catalogue.model.entitySets.values()].filter((set) => isProxied(catalogue, set.name, sourceName));
  return new Map(
    sets.map((set) => [
      set.name,
      Array.from({ length: size.rows }, (_, index) => sampleRow({ set, catalogue, size, index })),
    ]),
  );
}

export function isProxied(catalogue: Catalogue, setName: string, sourceName: string): boolean {
  const binding = catalogue.sets.get(setName);
  return binding?.kind === 'upstream' && binding.source === sourceName;
}

interface SampleSlot {
  readonly set: EntitySet;
  readonly catalogue: Catalogue;
  readonly size: SampleSize;
  readonly index: number;
}

function sampleRow(place: SampleSlot): SampleRow {
  const { set, index } = place;
  return Object.fromEntries(
    [...set.entityType.properties.values()].map((property) => {
      const key = set.entityType.key.includes(property.name);
      // One value in nine of what may be null is null.
      if (!key && property.nullable && pick(place, `${property.name}?`, 9) === 0) {
        return [property.name, null];
      }
      return [property.name, joinedValue(place, property) ?? ownValue(place, property, index)];
    }),
  );
}

/** The value that a row of the joined set has; a whole key keeps its own numbering, so that it stays unique. */
function joinedValue(place: SampleSlot, property: Property): SampleValue | undefined {
  const { set, catalogue, size, index } = place;
  const single = set.entityType.key.length === 1 && set.entityType.key[0] === property.name;
  for (const navigation of set.entityType.navigationProperties.values()) {
    const target = catalogue.model.entitySets.get(set.navigationPropertyBindings.get(navigation.name) ?? '');
    const referenced = referencedKey(navigation, property, target);
    if (single || target === undefined || referenced === undefined || target === set) {
      continue;
    }
    if (!isProxied(catalogue, target.name, sourceOf(place))) {
      return codeOf(place, property);
    }
    const row = set.entityType.key.includes(property.name) ? index : pick(place, property.name, size.rows);
    return ownValue({ ...place, set: target, index: row }, referenced, row);
  }
  return codeOf(place, property);
}

function referencedKey(
  navigation: NavigationProperty,
  property: Property,
  target: EntitySet | undefined,
): Property | undefined {
  if (navigation.collection) {
    return undefined;
  }
  const pair = navigation.join.find((one) => one.property === property.name);
  return pair === undefined ? undefined : target?.entityType.properties.get(pair.referencedProperty);
}

/** A member of its enumeration, or one of the documented codes, where the property has such. */
function codeOf(place: SampleSlot, property: Property): SampleValue | undefined {
  if (property.enumeration !== undefined) {
    return memberOf(place, property.name, property.enumeration);
  }
  const list = place.catalogue.sets.get(hintOf(place, property)?.codeList ?? '');
  if (list?.kind !== 'stored' || list.derivation?.kind !== 'rows') {
    return undefined;
  }
  const codes = list.derivation.rows.map((row) => row[0] ?? null);
  return codes[pick(place, `${property.name}#`, codes.length)];
}

/** Of flags, every other row has two. */
function memberOf(place: SampleSlot, name: string, { members, flags }: Enumeration): string {
  const names = [...members.keys()];
  const at = pick(place, `${name}#`, names.length);
  const two = flags && place.index % 2 === 1 ? [at, (at + 1) % names.length] : [at];
  return two.map((index) => names[index] ?? '').join(',');
}

function ownValue(place: SampleSlot, property: Property, index: number): SampleValue {
  if (property.collection) {
    return [scalarValue(place, property, index)];
  }
  return scalarValue(place, property, index);
}

const firstInstant = Date.UTC(2026, 0, 5, 8);
const secondsPerDay = 86_400;

function scalarValue(place: SampleSlot, property: Property, index: number): SampleValue {
  const { set } = place;
  const key = set.entityType.key.includes(property.name);
  const number = key ? index + 1 : pick(place, property.name, 900);
  const { within, rows } = place.size;
  const apart = within === undefined ? 937 : Math.floor((within.days * secondsPerDay - 600) / rows);
  const first = within === undefined ? firstInstant : Date.parse(within.from);
  const seconds = index * apart + (key ? 0 : pick(place, property.name, 600));
  const instant = new Date(first + seconds * 1000).toISOString().replace('.000', '');
  switch (property.type) {
    case 'Edm.Boolean':
      return number % 2 === 0;
    case 'Edm.Byte':
    case 'Edm.SByte':
      return number % 100;
    case 'Edm.Int16':
    case 'Edm.Int32':
    case 'Edm.Int64':
      return number;
    case 'Edm.Decimal':
    case 'Edm.Double':
    case 'Edm.Single':
      return number + 0.25;
    case 'Edm.DateTimeOffset':
      return instant;
    case 'Edm.Date':
      return instant.slice(0, 10);
    case 'Edm.TimeOfDay':
      return instant.slice(11, 19);
    case 'Edm.Duration':
      return `PT${number}S`;
    case 'Edm.Guid':
      return guid(place, property, index);
    case 'Edm.Binary':
      return Buffer.from(guid(place, property, index)).toString('base64url');
    case 'Edm.String':
      return key ? guid(place, property, index) : textValue(place, property, number);
  }
}

function textValue(place: SampleSlot, property: Property, number: number): string {
  const example = hintOf(place, property)?.example ?? '';
  return example === '' ? `${property.name} ${number}` : `${example} ${number % 7}`.slice(0, property.maxLength ?? 200);
}

function hintOf({ set, catalogue }: SampleSlot, property: Property): PropertyHint | undefined {
  const binding = catalogue.sets.get(set.name);
  return binding?.kind === 'upstream' ? binding.hints?.get(property.name) : undefined;
}

function sourceOf({ set, catalogue }: SampleSlot): string {
  return catalogue.sets.get(set.name)?.source ?? '';
}

function digest(place: SampleSlot, name: string, index: number): Buffer {
  return createHash('sha256').update(`${place.size.seed}/${place.set.name}/${name}/${index}`).digest();
}

/** 0 to `many` - 1, evenly spread, always the same for one cell. */
function pick(place: SampleSlot, name: string, many: number): number {
  return many === 0 ? 0 : digest(place, name, place.index).readUInt32BE(0) % many;
}

function guid(place: SampleSlot, property: Property, index: number): string {
  const hex = digest(place, property.name, index).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
