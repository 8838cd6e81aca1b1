import type { SignInSettings } from '../../catalogue/sign-in-settings.ts';
import { GatewayError } from '../../errors.ts';
import { type SecretOwner, watchedSecret } from './secrets.ts';
import type { UpstreamSignIn } from './sign-in.ts';

type FixedSettings = Extract<SignInSettings, { readonly kind: 'bearer' | 'basic' }>;

/** A token, or name and password, that others give and change. */
export function fixedSignIn(settings: FixedSettings, owner: SecretOwner): UpstreamSignIn {
  const header = settings.kind === 'bearer' ? bearer(settings, owner) : basic(settings, owner);
  return {
    passesCaller: false,
    authorization: header,
    async renew(refused) {
      const now = await header();
      return now === refused ? null : now;
    },
    close: async () => undefined,
  };
}

function bearer(
  { token }: Extract<FixedSettings, { readonly kind: 'bearer' }>,
  owner: SecretOwner,
): () => Promise<string> {
  const secret = watchedSecret(token, 'token', owner);
  return async () => {
    const text = await secret();
    if (!/^[\x21-\x7e]+$/.test(text)) {
      throw new GatewayError(
        'UpstreamRefused',
        `What should be the token of the proxied feed ${owner.source} is none.`,
      );
    }
    return `Bearer ${text}`;
  };
}

function basic(
  { user, password }: Extract<FixedSettings, { readonly kind: 'basic' }>,
  owner: SecretOwner,
): () => Promise<string> {
  const secret = watchedSecret(password, 'password', owner);
  return async () => `Basic ${Buffer.from(`${user}:${await secret()}`, 'utf8').toString('base64')}`;
}
