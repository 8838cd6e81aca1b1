import type { Enumeration, PrimitiveTypeName, Property } from './model.ts';
import { isPrimitiveTypeName, primitiveType } from './primitive-types.ts';
import type { XmlNode } from './read-xml.ts';
import type { SchemaElement, SchemaIndex } from './schema-index.ts';
import { childrenOf, descriptionOf, isServable } from './schema-index.ts';

/** A structural property as read. `enumType`: its qualified enumeration type, whose members are served as strings. */
export interface ReadProperty {
  readonly property: Property;
  readonly enumType: string | null;
}

/** An entity type and its base types, the root of the inheritance first. A cycle ends the chain. */
export function withBaseTypes(type: SchemaElement, index: SchemaIndex): readonly SchemaElement[] {
  const chain: SchemaElement[] = [];
  for (let current: SchemaElement | undefined = type; current !== undefined && !chain.includes(current); ) {
    chain.unshift(current);
    const base: string | undefined = current.node.attributes.get('BaseType');
    current = base === undefined ? undefined : index.elements.get(index.resolve(base));
  }
  return chain;
}

/** Key property names, each once, of a type or of the nearest base type that has a key; null: none, or one with a path. */
export function keyOf(chain: readonly SchemaElement[]): readonly string[] | null {
  for (const type of chain.toReversed()) {
    const references = childrenOf(type.node, 'Key').flatMap((key) => childrenOf(key, 'PropertyRef'));
    if (references.length === 0) {
      continue;
    }
    const names = references.map((reference) => reference.attributes.get('Name') ?? '');
    return names.some((name) => name === '' || name.includes('/')) ? null : [...new Set(names)];
  }
  return null;
}

/** The servable structural properties of a type, inherited ones first. Key properties are never nullable. */
export function readProperties(
  chain: readonly SchemaElement[],
  key: readonly string[],
  index: SchemaIndex,
): ReadonlyMap<string, ReadProperty> {
  const found = new Map<string, ReadProperty>();
  const folded = new Set<string>();
  for (const type of chain) {
    for (const node of childrenOf(type.node, 'Property')) {
      const path = `${type.qualifiedName}/${node.attributes.get('Name') ?? ''}`;
      const read = readProperty(node, path, index);
      if (read === null) {
        continue;
      }
      const name = read.property.name;
      if (folded.has(name.toLowerCase())) {
        index.dropped.push({ path, reason: 'another property has the same name in another case' });
        continue;
      }
      folded.add(name.toLowerCase());
      found.set(name, key.includes(name) ? { ...read, property: { ...read.property, nullable: false } } : read);
    }
  }
  return found;
}

function readProperty(node: XmlNode, path: string, index: SchemaIndex): ReadProperty | null {
  const name = node.attributes.get('Name') ?? '';
  if (!isServable(name, path, index)) {
    return null;
  }
  const written = index.resolve(node.attributes.get('Type') ?? 'Edm.String');
  const item = /^Collection\((.*)\)$/.exec(written)?.[1];
  const resolved = primitiveOf(index.resolve(item ?? written), index);
  if (typeof resolved === 'string') {
    index.dropped.push({ path, reason: resolved });
    return null;
  }
  const collection = item !== undefined;
  return {
    enumType: resolved.enumeration?.name ?? null,
    property: {
      kind: 'Property',
      name,
      type: resolved.type,
      collection,
      nullable: node.attributes.get('Nullable') !== 'false',
      ...facetsOf(resolved.type, [node, ...resolved.definitions]),
      ...descriptionOf(node, path, index),
      ...(resolved.enumeration === null ? {} : { enumeration: resolved.enumeration }),
    },
  };
}

interface Resolved {
  readonly type: PrimitiveTypeName;
  readonly enumeration: Enumeration | null;
  /** Type definitions on the way; their facets hold where the property has none. */
  readonly definitions: readonly XmlNode[];
}

/** The primitive type that stands for a type, or the reason why none does. */
function primitiveOf(name: string, index: SchemaIndex): Resolved | string {
  if (isPrimitiveTypeName(name)) {
    return { type: name, enumeration: null, definitions: [] };
  }
  if (name.startsWith('Edm.')) {
    return `${name} is not served`;
  }
  const element = index.elements.get(name);
  if (element === undefined) {
    return `its type ${name} is not declared`;
  }
  switch (element.kind) {
    case 'EnumType':
      return { type: 'Edm.String', enumeration: enumerationOf(element), definitions: [] };
    case 'TypeDefinition': {
      const underlying = element.node.attributes.get('UnderlyingType') ?? '';
      return isPrimitiveTypeName(underlying)
        ? { type: underlying, enumeration: null, definitions: [element.node] }
        : `${underlying} is not served`;
    }
    case 'ComplexType':
      return `${name} is a complex type`;
    default:
      return `${name} is not a type of a property`;
  }
}

/** A member without a value has the one after the member before it, the first one 0 (CSDL 10.3). */
function enumerationOf({ qualifiedName, node }: SchemaElement): Enumeration {
  const members = new Map<string, bigint>();
  let next = 0n;
  for (const member of childrenOf(node, 'Member')) {
    const written = member.attributes.get('Value') ?? '';
    const value = /^[+-]?\d{1,19}$/.test(written) ? BigInt(written.replace('+', '')) : next;
    members.set(member.attributes.get('Name') ?? '', value);
    next = value + 1n;
  }
  return { name: qualifiedName, members, flags: node.attributes.get('IsFlags') === 'true' };
}

function facetsOf(type: PrimitiveTypeName, nodes: readonly XmlNode[]): Partial<Property> {
  const legal = primitiveType(type).facets;
  const text = (name: string): string =>
    nodes.map((node) => node.attributes.get(name)).find((v) => v !== undefined) ?? '';
  const whole = (name: string): number | undefined => (/^\d{1,9}$/.test(text(name)) ? Number(text(name)) : undefined);
  const maxLength = whole('MaxLength');
  const precision = precisionOf(type, whole('Precision'));
  return {
    ...(legal.includes('MaxLength') && maxLength !== undefined && maxLength > 0 ? { maxLength } : {}),
    ...(legal.includes('Precision') && precision !== undefined ? { precision } : {}),
    // CSDL says that a missing scale is 0, but feeds that leave it out do send fractions, and clients would cut them off.
    ...(legal.includes('Scale') ? { scale: scaleWithin(whole('Scale'), precision) } : {}),
  };
}

/** Digits of a second that .NET services send; most of them declare no precision, which would mean none (CSDL 4.0, 6.2.3). */
const usualTimePrecision = 7;

/** Within the bounds of CSDL 4.0, 6.2.3, which readers insist on: a decimal has at least one digit, a time at most twelve. */
function precisionOf(type: PrimitiveTypeName, written: number | undefined): number | undefined {
  if (type === 'Edm.Decimal') {
    return written === 0 ? undefined : written;
  }
  return Math.min(written ?? usualTimePrecision, 12);
}

function scaleWithin(scale: number | undefined, precision: number | undefined): number | 'variable' {
  return scale === undefined || (precision !== undefined && scale > precision) ? 'variable' : scale;
}
