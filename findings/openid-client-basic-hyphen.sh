#!/usr/bin/env bash
# openid-client's ClientSecretBasic and @node-oauth/oauth2-server: a client whose id is a GUID is refused with "invalid_client", though id and secret are right. The client writes a
# hyphen as %2D (and `_ . ! ~ * ' ( )` likewise), the server compares what it finds behind `Basic` without decoding it. With oidc-provider the same client gets its token.
# A good engineer guesses that an id of letters, digits and hyphens stands in the header as it is: curl, axios and encodeURIComponent leave a hyphen alone, and so does the
# serializer of application/x-www-form-urlencoded of today (WHATWG URL, 5.2), so the server is never found out by them.
# Expected: id and secret in that encoding (RFC 6749, 2.3.1 and Appendix B); the client may write %2D, the server has to decode it. ClientSecretPost works with both, and so does a header
# of one's own: (server, client, body, headers) => headers.set('authorization', ...).
# Source: oauth4webapi build/index.js, formUrlEncode; @node-oauth/oauth2-server lib/handlers/token-handler.js, getClientCredentials, by basic-auth, which does not decode.
# Seen with openid-client 6.9.0 (oauth4webapi 3.8.8), @node-oauth/oauth2-server 5.3.0, oidc-provider 9.13.3, Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts openid-client@6.9.0 oauth4webapi@3.8.8 @node-oauth/oauth2-server@5.3.0 oidc-provider@9.13.3 >/dev/null
cat > probe.mjs <<'X'
import { createServer } from 'node:http';
import OAuth2Server from '@node-oauth/oauth2-server';
import { Provider } from 'oidc-provider';
import * as openid from 'openid-client';

const secret = 'secret';
const ids = ['reader', '12ad7c5b-2f25-4bb1-a9c5-6ad9d6d2c3bd'];

// Two token endpoints that know both clients.
const client = { client_secret: secret, grant_types: ['client_credentials'], response_types: [], redirect_uris: [] };
const provider = new Provider('http://127.0.0.1', {
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  clients: [
    ...ids.map((client_id) => ({ ...client, client_id, token_endpoint_auth_method: 'client_secret_basic' })),
    ...ids.map((client_id) => ({ ...client, client_id: `${client_id}-post`, token_endpoint_auth_method: 'client_secret_post' })),
  ],
});
const oauth = new OAuth2Server({
  model: {
    getClient: async (id, given) => (ids.includes(id.replace(/-post$/, '')) && given === secret ? { id, grants: ['client_credentials'] } : null),
    getUserFromClient: async () => ({}),
    saveToken: async (token, of, user) => ({ ...token, client: of, user }),
  },
});
const servers = {
  '@node-oauth/oauth2-server': async (request, response) => {
    const body = Object.fromEntries(new URLSearchParams(Buffer.concat(await request.toArray()).toString()));
    const answer = new OAuth2Server.Response({});
    await oauth.token(new OAuth2Server.Request({ headers: request.headers, method: request.method, query: {}, body }), answer).catch(() => {});
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  },
  'oidc-provider': provider.callback(),
};

const asIs = (given) => (_server, { client_id }, _body, headers) => headers.set('authorization', `Basic ${btoa(`${client_id}:${given}`)}`);
const proofs = { basic: openid.ClientSecretBasic, 'basic as is': asIs, post: openid.ClientSecretPost };
const seen = {};
for (const [name, handle] of Object.entries(servers)) {
  const server = createServer(handle);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  for (const [proof, of] of Object.entries(proofs)) {
    for (const id of ids) {
      const named = proof === 'post' ? `${id}-post` : id;
      const config = new openid.Configuration({ issuer: 'http://127.0.0.1', token_endpoint: `http://127.0.0.1:${server.address().port}/token` }, named, undefined, of(secret));
      openid.allowInsecureRequests(config);
      seen[`${name}, ${proof}, ${id.slice(0, 9)}`] = await openid.clientCredentialsGrant(config).then(
        () => 'a token',
        ({ error, code }) => error ?? code,
      );
    }
  }
  server.closeAllConnections();
  server.close();
}
console.log(seen);
const other = Object.entries(seen).filter(([what, outcome]) => outcome !== (what === '@node-oauth/oauth2-server, basic, 12ad7c5b-' ? 'invalid_client' : 'a token'));
if (other.length > 0) {
  console.error('The behaviour is another one now:', other);
  process.exitCode = 1;
}
X
node probe.mjs 2> errors || { cat errors >&2; exit 1; }
