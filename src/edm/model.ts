/**
 * The entity data model in CSDL's words (OData CSDL XML 4.0, sections 6 to 13), as frozen records.
 * Only what a read-only 4.0 feed needs: entity types, primitive properties, navigation properties, entity sets.
 */

/** The primitive types this gateway reads, stores and serves (CSDL 4.4). */
export type PrimitiveTypeName =
  | 'Edm.Binary'
  | 'Edm.Boolean'
  | 'Edm.Byte'
  | 'Edm.Date'
  | 'Edm.DateTimeOffset'
  | 'Edm.Decimal'
  | 'Edm.Double'
  | 'Edm.Duration'
  | 'Edm.Guid'
  | 'Edm.Int16'
  | 'Edm.Int32'
  | 'Edm.Int64'
  | 'Edm.SByte'
  | 'Edm.Single'
  | 'Edm.String'
  | 'Edm.TimeOfDay';

/** How near a property's values are to a person; drives masking and documentation. */
export type PersonalData = 'none' | 'direct' | 'indirect' | 'pseudonym' | 'content' | 'employee';

/** An enumeration type of a proxied feed (CSDL 10). Its values are served as text: their members' names. */
export interface Enumeration {
  /** Qualified, in the feed's own namespace. */
  readonly name: string;
  readonly members: ReadonlyMap<string, bigint>;
  /** `IsFlags`: a value may be several members. */
  readonly flags: boolean;
}

/** A structural property (CSDL 6). `maxLength` counts characters; `precision`/`scale` are decimal digits or fraction digits. */
export interface Property {
  readonly kind: 'Property';
  readonly name: string;
  readonly type: PrimitiveTypeName;
  /** `Collection(type)`; only upstream sets have these. */
  readonly collection: boolean;
  readonly nullable: boolean;
  readonly maxLength?: number;
  readonly precision?: number;
  readonly scale?: number | 'variable';
  readonly description?: string;
  readonly personalData?: PersonalData;
  /** In a model as somebody with rights sees it: whether its values are masked, or those of some rows, or not there. Absent: they are what they are. */
  readonly shown?: 'masked' | 'partly';
  /** How the proxied feed has it, where metadata maps another name of its to ours. */
  readonly upstream?: UpstreamProperty;
  /** `type` is `Edm.String` then; only properties of proxied sets have one. */
  readonly enumeration?: Enumeration;
}

/** A property under the name that a feed has for it. */
export interface UpstreamProperty {
  readonly name: string;
  /** The feed's whole numbers are that many to one of ours; what is left of a division is cut. null: they are the same. */
  readonly divisor: number | null;
}

/** One pair of joined properties: ours equals the target's. */
export interface JoinPair {
  readonly property: string;
  readonly referencedProperty: string;
}

/** A navigation property (CSDL 7). `join` holds for both directions; a `ReferentialConstraint` is written only where `collection` is false and the pairs are the target's key. */
export interface NavigationProperty {
  readonly kind: 'NavigationProperty';
  readonly name: string;
  /** Name of the target entity type, without namespace. */
  readonly target: string;
  readonly collection: boolean;
  readonly nullable: boolean;
  readonly partner?: string;
  readonly join: readonly JoinPair[];
  readonly description?: string;
}

export interface EntityType {
  readonly kind: 'EntityType';
  readonly name: string;
  readonly key: readonly string[];
  readonly properties: ReadonlyMap<string, Property>;
  readonly navigationProperties: ReadonlyMap<string, NavigationProperty>;
  readonly description?: string;
}

export interface EntitySet {
  readonly kind: 'EntitySet';
  readonly name: string;
  /** A name for people, in the service document; absent: the name itself. */
  readonly title?: string;
  readonly entityType: EntityType;
  /** Navigation property name to the name of the entity set it leads to. */
  readonly navigationPropertyBindings: ReadonlyMap<string, string>;
  readonly description?: string;
  /** Properties that `$search` looks into; empty: `$search` is refused for this set. */
  readonly searchable: readonly string[];
}

/** The whole served model: one schema, one container. */
export interface Model {
  readonly namespace: string;
  readonly container: string;
  readonly entityTypes: ReadonlyMap<string, EntityType>;
  readonly entitySets: ReadonlyMap<string, EntitySet>;
}
