import { GatewayError } from '../../errors.ts';
import type { QueryOptions } from '../syntax.ts';

/** The system query options of the tree, by their name without `$`. */
export type OptionName = keyof QueryOptions;

const known: Readonly<Record<OptionName, true>> = {
  filter: true,
  orderby: true,
  select: true,
  expand: true,
  compute: true,
  search: true,
  apply: true,
  top: true,
  skip: true,
  count: true,
  levels: true,
  format: true,
  skiptoken: true,
  deltatoken: true,
  schemaversion: true,
  id: true,
  index: true,
};

/** Options of the OData Temporal extension: valid, and answered 501. */
const temporal = new Set(['at', 'from', 'to', 'toinclusive']);

/** Whether a lower-case name without `$` is a system query option. */
export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(known, name);
}

export function isTemporalOption(name: string): boolean {
  return temporal.has(name);
}

/** The error for a name that is no option, with the nearest known one. `place` says where it stands. */
export function unknownOption(name: string, place: string): GatewayError {
  const target = name.slice(0, 60);
  const plain = target.replace('$', '').toLowerCase();
  const nearest = Object.keys(known).find((option) => isOneEditAway(option, plain));
  const meant = nearest === undefined ? '' : `; did you mean $${nearest}?`;
  const hint = plain === 'inlinecount' ? '; since OData 4 it is $count=true' : meant;
  return new GatewayError('UnknownOption', `${place}: the query option ${target} is not known${hint}.`, { target });
}

/** The error for a name that only looks like a system option, `meant`: ignored, the option would be lost. */
export function disguisedOption(name: string, meant: string): GatewayError {
  const target = name.slice(0, 60);
  const readable = JSON.stringify(target).replace(/[^\x20-\x7e]/g, (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  const hint =
    meant === '' ? 'an option needs a name' : `if ${meant.slice(0, 60)} is meant, write it alone, after '?' or '&'`;
  return new GatewayError('UnknownOption', `the query: the option ${readable} is not known; ${hint}.`, { target });
}

/** One letter wrong, missing, too many, or two swapped. */
function isOneEditAway(left: string, right: string): boolean {
  if (Math.abs(left.length - right.length) > 1) {
    return false;
  }
  let start = 0;
  while (start < left.length && left[start] === right[start]) {
    start += 1;
  }
  const rest = (text: string, skip: number): string => text.slice(start + skip);
  const swapped = left[start] === right[start + 1] && left[start + 1] === right[start];
  return (
    rest(left, 1) === rest(right, 1) ||
    rest(left, 1) === rest(right, 0) ||
    rest(left, 0) === rest(right, 1) ||
    (swapped && rest(left, 2) === rest(right, 2))
  );
}

/** Where options stand decides which are allowed (OData ABNF 4.01, expandOption, expandRefOption, selectOption ...). */
export type OptionPlace = 'request' | 'expand' | 'ref' | 'count' | 'select' | 'wildcard';

const ofCount: readonly OptionName[] = ['filter', 'search'];
const ofRef: readonly OptionName[] = [...ofCount, 'orderby', 'skip', 'top', 'count'];
const ofSelect: readonly OptionName[] = [...ofRef, 'compute', 'select', 'expand'];

/** The options allowed in a place inside parentheses. */
export const nestedOptions: Readonly<Record<Exclude<OptionPlace, 'request'>, readonly OptionName[]>> = {
  count: ofCount,
  ref: ofRef,
  select: ofSelect,
  expand: [...ofSelect, 'levels', 'apply'],
  wildcard: ['levels'],
};
