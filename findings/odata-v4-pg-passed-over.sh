#!/usr/bin/env bash
# odata-v4-pg passes over the parts of a condition that it does not know, and says so on the console alone: `not contains(..)`
# becomes `1 = 1`, `A add 1 eq 2` loses its left side, which is no SQL any more, and `eq null` compares with `=`.
# Expected: an error, or the rows that the condition asks for. null eq null is true, and `ne null` keeps what is not null
#   (OData 4.01 URL Conventions, 5.1.1.1.1 and 5.1.1.1.2).
# Seen: the SQL below. A service built on it answers `$filter=not contains(Name,'x')` with every row and status 200.
# Source: odata-v4-pg, build/lib/visitor.js.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts odata-v4-pg@0.1.1
cat >try.cjs <<'JS'
const { version } = require('odata-v4-pg/package.json');
const { createFilter } = require('odata-v4-pg');
const { log } = console;
// It prints whole syntax trees of what it passes over.
console.log = () => {};
const expected = {
  "not contains(Name,'x')": ['1 = 1', []],
  'A add 1 eq 2': [' = $1', [2]],
  'Name eq null': ['"Name" = $1', [null]],
  'Name ne null': ['"Name" <> $1', [null]],
};
log(`odata-v4-pg ${version}`);
for (const [filter, wanted] of Object.entries(expected)) {
  const { where, parameters } = createFilter(filter);
  log(`$filter=${filter}\n    WHERE ${where}   with ${JSON.stringify(parameters)}`);
  if (JSON.stringify([where, parameters]) !== JSON.stringify(wanted)) process.exitCode = 1;
}
JS
node try.cjs || { echo "CHANGED: the SQL is other than on the day this was written"; exit 1; }
