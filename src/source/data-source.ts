import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ByteOutput } from '../json/bytes/byte-output.ts';
import type { JsonFormat } from '../json/json-format.ts';
import type { ControlShape, RowShape } from '../json/row-shape.ts';
import type { CopyRowWriter } from '../json/row-writer.ts';
import type { ReadingEvent } from '../observation/events/source.ts';
import type { Observe } from '../observation/observe.ts';
import type { Grants } from '../plan/grants.ts';
import type { Bound, ReadPlan } from '../plan/model/read-plan.ts';
import type { CopyAge } from '../upstream/upstream.ts';
import type { ReadServer } from '../warehouse/database.ts';

export type { CopyAge } from '../upstream/upstream.ts';
export type { ReadServer } from '../warehouse/database.ts';

/** The plans that are answered with rows, or with what is said of rows. */
export type RowsPlan = Exclude<ReadPlan, { readonly kind: 'ServiceDocument' | 'Metadata' }>;

/**
 * Where rows come from: PostgreSQL, a proxied feed, a join of both, or all sets together. All of them are read through
 * this one interface, and all of them give rows when they are asked for the next ones.
 */
export interface DataSource<Plan extends RowsPlan> {
  /**
   * Reads what the plan asks for and lends it to the recipient: when that settles, the source frees what it held for the
   * reply, a connection to PostgreSQL or to a feed. Throws GatewayError; once `recipient` has begun to send rows the
   * caller must break its transfer then, never end it as if it were whole.
   */
  read<T>(plan: Bound<Plan>, reading: Reading, recipient: Recipient<T>): Promise<T>;
}

/** What a read depends on beside its plan. */
export interface Reading {
  /** The sets as they were served when the plan was bound. */
  readonly catalogue: Catalogue;
  /** What whoever asks may see; the plan is cut down to it already. */
  readonly grants: Grants;
  readonly format: JsonFormat;
  /** Nothing but the head of the reply is wanted: rows are not worth an effort. */
  readonly headOnly: boolean;
  /** Text of `$skiptoken`, which a proxied feed reads itself; null: first page. */
  readonly skipToken: string | null;
  /** Text of `$deltatoken`; null: none. */
  readonly deltaToken: string | null;
  /** The client wants to follow the changes of the rows (`Prefer: track-changes`). */
  readonly trackChanges: boolean;
  /** Aborts when nobody waits for the reply any more. */
  readonly signal: AbortSignal;
  /** Bearer token of whoever asks, as its header carries it, for feeds that are asked with it; null: there is none, or it is for us. */
  readonly caller: string | null;
  /** Told what is asked for this read, and what was waited for. */
  readonly observe: Observe<ReadingEvent>;
  readonly timing: StageTiming;
  /** Told that a copy of what a proxied feed said before is used, and how old it is. */
  readonly onCopy: (age: CopyAge) => void;
  /** Whether nothing of the reply was sent yet, so that the read may begin anew. */
  readonly unseen: () => boolean;
  /** Other rows were read for the same reply before, and these may not be older. Absent: the plan says whether it begins anew. */
  readonly goesOn?: boolean;
  /** Told which server of PostgreSQL reads. Absent: nobody wants to know. */
  readonly onServer?: (server: ReadServer) => void;
}

/** Takes down how long the stages of a read took, in milliseconds. */
export interface StageTiming {
  measure<T>(stage: string, work: () => T): T;
  note(stage: string, milliseconds: number): void;
}

/** Who gets a reply. `T` is what is made of it. */
export interface Recipient<T> {
  /** A copy of the reply may be at hand, which is worth knowing before the read waits for its turn. */
  readonly mayHaveCopy: boolean;
  /** What is made of a copy that is as good as the reply; null: there is none. Asked before any row is read. */
  recall(validator: Validator): Promise<T | null>;
  /** Takes the reply, valid until the promise settles. Called again where the read began anew and nothing was seen of it. */
  take(reply: SourceReply): Promise<T>;
}

