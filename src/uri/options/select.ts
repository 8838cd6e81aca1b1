import { type Cursor, commaList, parenthesised } from '../cursor.ts';
import { skipAnnotation } from '../expression/member-path.ts';
import type { SelectItem } from '../syntax.ts';
import { parseNestedOptions } from './nested-options.ts';

/** The value of `$select` (OData ABNF 4.01, selectItem). Operations and annotations are noted as unsupported. */
export function parseSelect(cursor: Cursor): SelectItem[] {
  return commaList(cursor, () => parseItem(cursor));
}

function parseItem(cursor: Cursor): SelectItem {
  const at = cursor.position;
  const path: string[] = [];
  do {
    if (cursor.take('*')) {
      return { at, path, wildcard: true, options: null };
    }
    path.push(parseStep(cursor));
    cursor.checkLength(path.length);
  } while (cursor.take('/'));
  if (cursor.peek() !== '(') {
    return { at, path, wildcard: false, options: null };
  }
  if (/^\(\s*[$@]|^\(\s*[A-Za-z]+=/.test(cursor.text.slice(cursor.position, cursor.position + 40))) {
    return { at, path, wildcard: false, options: parseNestedOptions(cursor, 'select') };
  }
  cursor.unsupported('model-functions', 'a function in $select', at);
  parenthesised(cursor, () => commaList(cursor, () => cursor.identifier('the name of a parameter')));
  return { at, path, wildcard: false, options: null };
}

/** A property, a type cast, `Ns.*` for all operations of a schema, or an annotation. */
function parseStep(cursor: Cursor): string {
  const at = cursor.position;
  if (cursor.peek() === '@') {
    skipAnnotation(cursor);
    return cursor.text.slice(at, cursor.position);
  }
  let name = cursor.identifier("a property name or '*'");
  while (cursor.take('.')) {
    if (cursor.take('*')) {
      cursor.unsupported('model-functions', `the operations ${name}.*`, at);
      return `${name}.*`;
    }
    name += `.${cursor.identifier('a name after the dot')}`;
  }
  return name;
}
