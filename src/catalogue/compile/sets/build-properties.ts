import type { PrimitiveTypeName, Property } from '../../../edm/model.ts';
import { primitiveType } from '../../../edm/primitive-types.ts';
import type { Column } from '../../catalogue.ts';
import type { SetDraft } from '../documents/draft.ts';
import type { PropertyEntry } from '../schema/schema.ts';

/** Properties every set of loaded files has besides the documented ones, with the columns that hold them. */
const bookkeeping: readonly { readonly column: string; readonly property: Property }[] = [
  {
    column: '_load_id',
    property: {
      kind: 'Property',
      name: 'LoadId',
      type: 'Edm.Int64',
      collection: false,
      nullable: true,
      description: 'Load that wrote the row; see the set Loads. Null: the row comes with the metadata.',
      personalData: 'none',
    },
  },
  {
    column: '_loaded_at',
    property: {
      kind: 'Property',
      name: 'LoadedAt',
      type: 'Edm.DateTimeOffset',
      collection: false,
      nullable: true,
      description: 'When the row was last written by a load.',
      personalData: 'none',
    },
  },
  {
    column: 'Extras',
    property: {
      kind: 'Property',
      name: 'Extras',
      type: 'Edm.String',
      collection: false,
      nullable: true,
      description: 'JSON object of the cells under headers that the catalogue does not know; null: none.',
      personalData: 'content',
    },
  },
];

const deletion: { readonly column: string; readonly property: Property } = {
  column: '_deleted_at',
  property: {
    kind: 'Property',
    name: 'DeletedAt',
    type: 'Edm.DateTimeOffset',
    collection: false,
    nullable: true,
    description: 'When a snapshot no longer held the row; null: the newest snapshot holds it.',
    personalData: 'none',
  },
};

export interface BuiltProperties {
  readonly properties: ReadonlyMap<string, Property>;
  /** Stored sets: where each property is kept. */
  readonly columns: ReadonlyMap<string, Column>;
}

export const edmType = (entry: Pick<PropertyEntry, 'type'>): PrimitiveTypeName => `Edm.${entry.type}`;

/** The properties of a set in document order, then the bookkeeping ones, each with its column. */
export function buildProperties(draft: SetDraft): BuiltProperties {
  const properties = new Map<string, Property>();
  const columns = new Map<string, Column>();
  const folded = new Map<string, string>();
  for (const [name, entry] of Object.entries(draft.entry.properties)) {
    const earlier = folded.get(name.toLowerCase());
    if (earlier !== undefined) {
      const message = `The property ${earlier} has the same name but for the case of its letters.`;
      draft.report(['properties', name], message, 'Rename one of them.');
    }
    folded.set(name.toLowerCase(), name);
    checkFacets(draft, name, entry);
    properties.set(name, property(draft, name, entry));
    columns.set(name, { name, sqlType: primitiveType(edmType(entry)).postgres });
  }
  for (const { column, property: extra } of extrasOf(draft)) {
    const earlier = folded.get(extra.name.toLowerCase());
    if (earlier !== undefined) {
      const message = `The gateway adds a property ${extra.name} to this set itself.`;
      draft.report(['properties', earlier], message, 'Rename this one.');
      continue;
    }
    properties.set(extra.name, extra);
    columns.set(extra.name, { name: column, sqlType: primitiveType(extra.type).postgres });
  }
  return { properties, columns };
}

function extrasOf(draft: SetDraft): readonly { readonly column: string; readonly property: Property }[] {
  if (draft.form !== 'export') {
    return [];
  }
  const write = draft.entry.write;
  return write?.mode === 'snapshot' && write.missing === 'keep' ? [...bookkeeping, deletion] : bookkeeping;
}

function property(draft: SetDraft, name: string, entry: PropertyEntry): Property {
  const type = edmType(entry);
  const scale = entry.scale ?? (type === 'Edm.Decimal' ? ('variable' as const) : undefined);
  return {
    kind: 'Property',
    name,
    type,
    collection: entry.collection ?? false,
    nullable: entry.nullable ?? !draft.entry.key.includes(name),
    ...(entry.maxLength === undefined ? {} : { maxLength: entry.maxLength }),
    ...(entry.precision === undefined ? {} : { precision: entry.precision }),
    ...(scale === undefined ? {} : { scale }),
    description: entry.description,
    personalData: entry.personalData,
  };
}

function checkFacets(draft: SetDraft, name: string, entry: PropertyEntry): void {
  const legal = primitiveType(edmType(entry)).facets;
  const given = [
    ['maxLength', 'MaxLength'],
    ['precision', 'Precision'],
    ['scale', 'Scale'],
  ] as const;
  for (const [key, facet] of given) {
    if (entry[key] === undefined || legal.includes(facet)) {
      continue;
    }
    draft.report(['properties', name, key], `${entry.type} takes no ${key}.`, 'Remove it, or use another type.');
  }
  const { precision, scale } = entry;
  if (typeof scale === 'number' && precision !== undefined && scale > precision) {
    const message = `The scale ${scale} is greater than the precision ${precision}.`;
    draft.report(['properties', name, 'scale'], message, 'Raise the precision or lower the scale.');
  }
  if (entry.upstreamNames !== undefined && draft.form !== 'upstream') {
    const message = 'Only sets of a proxied feed have other names in it.';
    draft.report(['properties', name, 'upstreamNames'], message, 'Name other spellings of a header with "aliases".');
  }
  if (entry.collection === true && draft.form !== 'upstream') {
    const message = 'Only sets of a proxied feed may have collections.';
    draft.report(['properties', name, 'collection'], message, 'Keep the list as text and add a bridge set.');
  }
}
