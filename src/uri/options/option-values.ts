import { GatewayError } from '../../errors.ts';
import { parseApplyExpression } from '../apply/apply.ts';
import { type Cursor, commaList } from '../cursor.ts';
import { parseExpression } from '../expression/expression.ts';
import type { ComputeItem, OrderByItem, QueryOptions } from '../syntax.ts';
import { parseExpand } from './expand.ts';
import type { OptionName } from './option-names.ts';
import { parseSearchExpression } from './search.ts';
import { parseSelect } from './select.ts';

/** QueryOptions while they are being read. */
export type OptionsDraft = { -readonly [Name in keyof QueryOptions]: QueryOptions[Name] };

/** Reads the value of each option at the cursor and leaves the cursor behind it (OData ABNF 4.01, section 2). */
export const readOption: Readonly<Record<OptionName, (cursor: Cursor, draft: OptionsDraft) => void>> = {
  filter: (cursor, draft) => {
    draft.filter = parseExpression(cursor);
  },
  orderby: (cursor, draft) => {
    draft.orderby = parseOrderBy(cursor);
  },
  select: (cursor, draft) => {
    draft.select = parseSelect(cursor);
  },
  expand: (cursor, draft) => {
    draft.expand = parseExpand(cursor);
  },
  compute: (cursor, draft) => {
    draft.compute = parseCompute(cursor);
  },
  search: (cursor, draft) => {
    draft.search = parseSearchExpression(cursor, 'nested');
  },
  apply: (cursor, draft) => {
    draft.apply = parseApplyExpression(cursor);
  },
  top: (cursor, draft) => {
    draft.top = parseWholeNumber(cursor);
  },
  skip: (cursor, draft) => {
    draft.skip = parseWholeNumber(cursor);
  },
  index: (cursor, draft) => {
    const negative = cursor.take('-');
    draft.index = negative ? -parseWholeNumber(cursor) : parseWholeNumber(cursor);
  },
  count: (cursor, draft) => {
    draft.count = parseBoolean(cursor);
  },
  levels: (cursor, draft) => {
    draft.levels = parseLevels(cursor);
  },
  format: (cursor, draft) => {
    draft.format = restOfText(cursor, /[^\s$&;]+(?:\s*;\s*[^\s$&;]+)*/y, 'json, xml, atom or a media type');
  },
  skiptoken: (cursor, draft) => {
    draft.skiptoken = restOfText(cursor, /.+/sy, 'a token');
  },
  deltatoken: (cursor, draft) => {
    draft.deltatoken = restOfText(cursor, /.+/sy, 'a token');
  },
  schemaversion: (cursor, draft) => {
    draft.schemaversion = restOfText(cursor, /\*|[A-Za-z0-9\-._~]+/y, "a version or '*'");
  },
  id: (cursor, draft) => {
    draft.id = restOfText(cursor, /\S+/y, 'the id of an entity');
  },
};

/** `expression [asc|desc]`, separated by commas; the direction in any case. */
export function parseOrderBy(cursor: Cursor): OrderByItem[] {
  return commaList(cursor, () => {
    const at = cursor.position;
    const expression = parseExpression(cursor);
    const start = cursor.position;
    const word = cursor.skipBlanks() ? cursor.peekWord() : '';
    if (word === 'asc' || word === 'desc') {
      cursor.position += word.length;
      return { at, expression, direction: word };
    }
    cursor.position = start;
    return { at, expression, direction: 'asc' };
  });
}

/** `expression as Name`, separated by commas. */
export function parseCompute(cursor: Cursor): ComputeItem[] {
  return commaList(cursor, () => {
    const at = cursor.position;
    const expression = parseExpression(cursor);
    return { at, expression, alias: parseAsAlias(cursor) };
  });
}

export function parseAsAlias(cursor: Cursor): string {
  if (!cursor.takeWord('as')) {
    cursor.fail("' as ' and a name");
  }
  return cursor.identifier('a name for the result');
}

/** Digits only, up to 2^53 - 1. */
export function parseWholeNumber(cursor: Cursor): number {
  const at = cursor.position;
  const digits = cursor.match(/\d+/y)?.[0] ?? cursor.fail('a non-negative whole number');
  const value = Number(digits);
  if (!Number.isSafeInteger(value)) {
    throw new GatewayError('InvalidOption', `${cursor.target}: the number ${digits.slice(0, 20)} is too large.`, {
      target: cursor.target,
      offset: at,
    });
  }
  return value;
}

function parseBoolean(cursor: Cursor): boolean {
  const word = cursor.peekWord();
  if (word !== 'true' && word !== 'false') {
    return cursor.fail("'true' or 'false'");
  }
  cursor.position += word.length;
  return word === 'true';
}

function parseLevels(cursor: Cursor): number | 'max' {
  if (cursor.peekWord() === 'max') {
    cursor.position += 3;
    return 'max';
  }
  return /[1-9]/.test(cursor.peek()) ? parseWholeNumber(cursor) : cursor.fail("a positive number or 'max'");
}

function restOfText(cursor: Cursor, pattern: RegExp, expected: string): string {
  return cursor.match(pattern)?.[0] ?? cursor.fail(expected);
}
