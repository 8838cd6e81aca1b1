import { GatewayError } from '../../errors.ts';
import { Cursor, commaList, type ParseSession, parenthesised } from '../cursor.ts';
import { parseExpression } from '../expression/expression.ts';
import type { PathSegment, ResourcePath, SystemSegment } from '../syntax.ts';
import { parseKeyPredicate } from './key-predicate.ts';
import { pathTarget, splitPath } from './path-segments.ts';

const systemSegments: readonly SystemSegment[] = [
  '$metadata',
  '$batch',
  '$all',
  '$entity',
  '$count',
  '$value',
  '$ref',
  '$query',
  '$each',
];
const onlyFirst = new Set<string>(['$metadata', '$batch', '$all', '$entity', '$crossjoin']);
const endsPath = new Set<string>(['$metadata', '$batch', '$count', '$value', '$ref', '$query']);
const queryable = new Set<string>(['$count', '$value', '$ref']);
const qualifiedName =
  /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]*(?:\.[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]*)*$/u;

/** Parses the part of the URL before `?`, still percent-encoded; '' is the service root (OData ABNF 4.01, section 1). */
export function parsePath(raw: string, session: ParseSession): ResourcePath {
  const { decoded, segments } = splitPath(raw);
  const parsed: PathSegment[] = [];
  for (const { start, end, raw: written } of segments) {
    const cursor = new Cursor(decoded.slice(0, end), pathTarget, session);
    cursor.position = start;
    cursor.checkLength(parsed.length + 1);
    parsed.push(parseSegment(cursor, parsed.at(-1) ?? null, written));
    cursor.expectEnd("'/' or the end of the path");
  }
  return { segments: parsed };
}

function parseSegment(cursor: Cursor, before: PathSegment | null, raw: string): PathSegment {
  const at = cursor.position;
  if (before !== null && isEncodedKey(cursor, raw)) {
    return wholeSegment(cursor, at);
  }
  checkPlace(cursor, before);
  if (cursor.peek() === '$') {
    return systemSegment(cursor, at);
  }
  const text = cursor.text.slice(at);
  const parenthesis = text.indexOf('(');
  if (before === null) {
    return keyedName(cursor, cursor.identifier('the name of an entity set, or $metadata'), at);
  }
  const name = parenthesis < 0 ? text : text.slice(0, parenthesis);
  if (parenthesis > 0 && qualifiedName.test(name)) {
    cursor.position += name.length;
    return raw.includes('(') ? keyedName(cursor, name, at) : keyedOrKey(cursor, name, at);
  }
  return wholeSegment(cursor, at);
}

function wholeSegment(cursor: Cursor, at: number): PathSegment & { kind: 'Name' } {
  cursor.position = cursor.text.length;
  return { kind: 'Name', at, name: cursor.text.slice(at), keys: null };
}

/**
 * Whether the segment is a key that begins with a dollar sign, which is encoded then (4.01 URL Conventions 4.3.6). What
 * can stand here itself is that, since some clients encode every dollar sign.
 */
function isEncodedKey(cursor: Cursor, raw: string): boolean {
  if (!/^%24/.test(raw)) {
    return false;
  }
  const text = cursor.text.slice(cursor.position);
  return !text.startsWith('$filter(') && !systemSegments.some((name) => name === text && !onlyFirst.has(name));
}

/** `k%28v%29` is a name with a key, as of clients that encode all parentheses, or one key that has parentheses in it. */
function keyedOrKey(cursor: Cursor, name: string, at: number): PathSegment {
  const { depth, unsupported } = cursor.session;
  try {
    const keyed = keyedName(cursor, name, at);
    cursor.expectEnd("'/' or the end of the path");
    return { ...keyed, text: cursor.text.slice(at) };
  } catch (error) {
    if (!(error instanceof GatewayError && error.code === 'UriSyntax')) {
      throw error;
    }
    Object.assign(cursor.session, { depth, unsupported });
    return wholeSegment(cursor, at);
  }
}

function keyedName(cursor: Cursor, name: string, at: number): PathSegment & { kind: 'Name' } {
  if (cursor.peek() !== '(') {
    return { kind: 'Name', at, name, keys: null };
  }
  const keys = parseKeyPredicate(cursor);
  if (cursor.peek() === '(') {
    cursor.unsupported('model-functions', 'a key predicate after the parameters of a function');
    parseKeyPredicate(cursor);
  }
  return { kind: 'Name', at, name, keys };
}

function systemSegment(cursor: Cursor, at: number): PathSegment {
  if (cursor.looksAt('$filter(')) {
    cursor.position += '$filter'.length;
    const condition = parenthesised(cursor, () => parseExpression(cursor));
    const filter = { kind: 'FilterSegment', at, condition } as const;
    return cursor.peek() === '(' ? { ...filter, keys: parseKeyPredicate(cursor) } : filter;
  }
  if (cursor.looksAt('$crossjoin(')) {
    cursor.position += '$crossjoin'.length;
    const sets = parenthesised(cursor, () => commaList(cursor, () => cursor.identifier('the name of an entity set')));
    return { kind: 'Crossjoin', at, sets };
  }
  const text = cursor.text.slice(at);
  const name = systemSegments.find((known) => known === text);
  if (name === undefined) {
    return cursor.fail(`${systemSegments.join(', ')}, $filter(...) or $crossjoin(...)`);
  }
  cursor.position += name.length;
  return { kind: 'System', at, name };
}

/** Which system segments may stand here, after what (odataRelativeUri, collectionNavPath). */
function checkPlace(cursor: Cursor, before: PathSegment | null): void {
  const text = cursor.text.slice(cursor.position);
  const name = /^\$[a-z]+/.exec(text)?.[0] ?? '';
  if (before === null) {
    if (name !== '' && !onlyFirst.has(name)) {
      cursor.fail('the name of an entity set at the start of the path');
    }
    return;
  }
  if (onlyFirst.has(name)) {
    cursor.fail(`no ${name} after the first segment`);
  }
  if (before.kind !== 'System') {
    return;
  }
  if (endsPath.has(before.name) && !(text === '$query' && queryable.has(before.name))) {
    cursor.fail(`nothing after ${before.name}`);
  }
}
