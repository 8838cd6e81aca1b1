import type { Catalogue } from '../../catalogue/catalogue.ts';
import { metadataJson } from '../../edm/metadata-json.ts';
import { metadataXml } from '../../edm/metadata-xml.ts';
import { withContext } from '../../json/page-envelope.ts';
import type { ReadPlan } from '../../plan/model/read-plan.ts';
import { type Exchange, headerText } from '../exchange.ts';
import type { Feed } from '../feed.ts';
import { negotiateMetadata } from '../request/accept.ts';
import { digest, entityTag, matches } from './entity-tag.ts';
import { acceptOf, negotiate } from './reply-form.ts';
import { contentEncoding, endEmpty, replyHead } from './reply-head.ts';
import { ReplySink } from './reply-sink.ts';

/** What a catalogue looks like from outside, made once for each catalogue: clients ask for it many times per refresh. */
interface Documents {
  readonly xml: string;
  readonly json: string;
  /** Names the model: changes when `$metadata` does. */
  readonly version: string;
  /** What they say of capabilities is by this. */
  readonly by: Feed['capabilities'];
}

const made = new WeakMap<Catalogue, Documents>();

function documents(feed: Feed, catalogue: Catalogue): Documents {
  const before = made.get(catalogue);
  if (before !== undefined && before.by === feed.capabilities) {
    return before;
  }
  const capabilities = feed.capabilities?.(catalogue) ?? null;
  const xml = metadataXml(catalogue.model, capabilities);
  const json = JSON.stringify(metadataJson(catalogue.model, capabilities));
  const documents = { xml, json, version: digest(xml), by: feed.capabilities };
  made.set(catalogue, documents);
  return documents;
}

/** A short name of the model as served. */
export function modelVersion(feed: Feed, catalogue: Catalogue): string {
  return documents(feed, catalogue).version;
}

interface DocumentRead {
  readonly exchange: Exchange;
  readonly feed: Feed;
  readonly catalogue: Catalogue;
  readonly format: string | undefined;
}

/** The service document (OData JSON 5) or `$metadata`. */
export async function replyDocument(
  plan: ReadPlan & { kind: 'ServiceDocument' | 'Metadata' },
  read: DocumentRead,
): Promise<void> {
  const { exchange } = read;
  const { body, contentType } = plan.kind === 'Metadata' ? metadata(read) : serviceDocument(read);
  const encoding = contentEncoding(exchange);
  const etag = entityTag([digest(body), contentType, encoding]);
  if (matches(headerText(exchange.headers['if-none-match']), etag)) {
    return endEmpty(exchange, 304, { ETag: etag });
  }
  const sink = new ReplySink(exchange.response, replyHead(exchange, { contentType, etag }), encoding);
  sink.output.appendText(body);
  await sink.end();
}

interface DocumentText {
  readonly body: string;
  readonly contentType: string;
}

function metadata({ exchange, feed, catalogue, format }: DocumentRead): DocumentText {
  const { xml, json } = documents(feed, catalogue);
  if (negotiateMetadata(acceptOf(exchange), format) === 'xml') {
    return { body: xml, contentType: 'application/xml;charset=utf-8' };
  }
  return { body: json, contentType: 'application/json;charset=utf-8' };
}

function serviceDocument({ exchange, catalogue, format }: DocumentRead): DocumentText {
  // A browser shows JSON; there is no page of the feed.
  const insteadOf = ['text/html', 'application/xhtml+xml', 'text/*'];
  const { json, mediaType } = negotiate(exchange, catalogue.model, { accept: acceptOf(exchange), format, insteadOf });
  const value = [...catalogue.model.entitySets.values()].map(({ name, title = name }) => ({
    name,
    ...(title === name ? {} : { title }),
    kind: 'EntitySet',
    url: name,
  }));
  const body = withContext(JSON.stringify({ value }), `${exchange.root}$metadata`, json);
  return { body, contentType: mediaType };
}
