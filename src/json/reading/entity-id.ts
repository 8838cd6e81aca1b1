import { entityUrl } from '../../edm/key-literal.ts';
import type { EntitySet } from '../../edm/model.ts';
import { broken } from './json-scan.ts';
import { canonicalText, valueText } from './value-text.ts';

/** Makes the canonical URL of an entity, relative to our service root, from the members of its row (URL Conventions 4.3.1). */
export function entityIdOf(set: EntitySet): (members: ReadonlyMap<string, string>) => string {
  const key = set.entityType.key.map((name) => {
    const property = set.entityType.properties.get(name);
    if (property === undefined) {
      throw new TypeError(`${set.name} has no key property ${name}`);
    }
    return { name, type: property.type, text: valueText(property, false) };
  });
  return (members) => {
    const texts = key.map(({ name, text }) => {
      const raw = members.get(name);
      if (raw === undefined || raw === 'null') {
        throw broken(`a row of ${set.name} has no ${name}`);
      }
      return canonicalText(text(raw));
    });
    return entityUrl(set.name, key, texts);
  };
}
