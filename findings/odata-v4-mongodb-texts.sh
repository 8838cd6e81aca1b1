#!/usr/bin/env bash
# odata-v4-mongodb, on which services over MongoDB are built, makes a regular expression of a text in `contains`, `startswith` and `endswith` as it stands, and one that has no letter case:
# `contains(Name,'a.b')` also keeps `AXB`, `endswith(Name,'(x)')` keeps what ends with x. `eq` beside them is exact, so `startswith(Name,'A.B')` and `Name eq 'A.B'` disagree.
# `Tags/any(t: t eq 'a')` becomes an empty condition, which is every document, with status 200.
# A good engineer guesses that the text is a text, and that a condition that the library cannot make is refused.
# Whoever reads such a service filters what came by the same condition again, and asks for nothing by `any`.
# Expected: contains is true where the second text is a part of the first (OData 4.01 URL Conventions, 5.1.1.7); any is true where the condition holds for an item (5.1.1.13.1).
# Source: lib/visitor.js, `new RegExp(context.literal, "gi")`, with `^` or `$`, and nothing for lambdas.
# Seen with odata-v4-mongodb 0.1.12, Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts odata-v4-mongodb@0.1.12
cat >try.cjs <<'JS'
const { createFilter } = require('odata-v4-mongodb');
const shown = (condition) => JSON.stringify(condition, (_, value) => (value instanceof RegExp ? String(value) : value));
const conditions = ["contains(Name,'a.b')", "startswith(Name,'A.B')", "endswith(Name,'(x)')", "Name eq 'A.B'", "Tags/any(t: t eq 'a')"];
const seen = conditions.map((condition) => `${condition}: ${shown(createFilter(condition))}`);
const pattern = createFilter("contains(Name,'a.b')").Name;
seen.push(`a.b in "AXB": ${'AXB'.search(pattern) === 0}`);
console.log('odata-v4-mongodb', require('odata-v4-mongodb/package.json').version);
console.log(seen.join('\n'));
const expected = [
  `contains(Name,'a.b'): {"Name":"/a.b/gi"}`,
  `startswith(Name,'A.B'): {"Name":"/^A.B/gi"}`,
  `endswith(Name,'(x)'): {"Name":"/(x)$/gi"}`,
  `Name eq 'A.B': {"Name":"A.B"}`,
  `Tags/any(t: t eq 'a'): {}`,
  'a.b in "AXB": true',
];
process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
JS
node try.cjs || { echo "CHANGED: other conditions are made"; exit 1; }
