import type { Model } from './model.ts';

/** Digits that every reader of decimals holds: .NET's `decimal` has 28 whole ones, all of which may be behind the point. */
export const decimalDigits = 28;

/**
 * What the model promises and its readers cannot hold, a line for each property: a Decimal of more than 28 digits is refused by
 * the .NET libraries, and with it the whole page. Rows of files that have such a value are rejected.
 */
export function beyondReaders(model: Model): readonly string[] {
  return [...model.entityTypes].flatMap(([type, { properties }]) =>
    [...properties.values()].flatMap(({ name, type: of, precision = 0, scale }) => {
      if (of !== 'Edm.Decimal') {
        return [];
      }
      const digits = Math.max(precision, typeof scale === 'number' ? scale : 0);
      return digits <= decimalDigits
        ? []
        : [`${type}/${name} has ${digits} digits; Power BI, Excel and other .NET readers hold ${decimalDigits}`];
    }),
  );
}
