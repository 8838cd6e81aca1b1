import { type CsvFormat, csvFormatOf, csvOffer } from '../../csv/csv-format.ts';
import { GatewayError } from '../../errors.ts';

/** One media range of an Accept header (RFC 9110, 12.5.1), names and parameters in lower case. */
interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** JSON as agreed with the client (OData JSON 4.0, section 3). */
export interface JsonChoice {
  readonly metadata: 'none' | 'minimal' | 'full';
  readonly ieee754Compatible: boolean;
}

/** Parses an Accept header; a range that is not a media range is left out, as RFC 9110 asks of lenient readers. */
function mediaRanges(accept: string): readonly MediaRange[] {
  return splitOutsideQuotes(accept, ',').flatMap((text) => {
    const [type = '', ...rest] = splitOutsideQuotes(text, ';').map((part) => part.trim());
    if (!type.includes('/')) {
      return [];
    }
    const pairs = rest.map((part) => {
      const equals = part.indexOf('=');
      const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
      const value = equals < 0 ? '' : part.slice(equals + 1).trim();
      return [name, value.replace(/^"(.*)"$/, '$1').toLowerCase()] as const;
    });
    const parameters = new Map(pairs);
    const quality = Number(parameters.get('q') ?? '1');
    return [{ type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 1 }];
  });
}

/** Whether HTML is asked for by its name: browsers do when a person opens an address, programs that take anything do not. */
export const acceptsHtml = (accept: string | undefined): boolean =>
  mediaRanges(accept ?? '').some(({ type, quality }) => type === 'text/html' && quality > 0);

export interface Leniency {
  /** Media types for which a client gets JSON where it accepts nothing else. */
  readonly insteadOf?: readonly string[];
}

const plainJson = { kind: 'json', json: { metadata: 'minimal', ieee754Compatible: false } } as const;
const csvType = 'text/csv';

function splitOutsideQuotes(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  let inQuotes = false;
  for (const character of text) {
    if (character === '"') {
      inQuotes = !inQuotes;
    }
    if (character === separator && !inQuotes) {
      parts.push(part);
      part = '';
    } else {
      part += character;
    }
  }
  return [...parts, part];
}

/** The format of a data reply, as agreed with the client. */
export type DataChoice =
  | { readonly kind: 'json'; readonly json: JsonChoice }
  | { readonly kind: 'csv'; readonly csv: CsvFormat };

export interface DataOffer extends Leniency {
  /** The reply is a collection: it can be served as CSV. */
  readonly csv: boolean;
}

const jsonOffer = 'json (application/json, with odata.metadata=none, minimal or full, IEEE754Compatible=true)';

/** What a client may ask for instead of what it asked for. */
const offered = (csv: boolean): string =>
  csv ? `There are ${jsonOffer} and ${csvOffer}.` : `There is ${jsonOffer}; csv is for collections.`;

/**
 * Chooses the format of a data reply from `$format` (which wins) or the Accept header. Atom, XML and other text are
 * never served as data: they are passed over as long as a range is left that can be.
 * Throws NotAcceptable when none is.
 */
export function negotiateData(
  accept: string | undefined,
  format: string | undefined,
  { csv, insteadOf = [] }: DataOffer,
): DataChoice {
  if (format !== undefined) {
    return fromFormat(format, csv);
  }
  const ranges = mediaRanges(accept ?? '*/*');
  const refused = ranges.some((range) => range.type === 'application/json' && range.quality === 0);
  const choices = ranges
    .map((range) => ({ range, rank: specificity(range), choice: dataChoice(range, csv) }))
    .filter(({ range, rank, choice }) => {
      const served = choice?.kind === 'csv' || rank > (refused ? 2 : 0);
      return choice !== null && range.quality > 0 && served;
    })
    .sort((a, b) => b.range.quality - a.range.quality || b.rank - a.rank);
  const lenient = ranges.some(({ type, quality }) => quality > 0 && insteadOf.includes(type)) && !refused;
  const best = choices[0]?.choice ?? (lenient ? plainJson : undefined);
  if (accept !== undefined && accept.trim() !== '' && (best === undefined || best === null)) {
    throw new GatewayError(
      'NotAcceptable',
      `No format of the Accept header can be served: ${accept}. ${offered(csv)}`,
      {
        target: 'Accept',
      },
    );
  }
  return best ?? plainJson;
}

