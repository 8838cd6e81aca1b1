#!/usr/bin/env bash
# ssh2 1.17.0 and new keys: utils.generateKeyPairSync('ed25519') gives a broken pair one time in 256. Where the public key begins with a byte of zero, that byte is
# left out: the key has 31 bytes instead of 32. OpenSSH does not load it ("error in libcrypto"), and ssh2's own parseKey calls it malformed. A good engineer
# guesses that a key that a library makes is one: a test of servers fails once in 256 runs, or a customer gets a key that nobody takes. Make keys until parseKey takes one,
# or with ssh-keygen.
# Source: lib/keygen.js, the part for ed25519, "Remove leading zero bytes": the first byte of a bit string is a zero that belongs to DER, and those behind it are removed, too.
# Seen with ssh2 1.17.0, Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ssh2@1.17.0 >/dev/null
cat > probe.cjs <<'X'
const { utils } = require('ssh2');
const seen = { whole: 0, short: 0 };
const messages = new Set();
for (let n = 0; n < 6000; n++) {
  const pair = utils.generateKeyPairSync('ed25519');
  // Length, "ssh-ed25519", length, key.
  const bytes = Buffer.from(pair.public.split(' ')[1], 'base64').length - 4 - 11 - 4;
  const parsed = utils.parseKey(pair.private);
  if (bytes === 32 && !(parsed instanceof Error)) {
    seen.whole += 1;
  } else {
    seen.short += 1;
    messages.add(`${bytes} bytes: ${parsed.message}`);
  }
}
console.log(JSON.stringify(seen), [...messages].join('; '));
if (seen.short === 0 || [...messages].join() !== '31 bytes: Malformed OpenSSH private key') {
  console.error('The behaviour is another one now.');
  process.exitCode = 1;
}
X
node probe.cjs
