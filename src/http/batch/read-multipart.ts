import { GatewayError } from '../../errors.ts';
import { type InnerRequest, isRequestId, plainRequest } from './batch-request.ts';

/**
 * Reads a `multipart/mixed` batch (Protocol 11.7.7, RFC 2046): each part one `application/http` request or one change
 * set. Preamble and epilogue are ignored; lines may end with LF alone. Throws GatewayError BadRequest where the body is
 * not such a message; what is wrong with one request alone is told in its place.
 */
export function readMultipart(body: string, boundary: string): readonly InnerRequest[] {
  return partsOf(body, boundary).map((part, index) => readPart(part, index + 1));
}

/** The texts between the boundary lines. */
function partsOf(body: string, boundary: string): readonly string[] {
  const escaped = boundary.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const line = new RegExp(`(?:^|\\r?\\n)--${escaped}(--)?[ \\t]*(?=\\r?\\n|$)`, 'g');
  const parts: string[] = [];
  let start: number | null = null;
  for (const found of body.matchAll(line)) {
    if (start !== null) {
      parts.push(body.slice(start, found.index).replace(/^\r?\n/, ''));
    }
    if (found[1] !== undefined) {
      return parts;
    }
    start = found.index + found[0].length;
  }
  throw new GatewayError('BadRequest', `The batch has no closing line --${boundary}--`);
}

interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Header lines up to an empty line, then the body. null: a line that is no header. */
function message(text: string): Message | null {
  const end = /^\r?\n|\r?\n\r?\n|\r?\n?$/.exec(text);
  const lines = text.slice(0, end?.index ?? text.length).split(/\r?\n/);
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const line of lines) {
    if (line === '') {
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon < 1 || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) {
      return null;
    }
    const value = line.slice(colon + 1).trim();
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return { headers, body: end === null ? '' : text.slice(end.index + end[0].length) };
}

function readPart(text: string, number: number): InnerRequest {
  const part = message(text);
  if (part === null) {
    throw new GatewayError('BadRequest', `Part ${number} of the batch has a malformed header line`);
  }
  const [type = ''] = (part.headers['content-type'] ?? '').toLowerCase().split(';');
  const id = part.headers['content-id'] ?? null;
  if (type.trim() === 'multipart/mixed') {
    return changeSet(number);
  }
  if (type.trim() !== 'application/http') {
    throw new GatewayError('BadRequest', `Part ${number} of the batch is neither application/http nor multipart/mixed`);
  }
  const request = readRequest(part.body);
  if (request === null) {
    return refused(id, new GatewayError('BadRequest', `Part ${number} of the batch is not an HTTP request`));
  }
  if (id !== null && !isRequestId(id)) {
    return { ...request, id: null, fault: badId(number) };
  }
  return { ...request, id };
}

const badId = (number: number): GatewayError =>
  new GatewayError('BadRequest', `Part ${number} of the batch has a Content-ID that is no request id`);

/** A change set answers one response for all of its requests (Protocol 11.7.7.5). */
const changeSet = (number: number): InnerRequest =>
  refused(
    null,
    new GatewayError('NotImplemented', `Part ${number} of the batch is a change set: this feed is read-only`, {
      feature: 'change-sets',
    }),
  );

function refused(id: string | null, fault: GatewayError): InnerRequest {
  return { ...plainRequest, id, method: 'GET', url: '', headers: {}, fault };
}

/** Request line, headers, body; the version may be missing, as in the examples of the specification. */
function readRequest(text: string): InnerRequest | null {
  const line = /^([A-Za-z]+)[ \t]+(\S+)(?:[ \t]+HTTP\/\d\.\d)?[ \t]*(?:\r?\n|$)/.exec(text);
  if (line === null) {
    return null;
  }
  const [whole, method = '', url = ''] = line;
  const rest = message(text.slice(whole.length));
  if (rest === null) {
    return null;
  }
  const body = rest.body === '' ? null : rest.body;
  return { ...plainRequest, id: null, method: method.toUpperCase(), url, headers: rest.headers, body };
}

/** The boundary of a Content-Type header; null: it is not multipart/mixed. Throws GatewayError BadRequest without one. */
export function multipartBoundary(contentType: string): string | null {
  if (!/^\s*multipart\/mixed\s*(;|$)/i.test(contentType)) {
    return null;
  }
  const found = /;\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) {
    throw new GatewayError('BadRequest', 'The Content-Type of the batch names no boundary', { target: 'Content-Type' });
  }
  return boundary;
}
