import type { SecretPlace } from '../../catalogue/delivery-settings.ts';
import type { SignInSettings } from '../../catalogue/sign-in-settings.ts';
import { GatewayError } from '../../errors.ts';
import { keyMissing } from './lasting-sign-in.ts';
import { openSignIn, type SignInContext } from './open-sign-in.ts';
import { readSecret } from './secrets.ts';
import { TokenClient } from './token-client.ts';

/** What a look at a sign-in found: `faults` for which it does not work, `notes` that somebody should know. */
export interface SignInFindings {
  readonly faults: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Tries a sign-in: reads its secrets, and asks for a token; `settings`: only looks where that would be asked for, since it would change what is kept of
 * the sign-in of a person. Throws nothing.
 */
export async function checkSignIn(
  settings: SignInSettings,
  context: Omit<SignInContext, 'observe'>,
  extent: 'settings' | 'all',
): Promise<SignInFindings> {
  const notes: string[] = [];
  const missing = await missingSecrets(settings, context);
  if (missing.length > 0) {
    return { faults: missing, notes };
  }
  const whole: SignInContext = {
    ...context,
    observe: (event) => {
      if (event.event === 'sign-in' && event.state === 'warning') {
        notes.push(event.message);
      }
    },
  };
  const signIn = openSignIn(settings, whole);
  try {
    await (extent === 'settings' && 'server' in settings
      ? new TokenClient(settings, whole).check()
      : signIn.authorization(null));
    return { faults: [], notes };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // What may be better in a minute is no fault of the settings.
    const passing = error instanceof GatewayError && error.code === 'UpstreamUnavailable';
    return passing ? { faults: [], notes: [...notes, message] } : { faults: [message], notes };
  } finally {
    await signIn.close();
  }
}

async function missingSecrets(
  settings: SignInSettings,
  owner: Omit<SignInContext, 'observe'>,
): Promise<readonly string[]> {
  const lasts = settings.kind === 'refresh-token' || settings.kind === 'device-code';
  const faults = lasts && owner.keeping.secrets.length === 0 ? [keyMissing(owner.source)] : [];
  for (const [what, place] of signInSecrets(settings)) {
    try {
      await readSecret(place, what, owner);
    } catch (error) {
      const where = place.kind === 'file' ? `the file ${place.path}` : `the variable ${place.name}`;
      faults.push(`${error instanceof Error ? error.message : String(error)} It is looked for in ${where}.`);
    }
  }
  return faults;
}

/** The secrets of a sign-in that it has, each with what it is for messages. */
export function signInSecrets(settings: SignInSettings): readonly (readonly [what: string, place: SecretPlace])[] {
  const own = Object.entries({
    token: settings.kind === 'bearer' ? settings.token : null,
    password: settings.kind === 'basic' ? settings.password : null,
    'refresh token': settings.kind === 'refresh-token' ? settings.refreshToken : null,
  });
  const credential = 'credential' in settings ? settings.credential : null;
  const client = Object.entries({
    secret: credential?.kind === 'secret' ? credential.secret : null,
    certificate: credential?.kind === 'certificate' ? credential.certificate : null,
    'private key': credential?.kind === 'certificate' ? credential.privateKey : null,
    passphrase: credential?.kind === 'certificate' ? credential.passphrase : null,
  });
  return [...own, ...client].flatMap(([what, place]) => (place === null ? [] : [[what, place] as const]));
}
