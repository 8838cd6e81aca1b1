/** What happens while clients sign in. Never a password, a key or a token. */
export type SignInEvent =
  /** A changed file of credentials that is not taken over, what was before it stays; null: it is good again, or, of PostgreSQL, taken over. Once for each fault. */
  | { readonly event: 'credentials'; readonly setting: string; readonly fault: string | null }
  /** Somebody was let in, and something about it should be looked at. */
  | { readonly event: 'sign-in-notice'; readonly name: string; readonly notice: string }
  /** The keys of an issuer of tokens were read, as they changed or could not be had before; or cannot be had. `lasts`: milliseconds for which those at hand are still used. */
  | {
      readonly event: 'signing-keys';
      readonly issuer: string;
      readonly state: 'read' | 'failed';
      readonly reason: string | null;
      readonly lasts: number | null;
    };
