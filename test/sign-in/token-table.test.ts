import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { JWK } from 'jose';
import { trustedIssuers } from '../../src/commands/sign-in/open-sign-in.ts';
import { readConfig } from '../../src/config.ts';
import { authentication } from '../../src/http/sign-in/authentication.ts';
import type { Observation } from '../../src/observation/observation.ts';
import { IssuerKeys } from '../../src/sign-in/keys/issuer-keys.ts';
import { Tokens } from '../../src/sign-in/token/tokens.ts';
import { authorizationUri } from '../../src/sign-in/token/trusted-issuer.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';
import {
  application,
  audience,
  type EntraStandIn,
  makeKey,
  otherTenant,
  person,
  sign,
  startEntra,
  tenant,
  v1Claims,
  v2Claims,
} from './entra-stand-in.ts';

const now = (): number => Math.floor(Date.now() / 1000);
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

interface Row {
  readonly what: string;
  readonly token: () => Promise<string> | string;
  readonly status: number;
  /** In the log where it is refused, and in the answer unless `told` says otherwise. */
  readonly reason?: RegExp;
  readonly told?: RegExp;
}

describe('sign-in: each kind of token, over HTTP', () => {
  let entra: EntraStandIn;
  let feed: TestServer;
  let tokens: Tokens;
  const events: Observation[] = [];
  const rsa = makeKey('rsa');
  const second = makeKey('second');
  const ec = makeKey('ec', 'ec');
  const ed = makeKey('ed', 'ed');
  const weak = makeKey('weak', 'weak');
  const foreign = makeKey('foreign');
  const onlyCertificate = makeKey('x5c');
  const encrypting = makeKey('enc');
  const otherUse = makeKey('ops');
  const twice = [makeKey('twice'), makeKey('twice')] as const;
  const shared = [makeKey('shared', 'ec'), makeKey('shared')] as const;

  before(async () => {
    entra = await startEntra();
    const { kty, kid, x5t, x5c } = onlyCertificate.jwk;
    entra.keys = [
      rsa,
      second,
      ec,
      ed,
      weak,
      ...twice,
      ...shared,
      { ...onlyCertificate, jwk: { kty, kid, x5t, x5c } as JWK },
      { ...encrypting, jwk: { ...encrypting.jwk, use: 'enc' } },
      { ...otherUse, jwk: { ...otherUse.jwk, key_ops: ['encrypt'] } },
      { ...makeKey('odd'), jwk: { kty: 'XYZ', kid: 'odd' } as unknown as JWK },
    ];
    const { signIn } = readConfig({
      PUBLIC_URL: audience,
      ENTRA_TENANT_ID: tenant,
      ENTRA_CLIENT_ID: application,
      ENTRA_AUTHORITY: entra.authority,
      ENTRA_APP_ROLES: 'Feed.Read',
    });
    const store = { read: async () => null, write: async () => {} };
    const observe = (event: Observation) => void events.push(event);
    tokens = new Tokens(
      trustedIssuers(signIn).map((issuer) => ({ issuer, keys: new IssuerKeys(issuer, { store, observe }) })),
    );
    feed = await startTestServer({
      settings: { publicUrl: audience },
      authentication: authentication(
        {
          basic: null,
          keys: null,
          tokens,
          authorizationUri: signIn.entra === null ? null : authorizationUri(signIn.entra),
        },
        'api-key',
        observe,
      ),
    });
  });
  after(async () => {
    tokens.close();
    await feed.close();
    await entra.close();
  });
  beforeEach(() => void events.splice(0));

  const v2 = (claims: Record<string, unknown> = {}, key = rsa, header = {}) =>
    sign({ ...v2Claims(entra.authority), ...claims }, key, header);
  const groups = (count: number) =>
    Array.from({ length: count }, (_, n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
  const iss = (end: string) => `${entra.authority}/${end}`;

  const rows: readonly Row[] = [
    { what: 'a good token of v2', token: () => v2(), status: 200 },
    { what: 'a good token of v1', token: () => sign(v1Claims(), rsa), status: 200 },
    { what: 'aud with a slash more', token: () => v2({ aud: `${audience}/` }), status: 200 },
    {
      what: 'aud with two slashes more',
      token: () => v2({ aud: `${audience}//` }),
      status: 401,
      reason: /is for "http:\/\/feed.example\/\/"/,
    },
    { what: 'aud the application id', token: () => v2({ aud: application }), status: 200 },
    { what: 'aud api:// and the application id', token: () => v2({ aud: `api://${application}` }), status: 200 },
    {
      what: 'aud in other letters',
      token: () => v2({ aud: audience.toUpperCase() }),
      status: 401,
      reason: /is for "HTTP:/,
    },
    { what: 'aud a list, one of which fits', token: () => v2({ aud: ['x', audience] }), status: 200 },
    { what: 'aud a list, none of which fits', token: () => v2({ aud: ['x', 'y'] }), status: 401, reason: /is for/ },
    {
      what: 'aud of another service',
      token: () => v2({ aud: 'https://graph.microsoft.com' }),
      status: 401,
      reason: /is for "https:\/\/graph.microsoft.com"; this feed is "http:\/\/feed.example"/,
    },
    { what: 'aud empty', token: () => v2({ aud: '' }), status: 401, reason: /is for ""/ },
    { what: 'no aud', token: () => v2({ aud: undefined }), status: 401, reason: /has no aud/ },
    { what: 'aud a number', token: () => v2({ aud: 7 }), status: 401, reason: /is for "7"/ },
    {
      what: 'a program with a role that is mapped',
      token: () => v2({ scp: undefined, idtyp: 'app', roles: ['Feed.Read'] }),
      status: 200,
    },
    {
      what: 'a program with another role',
      token: () => v2({ scp: undefined, idtyp: 'app', roles: ['Other'] }),
      status: 403,
      reason: /ENTRA_APP_ROLES names "Feed.Read"/,
      told: /needs one of "Feed.Read"/,
    },
    {
      what: 'neither scp nor roles',
      token: () => v2({ scp: undefined }),
      status: 401,
      reason: /neither scopes .* nor roles/,
    },
    {
      what: 'empty scp and roles',
      token: () => v2({ scp: '', roles: [] }),
      status: 401,
      reason: /neither scopes .* nor roles/,
    },
    {
      what: 'another scope',
      token: () => v2({ scp: 'Mail.Read' }),
      status: 403,
      reason: /has the scope "Mail.Read"; reading needs "user_impersonation"/,
    },
    { what: 'hasgroups', token: () => v2({ hasgroups: true }), status: 200 },
    { what: '_claim_names of groups', token: () => v2({ _claim_names: { groups: 'src1' } }), status: 200 },
    { what: 'expired 299 s ago', token: () => v2({ nbf: now() - 3600, exp: now() - 298 }), status: 200 },
    {
      what: 'expired 301 s ago',
      token: () => v2({ nbf: now() - 3600, exp: now() - 301 }),
      status: 401,
      reason: /expired at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    },
    { what: 'nbf 299 s ahead', token: () => v2({ nbf: now() + 298 }), status: 200 },
    {
      what: 'nbf 301 s ahead',
      token: () => v2({ nbf: now() + 310 }),
      status: 401,
      reason: /not valid before \d{4}-.*Z$/,
    },
    { what: 'iat an hour ahead', token: () => v2({ iat: now() + 3600 }), status: 200 },
    {
      what: 'nbf after exp',
      token: () => v2({ nbf: now() + 100, exp: now() + 50 }),
      status: 401,
      reason: /valid from a time after/,
    },
    { what: 'no exp', token: () => v2({ exp: undefined }), status: 401, reason: /has no exp/ },
    { what: 'exp as text', token: () => v2({ exp: String(now() + 3600) }), status: 401, reason: /exp/ },
    { what: 'exp with a fraction', token: () => v2({ exp: now() + 3600.5 }), status: 401, reason: /whole seconds/ },
    { what: 'exp 1e15', token: () => v2({ exp: 1e15 }), status: 401, reason: /whole seconds/ },
    { what: 'exp beyond 64 bits', token: () => v2({ exp: 1e30 }), status: 401, reason: /whole seconds/ },
    { what: 'exp null', token: () => v2({ exp: null }), status: 401, reason: /exp/ },
    { what: 'no iss', token: () => v2({ iss: undefined }), status: 401, reason: /who issued/ },
    {
      what: 'iss with the literal {tenantid}',
      token: () => v2({ iss: iss('{tenantid}/v2.0') }),
      status: 401,
      reason: /not trusted/,
    },
    {
      what: 'iss with a slash more',
      token: () => v2({ iss: iss(`${tenant}/v2.0/`) }),
      status: 401,
      reason: /not trusted/,
    },
    {
      what: 'iss of another tenant',
      token: () => v2({ iss: iss(`${otherTenant}/v2.0`), tid: otherTenant }),
      status: 401,
      reason: new RegExp(`issued by .*${otherTenant}.* not trusted`),
    },
    { what: 'iss ours, tid another', token: () => v2({ tid: otherTenant }), status: 401, reason: /of tenant/ },
    { what: 'no oid', token: () => v2({ oid: undefined }), status: 401, reason: /oid/ },
    { what: 'no sub', token: () => v2({ sub: undefined }), status: 401, reason: /has no sub/ },
    {
      what: 'alg none',
      token: () => `${base64({ alg: 'none', kid: 'rsa' })}.${base64(v2Claims(entra.authority))}.x`,
      status: 401,
      reason: /algorithm/,
    },
    {
      what: 'HS256',
      token: () => {
        const signed = `${base64({ alg: 'HS256', kid: 'rsa' })}.${base64(v2Claims(entra.authority))}`;
        return `${signed}.${createHmac('sha256', 'anything').update(signed).digest('base64url')}`;
      },
      status: 401,
      reason: /algorithm/,
    },
    {
      what: 'unknown kid, foreign key',
      token: () => v2({}, foreign),
      status: 401,
      reason: /key that its issuer does not have/,
    },
    {
      what: 'unknown kid, known key',
      token: () => v2({}, rsa, { kid: 'nobody' }),
      status: 401,
      reason: /key that its issuer does not have/,
    },
    { what: 'no kid', token: () => v2({}, rsa, { kid: undefined }), status: 401, reason: /kid/ },
    {
      what: 'kid of another RSA key',
      token: () => v2({}, rsa, { kid: 'second' }),
      status: 401,
      reason: /signature .* not right/,
    },
    { what: 'kid of an EC key', token: () => v2({}, rsa, { kid: 'ec' }), status: 401, reason: /does not have/ },
    {
      what: 'kid twice in the set',
      token: () => v2({}, twice[0]),
      status: 401,
      reason: /several keys/,
      told: /cannot be used/,
    },
    { what: 'kid shared by an EC and an RSA key', token: () => v2({}, shared[1]), status: 200 },
    { what: 'PS256', token: () => v2({}, rsa, { alg: 'PS256' }), status: 401, reason: /algorithm/ },
    { what: 'ES256', token: () => v2({}, ec), status: 401, reason: /algorithm/ },
    { what: 'RS384', token: () => v2({}, rsa, { alg: 'RS384' }), status: 401, reason: /algorithm/ },
    { what: 'EdDSA', token: () => v2({}, ed), status: 401, reason: /algorithm/ },
    { what: 'a key for encryption', token: () => v2({}, encrypting), status: 401, reason: /does not have/ },
    {
      what: 'a key with x5c alone',
      token: () => v2({}, onlyCertificate),
      status: 401,
      reason: /key for the token cannot be used: /,
      told: /cannot be used/,
    },
    {
      what: 'a key below 2048 bits',
      token: () => weakToken(),
      status: 401,
      reason: /key for the token cannot be used: TypeError/,
      told: /cannot be used/,
    },
    { what: 'a key for other operations', token: () => v2({}, otherUse), status: 401, reason: /does not have/ },
    {
      what: 'a critical extension',
      token: () => raw({ alg: 'RS256', kid: 'rsa', crit: ['x'], x: 1 }),
      status: 401,
      reason: /cannot be read: /,
      told: /cannot be read/,
    },
    {
      what: 'an unencoded payload',
      token: () => raw({ alg: 'RS256', kid: 'rsa', crit: ['b64'], b64: false }),
      status: 401,
      reason: /cannot be read/,
    },
    { what: 'typ at+jwt', token: () => v2({}, rsa, { typ: 'at+jwt' }), status: 200 },
    { what: 'no typ', token: () => v2({}, rsa, { typ: undefined }), status: 200 },
    {
      what: 'typ of another kind',
      token: () => v2({}, rsa, { typ: 'logout+jwt' }),
      status: 401,
      reason: /of type "logout\+jwt"/,
    },
    { what: 'five parts', token: () => 'a.b.c.d.e', status: 401, reason: /no signed/ },
    { what: '200 groups', token: () => v2({ groups: groups(200) }), status: 200 },
    { what: '300 groups', token: () => v2({ groups: groups(300) }), status: 431, reason: /at most 14000/ },
    { what: 'abc', token: () => 'abc', status: 401, reason: /no signed/ },
    { what: 'two parts', token: () => 'abc.def', status: 401, reason: /no signed/ },
    { what: 'not base64url', token: () => 'a+b.c/d.e=f', status: 401, reason: /no signed/ },
    {
      what: 'not JSON',
      token: () => `${Buffer.from('no').toString('base64url')}.${base64({})}.x`,
      status: 401,
      reason: /cannot be read/,
    },
    {
      what: 'a JSON array',
      token: () => `${base64({ alg: 'RS256', kid: 'rsa' })}.${base64([])}.x`,
      status: 401,
      reason: /cannot be read/,
    },
    {
      what: 'bad UTF-8',
      token: () => `${base64({ alg: 'RS256', kid: 'rsa' })}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.x`,
      status: 401,
      reason: /cannot be read/,
    },
    { what: 'padding on the signature', token: async () => `${await v2()}==`, status: 401, reason: /no signed/ },
  ];
  // Signed by hand: jose does not sign with so short a key.
  async function weakToken(): Promise<string> {
    const { sign: signBytes } = await import('node:crypto');
    const signed = `${base64({ alg: 'RS256', kid: 'weak' })}.${base64(v2Claims(entra.authority))}`;
    return `${signed}.${signBytes('sha256', Buffer.from(signed), weak.privateKey).toString('base64url')}`;
  }
  const raw = async (header: object): Promise<string> => {
    const { sign: signBytes } = await import('node:crypto');
    const signed = `${base64(header)}.${base64(v2Claims(entra.authority))}`;
    return `${signed}.${signBytes('sha256', Buffer.from(signed), rsa.privateKey).toString('base64url')}`;
  };

  for (const { what, token, status, reason, told = reason } of rows) {
    it(`${what}: ${status}`, async () => {
      const sent = await token();
      const reply = await feed.get('', { Authorization: `Bearer ${sent}` });
      const { error } = (await reply.json()) as { error?: { message: string; code: string } };
      assert.equal(reply.status, status, error?.message);
      const challenge = reply.headers.get('www-authenticate');
      const refused = events.filter((event) => event.event === 'sign-in-refused');
      if (reason === undefined || told === undefined) {
        assert.deepEqual([challenge, refused], [null, []]);
        assert.equal(feed.log.at(-1)?.user, 'ann@example.com');
        return;
      }
      assert.equal(refused.length, 1);
      assert.match(refused[0]?.reason ?? '', reason);
      assert.equal(refused[0]?.address, '127.0.0.1');
      assert.match(error?.message ?? '', told);
      if (status === 401) {
        assert.match(
          challenge ?? '',
          /^Bearer authorization_uri=http:\S+\/oauth2\/authorize, error="invalid_token", error_description="[\x20-\x7e]+"$/,
        );
      } else {
        assert.equal(challenge, null);
      }
      const written = JSON.stringify([error, refused, feed.log.at(-1), challenge]);
      assert.ok(sent.length < 10 || !written.includes(sent), 'the token is nowhere');
    });
  }

  it('aud twice in the text: the last one counts', async () => {
    const { sign: signBytes } = await import('node:crypto');
    const claims = JSON.stringify(v2Claims(entra.authority)).replace('{', '{"aud":"other",');
    const signed = `${base64({ alg: 'RS256', kid: 'rsa' })}.${Buffer.from(claims).toString('base64url')}`;
    const token = `${signed}.${signBytes('sha256', Buffer.from(signed), rsa.privateKey).toString('base64url')}`;
    assert.equal((await feed.get('', { Authorization: `Bearer ${token}` })).status, 200);
  });

  it('the scheme in small letters, blanks after it and at the end', async () => {
    for (const text of [`bearer ${await v2()}`, `Bearer  ${await v2()}`, `BEARER ${await v2()}  `]) {
      assert.equal((await feed.get('', { Authorization: text })).status, 200);
    }
  });

  it('rule 15: empty Bearer, none, or another scheme: 401 with one challenge, the address first and alone', async () => {
    for (const headers of [
      { Authorization: 'Bearer' },
      { Authorization: 'Bearer ' },
      {},
      { Authorization: 'Basic YTpi' },
      { Authorization: 'Negotiate x' },
    ]) {
      const reply = await feed.get('', headers as Record<string, string>);
      assert.equal(reply.status, 401);
      assert.equal(
        reply.headers.get('www-authenticate'),
        `Bearer authorization_uri=${entra.authority}/${tenant}/oauth2/authorize`,
      );
      assert.equal(((await reply.json()) as { error: { code: string } }).error.code, 'Unauthorized');
    }
  });

  it('the principal is tenant and object, whatever the person is called, with the claims of the token', async () => {
    const one = await tokens.principal(await v2({ roles: ['Reader'], groups: ['g1', 7], team: 'north' }));
    assert.deepEqual(
      [one.id, one.name, one.kind, one.tenant],
      [`entra:${tenant}/${person}`, 'ann@example.com', 'entra', tenant],
    );
    assert.deepEqual(
      [one.claims.roles, one.claims.groups, one.claims.scopes, one.claims.email, one.claims.all.get('team')],
      [['Reader'], ['g1'], ['user_impersonation'], 'ann@example.com', 'north'],
    );
    const renamed = await tokens.principal(await sign({ ...v1Claims(), upn: 'ann.new@example.com' }, rsa));
    assert.equal(renamed.id, one.id);
  });

  it('too many groups: told to whoever runs the feed; whether rules need them is theirs to say', async () => {
    const noted: string[] = [];
    const observe = (event: Observation) => void (event.event === 'sign-in-notice' && noted.push(event.notice));
    const { signIn } = readConfig({
      ENTRA_TENANT_ID: tenant,
      ENTRA_CLIENT_ID: application,
      ENTRA_AUTHORITY: entra.authority,
    });
    const store = { read: async () => null, write: async () => {} };
    const trusted = trustedIssuers(signIn).map((issuer) => ({
      issuer,
      keys: new IssuerKeys(issuer, { store, observe }),
    }));
    const some = new Tokens(trusted, { observe });
    const withheld = { aud: application, _claim_names: { groups: 'src1' } };
    try {
      const { claims } = await some.principal(await v2(withheld));
      assert.deepEqual([claims.groupsWithheld, claims.groups, noted.length], [true, [], 1]);
    } finally {
      some.close();
    }
  });
});
