import { GatewayError } from '../errors.ts';
import { parseApplyExpression } from './apply/apply.ts';
import { Cursor, newSession, type ParseSession, refuseUnsupported } from './cursor.ts';
import { parseExpression as parseExpressionAt } from './expression/expression.ts';
import { defaultUriLimits, type UriLimits } from './limits.ts';
import { type ParsedQuery, parseQuery, settledQuery } from './options/query-options.ts';
import { parseSearchExpression } from './options/search.ts';
import { parsePath } from './path/resource-path.ts';
import type { Expression, ODataUri, ResourcePath, SearchExpression, Transformation } from './syntax.ts';

export type { ParsedQuery } from './options/query-options.ts';

/**
 * Parses a request URL below the service root, still percent-encoded: `Set(1)/Nav?$filter=A eq 1&$top=3`. Accepts OData
 * 4.0 and 4.01; looks nothing up.
 *
 * @throws GatewayError `UriSyntax`, `UnknownOption`, `InvalidOption` (400), `LimitExceeded` (400), `UrlTooLong` (414), or
 *   `NotImplemented` (501) for valid OData that the syntax tree has no place for.
 */
export function parseODataUri(text: string, limits: Partial<UriLimits> = {}): ODataUri {
  const session = sessionFor(limits);
  if (text.length > session.limits.urlLength) {
    const most = session.limits.urlLength;
    throw new GatewayError('UrlTooLong', `The URL has ${text.length} characters; at most ${most} are allowed.`);
  }
  const question = text.indexOf('?');
  refuseFragment(text);
  const path = parsePath(question < 0 ? text : text.slice(0, question), session);
  const query = parseQuery(question < 0 ? '' : text.slice(question + 1), session);
  checkEntityRequest(path, query);
  refuseUnsupported(session);
  return { path, ...query };
}

/** Parses a query string alone, as in the body of POST `/$query`; line ends at its end are ignored. Throws as above. */
export function parseQueryOptions(text: string, limits: Partial<UriLimits> = {}): ParsedQuery {
  const session = sessionFor(limits);
  if (text.length > session.limits.queryLength) {
    const most = session.limits.queryLength;
    throw new GatewayError('LimitExceeded', `The query has ${text.length} characters; at most ${most} are allowed.`);
  }
  refuseFragment(text);
  const query = parseQuery(text.replace(/[\r\n]{1,2}$/, ''), session);
  refuseUnsupported(session);
  return query;
}

/** A query string, still percent-encoded, with each plus sign written as what it stands for: `%20` or `%2B`. Throws as above. */
export function settleQuery(text: string, limits: Partial<UriLimits> = {}): string {
  return settledQuery(text, sessionFor(limits));
}

/** Parses the part of a URL between the service root and `?`, still percent-encoded. Throws as above. */
export function parseResourcePath(text: string, limits: Partial<UriLimits> = {}): ResourcePath {
  const session = sessionFor(limits);
  const path = parsePath(text, session);
  refuseUnsupported(session);
  return path;
}

/** Parses a decoded expression, as in `$filter`. Throws as above. */
export function parseExpression(text: string, limits: Partial<UriLimits> = {}): Expression {
  return parseWhole(new Cursor(text, 'the expression', sessionFor(limits)), parseExpressionAt);
}

/** Parses a decoded `$search` value. Throws as above. */
export function parseSearch(text: string, limits: Partial<UriLimits> = {}): SearchExpression {
  return parseWhole(new Cursor(text, '$search', sessionFor(limits)), (cursor) =>
    parseSearchExpression(cursor, 'alone'),
  );
}

/** Parses a decoded `$apply` value. Throws as above. */
export function parseApply(text: string, limits: Partial<UriLimits> = {}): Transformation[] {
  return parseWhole(new Cursor(text, '$apply', sessionFor(limits)), parseApplyExpression);
}

function parseWhole<T>(cursor: Cursor, parse: (cursor: Cursor) => T): T {
  const result = parse(cursor);
  cursor.expectEnd('an operator or the end');
  refuseUnsupported(cursor.session);
  return result;
}

function sessionFor(limits: Partial<UriLimits>): ParseSession {
  return newSession({ ...defaultUriLimits, ...limits });
}

function refuseFragment(text: string): void {
  const offset = text.indexOf('#');
  if (offset >= 0) {
    throw new GatewayError('UriSyntax', "A '#' in a URL must be percent-encoded as '%23'.", { offset });
  }
}

/** `$entity` needs `$id`, and takes `$select` and `$expand` only after a type name (odataRelativeUri). */
function checkEntityRequest(path: ResourcePath, { options }: ParsedQuery): void {
  const [first, second] = path.segments;
  if (first?.kind !== 'System' || first.name !== '$entity') {
    return;
  }
  if (options.id === undefined) {
    throw new GatewayError('InvalidOption', '$entity needs the query option $id.', { target: '$id' });
  }
  if (second === undefined && (options.select !== undefined || options.expand !== undefined)) {
    const target = options.select === undefined ? '$expand' : '$select';
    throw new GatewayError('InvalidOption', `$entity takes ${target} only after a type name: $entity/Ns.Type.`, {
      target,
    });
  }
}
