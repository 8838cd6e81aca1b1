import type { EntitySet, Model, NavigationProperty, Property } from '../../../src/edm/model.ts';
import type { SampleRow, SampleValue } from '../../../src/sandbox/sample-rows.ts';

/** One feed as the service reads it; see `service/FeedFile.cs`. */
export interface FeedFile {
  /** Of its schema. */
  readonly namespace: string;
  readonly settings: FeedSettings;
  readonly sets: readonly SetFile[];
}

/** What is not said is what the library does by itself. */
export interface FeedSettings {
  /** Rows on a page. */
  readonly pageSize?: number;
  /** Next links continue after a key, not after a number of rows. */
  readonly skipToken?: boolean;
  /** Most that `$top` may say. */
  readonly maxTop?: number;
  /** Most nodes of a filter, 100. */
  readonly maxNodeCount?: number;
  /** Longest request line, 8192. */
  readonly maxUrlLength?: number;
}

export interface SetFile {
  readonly name: string;
  readonly type: string;
  readonly key: readonly string[];
  readonly properties: readonly PropertyFile[];
  readonly navigations: readonly NavigationFile[];
  readonly rows: readonly SampleRow[];
}

export interface PropertyFile {
  readonly name: string;
  /** A primitive type of Edm. */
  readonly type: string;
  readonly nullable: boolean;
  readonly collection?: boolean;
  readonly precision?: number;
  readonly scale?: number;
}

export interface NavigationFile {
  readonly name: string;
  /** A set of the same feed. */
  readonly to: string;
  readonly many: boolean;
  /** Pairs of our property and theirs. */
  readonly join: readonly (readonly [string, string])[];
}

/** What the feed has of a documented model. */
export interface FeedShape {
  /** Stands before the names of documented sets and types, and not before theirs. */
  readonly prefix: string;
  /** Without: every join is the gateway's own. */
  readonly navigations: boolean;
  readonly settings?: FeedSettings;
}

/** A feed with the sets of a model that there are rows of, under names without the prefix, which declares no precision. */
export function feedOf(
  model: Model,
  rows: ReadonlyMap<string, readonly SampleRow[]>,
  { prefix, navigations, settings = {} }: FeedShape,
): FeedFile {
  const plain = (name: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const sets = [...rows].map(([name, own]): SetFile => {
    const set = model.entitySets.get(name);
    if (set === undefined) {
      throw new TypeError(`the model has no set ${name}`);
    }
    const { key, properties } = set.entityType;
    return {
      name: plain(name),
      type: plain(set.entityType.name),
      key,
      properties: [...properties.values()].map((property) => propertyFile(property, key)),
      navigations: navigations ? navigationsOf(set, rows, plain) : [],
      rows: own,
    };
  });
  return { namespace: 'Tenant', settings, sets };
}

const propertyFile = ({ name, type, nullable, collection }: Property, key: readonly string[]): PropertyFile => ({
  name,
  type,
  nullable: nullable && !key.includes(name),
  collection,
});

function navigationsOf(
  set: EntitySet,
  rows: ReadonlyMap<string, unknown>,
  plain: (name: string) => string,
): readonly NavigationFile[] {
  return [...set.entityType.navigationProperties.values()].flatMap(({ name, collection, join }: NavigationProperty) => {
    const to = set.navigationPropertyBindings.get(name) ?? '';
    const pairs = join.map(({ property, referencedProperty }) => [property, referencedProperty] as const);
    return rows.has(to) && pairs.length > 0 ? [{ name, to: plain(to), many: collection, join: pairs }] : [];
  });
}

/** The same feed with its properties changed one by one, or left out; `value`: what becomes of the values of the rows. */
export function withProperties(
  feed: FeedFile,
  change: (property: PropertyFile, set: SetFile) => PropertyFile | null,
  value: (given: SampleValue, property: PropertyFile) => SampleValue = (given) => given,
): FeedFile {
  const changed = new Map(
    feed.sets.map((set) => [set.name, new Map(set.properties.map((one) => [one.name, change(one, set)] as const))]),
  );
  const nameIn = (set: string, name: string): string => changed.get(set)?.get(name)?.name ?? name;
  const sets = feed.sets.map((set): SetFile => {
    const properties = changed.get(set.name) ?? new Map<string, PropertyFile | null>();
    const rows = set.rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).flatMap(([name, given]) => {
          const property = properties.get(name) ?? null;
          return property === null ? [] : [[property.name, value(given, property)]];
        }),
      ),
    );
    const navigations = set.navigations.map((navigation): NavigationFile => {
      const join = navigation.join.map(
        ([own, other]) => [nameIn(set.name, own), nameIn(navigation.to, other)] as const,
      );
      return { ...navigation, join };
    });
    const kept = [...properties.values()].filter((property) => property !== null);
    return { ...set, key: set.key.map((name) => nameIn(set.name, name)), properties: kept, navigations, rows };
  });
  return { ...feed, sets };
}
