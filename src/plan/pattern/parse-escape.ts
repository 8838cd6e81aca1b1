import type { PatternText } from './pattern-text.ts';

const controls: ReadonlyMap<string, number> = new Map([
  ['t', 0x09],
  ['n', 0x0a],
  ['v', 0x0b],
  ['f', 0x0c],
  ['r', 0x0d],
]);

/**
 * A character escape (ECMAScript 22.2.1, CharacterEscape): control letters, `\cX`, `\xHH`, `\uHHHH` alone or as a surrogate
 * pair, `\u{H}`, and any ASCII sign for itself. The backslash is read already; `at` is its place. Gives the code point.
 * @throws PatternFault naming escapes that mean something else in other dialects, and those that are not done
 */
export function parseCharacterEscape(text: PatternText, at: number): number {
  const letter = text.next();
  const control = controls.get(letter);
  if (control !== undefined) {
    return control;
  }
  switch (letter) {
    case '':
      return text.wrong('a backslash ends the pattern; write \\\\ for a backslash', at);
    case 'c':
      return controlLetter(text, at);
    case 'x':
      return hex(text, 2, at);
    case 'u':
      return unicode(text, at);
    case 'p':
    case 'P':
      return text.unsupported(`the property escape \\${letter}{...}`, at);
    case 'k':
      return text.unsupported('the backreference \\k', at);
    case '0':
      return text.wrong('U+0000 cannot be part of a text', at);
  }
  if (/[1-9]/.test(letter)) {
    return text.unsupported(`the backreference \\${letter}`, at);
  }
  if (/[A-Za-z]/.test(letter)) {
    return text.wrong(`\\${letter} has no meaning in ECMAScript`, at);
  }
  if (!/[\u0020-\u007e]/.test(letter)) {
    return text.wrong(`\\${letter}: write the character without a backslash`, at);
  }
  return letter.codePointAt(0) ?? 0;
}

function controlLetter(text: PatternText, at: number): number {
  const letter = text.next();
  if (!/^[A-Za-z]$/.test(letter)) {
    text.wrong('\\c wants a letter behind it', at);
  }
  return (letter.codePointAt(0) ?? 0) % 32;
}

function hex(text: PatternText, digits: number, at: number): number {
  const found = text.rest(digits);
  if (!new RegExp(`^[0-9A-Fa-f]{${digits}}$`).test(found)) {
    text.wrong(`${digits} hexadecimal digits are wanted`, at);
  }
  text.position += digits;
  return served(text, Number.parseInt(found, 16), at);
}

function unicode(text: PatternText, at: number): number {
  if (text.take('{')) {
    return braced(text, at);
  }
  const found = text.rest(4);
  const code = Number.parseInt(found, 16);
  const pair = /^([dD][89abAB][0-9A-Fa-f]{2})\\u([dD][c-fC-F][0-9A-Fa-f]{2})$/.exec(text.rest(10));
  if (pair === null) {
    return /^[dD][89a-fA-F]/.test(found) ? text.wrong('half of a surrogate pair', at) : hex(text, 4, at);
  }
  text.position += 10;
  return (code - 0xd800) * 0x400 + (Number.parseInt(pair[2] ?? '', 16) - 0xdc00) + 0x10000;
}

function braced(text: PatternText, at: number): number {
  let digits = '';
  while (/^[0-9A-Fa-f]$/.test(text.peek()) && digits.length < 8) {
    digits += text.next();
  }
  const code = digits === '' ? Number.NaN : Number.parseInt(digits, 16);
  if (!text.take('}') || !(code <= 0x10ffff)) {
    text.wrong('\\u{...} wants a code point up to 10FFFF', at);
  }
  if (code >= 0xd800 && code <= 0xdfff) {
    text.wrong('half of a surrogate pair', at);
  }
  return served(text, code, at);
}

function served(text: PatternText, code: number, at: number): number {
  return code === 0 ? text.wrong('U+0000 cannot be part of a text', at) : code;
}
