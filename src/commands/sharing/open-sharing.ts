import type { SharedRequests } from '../../http/async/shared-requests.ts';
import type { SharedUse } from '../../http/edge/shared-use.ts';
import type { SharedGuesses } from '../../sign-in/password/guess-brake.ts';
import type { AddressBook } from '../../sign-in/password/known-addresses.ts';
import type { SignInPlace } from '../sign-in/open-sign-in.ts';
import type { Surroundings, Warehouse } from '../support/surroundings.ts';
import { programVersion } from '../support/version.ts';
import { Beat } from './beat.ts';
import { rereadSetting } from './reread-setting.ts';
import { shareAddresses } from './shared-addresses.ts';
import { shareGuesses } from './shared-guesses.ts';
import { shareRequests } from './shared-requests.ts';
import { type SharedSessions, shareSessions } from './shared-sessions.ts';
import { shareUse } from './shared-use.ts';

/** What gateways on one database share, so that it is the same whichever of them answers (docs/scale.md). */
export interface Sharing {
  readonly beat: Beat;
  readonly sessions: SharedSessions;
  readonly guesses: SharedGuesses;
  readonly requests: SharedRequests;
  /** `requestsPerMinute` of one reader; null: they are not limited. */
  readonly use: (requestsPerMinute: number | null) => SharedUse;
  readonly shareAddresses: (book: AddressBook) => void;
  close(): Promise<void>;
}

/** null: the embedded server is this gateway's alone. `pause`: milliseconds between two beats. Throws GatewayError DatabaseUnavailable. */
export async function openSharing({ database, server }: Warehouse, pause?: number): Promise<Sharing | null> {
  if (server !== null) {
    return null;
  }
  const beat = new Beat(database, { version: programVersion(), ...(pause === undefined ? {} : { pause }) });
  const sessions = await shareSessions(database, beat);
  const guesses = shareGuesses(database, beat);
  const requests = shareRequests(database, beat);
  await beat.start();
  return {
    ...{ beat, sessions, guesses, requests },
    use: (perMinute) => shareUse(database, beat, perMinute),
    shareAddresses: (book) => shareAddresses(database, beat, book),
    close: () => beat.close(),
  };
}

/** Secrets of sign-ins as they are now, and what of them is shared. */
export function signInPlace(
  { config, environment }: Pick<Surroundings, 'config' | 'environment'>,
  sharing: Sharing | null,
): SignInPlace {
  return {
    signInKeys: signInKeys({ config, environment }),
    clientSecret: clientSecrets({ config, environment }),
    ...(sharing === null ? {} : { sharing }),
  };
}

/** SIGN_IN_KEY as its file has it now. */
export const signInKeys = ({ config, environment }: Pick<Surroundings, 'config' | 'environment'>) =>
  rereadSetting(environment, ['SIGN_IN_KEY'], {
    first: config.signInKeys,
    pick: (now) => now.signInKeys,
  });

/** Secrets of the application at its providers, as their files have them now. */
function clientSecrets({ config, environment }: Pick<Surroundings, 'config' | 'environment'>) {
  const { signIn } = config;
  const secrets = {
    entra: rereadSetting(environment, ['ENTRA_CLIENT_SECRET'], {
      first: signIn.entra?.clientSecret ?? null,
      pick: (now) => now.signIn.entra?.clientSecret ?? null,
    }),
    oidc: rereadSetting(environment, ['OIDC_CLIENT_SECRET'], {
      first: signIn.oidc?.clientSecret ?? null,
      pick: (now) => now.signIn.oidc?.clientSecret ?? null,
    }),
  };
  return (kind: keyof typeof secrets): string | null => secrets[kind]();
}
