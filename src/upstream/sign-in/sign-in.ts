/**
 * How the gateway proves itself at one proxied feed; `upstream-client` asks it for every request. Nothing that it gives is
 * logged, or sent to another address than that of the feed.
 */
export interface UpstreamSignIn {
  /** The token of whoever asks is sent, and nothing else: what comes back, 401 too, is theirs alone. */
  readonly passesCaller: boolean;
  /**
   * The value of the Authorization header; null: none is sent. Throws GatewayError UpstreamRefused where there is nothing to
   * sign in with or it is not accepted, UpstreamUnavailable where it may be later. `signal` ends the wait of this caller alone.
   */
  authorization(signal: AbortSignal | null): Promise<string | null>;
  /** Another value in place of one that the feed has just refused; null: there is none. Throws as `authorization`. */
  renew(refused: string, signal: AbortSignal | null): Promise<string | null>;
  /** Resolves when nothing is under way that must come to its end. */
  close(): Promise<void>;
}

/** A feed that is asked without signing in. */
export const noSignIn: UpstreamSignIn = {
  passesCaller: false,
  authorization: async () => null,
  renew: async () => null,
  close: async () => undefined,
};

/** A feed that is asked with the tokens of those who ask us. */
export const callerSignIn: UpstreamSignIn = { ...noSignIn, passesCaller: true };
