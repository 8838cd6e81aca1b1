import type { SecretPlace } from './delivery-settings.ts';

/**
 * How the gateway signs in at a proxied feed, as a source's metadata says. `caller`: it does not, and passes on the token of whoever
 * asks, whose rows are for nobody else.
 */
export type SignInSettings =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: SecretPlace }
  | { readonly kind: 'basic'; readonly user: string; readonly password: SecretPlace }
  | ({ readonly kind: 'client-credentials' } & ClientSettings)
  | ({ readonly kind: 'refresh-token'; readonly refreshToken: SecretPlace } & ClientSettings & Lasting)
  | ({ readonly kind: 'device-code' } & ClientSettings & Lasting)
  | { readonly kind: 'caller' };

/** A client of an OAuth 2.0 server (RFC 6749), and what it asks tokens for. */
export interface ClientSettings {
  readonly server: TokenServer;
  readonly clientId: string;
  /** What the client proves itself with; null: it is a public one. */
  readonly credential: ClientCredential | null;
  /** Blank-separated; null: none is sent. */
  readonly scope: string | null;
  /** What a token is for, as RFC 8707 and the first version of Microsoft Entra's endpoints name it; null: not sent. */
  readonly resource: string | null;
}

/** Where tokens are asked for: found in the document below the issuer's address, or given as they are. */
export type TokenServer =
  | { readonly kind: 'issuer'; readonly url: string }
  | { readonly kind: 'endpoints'; readonly token: string; readonly device: string | null };

export type ClientCredential =
  | { readonly kind: 'secret'; readonly secret: SecretPlace }
  /** PEM; the private key in the same text, where `privateKey` is null. */
  | {
      readonly kind: 'certificate';
      readonly certificate: SecretPlace;
      readonly privateKey: SecretPlace | null;
      readonly passphrase: SecretPlace | null;
    };

/** How long a sign-in of a person may hold that is kept up by a refresh token. */
export interface Lasting {
  /** Days that a refresh token lives after it was made, where the server does not say. */
  readonly refreshTokenDays: number;
  /** Days after which a person must sign in again, however often the token was renewed; null: never. */
  readonly signInDays: number | null;
}
