import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import type { SignInSettings } from '../../../src/catalogue/sign-in-settings.ts';
import { GatewayError } from '../../../src/errors.ts';
import { concealed } from '../../../src/upstream/sign-in/concealed.ts';
import { feeds, json, page } from '../told-feed.ts';

const token = 'eyJ0eXAi+/.eyJhdWQi.c2ln_-w==';
const password = 'of my dog';

describe('a feed that repeats what it was sent', () => {
  const { connect, dataDir } = feeds();
  const kinds: readonly [string, () => Promise<SignInSettings>, readonly string[]][] = [
    [
      'a token',
      async () => {
        await writeFile(join(dataDir(), 'token'), token);
        return { kind: 'bearer', token: { kind: 'file', path: join(dataDir(), 'token') } };
      },
      [token, encodeURIComponent(token)],
    ],
    [
      'name and password',
      async () => {
        await writeFile(join(dataDir(), 'word'), password);
        return { kind: 'basic', user: 'me', password: { kind: 'file', path: join(dataDir(), 'word') } };
      },
      [password, Buffer.from(`me:${password}`).toString('base64')],
    ],
    ['the token of whoever asks', async () => ({ kind: 'caller' }), [token, encodeURIComponent(token)]],
  ];

  for (const [name, signInOf, secrets] of kinds) {
    it(`${name} is in no error, wherever the feed writes it`, async () => {
      let answer: (said: string, response: Parameters<Parameters<typeof connect>[0]>[1]) => void = () => undefined;
      const signIn = await signInOf();
      const upstream = await connect(
        (request, response) => {
          const header = request.headers.authorization ?? '';
          answer(
            `${header} ${encodeURIComponent(header.slice(7))} ${header.startsWith('Basic') ? password : ''}`,
            response,
          );
        },
        { signIn },
      );
      const failed = (said: string, status: number): string =>
        JSON.stringify({ error: { code: 'x', message: `${'.'.repeat(270)} no: ${said}`, status } });
      const answers: readonly (typeof answer)[] = [
        (said, response) => json(response, failed(said, 400), 400),
        (said, response) => json(response, failed(said, 500), 500),
        (said, response) => json(response, failed(said, 501), 501),
        (said, response) => json(response, failed(said, 429), 429),
        // As System.Text.Json writes it.
        (said, response) => json(response, failed(said, 400).replaceAll('+', '\\u002B').replaceAll('/', '\\/'), 400),
        (said, response) => response.writeHead(200, { 'Content-Type': `text/${said}` }).end('x'),
        (said, response) => response.writeHead(200, { 'Content-Encoding': said }).end('x'),
        (said, response) => json(response, JSON.stringify({ value: [], '@odata.nextLink': `http://x/y?t=${said}` })),
        (said, response) => json(response, JSON.stringify({ value: [], '@odata.nextLink': `http://${said}@x/y` })),
      ];
      for (const one of answers) {
        answer = one;
        await assert.rejects(page(upstream, 'FarCalls', { caller: `Bearer ${token}` }), (error: unknown) => {
          assert.ok(error instanceof GatewayError && error.code !== 'Unauthorized');
          // Nor a part of it that was cut off.
          const found = secrets.filter((secret) => error.message.includes(secret.slice(0, 8)));
          assert.deepEqual(found, [], error.message);
          return true;
        });
      }
    });
  }

  it('property: nothing of a secret is left, and all else is', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9+/=._~-]{8,40}$/);
    fc.assert(
      fc.property(word, fc.stringMatching(/^[ <>]{0,5}$/), (secret, around) => {
        assert.equal(concealed(`${around}${secret}${around}`, [`Bearer ${secret}`]), `${around}...${around}`);
        const pair = Buffer.from(`u:${secret}`).toString('base64');
        assert.equal(concealed(`${pair} ${secret}`, [`Basic ${pair}`]), '... ...');
      }),
    );
    assert.equal(concealed('as ever', []), 'as ever');
    assert.equal(concealed('as ever', ['Bearer ', 'Bearer e']), 'as ever');
  });
});
