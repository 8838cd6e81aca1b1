import path from 'node:path';
import type { Config } from '../../config.ts';
import { type Authentication, authentication, openToAll } from '../../http/authentication.ts';
import type { Observation } from '../../observation/observation.ts';
import type { Observe } from '../../observation/observe.ts';
import { credentialFile } from '../../sign-in/files/credentials.ts';
import { IssuerKeys } from '../../sign-in/keys/issuer-keys.ts';
import { keyFolder } from '../../sign-in/keys/key-store.ts';
import { ApiKeys } from '../../sign-in/password/api-keys.ts';
import { GuessBrake } from '../../sign-in/password/guess-brake.ts';
import { HashQueue } from '../../sign-in/password/hash-queue.ts';
import { AddressBook } from '../../sign-in/password/known-addresses.ts';
import { Passwords } from '../../sign-in/password/passwords.ts';
import type { SignInSettings } from '../../sign-in/settings.ts';
import { Tokens } from '../../sign-in/token/tokens.ts';
import { authorizationUri, entraIssuers, oidcIssuer, type TrustedIssuer } from '../../sign-in/token/trusted-issuer.ts';

/** Everything about signing in that lives as long as the program serves. */
export interface SignIn {
  readonly authentication: Authentication;
  close(): Promise<void>;
}

/** Throws an Error where a file of credentials is not good. Keys of issuers are read beside it: whoever comes before they are there waits for them. */
export function openSignIn(config: Config, observe: Observe<Observation>): SignIn {
  const { basicFile, keyFile, keyName, signIn } = config;
  const issuers = trustedIssuers(signIn);
  if (basicFile === null && keyFile === null && issuers.length === 0) {
    return { authentication: openToAll, close: async () => {} };
  }
  const open = (file: string, setting: string) => credentialFile(file, { setting, observe });
  const tokens = openTokens(issuers, config.dataDir, observe);
  const queue = new HashQueue();
  const addresses = new AddressBook(path.join(config.dataDir, 'sign-in', 'addresses.json'));
  return {
    authentication: authentication(
      {
        basic:
          basicFile === null
            ? null
            : new Passwords(open(basicFile, 'AUTH_BASIC_FILE'), { brake: new GuessBrake(addresses), queue }),
        keys: keyFile === null ? null : new ApiKeys(open(keyFile, 'AUTH_KEY_FILE'), queue),
        tokens,
        authorizationUri: signIn.entra === null ? null : authorizationUri(signIn.entra),
        anonymous: signIn.anonymous,
      },
      keyName,
      observe,
    ),
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

function openTokens(issuers: readonly TrustedIssuer[], dataDir: string, observe: Observe<Observation>): Tokens | null {
  if (issuers.length === 0) {
    return null;
  }
  const store = keyFolder(path.join(dataDir, 'sign-in'));
  const trusted = issuers.map((issuer) => ({ issuer, keys: new IssuerKeys(issuer, { store, observe }) }));
  for (const { keys } of trusted) {
    void keys.start();
  }
  return new Tokens(trusted, { observe });
}
