import { classEscapes, dot } from './code-points.ts';
import { parseClass } from './parse-class.ts';
import { parseCharacterEscape } from './parse-escape.ts';
import { type Pattern, takesCharacters } from './pattern.ts';
import { PatternText } from './pattern-text.ts';

/** Copies that PostgreSQL's quantifiers can count. */
const mostRepeats = 255;
/** Groups inside groups. */
const deepest = 50;

/**
 * A regular expression of ECMAScript (2024, 22.2) with the meaning of the flag `u`: characters are code points. Understood are
 * characters, escapes, `.`, classes, `^ $ \b \B`, groups, alternation and quantifiers; docs/requests.md lists them. What the
 * flag `u` forbids and older programs read in their own way (a bare `{`, `}` or `]`) is refused.
 * @throws PatternFault `InvalidOption`, and `NotImplemented` for lookaround, backreferences, named groups, inline flags,
 * property escapes, and repeats beyond 255
 */
export function parsePattern(source: string): Pattern {
  const text = new PatternText(source);
  const pattern = choice(text, 0);
  if (!text.done) {
    text.wrong("a ')' closes no group; write \\)");
  }
  return pattern;
}

function choice(text: PatternText, depth: number): Pattern {
  const first = sequence(text, depth);
  const branches = [first];
  while (text.take('|')) {
    branches.push(sequence(text, depth));
  }
  return branches.length === 1 ? first : { kind: 'Choice', branches };
}

function sequence(text: PatternText, depth: number): Pattern {
  const items: Pattern[] = [];
  while (!text.done && text.peek() !== '|' && text.peek() !== ')') {
    items.push(term(text, depth));
  }
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : { kind: 'Sequence', items };
}

const assertions: readonly (readonly [
  string,
  Extract<Pattern, { kind: 'Start' | 'End' | 'Boundary' | 'NoBoundary' }>,
])[] = [
  ['^', { kind: 'Start' }],
  ['$', { kind: 'End' }],
  ['\\b', { kind: 'Boundary' }],
  ['\\B', { kind: 'NoBoundary' }],
];

function term(text: PatternText, depth: number): Pattern {
  for (const [sign, assertion] of assertions) {
    if (text.take(sign)) {
      return assertion;
    }
  }
  return quantified(text, atom(text, depth));
}

function atom(text: PatternText, depth: number): Pattern {
  const at = text.position;
  const sign = text.next();
  switch (sign) {
    case '(':
      return group(text, depth + 1);
    case '[':
      return { kind: 'Character', set: parseClass(text) };
    case '.':
      return { kind: 'Character', set: dot };
    case '\\':
      return escaped(text, at);
    case '*':
    case '+':
    case '?':
      return text.wrong(`there is nothing for '${sign}' to repeat; write \\${sign} for the sign`, at);
    case '{':
    case '}':
    case ']':
      return text.wrong(`a '${sign}' stands alone; write \\${sign} for the sign`, at);
    default:
      return single(sign.codePointAt(0) ?? 0);
  }
}

const single = (code: number): Pattern => ({ kind: 'Character', set: [[code, code]] });

function escaped(text: PatternText, at: number): Pattern {
  const set = classEscapes.get(text.peek());
  if (set === undefined) {
    return single(parseCharacterEscape(text, at));
  }
  text.position += 1;
  return { kind: 'Character', set };
}

/** Group heads that are more than grouping, longest first. */
const heads: readonly (readonly [string, string])[] = [
  ['?<=', 'lookbehind (?<=...)'],
  ['?<!', 'lookbehind (?<!...)'],
  ['?<', 'a named group (?<name>...)'],
  ['?=', 'lookahead (?=...)'],
  ['?!', 'lookahead (?!...)'],
];

function group(text: PatternText, depth: number): Pattern {
  const at = text.position - 1;
  if (depth > deepest) {
    text.wrong(`groups are nested more than ${deepest} deep`, at);
  }
  for (const [head, what] of heads) {
    if (text.take(head)) {
      text.unsupported(what, at);
    }
  }
  if (!text.take('?:') && text.peek() === '?') {
    if (/^\?[a-z-]/.test(text.rest(2))) {
      text.unsupported('setting flags inside a pattern, as (?i) does,', at);
    }
    text.wrong("'(?' begins no group", at);
  }
  const inner = choice(text, depth);
  if (!text.take(')')) {
    text.wrong("a group has no closing ')'", at);
  }
  return inner;
}

function quantified(text: PatternText, item: Pattern): Pattern {
  const bounds = quantifier(text);
  if (bounds === null) {
    return item;
  }
  // The shortest and the longest match exist together.
  text.take('?');
  // What takes no character holds as often as it holds once; PostgreSQL's cost of repeating it doubles with each time.
  if (!takesCharacters(item)) {
    return bounds.least === 0 ? { kind: 'Sequence', items: [] } : item;
  }
  return { kind: 'Repeat', item, ...bounds };
}

function quantifier(text: PatternText): { least: number; most: number | null } | null {
  if (text.take('*')) {
    return { least: 0, most: null };
  }
  if (text.take('+')) {
    return { least: 1, most: null };
  }
  if (text.take('?')) {
    return { least: 0, most: 1 };
  }
  return text.peek() === '{' ? braces(text) : null;
}

function braces(text: PatternText): { least: number; most: number | null } {
  const at = text.position;
  const found = /^\{(\d+)(,?)(\d*)\}/.exec(text.rest(40));
  if (found === null || (found[2] === '' && found[3] !== '')) {
    return text.wrong("a '{' stands alone; write \\{", at);
  }
  const [whole, least = '', comma, most] = found;
  const bounds = { least: Number(least), most: comma === '' ? Number(least) : most === '' ? null : Number(most) };
  if (bounds.most !== null && bounds.most < bounds.least) {
    text.wrong(`the bounds of ${whole} are out of order`, at);
  }
  if (bounds.least > mostRepeats || (bounds.most ?? 0) > mostRepeats) {
    text.unsupported(`a repeat beyond ${mostRepeats}, as ${whole},`, at);
  }
  text.position += whole.length;
  return bounds;
}
