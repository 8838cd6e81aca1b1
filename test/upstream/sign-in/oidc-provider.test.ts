import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type Provider from 'oidc-provider';
import type { ClientCredential, ClientSettings } from '../../../src/catalogue/sign-in-settings.ts';
import { SignInEnded } from '../../../src/upstream/sign-in/refusals.ts';
import { realTime } from '../../../src/upstream/sign-in/time-source.ts';
import { TokenClient } from '../../../src/upstream/sign-in/token-client.ts';
import { selfSigned } from '../../support/servers/certificate.ts';

const device = 'urn:ietf:params:oauth:grant-type:device_code';
const secret = 'a secret & of the client?';
const resource = 'urn:feed';
/** What it keeps for some minutes. */
const kept = ['AccessToken', 'ClientCredentials', 'DeviceCode', 'Grant', 'IdToken', 'RefreshToken'];

/** An OAuth server that others wrote judges what the client sends: discovery, both proofs, a resource, device codes and rotation. */
describe('signing in at oidc-provider', () => {
  const { key, cert } = selfSigned({ kind: 'rsa' });
  let server: Server;
  let provider: Provider;
  let issuer: string;
  let folder: string;
  let pem: string;

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'oidc-'));
    pem = path.join(folder, 'client.pem');
    await writeFile(pem, `${key}${cert}`);
    server = createServer((request, response) => provider.callback()(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const common = { redirect_uris: [], response_types: [] };
    const jwk = { ...createPublicKey(key).export({ format: 'jwk' }), kid: 'client', use: 'sig' };
    // It says on the console that it likes another version of Node better.
    const { warn, info } = console;
    Object.assign(console, { warn: () => undefined, info: () => undefined });
    const { default: Judge } = await import('oidc-provider');
    provider = new Judge(issuer, {
      clients: [
        {
          ...{ ...common, client_id: 'by-certificate', token_endpoint_auth_method: 'private_key_jwt' },
          ...{ token_endpoint_auth_signing_alg: 'PS256', grant_types: ['client_credentials'], jwks: { keys: [jwk] } },
        },
        {
          ...{ ...common, client_id: 'by-secret', client_secret: secret },
          ...{ token_endpoint_auth_method: 'client_secret_basic', grant_types: ['client_credentials'] },
        },
        {
          ...{ ...common, client_id: 'public', token_endpoint_auth_method: 'none' as const },
          ...{ grant_types: [device, 'refresh_token'], application_type: 'native' as const },
        },
      ],
      clientAuthMethods: ['private_key_jwt', 'client_secret_basic', 'none'],
      ttl: Object.fromEntries(kept.map((name) => [name, 600])),
      scopes: ['openid', 'offline_access', 'read'],
      enabledJWA: { clientAuthSigningAlgValues: ['PS256', 'ES256'] },
      findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
      rotateRefreshToken: true,
      features: {
        clientCredentials: { enabled: true },
        deviceFlow: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: () => ({ scope: 'read', accessTokenFormat: 'opaque' as const }),
          useGrantedResource: () => true,
        },
      },
    });
    Object.assign(console, { warn, info });
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  function client(more: Partial<ClientSettings>): TokenClient {
    return new TokenClient(
      {
        ...{ server: { kind: 'issuer' as const, url: issuer }, clientId: 'public', credential: null },
        ...{ scope: null, resource: null, ...more },
      },
      { source: 'far', environment: { SECRET: secret }, time: realTime, observe: () => undefined },
    );
  }
  const bySecret: ClientCredential = { kind: 'secret', secret: { kind: 'environment', name: 'SECRET' } };
  const byCertificate = (): ClientCredential => ({
    kind: 'certificate',
    certificate: { kind: 'file', path: pem },
    ...{ privateKey: null, passphrase: null },
  });

  it('a certificate and a secret are accepted, with scope and resource', async () => {
    for (const more of [
      { clientId: 'by-certificate', credential: byCertificate() },
      // It takes a secret in the header alone, and says so.
      { clientId: 'by-secret', credential: bySecret },
    ]) {
      const { accessToken, expiresAt } = await client({ ...more, scope: 'read', resource }).clientCredentials();
      const token = await provider.ClientCredentials.find(accessToken);
      assert.equal(token?.clientId, more.clientId);
      assert.equal(token?.scope, 'read');
      assert.equal(token?.aud, resource);
      assert.ok(Math.abs(expiresAt / 1000 - (token?.exp ?? 0)) < 5);
    }
  });

  it('device code: waits for the person, rotates refresh tokens, and knows when the sign-in was ended', async () => {
    const one = client({ scope: 'openid' });
    const { code, tokens } = await one.deviceCode();
    assert.match(code.verification_uri, /\/device$/);
    const found = await provider.DeviceCode.findByUserCode(code.user_code.replace(/\W/g, ''), {
      ignoreExpiration: true,
    });
    assert.ok(found !== undefined);
    const grant = new provider.Grant({ accountId: 'person', clientId: 'public' });
    grant.addOIDCScope('openid offline_access');
    Object.assign(found, {
      ...{ accountId: 'person', grantId: await grant.save(), authTime: 1, acr: '0' },
      ...{ scope: 'openid offline_access', sessionUid: 'session', expiresWithSession: false },
    });
    await found.save();
    // It sends no interval, which means five seconds.
    Object.assign(code, { interval: 0.01 });
    const first = await tokens(new AbortController().signal);
    assert.ok(first.refreshToken !== null);
    const second = await one.refresh(first.refreshToken);
    assert.ok(second.refreshToken !== null && second.refreshToken !== first.refreshToken);
    const third = await one.refresh(second.refreshToken);
    await assert.rejects(one.refresh(second.refreshToken), SignInEnded);
    await assert.rejects(one.refresh(third.refreshToken ?? ''), SignInEnded, 'the reuse ended the whole sign-in');
  });
});
