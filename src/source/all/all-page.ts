import type { Exchange } from '../../http/exchange.ts';
import type { Negotiated } from '../../http/negotiated.ts';
import { nextLink } from '../../http/next-link.ts';
import { replyHead } from '../../http/reply-head.ts';
import { ReplySink } from '../../http/reply-sink.ts';
import { allContext } from '../../json/context-url.ts';
import type { JsonFormat } from '../../json/json-format.ts';
import { encodeAllPosition } from '../../plan/bind/request/all.ts';
import type { AllPlan, AllPosition } from '../../plan/model/read-plan.ts';
import { type Ending, ending } from '../stored/stored-read.ts';

export interface PageFacts {
  /** Rows of all pages together; null: not asked for. */
  readonly total: bigint | null;
  readonly etag: string | null;
  /** Rows to leave out before the first one. */
  readonly skip: number;
  /** The page holds no more rows than were asked for with `maxpagesize`. */
  readonly bounded: boolean;
}

interface PageRead {
  readonly plan: AllPlan;
  readonly exchange: Exchange;
  readonly negotiated: Negotiated;
  readonly fingerprint: string;
}

/** One page of `$all` while its rows are written. Nothing is sent before the first row or the end. */
export class AllPage {
  /** Rows still to be left out. */
  skip: number;
  /** Rows that `$top` still wants, on this page and those that follow; null: no `$top`. */
  remaining: number | null;
  written = 0;
  readonly format: JsonFormat;
  readonly #read: PageRead;
  readonly #facts: PageFacts;
  #sink: ReplySink | null = null;

  constructor(read: PageRead, facts: PageFacts) {
    this.#read = read;
    this.#facts = facts;
    this.skip = facts.skip;
    this.remaining = read.plan.top;
    this.format = { ...read.negotiated.json, mixed: !read.plan.references };
  }

  /** Rows that the page still has room for. */
  get room(): number {
    return Math.max(0, this.#read.plan.pageSize - this.written);
  }

  /** Whether `$top` leaves any row to be given, be it on another page. */
  get wantsMore(): boolean {
    return this.remaining === null || this.remaining > 0;
  }

  /** Whether `skip` leaves out all rows of a set that has so many; else what is left of it falls into the set. */
  skipsWhole(rows: number): boolean {
    if (rows > this.skip) {
      return false;
    }
    this.skip -= rows;
    return true;
  }

  /** Where the next row goes; the beginning of the reply stands before it. */
  open(): ReplySink {
    if (this.#sink !== null) {
      return this.#sink;
    }
    const sink = this.#newSink();
    const { json } = this.#read.negotiated;
    const context = allContext(this.#read.exchange.root, this.#read.plan.references);
    const members = json.metadata === 'none' ? [] : [`"@odata.context":${JSON.stringify(context)}`];
    const { total } = this.#facts;
    if (total !== null) {
      members.push(`"@odata.count":${json.ieee754Compatible ? `"${total}"` : total}`);
    }
    sink.output.appendText(`{${[...members, '"value":['].join(',')}`);
    this.#sink = sink;
    return sink;
  }

  /** Counts rows that were written. */
  add(rows: number): void {
    this.written += rows;
    this.#read.exchange.rows = this.written;
    if (this.remaining !== null) {
      this.remaining -= rows;
    }
  }

  /** Ends the page; `next` null: no page follows. Gives what sends the rest of it. */
  end(next: AllPosition | null): Ending {
    const sink = this.open();
    const { exchange, fingerprint } = this.#read;
    const link = next === null ? null : nextLink(exchange, encodeAllPosition(next, fingerprint));
    sink.output.appendText(link === null ? ']}' : `],"@odata.nextLink":${JSON.stringify(link)}}`);
    return ending(sink);
  }

  /** The head alone. */
  endHead(): Ending {
    return ending(this.#newSink());
  }

  #newSink(): ReplySink {
    const { exchange, negotiated, plan } = this.#read;
    const { etag, bounded } = this.#facts;
    const paged = bounded && exchange.prefer.maxPageSize !== null ? [`odata.maxpagesize=${plan.pageSize}`] : [];
    const facts = { contentType: negotiated.mediaType, etag, applied: [...negotiated.applied, ...paged] };
    return new ReplySink(exchange.response, replyHead(exchange, facts), negotiated.encoding);
  }
}
