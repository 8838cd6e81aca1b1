#!/usr/bin/env bash
# odata-query, the usual query builder of JavaScript clients, joins conditions that are given as texts with `and` and no parentheses,
# and drops the filter beside a counted one. The request is valid, so that no service can notice: it asks for other rows.
# Expected: `['A eq 1 or B eq 2', 'C eq 3']` keeps rows for which both hold; `and` binds tighter than `or`
#   (OData 4.01 URL Conventions, 5.1.1.16 Operator Precedence). A `count` with a `filter` beside it counts within that filter.
# Seen: `A eq 1 or B eq 2 and C eq 3`, which also keeps rows where A is 1 and C is not 3; `/$count?$filter=A eq 1` without B.
#   The same conditions given as objects are put in parentheses.
# Source: odata-query, README "Filtering" and "Counting", which say nothing of either.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts odata-query@8.1.0
cat >try.cjs <<'JS'
const built = require('odata-query');
const buildQuery = built.default ?? built;
const tried = [
  [{ filter: ['A eq 1 or B eq 2', 'C eq 3'] }, '?$filter=A eq 1 or B eq 2 and C eq 3'],
  [{ filter: [{ or: [{ A: 1 }, { B: 2 }] }, { C: 3 }] }, '?$filter=((A eq 1) or (B eq 2)) and C eq 3'],
  [{ count: { A: 1 }, filter: { B: 2 } }, '/$count?$filter=A eq 1'],
];
console.log('odata-query 8.1.0');
for (const [query, expected] of tried) {
  const url = buildQuery(query);
  console.log(`${JSON.stringify(query)}\n    ${url}`);
  if (url !== expected) process.exitCode = 1;
}
JS
node try.cjs || { echo "CHANGED: the addresses are others than on the day this was written"; exit 1; }
