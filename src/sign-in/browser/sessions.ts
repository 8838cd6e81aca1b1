import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GatewayError } from '../../errors.ts';
import { replaceFile } from '../keys/key-store.ts';
import { noClaims, type Principal } from '../principal.ts';
import { claimsOf } from '../token/principal-of.ts';
import { clearedCookies, readCookie, setCookies } from './cookies.ts';
import type { Sealed } from './sealed.ts';

const cookieName = 'gateway-session';
const purpose = 'session';
/** Claims of a token that say nothing of its holder. */
const protocol = new Set(['nonce', 'at_hash', 'c_hash', 'aio', 'rh', 'uti', 'nbf', 'iat', 'exp', 'aud', 'ver']);

/** A session of a browser, which holds it itself. */
export interface Session {
  readonly id: string;
  readonly principal: Principal;
}

/** Sessions that ended before their time at any gateway that shares them. */
export interface EndedElsewhere {
  has(id: string): boolean;
  /** Resolves when the others can learn it. `until`: milliseconds since 1970 at which it would have ended. */
  add(id: string, until: number): Promise<void>;
}

export interface SessionSettings {
  readonly sealed: Sealed;
  /** Milliseconds that a session lasts. */
  readonly lasts: number;
  /** Where sessions that ended early are kept until they would have ended; null: for this process alone. */
  readonly file: string | null;
  /** A text that changes when the password of a name does, or null; a session of it ends then. */
  readonly stampOf: (name: string) => string | null;
  /** Absent: no other gateway has these sessions. */
  readonly elsewhere?: EndedElsewhere;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Sessions of browsers: all of one is in its cookie, sealed, so that every gateway with the key knows it; only those that ended early are remembered. */
export class Sessions {
  readonly #settings: SessionSettings;
  readonly #now: () => number;
  /** Id to milliseconds since 1970 at which it would have ended. */
  readonly #ended: Map<string, number>;

  constructor(settings: SessionSettings) {
    this.#settings = settings;
    this.#now = settings.now ?? Date.now;
    this.#ended = settings.file === null ? new Map() : readEnded(settings.file);
  }

  /** Values of Set-Cookie. Throws GatewayError TokenTooLong where a browser could not keep it. */
  async begin({ id, name, kind, tenant, claims }: Principal): Promise<readonly string[]> {
    const { lasts, sealed, stampOf } = this.#settings;
    const all = Object.fromEntries([...claims.all].filter(([claim]) => !protocol.has(claim)));
    const stamp = kind === 'basic' ? stampOf(name) : null;
    const value = await sealed.seal({ jti: randomUUID(), who: { id, name, kind, tenant, stamp }, all }, purpose, lasts);
    const cookies = setCookies(cookieName, value, Math.floor(lasts / 1000));
    if (cookies === null) {
      throw new GatewayError('TokenTooLong', 'So much is said of you that a browser cannot keep it: too many groups');
    }
    return cookies;
  }

  /** null: the request has none that counts. */
  async read(cookies: string | undefined): Promise<Session | null> {
    const value = readCookie(cookies, cookieName);
    const payload = value === null ? null : await this.#settings.sealed.open(value, purpose);
    const id = payload?.jti ?? '';
    if (payload === null || this.#ended.has(id) || this.#settings.elsewhere?.has(id) === true) {
      return null;
    }
    const {
      id: principal,
      name,
      kind,
      tenant,
      stamp,
    } = payload['who'] as Omit<Principal, 'claims'> & { stamp: string | null };
    if (kind === 'basic' && (stamp === null || stamp !== this.#settings.stampOf(name))) {
      return null;
    }
    const claims = kind === 'basic' ? noClaims : claimsOf(payload['all'] as Readonly<Record<string, unknown>>);
    return { id, principal: { id: principal, name, kind, tenant, claims } };
  }

  /** Ends the session that the request has, wherever a copy of it may be. Gives the session that it was; the cookies that take it away are `cleared`. */
  async end(cookies: string | undefined): Promise<Session | null> {
    const session = await this.read(cookies);
    if (session !== null) {
      const now = this.#now();
      const until = now + this.#settings.lasts;
      this.#ended.set(session.id, until);
      await this.#settings.elsewhere?.add(session.id, until);
      for (const [id, ends] of this.#ended) {
        if (ends <= now) {
          this.#ended.delete(id);
        }
      }
      if (this.#settings.file !== null) {
        await replaceFile(this.#settings.file, JSON.stringify(Object.fromEntries(this.#ended)));
      }
    }
    return session;
  }

  readonly cleared: readonly string[] = clearedCookies(cookieName);
}

function readEnded(file: string): Map<string, number> {
  try {
    const ended = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return new Map(Object.entries(ended).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
  } catch {
    return new Map();
  }
}
