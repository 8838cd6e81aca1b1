#!/usr/bin/env bash
# @odata/client leaves a condition out where its list is empty, leaves `$top=0` out, and writes `%` around a search text: the request
# that it sends is for ALL rows where the program asked for none.
# Expected: `in([])` holds for no row, `top(0)` asks for no row (OData 4.01 URL Conventions, 5.1.1.1.11 and 5.1.6), and
#   `$search=a b` is a and b (5.1.8); `%` is no character of a search word and is not encoded either.
# Seen: an empty text for the condition, no `$top`, and `$search=%a b%`, which services answer with 400.
# Source: @odata/client, lib/filter.js and lib/params.js.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @odata/client@2.21.10
cat >try.cjs <<'JS'
const { version } = require('@odata/client/package.json');
const { ODataFilter, param } = require('@odata/client');
const list = (ids) => ODataFilter.newFilter().property('Id').in(ids).build();
const seen = {
  'Id in [1, 2]': list([1, 2]),
  'Id in []': list([]),
  'top 0, skip 5': String(param().top(0).skip(5)),
  'search a b': String(param().search('a b')),
};
const expected = {
  'Id in [1, 2]': '(Id eq 1 or Id eq 2)',
  'Id in []': '',
  'top 0, skip 5': '$skip=5',
  'search a b': '$search=%a b%',
};
console.log(`@odata/client ${version}`);
for (const [asked, text] of Object.entries(seen)) console.log(`${asked}\n    "${text}"`);
process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
JS
node try.cjs || { echo "CHANGED: the texts are others than on the day this was written"; exit 1; }
