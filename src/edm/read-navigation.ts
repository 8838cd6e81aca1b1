import type { JoinPair, NavigationProperty } from './model.ts';
import type { XmlNode } from './read-xml.ts';
import type { SchemaElement, SchemaIndex } from './schema-index.ts';
import { childrenOf, descriptionOf, isServable } from './schema-index.ts';

/** A navigation property as read; the target still by its qualified name. */
export interface ReadNavigation extends Omit<NavigationProperty, 'target'> {
  readonly target: string;
}

/**
 * The navigation properties of a type, inherited ones first. Dropped are contained ones, which have no entity set, and those
 * that have the name of a structural property or of another navigation, whatever the case of the letters.
 */
export function readNavigations(
  chain: readonly SchemaElement[],
  properties: ReadonlyMap<string, unknown>,
  index: SchemaIndex,
): ReadonlyMap<string, ReadNavigation> {
  const found = new Map<string, ReadNavigation>();
  const taken = new Map([...properties.keys()].map((name) => [name.toLowerCase(), '']));
  for (const type of chain) {
    for (const node of childrenOf(type.node, 'NavigationProperty')) {
      const name = node.attributes.get('Name') ?? '';
      const path = `${type.qualifiedName}/${name}`;
      if (!isServable(name, path, index)) {
        continue;
      }
      if (node.attributes.get('ContainsTarget') === 'true') {
        index.dropped.push({ path, reason: 'contained entities are not served' });
        continue;
      }
      const folded = name.toLowerCase();
      // A derived type may declare an inherited one again.
      if ((taken.get(folded) ?? name) !== name) {
        index.dropped.push({ path, reason: 'another property has the same name, perhaps in another case' });
        continue;
      }
      taken.set(folded, name);
      found.set(name, readNavigation(node, path, index));
    }
  }
  return found;
}

function readNavigation(node: XmlNode, path: string, index: SchemaIndex): ReadNavigation {
  const written = node.attributes.get('Type') ?? '';
  const item = /^Collection\((.*)\)$/.exec(written)?.[1];
  const partner = node.attributes.get('Partner');
  return {
    kind: 'NavigationProperty',
    name: node.attributes.get('Name') ?? '',
    target: index.resolve(item ?? written),
    collection: item !== undefined,
    nullable: item === undefined && node.attributes.get('Nullable') !== 'false',
    ...(partner === undefined || partner.includes('/') ? {} : { partner }),
    join: childrenOf(node, 'ReferentialConstraint').map(joinPair),
    ...descriptionOf(node, path, index),
  };
}

function joinPair(node: XmlNode): JoinPair {
  return {
    property: node.attributes.get('Property') ?? '',
    referencedProperty: node.attributes.get('ReferencedProperty') ?? '',
  };
}
