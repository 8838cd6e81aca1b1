import type { Catalogue } from '../catalogue/catalogue.ts';
import type { EntitySet, EntityType, Enumeration, Property } from '../edm/model.ts';

const memberName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The set as a feed declares it that has enumerations: a text property, not of the key, whose documented codes could all
 * be members is of an enumeration of them, named like the type of the code list. What has an enumeration keeps it.
 * `qualified` puts the sandbox's own names in place of ours.
 */
export function withEnumerations(set: EntitySet, catalogue: Catalogue, qualified: (name: string) => string): EntitySet {
  const properties = [...set.entityType.properties].map(([name, property]): [string, Property] => {
    const enumeration = set.entityType.key.includes(name) ? null : enumerationOf(set, property, catalogue);
    if (enumeration === null) {
      return [name, property];
    }
    const short = enumeration.name.slice(enumeration.name.lastIndexOf('.') + 1);
    return [name, { ...property, enumeration: { ...enumeration, name: qualified(short) } }];
  });
  const entityType: EntityType = { ...set.entityType, properties: new Map(properties) };
  return { ...set, entityType };
}

function enumerationOf(set: EntitySet, property: Property, catalogue: Catalogue): Enumeration | null {
  if (property.enumeration !== undefined) {
    return property.enumeration;
  }
  const binding = catalogue.sets.get(set.name);
  const list = binding?.kind === 'upstream' ? (binding.hints?.get(property.name)?.codeList ?? '') : '';
  const rows = catalogue.sets.get(list);
  if (property.type !== 'Edm.String' || property.collection) {
    return null;
  }
  if (rows?.kind !== 'stored' || rows.derivation?.kind !== 'rows') {
    return null;
  }
  const codes = rows.derivation.rows.map((row) => row[0] ?? '');
  if (codes.length === 0 || !codes.every((code) => memberName.test(code))) {
    return null;
  }
  const members = new Map(codes.map((code, index) => [code, BigInt(index)]));
  return { name: catalogue.model.entitySets.get(list)?.entityType.name ?? list, members, flags: false };
}