/** As `negotiateData` of what has JSON as its only form. */
export function negotiateJson(
  accept: string | undefined,
  format: string | undefined,
  { insteadOf = [] }: Leniency = {},
): JsonChoice {
  const choice = negotiateData(accept, format, { csv: false, insteadOf });
  return choice.kind === 'json' ? choice.json : plainJson.json;
}

function fromFormat(format: string, csv: boolean): DataChoice {
  const type = format.toLowerCase();
  if (type === 'json') {
    return plainJson;
  }
  const range = mediaRanges(/^csv *(;|$)/.test(type) ? `text/${type}` : format)[0];
  const choice = range === undefined || range.type.includes('*') ? null : dataChoice(range, csv);
  if (choice === null) {
    throw new GatewayError('NotAcceptable', `The format ${format} cannot be served. ${offered(csv)}`, {
      target: '$format',
    });
  }
  return choice;
}

function dataChoice(range: MediaRange, csv: boolean): DataChoice | null {
  if (range.type === csvType) {
    const format = csv ? csvFormatOf(range.parameters) : null;
    return format === null ? null : { kind: 'csv', csv: format };
  }
  const json = jsonChoice(range);
  return json === null ? null : { kind: 'json', json };
}

/** 0: not for data; else the more exact the higher. */
function specificity(range: MediaRange): number {
  if (range.type === 'application/json' || range.type === csvType) {
    return 3 + Math.min(range.parameters.size, 5);
  }
  if (range.type === 'application/*') {
    return 2;
  }
  return range.type === '*/*' ? 1 : 0;
}

const levels: ReadonlyMap<string, JsonChoice['metadata']> = new Map([
  ['none', 'none'],
  ['minimal', 'minimal'],
  ['full', 'full'],
]);

function jsonChoice(range: MediaRange): JsonChoice | null {
  const { parameters } = range;
  if (specificity(range) === 0) {
    return null;
  }
  const level = parameters.get('odata.metadata') ?? parameters.get('metadata') ?? 'minimal';
  const metadata = levels.get(level);
  const charset = parameters.get('charset') ?? 'utf-8';
  if (metadata === undefined || (charset !== 'utf-8' && charset !== 'utf8')) {
    return null;
  }
  return { metadata, ieee754Compatible: parameters.get('ieee754compatible') === 'true' };
}

/**
 * XML or JSON for `$metadata`. Clients send the Accept header of their data requests here too and then read XML only, so
 * JSON needs `$format`, or an Accept header of nothing but `application/json` without a metadata level.
 */
export function negotiateMetadata(accept: string | undefined, format: string | undefined): 'xml' | 'json' {
  if (format !== undefined) {
    const type = format.toLowerCase().split(';')[0]?.trim();
    if (type === 'xml' || type === 'application/xml') {
      return 'xml';
    }
    if (type === 'json' || type === 'application/json') {
      return 'json';
    }
    throw new GatewayError(
      'NotAcceptable',
      `$metadata cannot be served as ${format}. There are xml (application/xml) and json (application/json).`,
      { target: '$format' },
    );
  }
  const wanted = mediaRanges(accept ?? '').filter((range) => range.quality > 0);
  const onlyJson = wanted.every(
    ({ type, parameters }) =>
      type === 'application/json' && !parameters.has('odata.metadata') && !parameters.has('metadata'),
  );
  return wanted.length > 0 && onlyJson ? 'json' : 'xml';
}

/** The media type of a data reply, always with its metadata level: some readers refuse it without. */
export function jsonMediaType(choice: JsonChoice): string {
  const ieee = choice.ieee754Compatible ? ';IEEE754Compatible=true' : '';
  return `application/json;odata.metadata=${choice.metadata};odata.streaming=true${ieee};charset=utf-8`;
}
