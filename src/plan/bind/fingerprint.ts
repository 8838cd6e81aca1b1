import type { ODataUri } from '../../uri/syntax.ts';
import { TextDigest } from '../value/digest.ts';

/**
 * 64 bits of the query's shape in hexadecimal: path, `$filter`, `$search`, `$orderby`, `$apply`, `$compute` and the
 * aliases. Rows wanted, selected and expanded may differ between pages: they do not change the order.
 */
export function queryFingerprint(uri: ODataUri): string {
  const { filter, search, orderby, apply, compute } = uri.options;
  const digest = new TextDigest();
  for (const part of [uri.path.segments, filter, search, orderby, apply, compute, [...uri.aliases]]) {
    mix(digest, part);
  }
  return digest.end();
}

/** Takes in a value of a syntax tree: its kind, its length where it has one, and its parts. Positions do not count. */
function mix(digest: TextDigest, value: unknown): void {
  if (Array.isArray(value)) {
    digest.add(`[${value.length}`);
    for (const item of value) {
      mix(digest, item);
    }
  } else if (typeof value === 'object' && value !== null) {
    digest.add('{');
    for (const [name, part] of Object.entries(value)) {
      if (name === 'at' || part === undefined) {
        continue;
      }
      digest.add(name);
      mix(digest, part);
    }
    digest.add('}');
  } else {
    digest.add(`${typeof value === 'string' ? value.length : typeof value}:${value}`);
  }
}
