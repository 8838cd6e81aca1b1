/** What is asked of a function by others than the binder and the compilers, which have tables of their own by its name. */
interface FunctionFacts {
  /** It has a value for every value of its operands: no row can fail by it. */
  readonly total: boolean;
  /** A proxied 4.0 feed is asked for it; whatever else it may know, nothing is promised of it here. */
  readonly proxied: boolean;
}

const anywhere: FunctionFacts = { total: true, proxied: true };
const stored: FunctionFacts = { total: true, proxied: false };
const partial: FunctionFacts = { total: false, proxied: true };
const partialStored: FunctionFacts = { total: false, proxied: false };

/** The canonical functions (4.01 URL Conventions 5.1.1.5 to 5.1.1.12), after binding to one overload, as they are written. */
export const canonicalFunctions = {
  contains: anywhere,
  startswith: anywhere,
  endswith: anywhere,
  length: anywhere,
  indexof: anywhere,
  substring: partial,
  tolower: anywhere,
  toupper: anywhere,
  trim: anywhere,
  concat: partial,
  year: anywhere,
  month: anywhere,
  day: anywhere,
  hour: anywhere,
  minute: anywhere,
  second: anywhere,
  fractionalseconds: stored,
  date: anywhere,
  time: stored,
  totaloffsetminutes: stored,
  totalseconds: stored,
  now: partialStored,
  mindatetime: partialStored,
  maxdatetime: partialStored,
  // Services of .NET round halves to the even number, not away from zero.
  round: partialStored,
  floor: partial,
  ceiling: partial,
  matchesPattern: partialStored,
} as const satisfies Readonly<Record<string, FunctionFacts>>;

export type FunctionName = keyof typeof canonicalFunctions;

export const isFunctionName = (name: string): name is FunctionName => Object.hasOwn(canonicalFunctions, name);

export const functionNames: readonly FunctionName[] = Object.keys(canonicalFunctions).filter(isFunctionName);
