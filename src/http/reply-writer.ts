import { PageEnvelope, withContext } from '../json/page-envelope.ts';
import type {
  FollowedPreferences,
  ObjectReply,
  PageEnd,
  PageReply,
  PageRows,
  Recipient,
  RowSteps,
  SourceReply,
  TextReply,
  Validator,
} from '../source/data-source.ts';
import type { Exchange } from './exchange.ts';
import { pageLinks } from './next-link.ts';
import type { SharedReply } from './reply-cache/shared-reply.ts';
import type { ReplyForm } from './reply-form.ts';
import { endEmpty, type HeadFacts, replyHead } from './reply-head.ts';
import { ReplySink } from './reply-sink.ts';
import { isCurrent } from './reply-tag.ts';

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

/** Milliseconds that bytes wait for more of them before they are sent although the buffer is not full. */
const patience = 50;

/**
 * Writes what a source gives as the reply of one exchange. Nothing is sent before the first bytes are more than a buffer,
 * or the reply ends; a fault after that has to break the transfer.
 */
export class ReplyWriter implements Recipient<SendRest> {
  readonly #place: ReplyPlace;

  constructor(place: ReplyPlace) {
    this.#place = place;
  }

  get mayHaveCopy(): boolean {
    const { exchange, shared } = this.#place;
    return exchange.headers['if-none-match'] !== undefined || shared?.kept === true;
  }

  /** The client's own copy (304), or the reply that somebody else got. */
  async recall(validator: Validator): Promise<SendRest | null> {
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
    const { exchange, form } = this.#place;
    const rows = await reply.begin();
    const facts = await this.#factsOf(reply);
    const sink = this.#open(facts);
    this.#share(sink, reply, facts);
    const envelope = new PageEnvelope(sink.output, form.json);
    envelope.open({ context: reply.context, count: rows.count });
    try {
      const end = await pump(rows.fill(envelope), rows.wait, sink);
      envelope.close({ count: end.count, ...pageLinks(exchange, end) });
    } finally {
      exchange.rows = envelope.rows;
    }
    return rest(sink);
  }

  async #object(reply: ObjectReply): Promise<SendRest> {
    const { exchange, form } = this.#place;
    const sink = this.#open(await this.#factsOf(reply));
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
  async #factsOf({ validator, followed }: Exclude<SourceReply, { kind: 'nothing' }>): Promise<HeadFacts> {
    const { mediaType } = this.#place.form;
    return { contentType: mediaType, etag: await this.#tag(validator), applied: this.#applied(followed) };
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
      sink.copyTo(() => shared.begin(etag, applied));
    }
  }
}

const rest =
  (sink: ReplySink): SendRest =>
  () =>
    sink.end();

/**
 * Runs the rows to their end, and sends them as they fill the sink. The client's back-pressure holds up the steps, and so
 * the source; a client that sleeps too long for it gets a page that ends early.
 */
async function pump(steps: RowSteps, wait: PageRows['wait'], sink: ReplySink): Promise<PageEnd> {
  let late: NodeJS.Timeout | undefined;
  let hasRoom = true;
  try {
    for (;;) {
      const step = await steps.next(hasRoom);
      clearTimeout(late);
      if (step.done === true) {
        return step.value;
      }
      if (step.value === 'waiting') {
        late = setTimeout(() => sink.flushIfFree(), patience);
      } else if (step.value === 'full') {
        hasRoom = await makeRoom(sink, wait);
      }
    }
  } catch (error) {
    clearTimeout(late);
    // The source lets go of what it reads from, and throws the same again.
    await steps.throw(error);
    throw error;
  }
}

async function makeRoom(sink: ReplySink, wait: PageRows['wait']): Promise<boolean> {
  if (wait === null) {
    await sink.flush();
    return true;
  }
  const hasRoom = await sink.makeRoom(wait);
  if (!hasRoom) {
    sink.dropCopy();
  }
  return hasRoom;
}
