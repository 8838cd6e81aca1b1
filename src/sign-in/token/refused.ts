/**
 * A token is not taken. `message` is for its holder, of whose token it may say what that itself says; `operator` is for the log, where it
 * says more. Never the token.
 */
export class TokenRefused extends Error {
  /** `invalid`: get another one; `rights`: this one is good, and does not reach; `long`: nobody reads so much. */
  readonly why: 'invalid' | 'rights' | 'long';
  readonly operator: string;

  constructor(why: TokenRefused['why'], message: string, operator = message) {
    super(message);
    this.name = 'TokenRefused';
    this.why = why;
    this.operator = operator;
  }
}

/** The keys of an issuer cannot be had, so nothing can be said of its tokens. */
export class KeysUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KeysUnavailable';
  }
}
