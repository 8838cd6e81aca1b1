import { CsvPage } from '../../csv/csv-page.ts';
import { PageEnvelope, withContext } from '../../json/page-envelope.ts';
import { readArray, readObject } from '../../json/reading/json-scan.ts';
import type {
  FollowedPreferences,
  ObjectReply,
  PageReply,
  PageRows,
  Recipient,
  SourceReply,
  TextReply,
  Validator,
} from '../../source/data-source.ts';
import type { Exchange } from '../exchange.ts';
import { linkHeader, pageLinks } from '../paging/next-link.ts';
import { type CsvForm, formHeaders, type ReplyForm } from '../reply/reply-form.ts';
import { endEmpty, type HeadFacts, replyHead } from '../reply/reply-head.ts';
import { ReplySink } from '../reply/reply-sink.ts';
import { isCurrent } from '../reply/reply-tag.ts';
import type { SharedReply } from '../reply-cache/shared-reply.ts';
import { PageSpool } from './page-spool.ts';
import { pump, type Room, roomOf } from './pump-rows.ts';

/** Sends the rest of a reply, however slow the client is: no source holds anything for it any more. */
export type SendRest = () => Promise<void>;

/** Where and how one reply is written. */
export interface ReplyPlace {
  readonly exchange: Exchange;
  readonly form: ReplyForm;
  /** The ETag of the reply made from data of these versions; null: it has none. */
  readonly tagOf: (versions: string | null) => string | null;
  /** null: the reply is for nobody else. */
  readonly shared: SharedReply | null;
}

/**
 * Writes what a source gives as the reply of one exchange. Nothing is sent before the first bytes are more than a buffer,
 * or the reply ends; a fault after that has to break the transfer.
 */
export class ReplyWriter implements Recipient<SendRest> {
  readonly #place: ReplyPlace;
  /** The reply that gets all rows, between two pages of them. */
  #growing: GrowingReply | null = null;
  #spool: PageSpool | null = null;

  constructor(place: ReplyPlace) {
    this.#place = place;
  }

  get mayHaveCopy(): boolean {
    const { exchange, shared } = this.#place;
    return exchange.headers['if-none-match'] !== undefined || shared?.kept === true;
  }

  /**
   * Text of the `$skiptoken` of rows that belong to this reply too, once there is room for more; null: it has all that it
   * is to have. Throws when the client hung up.
   */
  async following(): Promise<string | null> {
    const { sink, page, next } = this.#growing ?? { next: null };
    if (next !== null && page?.isWorthSending === true) {
      await sink?.flush();
    }
    return next;
  }

  /** Pages of this reply were written, and nothing of the next one. */
  get isBetweenPages(): boolean {
    return this.#growing !== null;
  }

  /** Frees what was not sent. Never throws. */
  async close(): Promise<void> {
    await this.#spool?.remove();
  }

  /** The client's own copy (304), or the reply that somebody else got. */
  async recall(validator: Validator): Promise<SendRest | null> {
    if (this.#growing !== null) {
      return null;
    }
    const { exchange } = this.#place;
    const shared = validator.shareable ? this.#place.shared : null;
    const tag = (): Promise<string | null> => this.#tag(validator);
    if (await isCurrent(exchange, tag)) {
      return async () => {};
    }
    const found = (await shared?.find(tag)) ?? null;
    return found === null || shared === null ? null : () => shared.send(found);
  }

  take(reply: SourceReply): Promise<SendRest> {
    switch (reply.kind) {
      case 'page':
        return this.#isHead ? this.#headOf(reply) : this.#page(reply);
      case 'object':
        return this.#object(reply);
      case 'text':
        return this.#text(reply);
      case 'nothing':
        return Promise.resolve(async () => endEmpty(this.#place.exchange, 204));
    }
  }

  get #isHead(): boolean {
    return this.#place.exchange.method === 'HEAD';
  }

  async #tag(validator: Validator): Promise<string | null> {
    return this.#place.tagOf(await validator.versions());
  }

  /** The head of a page, of which no row was asked for. */
  async #headOf(reply: PageReply): Promise<SendRest> {
    return rest(this.#open(await this.#factsOf(reply)));
  }

