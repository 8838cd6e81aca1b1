import type { TextOf } from '../observe.ts';
import type { ReadingEvent } from './source.ts';

/** What one finished request looked like. The query is there as option names only: values may be secrets. */
export interface RequestRecord {
  readonly id: string;
  readonly method: string;
  /** Resource path without the query: names; `?` for each key and whatever else was asked for by value. */
  readonly path: string;
  /** Names of the query options, without their values. */
  readonly options: readonly string[];
  readonly status: number;
  readonly rows: number | null;
  /** The reply was kept from another request. */
  readonly fromCache: boolean;
  readonly milliseconds: number;
  readonly agent: string;
  /** Name of the credential; null: anonymous. */
  readonly user: string | null;
  readonly error: string | null;
}

/** What one request was, for whoever has to know who saw what. */
export interface AuditRecord {
  /** As in `X-Request-Id`. */
  readonly requestId: string;
  /** When it came, ISO 8601 in UTC. */
  readonly at: string;
  /** Id of the principal; null: nobody signed in. */
  readonly principal: string | null;
  /** Its name, for people. */
  readonly name: string | null;
  readonly address: string;
  readonly method: string;
  /** Names alone, keys as `?`. */
  readonly path: string;
  /** Decoded; literals are `?` where a property of personal data is named. */
  readonly query: string;
  readonly status: number;
  readonly errorCode: string | null;
  readonly rows: number | null;
  /** Of the reply with its head, as it went over the connection; null: it was part of another one. */
  readonly bytes: number | null;
  readonly milliseconds: number;
  /** A program that is known by its user agent; null: another. */
  readonly client: string | null;
  /** The user agent, cut. */
  readonly agent: string;
}

/** How somebody tried to sign in. */
export type SignInWay = 'password' | 'key' | 'token' | 'browser';

/** What happens while requests are answered. Never a password, a key or a token. */
export type HttpEvent =
  /** Somebody was not let in. `name`: whom he said to be, null where he said none; `reason` may say more than he was told. */
  | {
      readonly event: 'sign-in-refused';
      readonly way: SignInWay;
      readonly address: string;
      readonly name: string | null;
      readonly reason: string;
    }
  /** A browser signed in or out. */
  | { readonly event: 'session'; readonly state: 'begun' | 'ended'; readonly name: string; readonly address: string }
  /** Somebody sent a file, or a part of one. `file`: source and name; `bytes`: those that came now; `user`: name of the key. */
  | {
      readonly event: 'upload';
      readonly id: string;
      readonly file: string;
      readonly status: number;
      readonly bytes: number;
      readonly milliseconds: number;
      readonly user: string | null;
      readonly error: string | null;
    }
  /** What a request means: names resolved and types checked. */
  | { readonly event: 'plan'; readonly id: string; readonly plan: TextOf }
  | ({ readonly event: 'request' } & RequestRecord)
  /** A reply that had begun was broken off. */
  | { readonly event: 'request-broken'; readonly id: string; readonly reason: string }
  /** A fault that is the gateway's own. */
  | { readonly event: 'defect'; readonly id: string; readonly error: Error }
  /** The file system fails to keep replies; once until one was kept again. */
  | { readonly event: 'reply-not-kept'; readonly reason: string };

export type { ReadingEvent } from './source.ts';

/** The same with what happens while rows are read for them. */
export type ServingEvent = HttpEvent | ReadingEvent;
