import type { EntitySet, PrimitiveTypeName } from '../../../../src/edm/model.ts';
import { wholeCatalogue } from '../../../unified/whole-catalogue.ts';

export type Value = string | number | boolean | null;
export type Row = Readonly<Record<string, Value>>;

/**
 * Sets of all kinds, joined to each other: exports, a bridge, dimensions that are gathered from others, code lists, the calendar, and sets
 * over all sources.
 */
export const chosenSets: readonly EntitySet[] = [
  ...['TracebuzzCases', 'TracebuzzResults', 'TracebuzzUsers', 'TracebuzzPersons', 'TracebuzzPersonProperties'],
  ...['TracebuzzLabels', 'TracebuzzResultLabels', 'TracebuzzResultStatuses', 'Channels', 'Dates', 'Agents'],
  ...['AgentAccounts', 'Conversations', 'Messages', 'Contacts', 'SparkcentralMessages', 'SparkcentralMessageTags'],
].flatMap((name) => wholeCatalogue.model.entitySets.get(name) ?? []);

const byName = new Map(chosenSets.map((set) => [set.name, set]));

/** Sets whose rows the metadata gives. */
const given: ReadonlySet<string> = new Set(['TracebuzzResultStatuses', 'Channels']);

const rowsOfEach = 14;

const texts: readonly (string | null)[] = [
  ...['Jan Jansen', 'jan', '', null, "O'Neil", 'été 12', '020-1234567', 'a_b%', 'WhatsApp', 'Facebook', '1', '2'],
  ...['[5 characters]', 'J** J*****', 'Zoë', 'line\nbreak', '\\back', '😀 emoji'],
];

const two = (number: number): string => String(number).padStart(2, '0');

/** One of a few values for each number, nulls among them. */
export function madeUpValue(type: PrimitiveTypeName, n: number): Value {
  switch (type) {
    case 'Edm.String':
      return texts[n % texts.length] ?? null;
    case 'Edm.Boolean':
      return [true, false, null][n % 3] ?? null;
    case 'Edm.Date':
      return n % 5 === 0 ? null : `2026-${two((n % 3) + 1)}-${two((n % 9) + 1)}`;
    case 'Edm.DateTimeOffset':
      return n % 6 === 0 ? null : `202${n % 3}-03-${two((n % 9) + 1)}T10:${two(n % 60)}:00Z`;
    case 'Edm.TimeOfDay':
      return `${two(n % 24)}:30:00`;
    case 'Edm.Duration':
      return `PT${n % 7}M`;
    case 'Edm.Guid':
      return `00000000-0000-4000-8000-0000000000${two(n % 90)}`;
    case 'Edm.Decimal':
    case 'Edm.Double':
    case 'Edm.Single':
      return n % 5 === 0 ? null : (n % 9) / 4;
    default:
      return n % 6 === 0 ? null : n % 5;
  }
}

/** The n-th value that a part of a key has: the same for whatever is joined to it. */
function keyValue({ name, entityType }: EntitySet, part: string, n: number): Value {
  const joined = joinedTo(byName.get(name), part);
  if (joined !== null && entityType.key.length > 1) {
    return keyValue(joined.set, joined.part, entityType.key.indexOf(part) === 0 ? n >> 1 : (n * 5 + n) % rowsOfEach);
  }
  const type = entityType.properties.get(part)?.type;
  if (type === 'Edm.Date') {
    return `2026-${two((n % 3) + 1)}-${two((n % 9) + 1)}`;
  }
  return type === 'Edm.String' ? `${name.slice(0, 2).toLowerCase()}:${n}` : n + 1;
}

/** The set, and the part of its key, that a property leads to by itself. */
function joinedTo(
  set: EntitySet | undefined,
  property: string,
): { readonly set: EntitySet; readonly part: string } | null {
  for (const [name, { join, collection }] of set?.entityType.navigationProperties ?? []) {
    const target = byName.get(set?.navigationPropertyBindings.get(name) ?? '');
    const pair = join[0];
    const leads = !collection && join.length === 1 && pair?.property === property && target !== undefined;
    if (leads && target.entityType.key.includes(pair.referencedProperty)) {
      return { set: target, part: pair.referencedProperty };
    }
  }
  return null;
}

function madeUpRow(set: EntitySet, n: number): Row {
  const { key, properties } = set.entityType;
  return Object.fromEntries(
    [...properties.values()].map(({ name, type, nullable }, at) => {
      const joined = joinedTo(set, name);
      if (key.includes(name)) {
        return [name, keyValue(set, name, n)];
      }
      if (joined !== null) {
        // Some lead nowhere.
        return [
          name,
          n % 5 === 4 && nullable ? null : keyValue(joined.set, joined.part, (n * 3 + at) % (rowsOfEach + 2)),
        ];
      }
      const value = madeUpValue(type, n * 7 + at);
      return [name, value ?? (nullable ? null : madeUpValue(type, 1))];
    }),
  );
}

/** Rows for each set that has none yet. */
export const madeUpRows: ReadonlyMap<string, readonly Row[]> = new Map(
  chosenSets
    .filter(({ name }) => !given.has(name))
    .map((set) => {
      const rows = Array.from({ length: rowsOfEach }, (_, n) => madeUpRow(set, n));
      const byKey = new Map(rows.map((row) => [JSON.stringify(set.entityType.key.map((part) => row[part])), row]));
      return [set.name, [...byKey.values()]];
    }),
);
