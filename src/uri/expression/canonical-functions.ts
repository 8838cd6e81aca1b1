/** The smallest and largest number of arguments. */
export type Arity = readonly [least: number, most: number];

/**
 * The canonical functions of OData URL Conventions 4.01, 5.1.1.5 - 5.1.1.12, and `isdefined` of the aggregation
 * extension, by lower-case name. `case`, `cast` and `isof` have a syntax of their own and are not here.
 */
export const canonicalFunctions: ReadonlyMap<string, Arity> = new Map<string, Arity>([
  ...names('concat contains endswith indexof startswith matchespattern hassubset hassubsequence', [2, 2]),
  ...names('length tolower toupper trim year month day hour minute second fractionalseconds', [1, 1]),
  ...names('totalseconds date time totaloffsetminutes round floor ceiling isdefined', [1, 1]),
  ...names('mindatetime maxdatetime now', [0, 0]),
  ...names('substring', [2, 3]),
  ...names('geo.distance geo.intersects', [2, 2]),
  ...names('geo.length', [1, 1]),
]);

function names(list: string, arity: Arity): (readonly [string, Arity])[] {
  return list.split(' ').map((name) => [name, arity] as const);
}
