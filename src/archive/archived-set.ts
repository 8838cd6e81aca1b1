import type { ArchiveSettings } from '../catalogue/archive-settings.ts';
import type { Catalogue, StoredSet } from '../catalogue/catalogue.ts';
import type { EntitySet, EntityType, Model, Property } from '../edm/model.ts';
import { wholeSets } from '../plan/grants.ts';
import { visible } from '../plan/visible.ts';
import { twinOf } from '../warehouse/tables/twin-table.ts';

/** A proxied set whose rows are kept. */
export interface ArchivedSet {
  readonly name: string;
  readonly source: string;
  readonly settings: ArchiveSettings;
  /** Minutes after midnight UTC at which the feed refreshes the set, once a day; null: it may change at any time. */
  readonly refreshed: number | null;
  /** As the feed has it. */
  readonly live: EntitySet;
  /** As it is served from the archive: with the mark of rows that the feed has purged. */
  readonly kept: EntitySet;
  readonly table: StoredSet;
}

export const archiveSchema = 'gateway_archive';
/** Column with the time at which a row was found to be purged. */
export const purgedColumn = '_purged_at';

/** The archive of a set, and the table that it needs. */
export function archivedSet(
  live: EntitySet,
  {
    source,
    settings,
    refreshed = null,
  }: Pick<ArchivedSet, 'source' | 'settings'> & Partial<Pick<ArchivedSet, 'refreshed'>>,
): ArchivedSet {
  const mark = markOf(live.entityType);
  const kept: EntitySet = { ...live, entityType: withMark(live.entityType, mark) };
  const twin = twinOf(live, { source, relation: { schema: archiveSchema, name: live.name } });
  const table: StoredSet = {
    ...twin,
    columns: new Map([...twin.columns, [mark, { name: purgedColumn, sqlType: 'timestamp with time zone' }]]),
    versionColumn: '_version',
    indexes: indexesOf(live, settings),
  };
  return { name: live.name, source, settings, refreshed, live, kept, table };
}

/** A feed may have a property of the name, e.g. where it is another gateway. */
function markOf({ properties }: EntityType): string {
  const taken = new Set([...properties.keys()].map((name) => name.toLowerCase()));
  return ['PurgedAt', 'ArchivePurgedAt'].find((name) => !taken.has(name.toLowerCase())) ?? 'GatewayArchivePurgedAt';
}

/** Whatever the feed says, no property but the key has to have a value: that may change, and rows are kept. */
function withMark(type: EntityType, mark: string): EntityType {
  const marked: Property = {
    kind: 'Property',
    name: mark,
    type: 'Edm.DateTimeOffset',
    collection: false,
    nullable: true,
    precision: 6,
    description:
      'When the feed was found not to have the row any more, as it keeps rows for a while only; null: it has it.',
    personalData: 'none',
  };
  const own = [...type.properties.values()].map((property) =>
    type.key.includes(property.name) || property.collection ? property : { ...property, nullable: true },
  );
  return { ...type, properties: new Map([...own, marked].map((property) => [property.name, property])) };
}

/** The point in time, and what navigation joins by. */
function indexesOf({ entityType }: EntitySet, { by }: ArchiveSettings): readonly (readonly string[])[] {
  const joins = [...entityType.navigationProperties.values()].map(({ join }) => join.map(({ property }) => property));
  const groups = [...(by === null ? [] : [[by]]), ...joins].filter(
    (names) => names.length > 0 && names.every((name) => entityType.properties.has(name)),
  );
  const { key } = entityType;
  const all = groups.filter((names) => names.join() !== key.slice(0, names.length).join());
  return [...new Map(all.map((names) => [names.join(), names])).values()];
}

/** The sets of a catalogue that are kept. */
export function archivedSets(catalogue: Catalogue): readonly ArchivedSet[] {
  return [...catalogue.sets.values()].flatMap((binding) => {
    const live = catalogue.model.entitySets.get(binding.name);
    if (binding.kind !== 'upstream' || binding.archive === undefined || live === undefined) {
      return [];
    }
    const { source, archive: settings, refreshed = null } = binding;
    return [archivedSet(live, { source, settings, refreshed })];
  });
}

/** The catalogue with these sets in their archives: whatever reads or writes stored sets by it has them among these. */
export function withArchived(catalogue: Catalogue, archived: readonly ArchivedSet[]): Catalogue {
  if (archived.length === 0) {
    return catalogue;
  }
  const stored = new Set(archived.map(({ name }) => name));
  // Sets that share a type share it: where one of them has no mark, none is served with it.
  const others = new Set(
    [...catalogue.model.entitySets.values()].filter(({ name }) => !stored.has(name)).map((set) => set.entityType.name),
  );
  const served = archived.map(
    ({ name, kept, live }) => [name, others.has(kept.entityType.name) ? live : kept] as const,
  );
  const entitySets = new Map([...catalogue.model.entitySets, ...served]);
  const entityTypes = new Map([...entitySets.values()].map(({ entityType }) => [entityType.name, entityType]));
  const whole: Model = Object.freeze({ ...catalogue.model, entitySets, entityTypes });
  const sets = new Map([...catalogue.sets, ...archived.map(({ name, table }) => [name, table] as const)]);
  // Of a source without an address archived sets come back alone: nothing leads to the others.
  const comesBack = archived.some(({ name }) => !catalogue.model.entitySets.has(name));
  const model = comesBack ? visible(whole, wholeSets(entitySets.keys())) : whole;
  const withheld = [...(catalogue.withheld ?? [])].filter(([name]) => !stored.has(name));
  const { documents = catalogue } = catalogue;
  return Object.freeze({
    ...{ ...catalogue, model, sets, documents },
    ...(catalogue.withheld && { withheld: new Map(withheld) }),
  });
}

/** The catalogue without some sets: nothing leads to them, and whoever asks for one is told why. */
export function withheldSets(catalogue: Catalogue, why: ReadonlyMap<string, string>): Catalogue {
  if (why.size === 0) {
    return catalogue;
  }
  const sets = new Map([...catalogue.sets].filter(([name]) => !why.has(name)));
  const withheld = new Map([...(catalogue.withheld ?? []), ...why]);
  return Object.freeze({ ...catalogue, model: visible(catalogue.model, wholeSets(sets.keys())), sets, withheld });
}
