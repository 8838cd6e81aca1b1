/** A column as `$metadata` declares it. */
export interface Column {
  readonly name: string;
  /** `Edm.String` and so on. */
  readonly type: string;
  readonly collection: boolean;
  readonly nullable: boolean;
  readonly description: string;
  /** Class of personal data; null: none. */
  readonly personal: string | null;
  readonly isKey: boolean;
}

/** A navigation property. */
export interface Relation {
  readonly name: string;
  /** Name of the set that it leads to. */
  readonly target: string;
  readonly collection: boolean;
  readonly description: string;
  /** Own column and the other's. */
  readonly on: readonly (readonly [own: string, other: string])[];
}

export interface FeedSet {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly columns: readonly Column[];
  readonly relations: readonly Relation[];
}

export type FeedModel = ReadonlyMap<string, FeedSet>;

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const describedIn = (element: Json): string => textOf(element['@Org.OData.Core.V1.Description']);

/**
 * The sets of a service document (OData JSON 5), with what `$metadata` as CSDL JSON (OData CSDL JSON 4.01) says of each. A set whose type is not declared is
 * left out.
 */
export function readModel(service: unknown, metadata: unknown): FeedModel {
  if (!isObject(service) || !Array.isArray(service['value']) || !isObject(metadata)) {
    throw new TypeError('This is no service document, or no $metadata');
  }
  const [namespace = '', containerName = ''] = split(textOf(metadata['$EntityContainer']));
  const schema = metadata[namespace];
  const container = isObject(schema) ? schema[containerName] : undefined;
  if (!isObject(schema) || !isObject(container)) {
    throw new TypeError('The $metadata has no entity container');
  }
  const listed = service['value'].filter(isObject).filter((one) => (one['kind'] ?? 'EntitySet') === 'EntitySet');
  return new Map(
    listed.flatMap((one) => {
      const name = textOf(one['name']);
      const set = container[name];
      const type = isObject(set) ? schema[split(textOf(set['$Type']))[1]] : undefined;
      if (!isObject(set) || !isObject(type)) {
        return [];
      }
      const title = textOf(one['title']) || name;
      return [[name, readSet({ name, title, set, type })] as const];
    }),
  );
}

const split = (qualified: string): readonly [string, string] => {
  const dot = qualified.lastIndexOf('.');
  return [qualified.slice(0, Math.max(0, dot)), qualified.slice(dot + 1)];
};

function readSet(from: {
  readonly name: string;
  readonly title: string;
  readonly set: Json;
  readonly type: Json;
}): FeedSet {
  const { name, title, set, type } = from;
  const bindings = isObject(set['$NavigationPropertyBinding']) ? set['$NavigationPropertyBinding'] : {};
  const key = Array.isArray(type['$Key']) ? type['$Key'] : [];
  const members = Object.entries(type).filter((entry): entry is [string, Json] => {
    const [member, value] = entry;
    return !member.startsWith('$') && !member.includes('@') && isObject(value);
  });
  return {
    name,
    title,
    description: describedIn(set) || describedIn(type),
    columns: members
      .filter(([, value]) => value['$Kind'] === undefined || value['$Kind'] === 'Property')
      .map(([member, value]) => ({
        name: member,
        type: textOf(value['$Type']) || 'Edm.String',
        collection: value['$Collection'] === true,
        nullable: value['$Nullable'] === true,
        description: describedIn(value),
        personal: textOf(value['@Gateway.Vocabulary.V1.PersonalDataClass']) || null,
        isKey: key.includes(member),
      })),
    relations: members
      .filter(([member, value]) => value['$Kind'] === 'NavigationProperty' && typeof bindings[member] === 'string')
      .map(([member, value]) => ({
        name: member,
        target: textOf(bindings[member]),
        collection: value['$Collection'] === true,
        description: describedIn(value),
        on: Object.entries(isObject(value['$ReferentialConstraint']) ? value['$ReferentialConstraint'] : {})
          .filter(([own]) => !own.includes('@'))
          .map(([own, other]) => [own, textOf(other)] as const),
      })),
  };
}

const numbers = new Set(['Byte', 'SByte', 'Int16', 'Int32', 'Int64', 'Decimal', 'Single', 'Double']);

/** What can be done with the values of a column. */
export type ColumnKind = 'text' | 'number' | 'moment' | 'date' | 'boolean' | 'guid' | 'other';

export function kindOf({ type, collection }: Pick<Column, 'type' | 'collection'>): ColumnKind {
  const name = type.replace(/^Edm\./, '');
  if (collection || name === type) {
    return 'other';
  }
  if (numbers.has(name)) {
    return 'number';
  }
  const kinds: Readonly<Record<string, ColumnKind>> = {
    String: 'text',
    DateTimeOffset: 'moment',
    Date: 'date',
    Boolean: 'boolean',
    Guid: 'guid',
  };
  return kinds[name] ?? 'other';
}
