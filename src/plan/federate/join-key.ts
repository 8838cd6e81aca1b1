import type { EntityType, NavigationProperty, PrimitiveTypeName, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { canonicalDecimal, canonicalInteger } from '../value/numeric-text.ts';
import { canonicalDate, canonicalDateTimeOffset } from '../value/temporal-text.ts';

/** Canonical texts of the joined values of one row, in the order of the join; null: one of them is null, so nothing joins. */
export type JoinKey = readonly string[] | null;

/** Two sources may write one value in two ways: a join compares what they mean (see `Constant`). */
const canonical: ReadonlyMap<PrimitiveTypeName, (text: string) => string | null> = new Map<
  PrimitiveTypeName,
  (text: string) => string | null
>([
  ['Edm.String', (text) => text],
  ['Edm.Boolean', (text) => text],
  ['Edm.Guid', (text) => text.toLowerCase()],
  ['Edm.Byte', canonicalInteger],
  ['Edm.SByte', canonicalInteger],
  ['Edm.Int16', canonicalInteger],
  ['Edm.Int32', canonicalInteger],
  ['Edm.Int64', canonicalInteger],
  ['Edm.Decimal', canonicalDecimal],
  ['Edm.Date', canonicalDate],
  ['Edm.DateTimeOffset', canonicalDateTimeOffset],
]);

/** Values as JSON has them, in the order of the join, without quotes; null for null. */
export type KeyTexts = readonly (string | null)[];

/**
 * Makes the joined values of a row comparable.
 * @throws GatewayError NotImplemented for a type that is not compared across sources
 */
export function keyOfTexts(properties: readonly Property[]): (texts: KeyTexts) => JoinKey {
  const readers = properties.map(({ name, type }) => {
    const read = canonical.get(type);
    if (read === undefined) {
      throw new GatewayError('NotImplemented', `${name} is ${type}: sources are not joined by it.`, {
        feature: 'proxied',
      });
    }
    return read;
  });
  return (texts) => {
    const key: string[] = [];
    for (const [index, read] of readers.entries()) {
      const given = texts[index] ?? null;
      const text = given === null ? null : read(given);
      if (text === null) {
        return null;
      }
      key.push(text);
    }
    return key;
  };
}

/** Nothing says which properties a navigation joins: only the feed that declares it can follow it. */
export const unjoined = ({ name }: NavigationProperty): GatewayError =>
  new GatewayError(
    'NotImplemented',
    `Nothing says which properties the navigation property '${name}' joins, so only the feed that declares it could follow it, and its rows are not read from there. Name them in its metadata (references).`,
    { target: name, feature: 'unbound-navigation' },
  );

/** The joined properties of one end of a navigation, in the order of its join. Throws `unjoined`. */
export function joinProperties(
  type: EntityType,
  navigation: NavigationProperty,
  side: 'property' | 'referencedProperty',
): readonly Property[] {
  if (navigation.join.length === 0) {
    throw unjoined(navigation);
  }
  return navigation.join.map((pair) => {
    const property = type.properties.get(pair[side]);
    if (property === undefined) {
      throw new GatewayError('Internal', `${type.name} has no joined property ${pair[side]}`);
    }
    return property;
  });
}
