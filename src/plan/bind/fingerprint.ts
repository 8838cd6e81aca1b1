import type { ODataUri } from '../../uri/syntax.ts';
import { type Grants, seenOf } from '../grants.ts';
import type { Bound } from '../model/read-plan.ts';

/**
 * 64 bits of the query's shape in hexadecimal: path, `$filter`, `$search`, `$orderby`, `$apply`, `$compute` and the
 * aliases. Rows wanted, selected and expanded may differ between pages: they do not change the order.
 */
export function queryFingerprint(uri: ODataUri): string {
  const { filter, search, orderby, apply, compute } = uri.options;
  const hash = newHash();
  for (const part of [uri.path.segments, filter, search, orderby, apply, compute, [...uri.aliases]]) {
    mix(hash, part);
  }
  return hexadecimal(hash.high) + hexadecimal(hash.low);
}

/**
 * 64 bits in hexadecimal of what somebody may see of the sets that a plan reads: rows, columns and masks. Empty: all of them.
 * Rules about other sets do not count, nor how the same rights came about.
 */
export function rightsFingerprint(plan: Bound, grants: Grants): string {
  const names = grants.sets === null ? [] : plan.setNames;
  const seen = names.map((name) => [name, seenOf(name, grants)] as const);
  // Of `$all` the names of its sets are a part, too.
  if (seen.every(([, one]) => one === '') && (plan.kind !== 'All' || seen.length === 0)) {
    return '';
  }
  const hash = newHash();
  mix(hash, seen);
  return hexadecimal(hash.high) + hexadecimal(hash.low);
}

/** Two 32-bit FNV-1a hashes with different starts and steps: as cheap as one number multiplication a character. */
interface Hash {
  low: number;
  high: number;
}

const newHash = (): Hash => ({ low: 0x811c9dc5, high: 0x050c5d1f });

/** Takes in a value of a syntax tree: its kind, its length where it has one, and its parts. Positions do not count. */
function mix(hash: Hash, value: unknown): void {
  if (Array.isArray(value)) {
    mixText(hash, `[${value.length}`);
    for (const item of value) {
      mix(hash, item);
    }
  } else if (typeof value === 'object' && value !== null) {
    mixText(hash, '{');
    for (const [name, part] of Object.entries(value)) {
      if (name === 'at' || part === undefined) {
        continue;
      }
      mixText(hash, name);
      mix(hash, part);
    }
    mixText(hash, '}');
  } else {
    mixText(hash, `${typeof value === 'string' ? value.length : typeof value}:${value}`);
  }
}

function mixText(hash: Hash, text: string): void {
  let { low, high } = hash;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + index), 0x01000193);
  }
  hash.low = low;
  hash.high = high;
}

const hexadecimal = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
