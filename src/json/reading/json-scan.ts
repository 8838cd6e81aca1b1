import { GatewayError } from '../../errors.ts';

/** A member of a JSON object: its value is `text.slice(start, end)`, not yet parsed, because parsing would lose digits. */
export interface RawMember {
  readonly name: string;
  readonly raw: string;
}

/** Objects and arrays within each other: more than any row has, and far fewer than the stack holds. */
const deepest = 500;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const simpleEscape = /["\\/bfnrt]/;
const hexEscape = /^u[0-9a-fA-F]{4}$/;

/**
 * The members of a JSON object, in order; a name used twice keeps its last value. Every value is checked down to its last
 * character (RFC 8259), so that what is copied from it stays well-formed.
 * @throws GatewayError UpstreamRefused when the text is not exactly one JSON object.
 */
export function readObject(text: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  const end = scanObject(text, skipSpace(text, 0), (name, raw) => members.set(name, raw));
  if (skipSpace(text, end) !== text.length) {
    throw broken('text follows the object');
  }
  return members;
}

/** The raw elements of a JSON array. Throws as `readObject` does. */
export function readArray(text: string): readonly string[] {
  const elements: string[] = [];
  const end = scanArray(text, skipSpace(text, 0), (raw) => elements.push(raw));
  if (skipSpace(text, end) !== text.length) {
    throw broken('text follows the array');
  }
  return elements;
}

/** The value of a raw JSON string; null when the raw text is not a string. */
export function stringValue(raw: string): string | null {
  return raw.charCodeAt(0) === 0x22 ? (JSON.parse(raw) as string) : null;
}

function scanObject(text: string, start: number, found: (name: string, raw: string) => void, depth = 0): number {
  if (text[start] !== '{') {
    throw broken('an object was expected');
  }
  let at = skipSpace(text, start + 1);
  if (text[at] === '}') {
    return at + 1;
  }
  for (;;) {
    const nameEnd = scanString(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    at = skipSpace(text, nameEnd);
    if (text[at] !== ':') {
      throw broken('a colon is missing');
    }
    const valueStart = skipSpace(text, at + 1);
    const valueEnd = scanValue(text, valueStart, depth + 1);
    found(name, text.slice(valueStart, valueEnd));
    at = skipSpace(text, valueEnd);
    if (text[at] === '}') {
      return at + 1;
    }
    if (text[at] !== ',') {
      throw broken('a comma is missing');
    }
    at = skipSpace(text, at + 1);
  }
}

function scanArray(text: string, start: number, found: (raw: string) => void, depth = 0): number {
  if (text[start] !== '[') {
    throw broken('an array was expected');
  }
  let at = skipSpace(text, start + 1);
  if (text[at] === ']') {
    return at + 1;
  }
  for (;;) {
    const end = scanValue(text, at, depth + 1);
    found(text.slice(at, end));
    at = skipSpace(text, end);
    if (text[at] === ']') {
      return at + 1;
    }
    if (text[at] !== ',') {
      throw broken('a comma is missing');
    }
    at = skipSpace(text, at + 1);
  }
}

const ignore = (): void => undefined;

function scanValue(text: string, at: number, depth: number): number {
  if (depth > deepest) {
    throw broken(`it nests more than ${deepest} objects and arrays`);
  }
  switch (text[at]) {
    case '"':
      return scanString(text, at);
    case '{':
      return scanObject(text, at, ignore, depth);
    case '[':
      return scanArray(text, at, ignore, depth);
    case 't':
      return scanWord(text, at, 'true');
    case 'f':
      return scanWord(text, at, 'false');
    case 'n':
      return scanWord(text, at, 'null');
    default: {
      number.lastIndex = at;
      if (!number.test(text)) {
        throw broken('a value is missing');
      }
      return number.lastIndex;
    }
  }
}

function scanWord(text: string, at: number, word: string): number {
  if (!text.startsWith(word, at)) {
    throw broken('an unknown word stands for a value');
  }
  return at + word.length;
}

function scanString(text: string, start: number): number {
  if (text[start] !== '"') {
    throw broken('a string was expected');
  }
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      return at + 1;
    }
    if (code < 0x20) {
      throw broken('a control character stands in a string');
    }
    if (code !== 0x5c) {
      continue;
    }
    at++;
    if (simpleEscape.test(text.charAt(at))) {
      continue;
    }
    if (!hexEscape.test(text.slice(at, at + 5))) {
      throw broken('an escape in a string is unknown');
    }
    at += 4;
  }
  throw broken('a string does not end');
}

function skipSpace(text: string, start: number): number {
  let at = start;
  for (let code = text.charCodeAt(at); code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09; ) {
    code = text.charCodeAt(++at);
  }
  return at;
}

export function broken(reason: string): GatewayError {
  return new GatewayError('UpstreamRefused', `The reply of the proxied feed is not the JSON it should be: ${reason}.`);
}
