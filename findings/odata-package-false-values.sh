#!/usr/bin/env bash
# odata (o.js), the reading of one property: `true`, 5 and 'x' are given as they are, but false, 0 and '' as an object, {"@odata.context": ..., "value": false}, which is true in
# every condition. `if (await o(root).get('Cases(1)/Open').query())` holds for every case, and a sum of counts becomes text where one of them is 0.
# A good engineer guesses that a client that takes `value` out of the reply takes it out whatever it is.
# Read the row with `$select=Open`, or `.../Open/$value`, which is text.
# Expected: a single property is {"@odata.context": ..., "value": ...}, with any value of its type (OData JSON Format 4.01, 11, Individual Property).
# Source: dist/cjs/o.js, `return data[this.config.fragment] || data`, in replies of a batch likewise.
# Seen with odata 2.0.1, Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts odata@2.0.1
cat >try.cjs <<'JS'
const { createServer } = require('node:http');
const { o } = require('odata');
const values = { Open: true, Closed: false, Messages: 5, Likes: 0, Title: 'x', Note: '' };
const server = createServer(({ url }, response) => {
  const name = url.split('/').at(-1);
  response.setHeader('Content-Type', 'application/json;odata.metadata=minimal');
  response.end(JSON.stringify({ '@odata.context': `$metadata#Cases(1)/${name}`, value: values[name] }));
}).listen(0, '127.0.0.1', async () => {
  const root = `http://127.0.0.1:${server.address().port}/`;
  const seen = [];
  for (const [name, value] of Object.entries(values)) {
    const read = await o(root).get(`Cases(1)/${name}`).query();
    seen.push(`${JSON.stringify(value)} -> ${JSON.stringify(read)}${read ? ', true in a condition' : ''}`);
  }
  server.close();
  console.log('odata', require('odata/package.json').version);
  console.log(seen.join('\n'));
  const whole = (name, value) => `${value} -> {"@odata.context":"$metadata#Cases(1)/${name}","value":${value}}, true in a condition`;
  const expected = [
    'true -> true, true in a condition',
    whole('Closed', 'false'),
    '5 -> 5, true in a condition',
    whole('Likes', '0'),
    '"x" -> "x", true in a condition',
    whole('Note', '""'),
  ];
  process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
});
JS
node try.cjs || { echo "CHANGED: other values are read"; exit 1; }
