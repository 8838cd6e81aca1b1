#!/usr/bin/env bash
# SAP Cloud SDK for JavaScript gives Edm.Int64 and Edm.Decimal as BigNumber and has lost their digits by then: it asks for `application/json`, gets numbers, and
# JSON.parse rounds them to Doubles before the BigNumber is made. A key of 9007199254740993 becomes that of another row, without an error.
# A good engineer guesses that a client with a type of its own for numbers beyond a Double has all of their digits.
# They are there where the program asks for texts: addCustomHeaders({ Accept: 'application/json;IEEE754Compatible=true' }).
# Expected: OData JSON 4.01, 3.2 (IEEE754Compatible): services write Int64 and Decimal as texts where a client asks for it, as readers of JavaScript have to.
# Source: @sap-cloud-sdk/odata-common (ODataRequest: Accept), @sap-cloud-sdk/odata-v4 (edmToTs: new BigNumber(value)).
# Seen with @sap-cloud-sdk/odata-v4 4.8.0 and Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
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
const fields = new FieldBuilder(Row, defaultDeSerializers);
const schema = { Id: fields.buildEdmTypeField('Id', 'Edm.Int64', false), Amount: fields.buildEdmTypeField('Amount', 'Edm.Decimal', false) };
const api = { entityConstructor: Row, deSerializers: defaultDeSerializers, schema };

const server = createServer(({ headers }, response) => {
  const texts = /IEEE754Compatible=true/i.test(headers.accept);
  const quote = texts ? '"' : '';
  response.setHeader('Content-Type', `application/json;odata.metadata=minimal;IEEE754Compatible=${texts}`);
  response.end(`{"@odata.context":"$metadata#Rows","value":[{"Id":${quote}9007199254740993${quote},"Amount":${quote}12345678901234567890.12${quote}}]}`);
  asked.push(headers.accept);
}).listen(0, '127.0.0.1', async () => {
  const read = async (headers) => {
    const [{ id, amount }] = await new GetAllRequestBuilder(api).addCustomHeaders(headers).execute({ url: `http://127.0.0.1:${server.address().port}` });
    return `${id.constructor.name} ${id.toFixed()}, ${amount.constructor.name} ${amount.toFixed()}`;
  };
  const seen = [await read({}), await read({ Accept: 'application/json;IEEE754Compatible=true' })];
  server.close();
  console.log('@sap-cloud-sdk/odata-v4', require('@sap-cloud-sdk/odata-v4/package.json').version);
  for (const [n, text] of seen.entries()) console.log(`Accept: ${asked[n]}\n    ${text}`);
  const expected = ['BigNumber 9007199254740992, BigNumber 12345678901234567000', 'BigNumber 9007199254740993, BigNumber 12345678901234567890.12'];
  process.exitCode = asked[0] === 'application/json' && JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
});
const asked = [];
JS
node try.cjs || { echo "CHANGED: other digits arrive"; exit 1; }
