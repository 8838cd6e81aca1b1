import type { XmlNode } from './read-xml.ts';
import type { SchemaElement, SchemaIndex } from './schema-index.ts';
import { annotationOf, childrenOf } from './schema-index.ts';

const term = 'Org.OData.Aggregation.V1.ApplySupported';

/**
 * By entity set, the transformations of `$apply` that a feed says it does (`ApplySupported` of the Aggregation vocabulary): what the container says
 * holds for the sets that say nothing themselves. A set of which none is named is not there.
 */
export function readApplied(
  { node: container, qualifiedName }: SchemaElement,
  sets: readonly XmlNode[],
  index: SchemaIndex,
): ReadonlyMap<string, readonly string[]> {
  const ofAll = annotationOf(container, qualifiedName, term, index);
  const found = sets.flatMap((node): (readonly [string, readonly string[]])[] => {
    const name = node.attributes.get('Name') ?? '';
    const own = annotationOf(node, `${qualifiedName}/${name}`, term, index) ?? ofAll;
    const transformations = own === undefined ? [] : transformationsIn(own);
    return transformations.length === 0 ? [] : [[name, transformations]];
  });
  return new Map(found);
}

function transformationsIn(annotation: XmlNode): readonly string[] {
  return childrenOf(annotation, 'Record')
    .flatMap((record) => childrenOf(record, 'PropertyValue'))
    .filter(({ attributes }) => attributes.get('Property') === 'Transformations')
    .flatMap((value) => childrenOf(value, 'Collection'))
    .flatMap((collection) => childrenOf(collection, 'String'))
    .map(({ text }) => text.trim());
}
