import type { Model } from '../edm/model.ts';
import type { JsonFormat } from '../json/json-format.ts';
import { type JsonChoice, jsonMediaType, type Leniency, negotiateJson } from './accept.ts';
import { type Exchange, headerText } from './exchange.ts';
import { contentEncoding } from './reply-head.ts';
import type { ContentEncoding } from './reply-sink.ts';

/** What was agreed with the client about one data reply. */
export interface ReplyForm {
  readonly json: JsonFormat;
  readonly mediaType: string;
  readonly encoding: ContentEncoding;
  /** Preferences that were followed, for Preference-Applied. */
  readonly applied: readonly string[];
}

/** What the client said of the format. Absent: nothing, or it does not matter. */
export interface FormatWishes extends Leniency {
  /** The Accept header. */
  readonly accept?: string | undefined;
  /** The value of `$format`, which wins. */
  readonly format?: string | undefined;
}

/** Throws GatewayError NotAcceptable. */
export function negotiate(exchange: Exchange, model: Model, { accept, format, ...leniency }: FormatWishes): ReplyForm {
  const choice: JsonChoice = negotiateJson(accept, format, leniency);
  return {
    json: {
      ...choice,
      omitNulls: exchange.prefer.omitNulls,
      root: exchange.root,
      namespace: model.namespace,
    },
    mediaType: jsonMediaType(choice),
    encoding: contentEncoding(exchange),
    applied: exchange.prefer.omitNulls ? ['omit-values=nulls'] : [],
  };
}

export const acceptOf = ({ headers }: Exchange): string | undefined => headerText(headers['accept']);
