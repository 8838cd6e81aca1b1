import type { EntityType, NavigationProperty, Property } from './model.ts';
import { primitiveType } from './primitive-types.ts';

/** Digits written where a property names none: CSDL reads a missing precision of a time as 0, of a decimal as unknown. */
export const defaultPrecision = { decimal: 38, time: 6 } as const;

export interface Facets {
  readonly maxLength?: number;
  readonly precision?: number;
  readonly scale?: number | 'variable';
}

/**
 * The facets to write for a property: only those legal for its type (others make clients refuse the whole document), and
 * always precision and scale for decimals, precision for times, because absent ones mean 0 (CSDL 4.0, 6.2.3, 6.2.4).
 */
export function facetsOf(property: Property): Facets {
  const legal = primitiveType(property.type).facets;
  const decimal = legal.includes('Scale');
  return {
    ...(legal.includes('MaxLength') && property.maxLength !== undefined ? { maxLength: property.maxLength } : {}),
    ...(legal.includes('Precision')
      ? { precision: property.precision ?? (decimal ? defaultPrecision.decimal : defaultPrecision.time) }
      : {}),
    ...(decimal ? { scale: property.scale ?? 'variable' } : {}),
  };
}

/**
 * A `ReferentialConstraint` is true only of a to-one navigation whose join covers the target's key exactly (CSDL 4.0, 7.2). Where the
 * target may be lacking it is legal only if a joined property may be null (CSDL 4.01, 8.5; the .NET validation asks for it in 4.0, too):
 * a row of a file can name what no other file tells.
 */
export function hasReferentialConstraint(
  navigation: NavigationProperty,
  target: EntityType,
  owner: EntityType,
): boolean {
  if (navigation.collection || navigation.join.length !== target.key.length) {
    return false;
  }
  if (navigation.nullable && navigation.join.every((pair) => owner.properties.get(pair.property)?.nullable === false)) {
    return false;
  }
  const joined = new Set(navigation.join.map((pair) => pair.referencedProperty));
  return target.key.every((name) => joined.has(name));
}
