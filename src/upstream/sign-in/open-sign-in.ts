import type { SignInSettings } from '../../catalogue/sign-in-settings.ts';
import { fixedSignIn } from './fixed-sign-in.ts';
import { accessOf, LastingSignIn, type SignInKeeping } from './lasting-sign-in.ts';
import { SignInEnded, SignInMissing } from './refusals.ts';
import { callerSignIn, noSignIn, type UpstreamSignIn } from './sign-in.ts';
import { TokenCache } from './token-cache.ts';
import { TokenClient, type TokenClientContext } from './token-client.ts';

/** What a sign-in is given beside its settings. */
export interface SignInContext extends TokenClientContext {
  readonly keeping: SignInKeeping;
}

/** The sign-in of one feed, by what its metadata says. */
export function openSignIn(settings: SignInSettings, context: SignInContext): UpstreamSignIn {
  switch (settings.kind) {
    case 'none':
      return noSignIn;
    case 'caller':
      return callerSignIn;
    case 'bearer':
    case 'basic':
      return fixedSignIn(settings, context);
    case 'client-credentials': {
      const client = new TokenClient(settings, context);
      const { source, time, observe } = context;
      const obtain = async () => accessOf(await client.clientCredentials());
      return new TokenCache({ source, time, observe, obtain });
    }
    case 'refresh-token':
    case 'device-code': {
      const lasting = new LastingSignIn(settings, new TokenClient(settings, context), context);
      const { source, time, observe } = context;
      const isOurs = (error: unknown): boolean => error instanceof SignInEnded || error instanceof SignInMissing;
      return new TokenCache({
        ...{ source, time, observe, isOurs, endsFirst: true },
        obtain: (refused, signal) => lasting.obtain(refused, signal),
      });
    }
  }
}
