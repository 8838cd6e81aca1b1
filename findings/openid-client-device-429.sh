#!/usr/bin/env bash
# openid-client 6.9.0 and a server that has too much to do while a device code is polled for (RFC 8628): 503 with Retry-After is waited for and polling goes on, 429 with
# the same header, or a bare 503, ends it, and the code that a person is just entering is lost. A good engineer guesses that all three are the same: RFC 8628 3.5 wants a
# client to go on, slower, and 429 is the status that RFC 6585 has for "too many requests".
# Polling goes on where customFetch gives such replies as {"error":"slow_down"} or {"error":"authorization_pending"}.
# Source: build/index.js, pollGrant: `response.status === 503 && response.headers.has('retry-after')` alone.
# Seen with openid-client 6.9.0, oauth4webapi 3.8.8, Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund openid-client@6.9.0 >/dev/null
cat > probe.mjs <<'X'
import { createServer } from 'node:http';
import * as client from 'openid-client';

/** What becomes of polling where the first poll is answered so, and the second one with a token. */
async function polled(status, headers) {
  let polls = 0;
  const server = createServer((request, response) => {
    const json = (body, code = 200, more = {}) =>
      response.writeHead(code, { 'Content-Type': 'application/json', ...more }).end(JSON.stringify(body));
    if (request.url === '/device') {
      json({ device_code: 'd', user_code: 'u', verification_uri: 'http://127.0.0.1/', expires_in: 60, interval: 0.05 });
    } else if (++polls === 1) {
      json({ error: 'temporarily_unavailable' }, status, headers);
    } else {
      json({ access_token: 't', token_type: 'Bearer', expires_in: 60 });
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  const config = new client.Configuration(
    { issuer: base, token_endpoint: `${base}/token`, device_authorization_endpoint: `${base}/device` },
    'client',
    undefined,
    client.None(),
  );
  client.allowInsecureRequests(config);
  const code = await client.initiateDeviceAuthorization(config, {});
  const outcome = await client.pollDeviceAuthorizationGrant(config, code).then(
    () => 'a token',
    (error) => `ends: ${error.error ?? error.code}`,
  );
  server.closeAllConnections();
  server.close();
  return `${outcome}, ${polls} polls`;
}

const seen = {
  '503 with Retry-After': await polled(503, { 'Retry-After': '1' }),
  '429 with Retry-After': await polled(429, { 'Retry-After': '1' }),
  'bare 503': await polled(503, {}),
};
console.log(seen);
const [waits, ...ends] = Object.values(seen);
if (waits !== 'a token, 2 polls' || !ends.every((text) => /^ends: \w+, 1 polls$/.test(text))) {
  console.error('The behaviour is another one now.');
  process.exitCode = 1;
}
X
node probe.mjs
