import { GatewayError } from '../../errors.ts';
import { type Cursor, parenthesised } from '../cursor.ts';
import { parseExpression } from '../expression/expression.ts';
import { parseAlias } from '../path/key-predicate.ts';
import type { QueryOptions } from '../syntax.ts';
import {
  isOptionName,
  isTemporalOption,
  nestedOptions,
  type OptionName,
  type OptionPlace,
  unknownOption,
} from './option-names.ts';
import { type OptionsDraft, readOption } from './option-values.ts';

type NestedPlace = Exclude<OptionPlace, 'request'>;

/**
 * Options in parentheses after an item of `$expand` or `$select` or after `/$count`, separated by `;`. Names with or
 * without `$`, in any case. A parameter alias in here is noted as unsupported.
 */
export function parseNestedOptions(cursor: Cursor, place: NestedPlace): QueryOptions {
  const draft: OptionsDraft = {};
  parenthesised(cursor, () => {
    do {
      cursor.skipBlanks();
      readNested(cursor, draft, place);
      cursor.skipBlanks();
    } while (cursor.take(';'));
  });
  return draft;
}

function readNested(cursor: Cursor, draft: OptionsDraft, place: NestedPlace): void {
  const at = cursor.position;
  if (cursor.peek() === '@') {
    const alias = parseAlias(cursor);
    cursor.skipBlanks();
    cursor.expect('=');
    cursor.skipBlanks();
    parseExpression(cursor);
    cursor.unsupported('nested-aliases', `the alias @${alias.name} inside parentheses`, at);
    return;
  }
  const name = optionName(cursor, at);
  cursor.expect('=');
  cursor.skipBlanks();
  if (name === null) {
    cursor.match(/[^;)]*/y);
    return;
  }
  if (!nestedOptions[place].includes(name)) {
    refuse(cursor, `the option $${name} is not allowed here`, at);
  }
  if (draft[name] !== undefined) {
    refuse(cursor, `the option $${name} stands twice in the same parentheses`, at);
  }
  readOption[name](cursor, draft);
}

/** Null for an option that is noted as unsupported. */
function optionName(cursor: Cursor, at: number): OptionName | null {
  cursor.take('$');
  const name = cursor.peekWord();
  cursor.position += name.length;
  cursor.skipBlanks();
  if (isOptionName(name)) {
    return name;
  }
  if (isTemporalOption(name)) {
    cursor.unsupported('temporal', `the option $${name}`, at);
    return null;
  }
  if (name === '' || cursor.peek() !== '=') {
    return cursor.fail('a query option such as $select', at);
  }
  throw unknownOption(`$${name}`, cursor.target);
}

function refuse(cursor: Cursor, what: string, offset: number): never {
  throw new GatewayError('InvalidOption', `${cursor.target}: ${what} (position ${offset}).`, {
    target: cursor.target,
    offset,
  });
}
