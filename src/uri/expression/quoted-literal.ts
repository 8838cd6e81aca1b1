import type { Cursor } from '../cursor.ts';
import type { Literal } from '../syntax.ts';
import { modernForm } from './hints.ts';
import { isDuration } from './temporal-literal.ts';

const enumMembers = /^(?:[+-]?\d{1,19}|[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]*)$/u;
/** Both alphabets: base64url is the standard's, the other what the .NET libraries write. */
const base64 = /^[A-Za-z0-9_+/-]*$/;
const spatialShape =
  /^SRID=\d{1,5};(?:Point|LineString|Polygon|MultiPoint|MultiLineString|MultiPolygon|(?:Geometry)?Collection)\([-+.,() A-Za-z0-9]*\)$/i;

/** The content of a single-quoted string, `''` made `'`. */
export function quotedText(cursor: Cursor): string {
  const start = cursor.position;
  cursor.expect("'");
  let content = '';
  for (;;) {
    const end = cursor.text.indexOf("'", cursor.position);
    if (end < 0) {
      return cursor.fail('a closing quote for the string that starts here', start);
    }
    content += cursor.text.slice(cursor.position, end);
    cursor.position = end + 1;
    if (!cursor.take("'")) {
      return content;
    }
    content += "'";
  }
}

/** A literal with a prefix before its quotes; the cursor stands on the quote, `prefix` begins at `at`. */
export function prefixedLiteral(cursor: Cursor, prefix: string, at: number): Literal {
  const lower = prefix.toLowerCase();
  const text = quotedText(cursor);
  if (prefix.includes('.')) {
    return enumLiteral(cursor, { prefix, text, at });
  }
  if (lower === 'duration') {
    return isDuration(text)
      ? { kind: 'Literal', at, type: 'duration', text: text.toUpperCase() }
      : cursor.fail("a duration such as 'P1DT2H3M4.5S'", at);
  }
  if (lower === 'binary') {
    // No blank can be meant in it: it is a `+` that was decoded as in HTML forms.
    const digits = text.replaceAll(' ', '+');
    return isBase64(digits)
      ? { kind: 'Literal', at, type: 'binary', text: digits }
      : cursor.fail("base64 characters (A-Z a-z 0-9, - _ or + /) in binary'...'", at);
  }
  if (lower === 'geography' || lower === 'geometry') {
    return spatialLiteral(cursor, text, at);
  }
  const modern = modernForm(lower, text);
  return cursor.fail(modern === null ? 'an operator before the string' : `the OData 4 form ${modern}`, at);
}

/** 4 characters make 3 bytes; a rest of 2 or 3 may be padded to 4 with `=`. */
function isBase64(text: string): boolean {
  const unpadded = text.endsWith('==') ? text.slice(0, -2) : text.endsWith('=') ? text.slice(0, -1) : text;
  const rest = unpadded.length % 4;
  const padded = text.length !== unpadded.length;
  return base64.test(unpadded) && rest !== 1 && (!padded || (rest !== 0 && text.length % 4 === 0));
}

function enumLiteral(cursor: Cursor, found: { prefix: string; text: string; at: number }): Literal {
  const members = found.text.split(',');
  if (!members.every((member) => enumMembers.test(member))) {
    cursor.fail(`members of ${found.prefix} separated by commas in the quotes`, found.at);
  }
  return { kind: 'Literal', at: found.at, type: 'enum', text: found.text, typeName: found.prefix };
}

function spatialLiteral(cursor: Cursor, text: string, at: number): Literal {
  if (!spatialShape.test(text)) {
    cursor.fail("a shape such as 'SRID=4326;Point(4.35 50.85)' in the quotes", at);
  }
  cursor.unsupported('geo', 'a geography or geometry literal', at);
  return { kind: 'Literal', at, type: 'string', text };
}
