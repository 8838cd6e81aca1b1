#!/usr/bin/env bash
# SAP Cloud SDK for JavaScript, conditions of OData v4 that are about other rows than the program says:
# 1. A moment loses its fraction of a second, whatever Precision $metadata declares: a row is read with .123 seconds, and `At eq` with that very value asks for the full second and does not find it. `lessOrEqual`
#    leaves out the rows of that second, `greaterThan` of the last moment read gives them again at each run.
# 2. `equals(null)` of a text asks for the text of four letters, `Name eq 'null'`: rows without a name are not found, and those of a Mr Null are. Of a number or a moment it is `eq null`.
# A good engineer guesses that a value that was read finds its row again, and that null is null.
# Filter by `ge` the full second and `lt` the next one, and by `filterFunction`s or a raw query where null is wanted.
# Expected: fractional seconds up to 12 digits in dateTimeOffsetValue (OData 4.01 ABNF); null is the literal `null` (URL Conventions 4.01, 5.1.1.14, Literals).
# Source: @sap-cloud-sdk/odata-v4, de-serializers/converters.js, serializeToDateTimeOffset, to which serializeToUri hands no precision; odata-common, wrapDefaultSerializer, `return 'null'`,
#   which convertToUriForEdmString puts between quotation marks.
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
const fields = new FieldBuilder(Row, defaultDeSerializers);
const field = (name, type) => fields.buildEdmTypeField(name, type, true, 6);
const schema = { Id: field('Id', 'Edm.Int32'), At: field('At', 'Edm.DateTimeOffset'), Name: field('Name', 'Edm.String') };
const api = { entityConstructor: Row, deSerializers: defaultDeSerializers, schema };

const asked = [];
const server = createServer(({ url }, response) => {
  asked.push(decodeURIComponent(url));
  response.setHeader('Content-Type', 'application/json;odata.metadata=minimal');
  response.end('{"@odata.context":"$metadata#Rows","value":[{"Id":1,"At":"2026-03-01T08:00:00.123Z","Name":null}]}');
}).listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const get = (filter) => new GetAllRequestBuilder(api).filter(filter).execute({ url });
  const [row] = await new GetAllRequestBuilder(api).execute({ url });
  for (const condition of [schema.At.equals(row.at), schema.At.lessOrEqual(row.at), schema.Name.equals(null), schema.Id.equals(null)]) await get(condition);
  server.close();
  const seen = [`read: ${row.at.toISOString()}`, ...asked.slice(1)];
  console.log('@sap-cloud-sdk/odata-v4', require('@sap-cloud-sdk/odata-v4/package.json').version);
  console.log(seen.join('\n'));
  const expected = [
    'read: 2026-03-01T08:00:00.123Z',
    '/Rows?$filter=(At eq 2026-03-01T08:00:00Z)',
    '/Rows?$filter=(At le 2026-03-01T08:00:00Z)',
    "/Rows?$filter=(Name eq 'null')",
    '/Rows?$filter=(Id eq null)',
  ];
  process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
});
JS
node try.cjs || { echo "CHANGED: other conditions are asked"; exit 1; }
