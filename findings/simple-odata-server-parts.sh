#!/usr/bin/env bash
# simple-odata-server, which says OData-Version 4.0, reads comparisons of a property with a literal behind it, and takes other parts of a `$filter` for what always holds, with status 200: all rows come for
# `contains(Name,'b')`, `not (N eq 1)`, `5 gt N`, `Name in ('b')`, and for `contains(Name,'b') and N gt 1`. The same two parts the other way around are 500, `length(Name) eq 1` gives no row, and `$top=0` all.
# A good engineer guesses that who reads `$filter` at all refuses what it does not read of it: to try one comparison shows nothing of the others.
# Whoever takes such a feed in tries each function and operator with a condition that no row, or one known row, can meet.
# Expected: 501 Not Implemented for what a service does not do (OData 4.01 Protocol, 11.2.1 and 9.3.1).
# Source: lib/queryTransform.js, Node.transform: `result` stays `{}` for what it does not know, and only `substringof`, the function of OData 2, is known.
# Seen with simple-odata-server 1.2.2, simple-odata-server-nedb 1.0.0, @seald-io/nedb 4.1.2, Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts simple-odata-server@1.2.2 simple-odata-server-nedb@1.0.0 @seald-io/nedb@4.1.2
cat >try.cjs <<'JS'
const { createServer } = require('node:http');
const Datastore = require('@seald-io/nedb');
const ODataServer = require('simple-odata-server');
const adapter = require('simple-odata-server-nedb');
const type = { _id: { type: 'Edm.String', key: true }, Name: { type: 'Edm.String' }, N: { type: 'Edm.Int32' } };
const model = { namespace: 'Try', entityTypes: { Row: type }, entitySets: { Rows: { entityType: 'Try.Row' } } };

(async () => {
  const rows = new Datastore({ inMemoryOnly: true });
  await rows.insertAsync([{ _id: '1', Name: 'a', N: 1 }, { _id: '2', Name: 'b', N: 2 }, { _id: '3', Name: 'c', N: 10 }]);
  const service = ODataServer('http://127.0.0.1').model(model).adapter(adapter((_, done) => done(null, rows)));
  const server = createServer((request, response) => service.handle(request, response));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const ask = async (query) => {
    const reply = await fetch(`http://127.0.0.1:${server.address().port}/Rows?${encodeURI(query)}`);
    const { value } = await reply.json();
    if (reply.status !== 200) return `${query}: ${reply.status}`;
    return `${query}: ${reply.status}, OData-Version ${reply.headers.get('odata-version')}, rows ${value.map(({ _id }) => _id).sort().join(' ') || 'none'}`;
  };
  const seen = [];
  for (const query of [
    '$filter=N gt 1',
    "$filter=contains(Name,'b')",
    '$filter=not (N eq 1)',
    '$filter=5 gt N',
    "$filter=Name in ('b')",
    "$filter=contains(Name,'b') and N gt 1",
    "$filter=N gt 1 and contains(Name,'b')",
    '$filter=N eq 1 or 5 gt N',
    '$filter=length(Name) eq 1',
    '$top=0',
  ]) seen.push(await ask(query));
  server.close();
  console.log('simple-odata-server', require('simple-odata-server/package.json').version, 'of the rows 1 a, 2 b, 10 c');
  console.log(seen.join('\n'));
  const said = '200, OData-Version 4.0, rows';
  const expected = [
    `$filter=N gt 1: ${said} 2 3`,
    `$filter=contains(Name,'b'): ${said} 1 2 3`,
    `$filter=not (N eq 1): ${said} 1 2 3`,
    `$filter=5 gt N: ${said} 1 2 3`,
    `$filter=Name in ('b'): ${said} 1 2 3`,
    `$filter=contains(Name,'b') and N gt 1: ${said} 1 2 3`,
    "$filter=N gt 1 and contains(Name,'b'): 500",
    `$filter=N eq 1 or 5 gt N: ${said} 1 2 3`,
    `$filter=length(Name) eq 1: ${said} none`,
    `$top=0: ${said} 1 2 3`,
  ];
  process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
})();
JS
node try.cjs || { echo "CHANGED: other rows come"; exit 1; }
