import { createHash } from 'node:crypto';
import type { Model } from '../edm/model.ts';
import type { JsonFormat } from '../json/json-format.ts';
import { type JsonChoice, jsonMediaType, type Leniency, negotiateJson } from './accept.ts';
import { type Exchange, headerText } from './exchange.ts';
import { contentEncoding } from './reply-head.ts';
import type { ContentEncoding } from './reply-sink.ts';

/** What was agreed with the client about one data reply. */
export interface Negotiated {
  readonly json: JsonFormat;
  readonly mediaType: string;
  readonly encoding: ContentEncoding;
  /** Preferences that were followed, for Preference-Applied. */
  readonly applied: readonly string[];
}

/** Throws GatewayError NotAcceptable. `format` is the value of `$format`. */
export function negotiate(
  exchange: Exchange,
  model: Model,
  format: string | undefined,
  leniency: Leniency = {},
): Negotiated {
  const choice: JsonChoice = negotiateJson(headerText(exchange.headers['accept']), format, leniency);
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

/** A short name for a long text, e.g. of `$metadata`. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 27);
}
