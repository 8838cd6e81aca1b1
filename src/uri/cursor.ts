import { GatewayError, type UnsupportedFeature } from '../errors.ts';
import { hintAt } from './expression/hints.ts';
import type { UriLimits } from './limits.ts';

/**
 * What all texts of one request share while they are parsed: the limits used up so far, and the first feature met that
 * is valid OData but has no place in the syntax tree. Such a feature is answered 501 only after the whole text proved
 * well-formed, so that broken text is a 400 in every case.
 */
export interface ParseSession {
  readonly limits: UriLimits;
  nodes: number;
  depth: number;
  unsupported: GatewayError | null;
}

export function newSession(limits: UriLimits): ParseSession {
  return { limits, nodes: 0, depth: 0, unsupported: null };
}

/** Throws the 501 that parsing noted, if any. Call it once, after everything was parsed. */
export function refuseUnsupported(session: ParseSession): void {
  if (session.unsupported !== null) {
    throw session.unsupported;
  }
}

const blanks = /[ \t]*/y;
const identifierPattern = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]*/uy;
const wordPattern = /[A-Za-z]+/y;

const noPositions: ReadonlySet<number> = new Set();

/** A position in one decoded text. `target` names the text in errors: an option (`$filter`) or `the resource path`. */
export class Cursor {
  readonly text: string;
  readonly target: string;
  readonly session: ParseSession;
  /** Where a semicolon of the text was percent-encoded, so that it may be a character of a word. */
  readonly encodedSemicolons: ReadonlySet<number>;
  position = 0;

  constructor(text: string, target: string, session: ParseSession, encodedSemicolons = noPositions) {
    this.text = text;
    this.target = target;
    this.session = session;
    this.encodedSemicolons = encodedSemicolons;
  }

  get atEnd(): boolean {
    return this.position >= this.text.length;
  }

  /** The character `ahead` places on, or '' past the end. */
  peek(ahead = 0): string {
    return this.text.charAt(this.position + ahead);
  }

  looksAt(token: string): boolean {
    return this.text.startsWith(token, this.position);
  }

  /** Takes `token` if it stands here. */
  take(token: string): boolean {
    if (!this.looksAt(token)) {
      return false;
    }
    this.position += token.length;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) {
      this.fail(`'${token}'`);
    }
  }

  /** Takes what a sticky pattern matches here; null and no move if nothing. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text);
    if (found !== null) {
      this.position += found[0].length;
    }
    return found;
  }

  /** BWS: optional blanks. Returns whether there were any. */
  skipBlanks(): boolean {
    return (this.match(blanks)?.[0].length ?? 0) > 0;
  }

  /** RWS. */
  expectBlanks(): void {
    if (!this.skipBlanks()) {
      this.fail('a blank');
    }
  }

  /** An odataIdentifier: at most 128 characters. */
  identifier(what = 'a name'): string {
    const start = this.position;
    const name = this.match(identifierPattern)?.[0];
    if (name === undefined) {
      return this.fail(what);
    }
    if (name.length > 128 && [...name].length > 128) {
      this.position = start;
      return this.fail(`${what} of at most 128 characters`);
    }
    return name;
  }

  /** A name with or without a namespace: `Name`, `Ns.Name`. */
  qualifiedName(what = 'a name'): string {
    let name = this.identifier(what);
    while (this.peek() === '.') {
      this.position += 1;
      name += `.${this.identifier('a name after the dot')}`;
    }
    return name;
  }

  /** The ASCII letters here, in lower case, without moving; '' if none. */
  peekWord(ahead = 0): string {
    wordPattern.lastIndex = this.position + ahead;
    return wordPattern.exec(this.text)?.[0].toLowerCase() ?? '';
  }

  /** Takes `RWS word RWS`, in exactly this case unless `anyCase`; no move if it is not here. */
  takeWord(word: string): boolean {
    const start = this.position;
    if (this.skipBlanks() && this.take(word) && this.skipBlanks()) {
      return true;
    }
    this.position = start;
    return false;
  }

  expectEnd(expected: string): void {
    if (!this.atEnd) {
      this.fail(expected);
    }
  }

  fail(expected: string, at = this.position): never {
    const rest = this.text.slice(at, at + 24);
    const found = rest === '' ? 'the end' : `'${rest.length < 24 ? rest : `${rest.slice(0, 20)}...`}'`;
    throw new GatewayError(
      'UriSyntax',
      `${this.target}: found ${found} at position ${at}, expected ${expected}${hintAt(this.text, at)}.`,
      { target: this.target, offset: at },
    );
  }

  /** Notes a feature to be answered 501, `what` in the words of the request; the first one is reported. */
  unsupported(feature: UnsupportedFeature, what: string, at = this.position): void {
    this.session.unsupported ??= new GatewayError('NotImplemented', `${this.target}: ${what} is not supported.`, {
      feature,
      target: this.target,
      offset: at,
    });
  }

  /** Counts one expression node. */
  countNode(): void {
    this.session.nodes += 1;
    if (this.session.nodes > this.session.limits.expressionNodes) {
      this.#exceed(`more than ${this.session.limits.expressionNodes} operands and operators`);
    }
  }

  /** Refuses a list that grew past the limit. */
  checkLength(length: number): void {
    if (length > this.session.limits.listLength) {
      this.#exceed(`a list of more than ${this.session.limits.listLength} items`);
    }
  }

  /** Runs `parse` one level deeper. */
  nested<T>(parse: () => T): T {
    this.session.depth += 1;
    if (this.session.depth > this.session.limits.nestingDepth) {
      this.#exceed(`nesting deeper than ${this.session.limits.nestingDepth} levels`);
    }
    const result = parse();
    this.session.depth -= 1;
    return result;
  }

  #exceed(what: string): never {
    throw new GatewayError('LimitExceeded', `${this.target}: ${what} in one request.`, {
      target: this.target,
      offset: this.position,
    });
  }
}

/** `item *( BWS "," BWS item )`. */
export function commaList<T>(cursor: Cursor, item: () => T): T[] {
  const items = [item()];
  while (takeComma(cursor)) {
    items.push(item());
    cursor.checkLength(items.length);
  }
  return items;
}

/** `BWS "," BWS`; where there is no comma the cursor stays. */
export function takeComma(cursor: Cursor): boolean {
  const start = cursor.position;
  cursor.skipBlanks();
  if (!cursor.take(',')) {
    cursor.position = start;
    return false;
  }
  cursor.skipBlanks();
  return true;
}

/** `"(" BWS inner BWS ")"`, one level deeper. */
export function parenthesised<T>(cursor: Cursor, inner: () => T): T {
  return cursor.nested(() => {
    cursor.expect('(');
    cursor.skipBlanks();
    const result = inner();
    cursor.skipBlanks();
    cursor.expect(')');
    return result;
  });
}
