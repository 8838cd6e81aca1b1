import { type Cursor, commaList } from '../cursor.ts';
import { skipAnnotation } from '../expression/member-path.ts';
import type { ExpandItem } from '../syntax.ts';
import { parseNestedOptions } from './nested-options.ts';

/** The value of `$expand` (OData ABNF 4.01, expandItem). `$value` and annotations are noted as unsupported. */
export function parseExpand(cursor: Cursor): ExpandItem[] {
  return commaList(cursor, () => parseItem(cursor));
}

function parseItem(cursor: Cursor): ExpandItem {
  const at = cursor.position;
  if (cursor.take('$value')) {
    cursor.unsupported('expand-value', '$expand=$value', at);
    return { at, path: [], wildcard: false, suffix: null, options: null };
  }
  const path: string[] = [];
  do {
    if (cursor.take('*')) {
      return wildcardItem(cursor, at, path);
    }
    const suffix = path.length === 0 ? null : takeSuffix(cursor);
    if (suffix !== null) {
      const options = cursor.peek() === '(' ? parseNestedOptions(cursor, suffix) : null;
      return { at, path, wildcard: false, suffix, options };
    }
    path.push(parseStep(cursor));
    cursor.checkLength(path.length);
  } while (cursor.take('/'));
  const options = cursor.peek() === '(' ? parseNestedOptions(cursor, 'expand') : null;
  return { at, path, wildcard: false, suffix: null, options };
}

function wildcardItem(cursor: Cursor, at: number, path: readonly string[]): ExpandItem {
  if (cursor.take('/$ref')) {
    return { at, path, wildcard: true, suffix: 'ref', options: null };
  }
  const options = cursor.peek() === '(' ? parseNestedOptions(cursor, 'wildcard') : null;
  return { at, path, wildcard: true, suffix: null, options };
}

function takeSuffix(cursor: Cursor): 'ref' | 'count' | null {
  if (cursor.take('$ref')) {
    return 'ref';
  }
  return cursor.take('$count') ? 'count' : null;
}

function parseStep(cursor: Cursor): string {
  const at = cursor.position;
  if (cursor.peek() === '@') {
    skipAnnotation(cursor);
    return cursor.text.slice(at, cursor.position);
  }
  return cursor.qualifiedName("a navigation property, '*', '$ref' or '$count'");
}
