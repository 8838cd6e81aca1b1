import type { EntitySet } from '../edm/model.ts';
import { urlLiteral } from '../edm/primitive-types.ts';
import { broken } from './json-scan.ts';
import { canonicalText, valueText } from './value-text.ts';

/** Makes the canonical URL of an entity, relative to our service root, from the members of its row (URL Conventions 4.3.1). */
export function entityIdOf(set: EntitySet): (members: ReadonlyMap<string, string>) => string {
  const key = set.entityType.key.map((name) => {
    const property = set.entityType.properties.get(name);
    if (property === undefined) throw new TypeError(`${set.name} has no key property ${name}`);
    return { property, text: valueText(property, false) };
  });
  return (members) => {
    const pairs = key.map(({ property, text }) => {
      const raw = members.get(property.name);
      if (raw === undefined || raw === 'null') throw broken(`a row of ${set.name} has no ${property.name}`);
      const literal = encodeURIComponent(urlLiteral(property.type, canonicalText(text(raw))))
        .replace(/%2C/g, ',')
        .replace(/%3A/g, ':');
      return key.length === 1 ? literal : `${property.name}=${literal}`;
    });
    return `${set.name}(${pairs.join(',')})`;
  };
}
