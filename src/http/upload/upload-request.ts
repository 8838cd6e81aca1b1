import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { digestsOf } from './digest-fields.ts';
import type { UploadOrder } from './upload-target.ts';

/** Below it stand the source and the name of the file. */
export const uploadPath = '/ingest/';

/** What a request wants: to send bytes, or to know how many are here (`asks`). */
export interface UploadRequest {
  readonly order: UploadOrder;
  readonly asks: boolean;
  /** Hex digests of `If-None-Match`: bytes that need not be sent where they are known. */
  readonly unlessKnown: readonly string[];
}

/** Source and name of an address; throws BadRequest. */
export function addressOf(url: string): {
  readonly source: string;
  readonly name: string;
  readonly query: URLSearchParams;
} {
  const [path = '', query = ''] = url.split('?', 2);
  const parts = path.slice(uploadPath.length).split('/');
  if (parts.length !== 2) {
    throw new GatewayError('BadRequest', `A file is sent to ${uploadPath}<source>/<file name>`);
  }
  const [source = '', name = ''] = parts.map(decoded);
  return { source, name, query: new URLSearchParams(query) };
}

/** Once, and only what is UTF-8. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new GatewayError(
      'BadRequest',
      `The address is not percent-encoded UTF-8: write '%25' for a percent sign, '%C3%A9' for 'é'`,
    );
  }
}

/** Throws GatewayError BadRequest, UnsupportedMediaType. */
export function uploadRequest({ headers }: IncomingMessage, url: string): UploadRequest {
  const { source, name, query } = addressOf(url);
  checkCoding(headers);
  const options = optionsOf(query);
  const body = bodyLength(headers);
  const range = rangeOf(headers, body);
  const digests = digestsOf(headers);
  const whole = range === null || (range.from === 0 && range.length === range.total);
  return {
    order: {
      ...{ source, name, export: options.export, period: options.period },
      modifiedAt: modifiedAt(options.modified ?? text(headers['last-modified'])),
      sha256: digests.whole ?? (whole ? digests.body : null),
      total: range === null ? body : range.total,
      from: range?.from ?? 0,
      length: range?.length ?? body,
      partSha256: whole || range.length === 0 ? null : digests.body,
    },
    asks: range?.length === 0,
    unlessKnown: [...(text(headers['if-none-match']) ?? '').matchAll(/"([0-9a-f]{64})"/gi)].map(([, hex = '']) =>
      hex.toLowerCase(),
    ),
  };
}

const text = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value;

/** The file is taken as it comes: nobody else could tell its digest and its place in a part. */
function checkCoding(headers: IncomingHttpHeaders): void {
  const coding = text(headers['content-encoding'])?.trim().toLowerCase();
  if (coding !== undefined && coding !== '' && coding !== 'identity') {
    throw new GatewayError(
      'UnsupportedMediaType',
      `The body must be the file itself, without Content-Encoding: ${coding.slice(0, 40)}`,
      { target: 'Content-Encoding' },
    );
  }
  if (/^\s*multipart\//i.test(headers['content-type'] ?? '')) {
    throw new GatewayError(
      'UnsupportedMediaType',
      'The body must be the file itself, not a form that holds it (curl: -T FILE, not -F)',
      { target: 'Content-Type' },
    );
  }
}

const optionNames = ['export', 'period', 'modified'];

function optionsOf(query: URLSearchParams): Readonly<Record<'export' | 'period', string | null>> & {
  readonly modified: string | undefined;
} {
  for (const name of query.keys()) {
    if (!optionNames.includes(name)) {
      throw new GatewayError('BadRequest', `${name.slice(0, 40)} is no option: ${optionNames.join(', ')} are`);
    }
  }
  return { export: query.get('export'), period: query.get('period'), modified: query.get('modified') ?? undefined };
}

/** null: it comes in chunks, whose end alone says how many bytes it has. */
function bodyLength(headers: IncomingHttpHeaders): number | null {
  const { 'content-length': length, 'transfer-encoding': coding } = headers;
  return coding === undefined ? Number(length ?? 0) : null;
}

interface ContentRange {
  readonly from: number;
  /** Bytes of the body; 0: it asks how much is here. */
  readonly length: number;
  readonly total: number;
}

/** null: the body is the whole file. */
function rangeOf(headers: IncomingHttpHeaders, body: number | null): ContentRange | null {
  const range = text(headers['content-range']);
  if (range === undefined) {
    return null;
  }
  const [, star, first = '', last = '', all = ''] =
    /^\s*bytes\s+(?:(\*)|(\d{1,15})-(\d{1,15}))\/(\d{1,15})\s*$/i.exec(range) ?? [];
  const total = Number(all);
  if (star !== undefined) {
    if (body !== 0) {
      throw invalidRange('it asks how much is here, so the body must be empty');
    }
    return { from: 0, length: 0, total };
  }
  const from = Number(first);
  const length = Number(last) - from + 1;
  if (all === '' || length < 1 || from + length > total) {
    throw invalidRange('it must be "bytes FIRST-LAST/TOTAL", or "bytes */TOTAL" to ask how much is here');
  }
  if (body !== null && body !== length) {
    throw invalidRange(`it announces ${length} bytes, and Content-Length ${body}`);
  }
  return { from, length, total };
}

const invalidRange = (why: string): GatewayError =>
  new GatewayError('BadRequest', `Content-Range cannot be understood: ${why}`, { target: 'Content-Range' });

/** Milliseconds that clocks may differ by. */
const day = 86_400_000;

function modifiedAt(said: string | undefined): Date | null {
  if (said === undefined || said === '') {
    return null;
  }
  const time = new Date(/^\d{9,10}(\.\d+)?$/.test(said) ? Number(said) * 1000 : said);
  // A file of the future would be the newest one for ever.
  if (Number.isNaN(time.getTime()) || time.getTime() < 0 || time.getTime() > Date.now() + day) {
    throw new GatewayError(
      'BadRequest',
      'The time of the file must be one that was: ISO 8601 with its offset, an HTTP date, or seconds since 1970',
      { target: 'modified' },
    );
  }
  return time;
}
