#!/usr/bin/env bash
# odata-sequelize makes queries of Sequelize of an OData query string and passes over what it has no place for, where it could refuse: the query that comes of it
# asks for more rows than were asked for, and nothing tells.
#   length(Name) gt 3                no `where` at all: all rows (a comparison of this function is read and forgotten)
#   Orders/all(o: o/Amount gt 100)   an outer join with the condition inside: all rows, each with the orders that fulfil it
#   $top=0                           no `limit`: all rows instead of none
# A good engineer guesses that a filter that was read without an error is in the query; its README lists "Lambda expressions - any/all" as supported.
# Expected: OData Protocol 4.01, 11.2.1: what a service does not support is refused (501); URL Conventions 4.01, 5.1.1.13.2: all; 5.1.5: $top=0 is no rows.
# Source: its README; odata-sequelize/index.js.
# Seen with odata-sequelize 2.0.0, sequelize 6.37.7 and Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts odata-sequelize@2.0.0 sequelize@6.37.7
cat >try.cjs <<'JS'
const sequelize = require('sequelize');
const parse = require('odata-sequelize');

// Sequelize's operators are symbols, which JSON leaves out.
const plain = (value) =>
  value === null || typeof value !== 'object'
    ? value
    : Array.isArray(value)
      ? value.map(plain)
      : Object.fromEntries(Reflect.ownKeys(value).map((key) => [typeof key === 'symbol' ? `Op.${key.description}` : key, plain(value[key])]));
const told = (query) => JSON.stringify(plain(parse(query, sequelize)));
const expected = {
  "$filter=Name eq 'Ann'": '{"where":{"Name":{"Op.eq":"Ann"}}}',
  '$filter=length(Name) gt 3': '{}',
  "$filter=Name eq 'Ann' and length(Name) gt 3": '{"where":{"Op.and":[{"Name":{"Op.eq":"Ann"}}]}}',
  '$filter=Orders/any(o: o/Amount gt 100)': '{"include":[{"association":"Orders","where":{"Amount":{"Op.gt":100}},"required":true}]}',
  '$filter=Orders/all(o: o/Amount gt 100)': '{"include":[{"association":"Orders","where":{"Amount":{"Op.gt":100}},"required":false}]}',
  '$top=1': '{"limit":1}',
  '$top=0': '{}',
};
const { version } = require('odata-sequelize/package.json');
console.log('odata-sequelize', version, 'sequelize', require('sequelize/package.json').version);
for (const query of Object.keys(expected)) console.log(`${query}\n    ${told(query)}`);
process.exitCode = Object.entries(expected).every(([query, text]) => told(query) === text) ? 0 : 1;
JS
node try.cjs || { echo "CHANGED: other queries"; exit 1; }
