import type { FeedCapabilities, SetCapabilities } from './capabilities.ts';
import type { Property } from './model.ts';

/** An annotation in neutral form; `metadata-xml.ts` and `metadata-json.ts` write it. Terms are full names, never aliases. */
export interface Annotation {
  readonly term: string;
  readonly value: AnnotationValue;
}

export type AnnotationValue =
  | { readonly kind: 'Bool'; readonly value: boolean }
  | { readonly kind: 'String'; readonly value: string }
  | { readonly kind: 'EnumMember'; readonly type: string; readonly member: string }
  | { readonly kind: 'Collection'; readonly of: CollectionItem; readonly values: readonly string[] }
  | { readonly kind: 'Record'; readonly properties: readonly (readonly [string, AnnotationValue])[] };

export type CollectionItem = 'String' | 'PropertyPath' | 'NavigationPropertyPath';

export const core = 'Org.OData.Core.V1';
export const capabilities = 'Org.OData.Capabilities.V1';
export const aggregation = 'Org.OData.Aggregation.V1';

/** Address of a vocabulary; its ending is how the ODL readers recognise the ones they have built in. */
export function vocabularyUri(namespace: string, format: 'xml' | 'json'): string {
  return `https://oasis-tcs.github.io/odata-vocabularies/vocabularies/${namespace}.${format}`;
}

export function description(text: string | undefined): readonly Annotation[] {
  return text === undefined || text === ''
    ? []
    : [{ term: `${core}.Description`, value: { kind: 'String', value: text } }];
}

/**
 * How near a property's values are to a person, by our own term (docs/personal-data.md). It is defined in no schema: readers are known to pass
 * over annotations by terms that they do not know, and not known to pass over definitions of terms.
 */
export const personalDataTerm = 'Gateway.Vocabulary.V1.PersonalDataClass';

/** Annotations of a property. */
export function propertyAnnotations({ description: text, personalData = 'none' }: Property): readonly Annotation[] {
  return personalData === 'none'
    ? description(text)
    : [...description(text), { term: personalDataTerm, value: { kind: 'String', value: personalData } }];
}

/** Annotations of the entity container. */
export function feedAnnotations(feed: FeedCapabilities): readonly Annotation[] {
  return [
    annotation(core, 'ODataVersions', { kind: 'String', value: feed.versions }),
    annotation(capabilities, 'ConformanceLevel', {
      kind: 'EnumMember',
      type: `${capabilities}.ConformanceLevelType`,
      member: feed.conformance,
    }),
    annotation(capabilities, 'BatchSupported', bool(feed.batch)),
    annotation(capabilities, 'BatchContinueOnErrorSupported', bool(feed.batch)),
    annotation(capabilities, 'AsynchronousRequestsSupported', bool(feed.asynchronous)),
    annotation(capabilities, 'CrossJoinSupported', bool(feed.crossJoin)),
    annotation(capabilities, 'SupportedFormats', { kind: 'Collection', of: 'String', values: feed.formats }),
    annotation(capabilities, 'FilterFunctions', { kind: 'Collection', of: 'String', values: feed.filterFunctions }),
  ];
}

/** No entity set of this feed can be written, a proxied one as little as a stored one. */
const readOnly: readonly Annotation[] = [
  annotation(capabilities, 'InsertRestrictions', record(['Insertable', bool(false)])),
  annotation(capabilities, 'UpdateRestrictions', record(['Updatable', bool(false)])),
  annotation(capabilities, 'DeleteRestrictions', record(['Deletable', bool(false)])),
];

/** Annotations of an entity set. Only terms and members that the first Capabilities vocabulary of 4.0 has. */
export function setAnnotations(set: SetCapabilities | undefined): readonly Annotation[] {
  if (set === undefined) {
    return readOnly;
  }
  const found: Annotation[] = [
    ...readOnly,
    annotation(capabilities, 'TopSupported', bool(set.top)),
    annotation(capabilities, 'SkipSupported', bool(set.skip)),
    annotation(capabilities, 'CountRestrictions', record(['Countable', bool(set.count)])),
    annotation(
      capabilities,
      'FilterRestrictions',
      record(['Filterable', bool(set.filter)], paths('NonFilterableProperties', 'PropertyPath', set.nonFilterable)),
    ),
    annotation(
      capabilities,
      'SortRestrictions',
      record(['Sortable', bool(set.sort)], paths('NonSortableProperties', 'PropertyPath', set.nonSortable)),
    ),
    annotation(
      capabilities,
      'ExpandRestrictions',
      record(
        ['Expandable', bool(set.expand)],
        paths('NonExpandableProperties', 'NavigationPropertyPath', set.nonExpandable),
      ),
    ),
    annotation(capabilities, 'SearchRestrictions', record(['Searchable', bool(set.search)])),
    annotation(capabilities, 'ChangeTracking', record(['Supported', bool(set.changeTracking)])),
  ];
  if (set.filterFunctions !== null) {
    found.push(
      annotation(capabilities, 'FilterFunctions', { kind: 'Collection', of: 'String', values: set.filterFunctions }),
    );
  }
  if (set.apply.length > 0) {
    found.push(
      annotation(
        aggregation,
        'ApplySupported',
        record(['Transformations', { kind: 'Collection', of: 'String', values: set.apply }]),
      ),
    );
  }
  return found;
}

/** The vocabularies whose terms are used, in a fixed order. */
export function vocabulariesOf(feed: FeedCapabilities | null): readonly string[] {
  if (feed === null) {
    return [core];
  }
  const applies = [...feed.sets.values()].some((set) => set.apply.length > 0);
  return applies ? [core, capabilities, aggregation] : [core, capabilities];
}

function annotation(vocabulary: string, name: string, value: AnnotationValue): Annotation {
  return { term: `${vocabulary}.${name}`, value };
}

function bool(value: boolean): AnnotationValue {
  return { kind: 'Bool', value };
}

function record(...properties: readonly (readonly [string, AnnotationValue] | null)[]): AnnotationValue {
  return { kind: 'Record', properties: properties.filter((pair) => pair !== null) };
}

function paths(name: string, of: CollectionItem, values: readonly string[]): readonly [string, AnnotationValue] | null {
  return values.length === 0 ? null : [name, { kind: 'Collection', of, values }];
}
