import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

type Row = Readonly<Record<string, unknown>>;

/** How a feed may go wrong. What is not named is done as OData 4.0 says. */
export interface Faults {
  /** The next link as it is written, of the relative one; undefined: it is left out. */
  next: (link: string, request: URL) => string | null | undefined;
  /** Before the rows instead of behind them. */
  nextFirst: boolean;
  /** Value of the context; null: there is none. */
  context: string | null;
  /** Members whose value is null are left out. */
  omitsNulls: boolean;
  /** Control information as OData 4.01 writes it. */
  isNewer: boolean;
  /** Each page begins with the last row of the one before. */
  overlaps: boolean;
  contentType: string;
  gzips: boolean;
  /** Bytes that the compressed body is short of, though it ends as if it were whole. */
  shortBy: number;
  contentEncoding: string;
  /** Bytes of the body after which the connection is cut. */
  cutAt: number;
  /** The whole body, whatever was asked for. */
  body: string;
  status: number;
  retryAfter: string;
  /** The head never comes. */
  hangs: boolean;
}

const known = new Set(['$select', '$top', '$skip', '$skiptoken', '$count', '$orderby', '$expand', '$filter']);

/**
 * A small feed in this process that reads requests strictly: an option it does not know, a name that no set has or a version
 * it does not speak is refused. It pages, and misbehaves on command: `faults` are put on the next requests, one after the
 * other, and `always` on each.
 */
export class StrictFeed {
  readonly sets: Readonly<Record<string, readonly Row[]>>;
  readonly always: Partial<Faults> = {};
  readonly faults: Partial<Faults>[] = [];
  pageSize = 2;
  /** Those of a set's rows that are asked for, in their order; null: such a request it does not know. Otherwise all, whatever the filter says. */
  choose: (rows: readonly Row[], set: string, options: URLSearchParams) => readonly Row[] | null = (rows) => rows;
  /** Requests that have come, and those whose reply has not ended. */
  asked = 0;
  open = 0;
  /** Most that were open at once. */
  mostOpen = 0;

  constructor(sets: StrictFeed['sets']) {
    this.sets = sets;
  }

  readonly answer = (request: IncomingMessage, response: ServerResponse, url: URL): void => {
    this.asked += 1;
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    response.once('close', () => {
      this.open -= 1;
    });
    const faults: Partial<Faults> = { ...this.always, ...this.faults.shift() };
    if (faults.hangs === true) {
      return;
    }
    const refusal = this.#refusal(request, url);
    const name = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
    const stored = this.sets[name];
    const rows = stored === undefined ? undefined : this.choose(stored, name, url.searchParams);
    if (faults.retryAfter !== undefined) {
      response.setHeader('Retry-After', faults.retryAfter);
    }
    if (faults.status !== undefined || refusal !== null || rows === undefined || rows === null) {
      const status = faults.status ?? (refusal !== null ? 400 : rows === null ? 501 : 404);
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ error: { code: String(status), message: refusal ?? 'told to' } }));
      return;
    }
    const body = Buffer.from(faults.body ?? this.#page(name, rows, url, faults));
    const packed = faults.gzips === true ? gzipSync(body) : body;
    const sent = packed.subarray(0, packed.length - (faults.shortBy ?? 0));
    response.writeHead(200, {
      'Content-Type': faults.contentType ?? 'application/json;odata.metadata=minimal',
      ...(faults.gzips === true ? { 'Content-Encoding': 'gzip' } : {}),
      ...(faults.contentEncoding === undefined ? {} : { 'Content-Encoding': faults.contentEncoding }),
    });
    if (faults.cutAt === undefined) {
      response.end(sent);
      return;
    }
    response.write(sent.subarray(0, faults.cutAt), () => setTimeout(() => response.destroy(), 20));
  };

  #refusal(request: IncomingMessage, url: URL): string | null {
    if (request.headers['odata-maxversion'] !== '4.0' || request.method !== 'GET') {
      return 'only GET with OData-MaxVersion 4.0';
    }
    const names = [...url.searchParams.keys()];
    const unknown = names.find((name) => !known.has(name));
    if (unknown !== undefined || new Set(names).size < names.length) {
      return `unknown or repeated option ${unknown ?? ''}`;
    }
    return null;
  }

  #page(name: string, rows: readonly Row[], url: URL, faults: Partial<Faults>): string {
    const option = (key: string): string | null => url.searchParams.get(key);
    const first = Number(option('$skiptoken') ?? option('$skip') ?? 0);
    const top = option('$top');
    const end = top === null ? rows.length : Math.min(rows.length, Number(option('$skip') ?? 0) + Number(top));
    const last = Math.min(end, first + this.pageSize);
    const from = faults.overlaps === true && first > 0 ? first - 1 : first;
    const expanded = (option('$expand') ?? '').split(/\(.*?\)|,/).filter((one) => one !== '');
    const select = option('$select')?.split(',').concat(expanded);
    const value = rows.slice(from, last).map((row) => this.#row(row, select, faults));
    const mark = faults.isNewer === true ? '@' : '@odata.';
    const continued = new URLSearchParams(url.searchParams);
    continued.delete('$skip');
    continued.set('$skiptoken', String(last));
    const link = `${name}?${decodeURIComponent(continued.toString())}`;
    const next = last < end ? link : null;
    const told = faults.next === undefined ? (next ?? undefined) : faults.next(next ?? '', url);
    const nextMember = told === undefined ? {} : { [`${mark}nextLink`]: told };
    const context = faults.context === undefined ? `http://${url.host}/service/$metadata#${name}` : faults.context;
    return JSON.stringify({
      ...(context === null ? {} : { [`${mark}context`]: context }),
      ...(option('$count') === 'true' ? { [`${mark}count`]: rows.length } : {}),
      ...(faults.nextFirst === true ? nextMember : {}),
      value,
      ...(faults.nextFirst === true ? {} : nextMember),
    });
  }

  #row(row: Row, select: readonly string[] | undefined, { omitsNulls, isNewer }: Partial<Faults>): Row {
    const chosen = Object.entries(row).filter(([name]) => select === undefined || select.includes(name));
    const kept = omitsNulls === true ? chosen.filter(([, value]) => value !== null) : chosen;
    return Object.fromEntries(isNewer === true ? [['@id', 'Calls(1)'], ...kept] : kept);
  }
}
