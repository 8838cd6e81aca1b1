import { type Cursor, parenthesised } from '../cursor.ts';
import type { SearchExpression } from '../syntax.ts';
import { isOptionName } from './option-names.ts';

const wordPattern = /[^\s()"'][^\s()"]*/y;
const nestedWordPattern = /[^\s()"';][^\s()";]*/y;
const nestedWordRest = /[^\s()";]*/y;
const optionBehind = /;[ \t]*\$?([A-Za-z]+)[ \t]*=/y;
const phrasePattern = /"((?:[^"\\]|\\["\\])+)"/y;

/**
 * The value of `$search` (OData URL Conventions 4.01, 5.1.7): `OR` binds loosest, then `AND` (also implied by a blank),
 * then `NOT`. The three are operators in upper case and in operator position only; `$search=AND` looks for the word.
 * Text in single quotes is what a user typed so far: its words are looked for together.
 * `place`: inside parentheses a semicolon ends the option; in a `$search` of its own it was percent-encoded.
 */
export function parseSearchExpression(cursor: Cursor, place: 'nested' | 'alone'): SearchExpression {
  cursor.skipBlanks();
  if (cursor.peek() === "'") {
    return typedText(cursor);
  }
  return parseOr({ cursor, word: place === 'alone' ? wordPattern : nestedWordPattern });
}

interface SearchText {
  readonly cursor: Cursor;
  readonly word: RegExp;
}

function parseOr(search: SearchText): SearchExpression {
  const { cursor } = search;
  let left = parseAnd(search);
  while (takeOperator(cursor, 'OR')) {
    const right = parseAnd(search);
    cursor.countNode();
    left = { kind: 'Or', at: left.at, left, right };
  }
  return left;
}

function parseAnd(search: SearchText): SearchExpression {
  const { cursor } = search;
  let left = parseNot(search);
  for (;;) {
    const start = cursor.position;
    if (isOperator(cursor, 'OR') || (!takeOperator(cursor, 'AND') && !takeImplied(cursor))) {
      cursor.position = start;
      return left;
    }
    const right = parseNot(search);
    cursor.countNode();
    left = { kind: 'And', at: left.at, left, right };
  }
}

function parseNot(search: SearchText): SearchExpression {
  const { cursor } = search;
  const at = cursor.position;
  if (cursor.take('NOT')) {
    if (cursor.skipBlanks() && startsTerm(cursor)) {
      const operand = cursor.nested(() => parseNot(search));
      return { kind: 'Not', at, operand };
    }
    cursor.position = at;
  }
  return parseTerm(search);
}

function parseTerm(search: SearchText): SearchExpression {
  const { cursor } = search;
  const at = cursor.position;
  cursor.countNode();
  if (cursor.peek() === '(') {
    return parenthesised(cursor, () => parseOr(search));
  }
  if (cursor.peek() === '"') {
    const phrase = cursor.match(phrasePattern);
    if (phrase === null) {
      return cursor.fail('a phrase with a closing double quote');
    }
    return { kind: 'Phrase', at, text: (phrase[1] ?? '').replace(/\\(.)/gs, '$1') };
  }
  if (!startsWithSemicolon(cursor) && cursor.match(search.word) === null) {
    return cursor.fail('a word, a phrase in double quotes or a parenthesis');
  }
  while (startsWithSemicolon(cursor)) {
    cursor.position += 1;
    cursor.match(nestedWordRest);
  }
  return { kind: 'Word', at, text: cursor.text.slice(at, cursor.position) };
}

/**
 * Whether a semicolon stands here that is a character of a word: it was percent-encoded, and no option follows, since some
 * clients encode the semicolons between options as well.
 */
function startsWithSemicolon(cursor: Cursor): boolean {
  if (!cursor.encodedSemicolons.has(cursor.position)) {
    return false;
  }
  optionBehind.lastIndex = cursor.position;
  return !isOptionName(optionBehind.exec(cursor.text)?.[1]?.toLowerCase() ?? '');
}

/** Whether `RWS word RWS term` stands here. */
function isOperator(cursor: Cursor, word: 'AND' | 'OR'): boolean {
  const start = cursor.position;
  const found = takeOperator(cursor, word);
  cursor.position = start;
  return found;
}

function takeOperator(cursor: Cursor, word: 'AND' | 'OR'): boolean {
  const start = cursor.position;
  if (cursor.takeWord(word) && startsTerm(cursor)) {
    return true;
  }
  cursor.position = start;
  return false;
}

function takeImplied(cursor: Cursor): boolean {
  return cursor.skipBlanks() && startsTerm(cursor);
}

function startsTerm(cursor: Cursor): boolean {
  return !cursor.atEnd && (!/[\s);']/.test(cursor.peek()) || startsWithSemicolon(cursor));
}

/** searchExpr-incomplete: no operators, quotes doubled; every run of characters between blanks is a word. */
function typedText(cursor: Cursor): SearchExpression {
  const at = cursor.position;
  const quoted = cursor.match(/'((?:[^']|'')*)'/y);
  if (quoted === null) {
    return cursor.fail('a closing single quote');
  }
  const words = (quoted[1] ?? '')
    .replaceAll("''", "'")
    .split(/\s+/)
    .filter((word) => word !== '');
  const [first, ...rest] = words;
  if (first === undefined) {
    return cursor.fail('at least one word in the quotes', at);
  }
  return rest.reduce<SearchExpression>(
    (left, text) => {
      cursor.countNode();
      return { kind: 'And', at, left, right: { kind: 'Word', at, text } };
    },
    { kind: 'Word', at, text: first },
  );
}
