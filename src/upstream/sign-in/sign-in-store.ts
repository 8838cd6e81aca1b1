/** A sign-in of a person at a feed, as it is kept between runs. What is secret of it is sealed. */
export interface KeptSignIn {
  /** Changes with every change of it. */
  readonly generation: string;
  /** Digest of whose it is: server, client, and what it is for. */
  readonly client: string;
  /** Digest of the refresh token from a file that it began with; null: a person entered a code. */
  readonly seed: string | null;
  readonly sealed: Buffer;
  /** Milliseconds since 1970, as those below. */
  readonly signedInAt: number;
  readonly refreshedAt: number;
  /** When it is expected to end, if nobody uses it until then. */
  readonly endsAt: number;
  /** Why the server does not accept it any more; null: it does. */
  readonly ended: string | null;
}

/**
 * Where sign-ins are kept, one for each source, for all gateways that share a database. Given by whoever composes the program. Everything that resolves
 * is committed. Throws GatewayError DatabaseUnavailable.
 */
export interface SignInStore {
  read(source: string): Promise<KeptSignIn | null>;
  /**
   * Keeps another one in place of that of generation `before`; null: in place of none; `any`: of whatever there is. Resolves to the
   * new generation; null: there is meanwhile another one, which stays.
   */
  keep(source: string, kept: Omit<KeptSignIn, 'generation'>, before: string | null | 'any'): Promise<string | null>;
  /** Notes that a renewal begins, so that a database that cannot be written to is found before the server makes a new token. */
  announce(source: string): Promise<void>;
  /** Notes that the server has ended the one of this generation. */
  end(source: string, generation: string, reason: string): Promise<void>;
  /** Resolves to whether there was one. */
  forget(source: string): Promise<boolean>;
  /** Work that one program does at a time; null, without a wait: another one does it now. */
  exclusively<T>(source: string, work: () => Promise<T>): Promise<T | null>;
}
