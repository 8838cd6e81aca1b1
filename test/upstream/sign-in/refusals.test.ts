import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ClientError, ResponseBodyError } from 'openid-client';
import { GatewayError } from '../../../src/errors.ts';
import { adviceByNumber, adviceByWord, SignInEnded, signInFault } from '../../../src/upstream/sign-in/refusals.ts';

const documents = readFileSync(new URL('../../../docs/proxied-feeds.md', import.meta.url), 'utf8');

/** What a token endpoint answers, as the library gives it. */
function answer(body: Readonly<Record<string, unknown>>, status = 400, headers: Record<string, string> = {}) {
  const response = new Response(JSON.stringify(body), { status, headers });
  return new ResponseBodyError('refused', { cause: body as never, response });
}

const clientError = (code: string, cause?: Response): ClientError =>
  Object.assign(new ClientError('failed', { cause }), { code });

describe('what a refused sign-in asks a person to do', () => {
  it('each code of the list stands in docs/proxied-feeds.md', () => {
    const table = documents.slice(documents.indexOf('| answer |'), documents.indexOf('### The sign-in of a person'));
    const missing = [...adviceByNumber.keys(), ...adviceByWord.keys()].filter(
      (code) => !new RegExp(`(^|[^\\w])${code}([^\\w]|$)`, 'm').test(table),
    );
    assert.deepEqual(missing, []);
  });

  it('goes by the number where there is one, then by the word, and never by the text', () => {
    const description = 'AADSTS700082: The refresh token has expired. Sent: refresh.secret';
    for (const body of [
      { error: 'invalid_grant', error_description: description, error_codes: [700082] },
      { error: 'invalid_grant', error_description: description },
    ]) {
      const fault = signInFault('far', answer(body), 0);
      assert.ok(fault instanceof SignInEnded);
      assert.equal(fault.reason, 'invalid_grant 700082');
      assert.ok(!/secret|AADSTS/.test(fault.message), fault.message);
    }
    const unknown = signInFault('far', answer({ error: 'a new word', error_codes: ['x'] }), 0);
    assert.equal(unknown.code, 'UpstreamRefused');
    assert.match(unknown.message, /it is refused \(error\)\. That is for its operator/);
    assert.ok(!(signInFault('far', answer({ error: 'invalid_client' }, 401), 0) instanceof SignInEnded));
  });

  it('what passes by itself is unavailable, for as long as the server says and two minutes at most', () => {
    const cases: readonly (readonly [error: unknown, seconds: number])[] = [
      [answer({ error: 'temporarily_unavailable' }), 10],
      [answer({ error: 'invalid_grant', error_codes: [90033] }, 400, { 'Retry-After': '7' }), 7],
      [answer({ error: 'invalid_request' }, 429, { 'Retry-After': '3600' }), 120],
      [clientError('X', new Response('<p>', { status: 503 })), 10],
      [clientError('OAUTH_TIMEOUT'), 10],
      [new TypeError('fetch failed'), 10],
    ];
    for (const [error, seconds] of cases) {
      const fault = signInFault('far', error, 0);
      assert.equal(fault.code, 'UpstreamUnavailable', fault.message);
      assert.equal(fault.retryAfter, seconds);
    }
    const own = new GatewayError('UpstreamRefused', 'as it is');
    assert.equal(signInFault('far', own, 0), own);
    const page = clientError('X', new Response('<p>', { status: 302 }));
    assert.match(signInFault('far', page, 0).message, /redirects instead of answering, and secrets do not follow/);
  });
});
