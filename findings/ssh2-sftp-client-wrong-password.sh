#!/usr/bin/env bash
# ssh2-sftp-client 12.1.1 and a wrong password: connect() rejects with an Error that has neither a code nor the `level` of ssh2's own
# ("client-authentication"), only a sentence. A good engineer guesses that a refused login can be told from a broken network by a property of what is thrown, as at
# ssh2 itself, and tries only the second again: without one, all are tried again, and the server locks the account.
# The level is on the 'error' event of the inner client, which the library's own on() reaches.
# Source: src/utils.js, errorListener: a new Error with the message and the code alone.
# Seen with ssh2-sftp-client 12.1.1, ssh2 1.17.0, Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ssh2-sftp-client@12.1.1 ssh2@1.17.0 >/dev/null
cat > probe.cjs <<'X'
const { Server, utils } = require('ssh2');
const Client = require('ssh2-sftp-client');
const quiet = { error() {}, end() {}, close() {} };
const { private: key } = utils.generateKeyPairSync('ed25519');

function attempt(onConnection) {
  return new Promise((resolve) => {
    const server = new Server({ hostKeys: [key] }, onConnection).listen(0, '127.0.0.1', async () => {
      const client = new Client('probe', quiet);
      let level;
      client.on('error', (error) => {
        level = error.level;
      });
      const { port } = server.address();
      const thrown = await client.connect({ host: '127.0.0.1', port, username: 'a', password: 'wrong' }).catch((error) => error);
      await client.end().catch(() => {});
      server.close();
      resolve({ thrown: { message: thrown.message, code: thrown.code, level: thrown.level }, event: level });
    });
  });
}

(async () => {
  const refused = await attempt((connection) => {
    connection.on('error', () => {});
    connection.on('authentication', (context) => context.reject(['password']));
  });
  const cut = await attempt((connection) => {
    connection.on('error', () => {});
    connection.on('authentication', () => connection.end());
  });
  console.log('a wrong password:', JSON.stringify(refused));
  console.log('a connection that ends:', JSON.stringify(cut));
  const asSeen =
    refused.thrown.level === undefined &&
    refused.thrown.code === undefined &&
    /authentication methods failed/.test(refused.thrown.message) &&
    refused.event === 'client-authentication' &&
    cut.thrown.level === undefined &&
    cut.event !== 'client-authentication';
  if (!asSeen) {
    console.error('The behaviour is another one now.');
    process.exitCode = 1;
  }
})();
X
node probe.cjs
