import process from 'node:process';
import { LastingSignIn } from '../../../src/upstream/sign-in/lasting-sign-in.ts';
import { realTime } from '../../../src/upstream/sign-in/time-source.ts';
import { TokenClient } from '../../../src/upstream/sign-in/token-client.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { signInStore } from '../../../src/warehouse/sign-ins.ts';

/** A process of its own that asks for a token again and again, each other than the last: `renewing-process.ts DATABASE ISSUER FILE`. Prints each. */
const [connection = '', issuer = '', file = ''] = process.argv.slice(2);
const settings = {
  kind: 'refresh-token' as const,
  server: { kind: 'issuer' as const, url: issuer },
  clientId: 'gateway',
  credential: null,
  scope: 'https://feed.example/user_impersonation',
  resource: null,
  refreshToken: { kind: 'file' as const, path: file },
  refreshTokenDays: 90,
  signInDays: null,
};
const database = await openDatabase({ connection });
const context = {
  ...{ source: 'far', environment: {}, time: realTime, observe: () => undefined },
  keeping: { store: signInStore(database), secrets: ['k'.repeat(40)] },
};
const signIn = new LastingSignIn(settings, new TokenClient(settings, context), context);
const never = new AbortController().signal;
for (let last: string | null = null; ; ) {
  const { text } = await signIn.obtain(last, never);
  process.stdout.write(`${text}\n`);
  last = text;
}
