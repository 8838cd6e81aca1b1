import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { trustedIssuers } from '../src/commands/sign-in/open-sign-in.ts';
import { readConfig } from '../src/config.ts';
import { unobserved } from '../src/observation/observe.ts';
import { IssuerKeys } from '../src/sign-in/keys/issuer-keys.ts';
import { Tokens } from '../src/sign-in/token/tokens.ts';

/**
 * What signing in by token costs a request once the key is known: of a token that came before, as a refresh sends one thousands of times, and of one that is new. Processor time and wall time,
 * one request after the other; the median of rounds.
 *
 *     npm run bench -- tokens
 */
async function measureTokens(): Promise<void> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', use: 'sig' };
  const issuer = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const server = createServer(({ url = '' }, response) => {
    const about = { issuer: issuer(), jwks_uri: `${issuer()}/keys` };
    response.end(JSON.stringify(url.includes('/keys') ? { keys: [jwk] } : about));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const [trusted] = trustedIssuers(readConfig({ OIDC_ISSUER: issuer(), OIDC_AUDIENCE: 'feed' }).signIn);
  if (trusted === undefined) {
    throw new TypeError('there is no issuer');
  }
  const store = { read: async () => null, write: async () => {} };
  const keys = new IssuerKeys(trusted, { store, observe: unobserved });
  const tokens = new Tokens([{ issuer: trusted, keys }]);
  const make = (jti: string): Promise<string> =>
    new SignJWT({
      scp: 'user_impersonation',
      groups: Array.from({ length: 20 }, (_, n) => `group-${n}-of-the-person`),
      jti,
    })
      .setProtectedHeader({ alg: 'RS256', kid: 'k', typ: 'JWT' })
      .setIssuer(issuer())
      .setAudience('feed')
      .setSubject('ann')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);
  const rounds = 7;
  const each = 1000;
  const made = await Promise.all(Array.from({ length: (rounds + 1) * each }, (_, n) => make(String(n))));
  const known = made[0] ?? '';
  await tokens.principal(known);
  for (const [what, tokenAt] of [
    ['came before', () => known],
    ['is new', (n: number) => made[n] ?? known],
  ] as const) {
    const taken: { readonly wall: number; readonly cpu: number }[] = [];
    for (let round = 1; round <= rounds; round++) {
      const [started, used] = [performance.now(), process.cpuUsage()];
      for (let n = 0; n < each; n++) {
        await tokens.principal(tokenAt(round * each + n));
      }
      const { user, system } = process.cpuUsage(used);
      taken.push({ wall: (performance.now() - started) / each, cpu: (user + system) / 1000 / each });
    }
    const median = (of: 'wall' | 'cpu'): string =>
      (taken.map((one) => one[of]).sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0).toFixed(4);
    process.stdout.write(`a token that ${what}: ${median('wall')} ms, ${median('cpu')} ms of processor time\n`);
  }
  tokens.close();
  server.close();
}

await measureTokens();
