import { type CsvColumn, csvColumns, csvFileName, givesCollection } from '../../csv/columns.ts';
import { type CsvFormat, csvMediaType } from '../../csv/csv-format.ts';
import type { Model } from '../../edm/model.ts';
import type { JsonFormat } from '../../json/json-format.ts';
import type { ReadPlan } from '../../plan/model/read-plan.ts';
import { type Exchange, headerText } from '../exchange.ts';
import { jsonMediaType, type Leniency, negotiateData, negotiateJson } from '../request/accept.ts';
import { contentEncoding } from './reply-head.ts';
import type { ContentEncoding } from './reply-sink.ts';

/** What was agreed with the client about one data reply. */
export interface ReplyForm {
  /** How sources write rows that they give as JSON, and what links look like. */
  readonly json: JsonFormat;
  /** Rows are served as CSV; absent: as JSON. */
  readonly csv?: CsvForm;
  readonly mediaType: string;
  readonly encoding: ContentEncoding;
  /** Preferences that were followed, for Preference-Applied. */
  readonly applied: readonly string[];
}

export interface CsvForm {
  readonly format: CsvFormat;
  readonly columns: readonly CsvColumn[];
  /** What a browser saves the reply as. */
  readonly fileName: string;
  /** The reply holds one page, because the client wants pages; else all rows. */
  readonly paged: boolean;
}

/** What the client said of the format. Absent: nothing, or it does not matter. */
export interface FormatWishes extends Leniency {
  /** The Accept header. */
  readonly accept?: string | undefined;
  /** The value of `$format`, which wins. */
  readonly format?: string | undefined;
}

/** The form of what is no collection. Throws GatewayError NotAcceptable. */
export function negotiate(exchange: Exchange, model: Model, { accept, format, ...leniency }: FormatWishes): ReplyForm {
  const choice = negotiateJson(accept, format, leniency);
  return {
    json: { omitNulls: exchange.prefer.omitNulls, root: exchange.root, namespace: model.namespace, ...choice },
    mediaType: jsonMediaType(choice),
    encoding: contentEncoding(exchange),
    applied: exchange.prefer.omitNulls ? ['omit-values=nulls'] : [],
  };
}

/**
 * The form of the rows of a plan: a collection may be wanted as CSV. Throws GatewayError NotAcceptable, BadRequest where
 * such rows have no form in it.
 */
export function negotiateRows(
  plan: ReadPlan,
  { exchange, model, ...wishes }: FormatWishes & { readonly exchange: Exchange; readonly model: Model },
): ReplyForm {
  const { accept, format, ...leniency } = wishes;
  const choice = negotiateData(accept, format, { csv: givesCollection(plan), ...leniency });
  if (choice.kind === 'json' || !givesCollection(plan)) {
    return negotiate(exchange, model, wishes);
  }
  const { root, prefer } = exchange;
  const paged = prefer.maxPageSize !== null;
  return {
    json: { metadata: 'minimal', ieee754Compatible: false, omitNulls: false, root, namespace: model.namespace },
    csv: { format: choice.csv, columns: csvColumns(plan), fileName: csvFileName(plan), paged },
    mediaType: csvMediaType(choice.csv),
    encoding: contentEncoding(exchange),
    applied: [],
  };
}

/** The headers that a reply has for being CSV; JSON has none. */
export const formHeaders = ({ csv }: ReplyForm): Readonly<Record<string, string>> =>
  csv === undefined ? {} : { 'Content-Disposition': attachment(csv.fileName) };

/** Content-Disposition of a file (RFC 6266); names beyond ASCII as in RFC 8187. */
export const attachment = (fileName: string): string =>
  /^[\w.-]+$/.test(fileName)
    ? `attachment; filename="${fileName}"`
    : `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`;

export const acceptOf = ({ headers }: Exchange): string | undefined => headerText(headers['accept']);
