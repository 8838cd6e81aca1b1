import { type CodePoints, classEscapes, complement, union } from './code-points.ts';
import { parseCharacterEscape } from './parse-escape.ts';
import type { PatternText } from './pattern-text.ts';

/**
 * A class behind its opening bracket: `[abc]`, `[^a-z\d]`, `[]` (nothing), `[^]` (everything). POSIX names such as
 * `[:alpha:]` have no meaning here: ECMAScript reads their letters.
 */
export function parseClass(text: PatternText): CodePoints {
  const at = text.position - 1;
  const negated = text.take('^');
  const ranges: CodePoints[number][] = [];
  while (!text.take(']')) {
    if (text.done) {
      text.wrong("a class has no closing ']'", at);
    }
    ranges.push(...member(text));
  }
  const set = union(ranges);
  return negated ? complement(set) : set;
}

function member(text: PatternText): CodePoints {
  const at = text.position;
  const first = atom(text);
  if (text.peek() !== '-' || text.peek(1) === ']' || text.peek(1) === '') {
    return typeof first === 'number' ? [[first, first]] : first;
  }
  text.position += 1;
  const last = atom(text);
  if (typeof first !== 'number' || typeof last !== 'number') {
    return text.wrong("a class such as \\d cannot bound a range; write '\\-' for the sign", at);
  }
  if (last < first) {
    text.wrong('a range goes from the higher to the lower character', at);
  }
  return [[first, last]];
}

/** A character, or the set of a class escape. */
function atom(text: PatternText): number | CodePoints {
  const at = text.position;
  const character = text.next();
  if (character !== '\\') {
    return character.codePointAt(0) ?? 0;
  }
  const set = classEscapes.get(text.peek());
  if (set !== undefined) {
    text.position += 1;
    return set;
  }
  // Inside a class this is the control character, not the boundary of a word.
  return text.take('b') ? 0x08 : parseCharacterEscape(text, at);
}
