#!/usr/bin/env bash
# Node's gunzip and NUL bytes behind a gzip member, with which tapes, block devices and tar pad files (gzip.org's FAQ 8, GNU gzip manual, "Tapes"):
# 1. A second member behind the padding is lost without an error, by streams and by gunzipSync: only `bytesWritten` says that not all was
#    consumed. Python's gzip module reads both members; two members without padding are read by all.
# 2. In a pipeline, padding longer than a chunk of the stream is an error (ABORT_ERR, "The operation was aborted"), though all text came out;
#    piped by hand the same file ends well. Shorter padding ends one way or the other.
# A good engineer guesses that data that is not read is an error, and padding is none.
# Source: node_zlib.cc, "Trailing zero bytes are okay, though, since they are frequently used for padding"; lib/zlib.js, processCallback:
# the end of the text ends the readable side while input is still written; Python's _GzipReader consumes zeros and goes on.
# Seen with Node 20.20.2. Needs Node 20 or newer, and Python 3 for its line. Ends with 1 when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > probe.mjs <<'X'
import { createReadStream, writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';

const [first, second] = [zlib.gzipSync('first\n'), zlib.gzipSync('second\n')];
const files = {
  'two members': Buffer.concat([first, second]),
  'padding of 100 bytes': Buffer.concat([first, Buffer.alloc(100)]),
  'padding of 100 bytes, then a member': Buffer.concat([first, Buffer.alloc(100), second]),
  'padding of 200,000 bytes': Buffer.concat([first, Buffer.alloc(200_000)]),
};
const seen = [];
for (const [name, bytes] of Object.entries(files)) {
  writeFileSync(`${name}.gz`, bytes);
  const gunzip = zlib.createGunzip();
  let text = '';
  for await (const chunk of createReadStream(`${name}.gz`).pipe(gunzip)) {
    text += chunk;
  }
  const sync = zlib.gunzipSync(bytes).toString();
  seen.push(`${name}: ${JSON.stringify(text)}, ${gunzip.bytesWritten} of ${bytes.length} bytes; gunzipSync ${JSON.stringify(sync)}`);
}
let text = '';
const end = await pipeline(createReadStream('padding of 200,000 bytes.gz'), zlib.createGunzip(), async (chunks) => {
  for await (const chunk of chunks) {
    text += chunk;
  }
}).then(
  () => 'no error',
  ({ code }) => code,
);
seen.push(`the last one in a pipeline: ${JSON.stringify(text)}, ${end}`);
console.log(`Node ${process.version}`);
console.log(seen.join('\n'));
const [n, m] = [first.length, second.length];
const expected = [
  `two members: "first\\nsecond\\n", ${n + m} of ${n + m} bytes; gunzipSync "first\\nsecond\\n"`,
  `padding of 100 bytes: "first\\n", ${n} of ${n + 100} bytes; gunzipSync "first\\n"`,
  `padding of 100 bytes, then a member: "first\\n", ${n} of ${n + 100 + m} bytes; gunzipSync "first\\n"`,
  `padding of 200,000 bytes: "first\\n", ${n} of ${n + 200_000} bytes; gunzipSync "first\\n"`,
  `the last one in a pipeline: "first\\n", ABORT_ERR`,
];
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error('The behaviour is another one now.');
  process.exitCode = 1;
}
X
node probe.mjs
if command -v python3 > /dev/null; then
  python3 -c "import gzip, sys; print('Python', sys.version.split()[0], '- padding, then a member:', gzip.open('padding of 100 bytes, then a member.gz').read())"
fi
