import path from 'node:path';
import type { Config } from '../../config.ts';
import type { BrowserSignIn } from '../../http/beside/sign-in-routes.ts';
import { type Authentication, authentication, openToAll } from '../../http/sign-in/authentication.ts';
import type { Observation } from '../../observation/observation.ts';
import type { Observe } from '../../observation/observe.ts';
import { CodeFlow } from '../../sign-in/browser/code-flow.ts';
import { formerSecret, ownSecret, Sealed, sealingKeys } from '../../sign-in/browser/sealed.ts';
import { Sessions } from '../../sign-in/browser/sessions.ts';
import { credentialFile } from '../../sign-in/files/credentials.ts';
import { IssuerKeys, type KeyTimes } from '../../sign-in/keys/issuer-keys.ts';
import { keyFolder } from '../../sign-in/keys/key-store.ts';
import { ApiKeys } from '../../sign-in/password/api-keys.ts';
import { GuessBrake, type SharedGuesses } from '../../sign-in/password/guess-brake.ts';
import { HashQueue } from '../../sign-in/password/hash-queue.ts';
import { AddressBook } from '../../sign-in/password/known-addresses.ts';
import { Passwords } from '../../sign-in/password/passwords.ts';
import type { SignInSettings } from '../../sign-in/settings.ts';
import { Tokens } from '../../sign-in/token/tokens.ts';
import { authorizationUri, entraIssuers, oidcIssuer, type TrustedIssuer } from '../../sign-in/token/trusted-issuer.ts';
import type { SharedSessions } from '../sharing/shared-sessions.ts';

/** Everything about signing in that lives as long as the program serves. */
export interface SignIn {
  readonly authentication: Authentication;
  /** null: browsers have no way to sign in. */
  readonly browser: BrowserSignIn | null;
  close(): Promise<void>;
}

/** What signing in shares with other gateways, and how it learns of secrets that change. */
export interface SignInPlace {
  /** SIGN_IN_KEY as it is now. Absent: as the configuration has it. */
  readonly signInKeys?: () => readonly string[];
  /** ENTRA_CLIENT_SECRET or OIDC_CLIENT_SECRET as it is now. Absent: as the configuration has it. */
  readonly clientSecret?: (kind: TrustedIssuer['kind']) => string | null;
  /** Absent: the usual times. */
  readonly keyTimes?: KeyTimes;
  /** Absent: no other gateway has its database. */
  readonly sharing?: {
    readonly sessions: SharedSessions;
    readonly guesses: SharedGuesses;
    readonly shareAddresses: (book: AddressBook) => void;
  };
}

/** Throws an Error where a file of credentials is not good. Keys of issuers are read beside it: whoever comes before they are there waits for them. */
export async function openSignIn(
  config: Config,
  observe: Observe<Observation>,
  place: SignInPlace = {},
): Promise<SignIn> {
  const { basicFile, keyFile, keyName, signIn } = config;
  const issuers = trustedIssuers(signIn);
  if (basicFile === null && keyFile === null && issuers.length === 0) {
    return { authentication: openToAll, browser: null, close: async () => {} };
  }
  const open = (file: string, setting: string) => credentialFile(file, { setting, observe });
  const { keyTimes: times } = place;
  const tokens = openTokens(issuers, config.dataDir, { observe, ...(times === undefined ? {} : { times }) });
  const queue = new HashQueue();
  const addresses = new AddressBook(path.join(config.dataDir, 'sign-in', 'addresses.json'));
  place.sharing?.shareAddresses(addresses);
  const brake = new GuessBrake(addresses, undefined, place.sharing?.guesses ?? null);
  const passwords = basicFile === null ? null : new Passwords(open(basicFile, 'AUTH_BASIC_FILE'), { brake, queue });
  const browser = await openBrowserSignIn(config, { issuers, tokens, passwords, place });
  return {
    authentication: authentication(
      {
        basic: passwords,
        keys: keyFile === null ? null : new ApiKeys(open(keyFile, 'AUTH_KEY_FILE'), queue),
        tokens,
        authorizationUri: signIn.entra === null ? null : authorizationUri(signIn.entra),
        browser:
          browser === null
            ? null
            : { sessions: browser.sessions, publicUrl: config.publicUrl, provider: browser.flow !== null },
        anonymous: signIn.anonymous,
      },
      keyName,
      observe,
    ),
    browser,
    async close() {
      tokens?.close();
      await queue.close();
      await addresses.flush();
    },
  };
}

export function trustedIssuers({ entra, oidc }: SignInSettings): readonly TrustedIssuer[] {
  return [...(entra === null ? [] : entraIssuers(entra)), ...(oidc === null ? [] : [oidcIssuer(oidc)])];
}

/** Entra takes a browser's code only with a secret of the application. */
const takesBrowsers = ({ kind, clientId, clientSecret }: TrustedIssuer): boolean =>
  clientId !== null && (kind === 'oidc' || clientSecret !== null);

async function openBrowserSignIn(
  { dataDir, signInKeys, signIn }: Config,
  {
    issuers,
    tokens,
    passwords,
    place,
  }: {
    readonly issuers: readonly TrustedIssuer[];
    readonly tokens: Tokens | null;
    readonly passwords: Passwords | null;
    readonly place: SignInPlace;
  },
): Promise<BrowserSignIn | null> {
  const issuer = issuers.find(takesBrowsers);
  if (issuer === undefined && passwords === null) {
    return null;
  }
  const folder = path.join(dataDir, 'sign-in');
  const given = place.signInKeys ?? (() => signInKeys);
  const sealed = new Sealed(sealingKeys(await secretsOf(given, place.sharing?.sessions ?? null, folder)));
  const sessions = new Sessions({
    sealed,
    lasts: signIn.session,
    file: path.join(folder, 'ended-sessions.json'),
    stampOf: (name) => passwords?.stampOf(name) ?? null,
    ...(place.sharing === undefined ? {} : { elsewhere: place.sharing.sessions.ended }),
  });
  const { clientSecret: secret } = place;
  const flow =
    issuer === undefined || tokens === null
      ? null
      : new CodeFlow(issuer, {
          tokens,
          sealed,
          ...(secret === undefined ? {} : { secret: () => secret(issuer.kind) }),
        });
  return { sessions, flow, passwords: passwords !== null };
}

/** SIGN_IN_KEY, where it is given; else one of the database; else of the data folder. One that was made there before goes on to open. */
async function secretsOf(
  given: () => readonly string[],
  sessions: SharedSessions | null,
  folder: string,
): Promise<() => readonly string[]> {
  if (given().length > 0) {
    return given;
  }
  if (sessions === null) {
    const own = [await ownSecret(folder)];
    return () => own;
  }
  const former = await formerSecret(folder);
  return () => [...sessions.secrets(), ...(former === null ? [] : [former])];
}

function openTokens(
  issuers: readonly TrustedIssuer[],
  dataDir: string,
  { observe, times }: { readonly observe: Observe<Observation>; readonly times?: KeyTimes },
): Tokens | null {
  if (issuers.length === 0) {
    return null;
  }
  const store = keyFolder(path.join(dataDir, 'sign-in'));
  const trusted = issuers.map((issuer) => ({
    issuer,
    keys: new IssuerKeys(issuer, { store, observe, ...(times === undefined ? {} : { times }) }),
  }));
  for (const { keys } of trusted) {
    void keys.start();
  }
  return new Tokens(trusted, { observe });
}
