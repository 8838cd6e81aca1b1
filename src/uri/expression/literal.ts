import type { Cursor } from '../cursor.ts';
import type { Literal } from '../syntax.ts';
import { prefixedLiteral, quotedText } from './quoted-literal.ts';
import { temporalToken } from './temporal-literal.ts';

const guidPattern = /[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}/y;
const numberPattern = /([+-]?)(\d+)(\.\d+)?([Ee][+-]?\d+)?/y;
const suffixPattern = /[LMDF](?![\p{L}\p{N}_.'"])/iuy;

/** Each can hold what those before it can. */
const numberTypes = ['integer', 'decimal', 'double'] as const;

type NumberType = (typeof numberTypes)[number];

const suffixes: Readonly<Record<string, NumberType>> = { L: 'integer', M: 'decimal', D: 'double', F: 'double' };

const continuation = /[\p{L}\p{N}_.'"]/u;

/**
 * Reads a primitive literal that is known by its own characters (OData ABNF 4.01, section 7): numbers, dates, times,
 * guids, strings, `-INF`. Null and no move when none starts here; names and prefixed literals are `wordLiteral`'s.
 */
export function bareLiteral(cursor: Cursor): Literal | null {
  const at = cursor.position;
  const first = cursor.peek();
  if (first === "'") {
    return { kind: 'Literal', at, type: 'string', text: quotedText(cursor) };
  }
  const guid = cursor.match(guidPattern);
  if (guid !== null) {
    return finished(cursor, { kind: 'Literal', at, type: 'guid', text: guid[0] });
  }
  if (startsNegativeInfinity(cursor)) {
    cursor.position += 4;
    return { kind: 'Literal', at, type: 'double', text: '-INF' };
  }
  return /[\d+-]/.test(first) ? (temporalLiteral(cursor) ?? numberLiteral(cursor)) : null;
}

/** `-INF`, which is no minus sign before a name that starts alike. */
export function startsNegativeInfinity(cursor: Cursor): boolean {
  return cursor.looksAt('-INF') && !continuation.test(cursor.peek(4));
}

/** Any primitive literal, as in a key predicate; null and no move when none starts here. */
export function primitiveLiteral(cursor: Cursor): Literal | null {
  const bare = bareLiteral(cursor);
  if (bare !== null) {
    return bare;
  }
  const at = cursor.position;
  if (!/[\p{L}_]/u.test(cursor.peek())) {
    return null;
  }
  const name = cursor.qualifiedName();
  if (cursor.peek() === "'") {
    return prefixedLiteral(cursor, name, at);
  }
  const word = wordLiteral(name, at);
  if (word === null) {
    cursor.position = at;
  }
  return word;
}

/** `null`, `true`, `false` in any case, `INF`, `NaN`; null for every other name. */
export function wordLiteral(name: string, at: number): Literal | null {
  if (name === 'null') {
    return { kind: 'Literal', at, type: 'null', text: name };
  }
  if (name === 'INF' || name === 'NaN') {
    return { kind: 'Literal', at, type: 'double', text: name };
  }
  const lower = name.length <= 5 ? name.toLowerCase() : name;
  return lower === 'true' || lower === 'false' ? { kind: 'Literal', at, type: 'boolean', text: lower } : null;
}

function temporalLiteral(cursor: Cursor): Literal | null {
  const at = cursor.position;
  const token = temporalToken(cursor.text, at);
  if (token === null) {
    return null;
  }
  if (token.fault !== null) {
    return cursor.fail(`a valid date or time (${token.fault})`, at);
  }
  if (token.leap) {
    cursor.unsupported('leap-seconds', 'a leap second', at);
  }
  cursor.position += token.length;
  return finished(cursor, { kind: 'Literal', at, type: token.type, text: token.text });
}

function numberLiteral(cursor: Cursor): Literal | null {
  const at = cursor.position;
  const found = cursor.match(numberPattern);
  if (found === null) {
    return null;
  }
  const [text, sign, , fraction, exponent] = found;
  const own = exponent !== undefined ? 'double' : fraction !== undefined ? 'decimal' : 'integer';
  const type = suffixed(cursor, own) ?? own;
  return finished(cursor, { kind: 'Literal', at, type, text: sign === '+' ? text.slice(1) : text });
}

/**
 * The type that a suffix of OData 2 and 3 behind a number says: `5L`, `1.5M`, `5D`, `5F`; null and no move: there is none that fits.
 * The grammar of OData 4 has none, but what it means is not in doubt, .NET services take it, and clients of OData 4 write it where they are
 * told the type of a property: the ODataStore of DevExtreme, odata-query.
 */
function suffixed(cursor: Cursor, own: NumberType): NumberType | null {
  const found = cursor.match(suffixPattern)?.[0].toUpperCase();
  if (found === undefined) {
    return null;
  }
  const type = suffixes[found];
  if (type === undefined || numberTypes.indexOf(type) < numberTypes.indexOf(own)) {
    cursor.position -= found.length;
    return null;
  }
  return type;
}

/** A literal ends where no character can continue it: `5abc`, `1.`, `2020-01-01T` are no literals. */
function finished(cursor: Cursor, literal: Literal): Literal {
  if (continuation.test(cursor.peek())) {
    cursor.fail(`the end of the ${literal.type} literal that starts at position ${literal.at}`);
  }
  return literal;
}
