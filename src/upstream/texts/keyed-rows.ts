import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { canonicalText, valueText } from '../../json/reading/value-text.ts';
import type { KeyedRequest } from '../upstream.ts';
import { isText } from './text-uses.ts';

/**
 * Whether a raw row has the texts of one of these keys. A feed that compares texts without letter case gives rows of other keys, too, and the same ones again for a
 * request that names these. Values of other types may be written in several ways, and are not looked at.
 */
export function hasTextsOf(
  { set, properties }: Pick<KeyedRequest, 'set' | 'properties'>,
  keys: KeyedRequest['keys'],
): (raw: string) => boolean {
  const texts = properties.flatMap((property, at) => (isText(property) ? [{ property, at }] : []));
  if (texts.length === 0) {
    return () => true;
  }
  const own = ownNames(set.entityType);
  const readers = texts.map(({ property }) => ({ name: property.name, read: valueText(property, false) }));
  const asked = new Set(keys.map((key) => JSON.stringify(texts.map(({ at }) => key[at]))));
  return (raw) => {
    const members = own(readObject(raw));
    return asked.has(JSON.stringify(readers.map(({ name, read }) => canonicalText(read(members.get(name) ?? 'null')))));
  };
}
