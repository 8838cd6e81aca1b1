import { type Cursor, commaList, parenthesised, takeComma } from '../cursor.ts';
import { parseExpression } from '../expression/expression.ts';
import { parseAsAlias, parseOrderBy, parseWholeNumber } from '../options/option-values.ts';
import { parseParentheses } from '../path/key-predicate.ts';
import { parseNamePath } from './aggregate.ts';
import { parseApplyExpression } from './apply.ts';

/**
 * Transformations that the tree only names (`kind: 'other'`): their parameters are checked against the grammar of the
 * Data Aggregation extension 4.0 and then dropped.
 */
export const otherTransformations: Readonly<Record<string, (cursor: Cursor) => void>> = {
  nest: (cursor) => parenthesised(cursor, () => namedSequences(cursor)),
  addnested: (cursor) =>
    parenthesised(cursor, () => {
      parseNamePath(cursor);
      comma(cursor);
      namedSequences(cursor);
    }),
  ancestors: skipRelatives,
  descendants: skipRelatives,
  traverse: skipTraverse,
};

/** The parameters of `Ns.function(...)`. */
export function skipCustomTransformation(cursor: Cursor): void {
  parseParentheses(cursor);
}

/** `$root/Set,Qualifier,Path`. Returns the path. */
export function parseHierarchyReference(cursor: Cursor): string[] {
  if (!cursor.looksAt('$root/')) {
    cursor.fail("'$root/' and the name of an entity set");
  }
  parseExpression(cursor);
  comma(cursor);
  cursor.identifier('the qualifier of a hierarchy');
  comma(cursor);
  return parseNamePath(cursor);
}

function comma(cursor: Cursor): void {
  if (!takeComma(cursor)) {
    cursor.fail("','");
  }
}

function namedSequences(cursor: Cursor): void {
  commaList(cursor, () => {
    parseApplyExpression(cursor);
    return parseAsAlias(cursor);
  });
}

/** `ancestors(reference,sequence[,distance][,keep start])`. */
function skipRelatives(cursor: Cursor): void {
  parenthesised(cursor, () => {
    parseHierarchyReference(cursor);
    comma(cursor);
    parseApplyExpression(cursor);
    let more = takeComma(cursor);
    if (more && /\d/.test(cursor.peek())) {
      parseWholeNumber(cursor);
      more = takeComma(cursor);
    }
    if (more) {
      cursor.expect('keep start');
    }
  });
}

/** `traverse(reference,preorder|postorder[,sequence][,orderby items])`. */
function skipTraverse(cursor: Cursor): void {
  parenthesised(cursor, () => {
    parseHierarchyReference(cursor);
    comma(cursor);
    if (!cursor.take('preorder') && !cursor.take('postorder')) {
      cursor.fail("'preorder' or 'postorder'");
    }
    if (takeComma(cursor)) {
      if (!startsSequence(cursor)) {
        parseOrderBy(cursor);
        return;
      }
      parseApplyExpression(cursor);
      if (takeComma(cursor)) {
        parseOrderBy(cursor);
      }
    }
  });
}

function startsSequence(cursor: Cursor): boolean {
  const text = cursor.text.slice(cursor.position, cursor.position + 16);
  return /^(?:(?:filter|search|orderby|top|skip|traverse|ancestors|descendants) ?\(|identity(?![A-Za-z0-9_]))/.test(
    text,
  );
}
