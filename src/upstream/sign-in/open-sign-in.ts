import type { SignInSettings } from '../../catalogue/sign-in-settings.ts';
import { fixedSignIn } from './fixed-sign-in.ts';
import { noSignIn, type UpstreamSignIn } from './sign-in.ts';
import { TokenCache } from './token-cache.ts';
import { TokenClient, type TokenClientContext } from './token-client.ts';

/** The sign-in of one feed, by what its metadata says. */
export function openSignIn(settings: SignInSettings, context: TokenClientContext): UpstreamSignIn {
  switch (settings.kind) {
    case 'none':
      return noSignIn;
    case 'bearer':
    case 'basic':
      return fixedSignIn(settings, context);
    case 'client-credentials': {
      const client = new TokenClient(settings, context);
      const { source, time, observe } = context;
      const obtain = async () => {
        const { accessToken, expiresAt } = await client.clientCredentials();
        return { text: accessToken, expiresAt };
      };
      return new TokenCache({ source, time, observe, obtain });
    }
  }
}
