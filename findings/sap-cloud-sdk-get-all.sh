#!/usr/bin/env bash
# SAP Cloud SDK for JavaScript, `getAll().execute()` of OData v4: it gives the rows of the first page. The next link of the reply is read by nobody, and the array that comes back has no
# trace of it, so a program on "all" has 2 rows of 3, without an error.
# A good engineer guesses that what is called GetAll gets all, or says that there is more.
# All pages come by a loop of `.skip(n).top(m)` until a page is empty (a service may send less than m), or by `executeRaw()`, whose data has the link.
# Expected: clients that want all rows follow the next link, wherever there is one (OData 4.01 Protocol, 11.2.6.7, Server-Driven Paging).
# Source: @sap-cloud-sdk/odata-common, GetAllRequestBuilder (execute), @sap-cloud-sdk/odata-v4, getCollectionResult, `data.value`.
# Seen with @sap-cloud-sdk/odata-v4 4.8.0, Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @sap-cloud-sdk/odata-v4@4.8.0
cat >try.cjs <<'JS'
const { createServer } = require('node:http');
const { defaultDeSerializers, Entity, FieldBuilder, GetAllRequestBuilder } = require('@sap-cloud-sdk/odata-v4');

// What the SDK's generator makes of an entity type, as far as reading needs it.
class Row extends Entity {}
Object.assign(Row, { _entityName: 'Rows', _defaultBasePath: '/', _keys: ['Id'] });
const schema = { Id: new FieldBuilder(Row, defaultDeSerializers).buildEdmTypeField('Id', 'Edm.Int32', false) };
const api = { entityConstructor: Row, deSerializers: defaultDeSerializers, schema };

const asked = [];
const server = createServer(({ url }, response) => {
  asked.push(url);
  response.setHeader('Content-Type', 'application/json;odata.metadata=minimal');
  const last = { '@odata.context': '$metadata#Rows', value: [{ Id: 3 }] };
  const first = { '@odata.context': '$metadata#Rows', value: [{ Id: 1 }, { Id: 2 }], '@odata.nextLink': 'Rows?$skiptoken=2' };
  response.end(JSON.stringify(url.includes('skiptoken') ? last : first));
}).listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const rows = await new GetAllRequestBuilder(api).execute({ url });
  const raw = await new GetAllRequestBuilder(api).executeRaw({ url });
  server.close();
  const seen = [
    `rows: ${rows.map(({ id }) => id).join(' ')}`,
    `requests: ${asked.join(' ')}`,
    `properties of the array: ${Object.keys(rows).filter((name) => Number.isNaN(Number(name))).join(' ') || 'none'}`,
    `next link in executeRaw: ${raw.data['@odata.nextLink']}`,
  ];
  console.log('@sap-cloud-sdk/odata-v4', require('@sap-cloud-sdk/odata-v4/package.json').version, 'of three rows, two a page');
  console.log(seen.join('\n'));
  const expected = ['rows: 1 2', 'requests: /Rows /Rows', 'properties of the array: none', 'next link in executeRaw: Rows?$skiptoken=2'];
  process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
});
JS
node try.cjs || { echo "CHANGED: other rows come"; exit 1; }