  async #page(reply: PageReply): Promise<SendRest> {
    const { csv } = this.#place.form;
    if (csv === undefined) {
      return this.#jsonPage(reply);
    }
    return csv.paged ? this.#csvPage(reply, csv) : this.#csvRows(reply, csv);
  }

  async #jsonPage(reply: PageReply): Promise<SendRest> {
    const { exchange, form } = this.#place;
    const rows = await reply.begin();
    const facts = await this.#factsOf(reply);
    const sink = this.#open(facts);
    this.#share(sink, reply, facts);
    const envelope = new PageEnvelope(sink.output, form.json);
    envelope.open({ context: reply.context, count: rows.count });
    try {
      const end = await pump(rows.fill(envelope), roomOf(sink, rows.wait));
      envelope.close({ count: end.count, ...pageLinks(exchange, end) });
    } finally {
      exchange.rows = envelope.rows;
    }
    return rest(sink);
  }

  /** All rows: those of the page, behind those of the pages before. */
  async #csvRows(reply: PageReply, csv: CsvForm): Promise<SendRest> {
    const { exchange } = this.#place;
    const rows = await reply.begin();
    const { sink, page } = this.#growing ?? (await this.#openCsv(reply, rows, csv));
    this.#growing = null;
    try {
      const { skipToken } = await pump(rows.fill(page), roomOf(sink, rows.wait));
      this.#growing = { sink, page, next: skipToken };
    } finally {
      exchange.rows = page.rows;
    }
    return rest(sink);
  }

  async #openCsv(reply: PageReply, { count }: PageRows, csv: CsvForm): Promise<Omit<GrowingReply, 'next'>> {
    const facts = await this.#factsOf(reply, counted(count));
    const sink = this.#open(facts);
    if (count === null) {
      this.#share(sink, reply, facts);
    }
    const page = new CsvPage(sink.output, csv);
    page.open();
    return { sink, page };
  }

  /** One page, whose head has the link to the next one: it is written before it is sent. */
  async #csvPage(reply: PageReply, csv: CsvForm): Promise<SendRest> {
    const { exchange } = this.#place;
    const rows = await reply.begin();
    const spool = new PageSpool();
    await this.#spool?.remove();
    this.#spool = spool;
    const page = new CsvPage(spool.output, csv);
    page.open();
    const room: Room = { make: () => spool.makeRoom().then(() => true), sendSome: () => undefined };
    const end = await pump(rows.fill(page), room);
    exchange.rows = page.rows;
    const link = linkHeader(exchange, end);
    const more = { ...counted(rows.count ?? end.count), ...(link === null ? {} : { Link: link }) };
    const sink = this.#open(await this.#factsOf(reply, more));
    return async () => {
      for await (const piece of spool.pieces()) {
        sink.output.append(piece);
        if (page.rows > 0 && sink.output.position > enough) {
          await sink.flush();
        }
      }
      await sink.end();
    };
  }

  async #object(reply: ObjectReply): Promise<SendRest> {
    const { exchange, form } = this.#place;
    const sink = this.#open(await this.#factsOf(reply));
    if (form.csv !== undefined) {
      const page = new CsvPage(sink.output, form.csv);
      page.open();
      for (const value of readArray(readObject(reply.json).get('value') ?? '[]')) {
        page.value(value);
      }
      exchange.rows = page.rows;
      return rest(sink);
    }
    sink.output.appendText(withContext(reply.json, reply.context, form.json));
    exchange.rows = 1;
    return rest(sink);
  }

  async #text(reply: TextReply): Promise<SendRest> {
    const sink = this.#open({ ...(await this.#factsOf(reply)), contentType: reply.contentType });
    const { body } = reply;
    if (typeof body === 'string') {
      sink.output.appendText(body);
    } else {
      sink.output.append(body);
    }
    this.#place.exchange.rows = reply.rows;
    return rest(sink);
  }

  #open(facts: HeadFacts): ReplySink {
    const { exchange, form } = this.#place;
    return new ReplySink(exchange.response, replyHead(exchange, facts), form.encoding);
  }

  /** The tag is asked for last: once rows were asked for it costs nothing. */
  async #factsOf(
    { validator, followed }: Exclude<SourceReply, { kind: 'nothing' }>,
    more: Readonly<Record<string, string>> = {},
  ): Promise<HeadFacts> {
    const { form } = this.#place;
    const applied = this.#applied(followed);
    const etag = await this.#tag(validator);
    return { contentType: form.mediaType, etag, applied, more: { ...formHeaders(form), ...more } };
  }

  /** What `Preference-Applied` says. */
  #applied({ omitNulls, pageSize, trackChanges }: FollowedPreferences): readonly string[] {
    const { exchange, form } = this.#place;
    const paged = pageSize !== null && exchange.prefer.maxPageSize !== null;
    return [
      ...(omitNulls ? form.applied : []),
      ...(paged ? [`odata.maxpagesize=${pageSize}`] : []),
      ...(trackChanges ? ['odata.track-changes'] : []),
    ];
  }

  #share(sink: ReplySink, { validator }: PageReply, { etag = null, applied = [] }: HeadFacts): void {
    const { shared } = this.#place;
    if (etag !== null && shared !== null && validator.shareable) {
      sink.copyTo(() => shared.begin(etag, applied), { evenSmall: shared.evenSmall });
    }
  }
}

/** Rows of all pages: CSV has no other place for them. */
const counted = (count: string | null): Readonly<Record<string, string>> =>
  count === null ? {} : { 'X-Total-Count': count };

/** Bytes that are kept before they are handed to the connection. */
const enough = 64 * 1024;

interface GrowingReply {
  readonly sink: ReplySink;
  readonly page: CsvPage;
  /** Text of the `$skiptoken` of the next page; null: there is none. */
  readonly next: string | null;
}

const rest =
  (sink: ReplySink): SendRest =>
  () =>
    sink.end();
