import { GatewayError } from '../../errors.ts';
import { percentDecode } from './percent-decode.ts';

export const pathTarget = 'the resource path';

export interface SplitSegment {
  readonly start: number;
  readonly end: number;
  /** Still percent-encoded. */
  readonly raw: string;
}

/** The decoded path, and where each segment begins and ends in it. */
export interface SplitPath {
  readonly decoded: string;
  readonly segments: readonly SplitSegment[];
}

/**
 * Splits a resource path at its slashes and then decodes each segment once, so that `%2F` is a slash within a value
 * (OData URL Conventions 4.01, section 2). Only the slashes in the parentheses of `$filter(...)` do not split. One slash
 * at the start and one at the end are ignored.
 *
 * @throws GatewayError `UriSyntax` for empty segments and for a slash in a quoted key value, which must be `%2F`.
 */
export function splitPath(raw: string): SplitPath {
  const trimmed = raw.replace(/^\//, '').replace(/\/$/, '');
  if (trimmed === '') {
    return { decoded: '', segments: [] };
  }
  const segments: SplitSegment[] = [];
  let decoded = '';
  for (const rawSegment of rawSegments(trimmed)) {
    const text = percentDecode(rawSegment, pathTarget);
    const start = segments.length === 0 ? 0 : decoded.length + 1;
    if (text === '') {
      throw syntaxError('a segment between two slashes is empty', start);
    }
    decoded = segments.length === 0 ? text : `${decoded}/${text}`;
    segments.push({ start, end: decoded.length, raw: rawSegment });
  }
  return { decoded, segments };
}

function rawSegments(raw: string): string[] {
  const parts = raw.split('/');
  const segments: string[] = [];
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index] ?? '';
    const end = /^(?:\$|%24)filter(?:\(|%28)/.test(part) ? filterEnd(parts, index) : index;
    segments.push(parts.slice(index, end + 1).join('/'));
    if (end === index && index < parts.length - 1 && cutsQuotedKey(part)) {
      throw syntaxError(
        `the quoted value in '${part.slice(0, 40)}' is cut by a slash; write it as '%2F'`,
        raw.indexOf(part),
      );
    }
    index = end;
  }
  return segments;
}

/** The index of the part in which the parenthesis of `$filter(` closes; the last part if it never does. */
function filterEnd(parts: readonly string[], from: number): number {
  let depth = 0;
  let quoted = false;
  for (let index = from; index < parts.length; index += 1) {
    for (const [token] of (parts[index] ?? '').matchAll(/[()']|%2[789]/g)) {
      if (token === "'" || token === '%27') {
        quoted = !quoted;
      } else if (!quoted) {
        depth += token === '(' || token === '%28' ? 1 : -1;
      }
    }
    if (depth <= 0 && !quoted) {
      return index;
    }
  }
  return parts.length - 1;
}

function cutsQuotedKey(part: string): boolean {
  const quotes = part.match(/'|%27/g)?.length ?? 0;
  return quotes % 2 === 1 && /\(|%28/.test(part);
}

function syntaxError(what: string, offset: number): GatewayError {
  return new GatewayError('UriSyntax', `${pathTarget}: ${what}.`, { target: pathTarget, offset });
}
