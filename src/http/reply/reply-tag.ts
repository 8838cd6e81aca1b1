import type { Catalogue } from '../../catalogue/catalogue.ts';
import { type Exchange, headerText } from '../exchange.ts';
import type { Feed } from '../feed.ts';
import { modelVersion } from './documents.ts';
import { entityTag, matches } from './entity-tag.ts';
import type { ReplyForm } from './reply-form.ts';
import { endEmpty } from './reply-head.ts';

/** What decides the bytes of a reply beside the data. */
interface TaggedRead {
  /** Which rows the reader may see, see `SetFacts`. */
  readonly rowConditions: string;
  readonly exchange: Exchange;
  readonly form: ReplyForm;
  readonly feed: Feed;
  readonly catalogue: Catalogue;
}

/** Ends the reply with 304 where the client's own copy is as good. Only then the rows wait for the versions of the data. */
export async function isCurrent(exchange: Exchange, tag: () => Promise<string | null>): Promise<boolean> {
  const known = headerText(exchange.headers['if-none-match']);
  if (known === undefined) {
    return false;
  }
  const etag = await tag();
  if (etag === null || !matches(known, etag)) {
    return false;
  }
  endEmpty(exchange, 304, { ETag: etag });
  return true;
}

/**
 * The ETag of a reply: versions of the data, the request as sent, what was negotiated, the model as the reader sees it,
 * and the rows that he may see decide the bytes.
 */
export function replyTag(
  { exchange, form, rowConditions, ...read }: TaggedRead,
  versions: string | null,
): string | null {
  if (versions === null) {
    return null;
  }
  const { path, query, prefer } = exchange;
  const { json, csv, encoding } = form;
  const model = modelVersion(read.feed, read.catalogue);
  const rows = rowConditions === '' ? [] : [rowConditions];
  const text = csv === undefined ? [] : [csv.format];
  return entityTag([
    versions,
    path,
    query,
    prefer,
    json,
    encoding,
    read.feed.settings.pageSize,
    model,
    ...rows,
    ...text,
  ]);
}