/** What tells whether a copy of a reply is still as good as the reply (RFC 9110, 8.8). */
export interface Validator {
  /**
   * The data versions of all sets that take part, as one text; null: nobody says when the data changes. Before anything
   * else of the reply was asked for it may cost a trip to the database, afterwards none.
   */
  versions(): Promise<string | null>;
  /** Others who ask the same may get a copy of the reply: it gives and follows no delta link, and is worth it. */
  readonly shareable: boolean;
}

export type SourceReply = PageReply | ObjectReply | TextReply | { readonly kind: 'nothing' };

/** A page of rows that nobody has asked for yet. */
export interface PageReply {
  readonly kind: 'page';
  /** The context URL, absolute. */
  readonly context: string;
  readonly validator: Validator;
  readonly followed: FollowedPreferences;
  /** Counts what is to be counted and waits for the first row, so that a fault before it can still be an error reply. */
  begin(): Promise<PageRows>;
}

/** An entity or a property: one JSON object without its context. */
export interface ObjectReply {
  readonly kind: 'object';
  readonly context: string;
  readonly validator: Validator;
  readonly followed: FollowedPreferences;
  readonly json: string;
}

/** The number of `/$count` or the value of `/$value`. */
export interface TextReply {
  readonly kind: 'text';
  readonly validator: Validator;
  readonly followed: FollowedPreferences;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  /** What the body speaks of, for the log; null: of no row. */
  readonly rows: number | null;
}

/** Preferences of the client that the source followed, if they were stated. */
export interface FollowedPreferences {
  /** `omit-values=nulls` */
  readonly omitNulls: boolean;
  /** `maxpagesize`: the rows of the page; null: the page may hold more, or there is none. */
  readonly pageSize: number | null;
  /** `track-changes` */
  readonly trackChanges: boolean;
}

/** The rows of a page, the first of which is there. */
export interface PageRows {
  /** Rows of all pages, in decimal digits; null: not asked for, or only known at the end. */
  readonly count: string | null;
  /**
   * How to wait for a slow client; false: the source has waited long enough, and the page has to end. null: the client may
   * be as slow as it likes.
   */
  readonly wait: ((room: Promise<void>) => Promise<boolean>) | null;
  /**
   * Appends the rows to the page's output, step by step. Between two steps the output may be sent and go on in other
   * memory. To be run to its end, or thrown into.
   */
  fill(page: RowPage): RowSteps;
}

/** What rows are appended to, whatever the format of the reply is: `json/page-envelope.ts`, `csv/csv-page.ts`. */
export interface RowPage {
  readonly output: ByteOutput;
  /** Rows appended so far. */
  readonly rows: number;
  /** So much was appended that it is worth sending. */
  readonly isWorthSending: boolean;
  /** Appends a row that comes as a JSON object. */
  object(json: string): void;
  /** Appends rows that come as JSON objects with commas between them. */
  appendRows(bytes: Uint8Array, rows: number): void;
  /**
   * The writer of rows as COPY gives them, with the key columns of `control` in front; made once for each statement. Whoever
   * writes a row calls `separate` before it.
   */
  copyRow(shape: RowShape, control: ControlShape | null, format: JsonFormat): CopyRowWriter;
  separate(): void;
}

/**
 * `full`: the next row may not fit in the output; send back whether room was made. Without room the row is still written,
 * and the page ends with it. `waiting`: all rows at hand were written, and the source waits for more. `asking`: it begins
 * to ask for something else, which may fail: as long as the head is not out, that can still be an error reply.
 */
export type RowStep = 'full' | 'waiting' | 'asking';

export type RowSteps = AsyncGenerator<RowStep, PageEnd, boolean>;

/** How a page ended. */
export interface PageEnd {
  /** Rows of all pages, where they became known behind the rows alone. */
  readonly count: string | null;
  /** Text of `$skiptoken` of the next page; null: this was the last one. */
  readonly skipToken: string | null;
  /** Text of `$deltatoken`: that of the next page where there is one, else of the delta link; null: changes are not followed. */
  readonly deltaToken: string | null;
}

/** Nobody says when the rows change. */
export const unversioned: Validator = { versions: () => Promise.resolve(null), shareable: false };

/** What a proxied feed or a join follows: feeds may give pages of any size. */
export const onlyOmitNulls: FollowedPreferences = { omitNulls: true, pageSize: null, trackChanges: false };
