#!/usr/bin/env bash
# odata-v4-parser reads `A sub B sub C` from the right and lets `not` take all that follows it, so every package built on it
# (odata-v4-server, odata-v4-pg, odata-v4-sql ...) computes other values and keeps other rows than the expression says.
# Expected: operators of one precedence are left-associative, and `not` binds tighter than `and`
#   (OData 4.01 URL Conventions, 5.1.1.16 Operator Precedence).
# Seen: the tree of `10 sub 4 sub 3` is 10 - (4 - 3) = 9, where 3 is right; `not A and B` is not (A and B).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts odata-v4-parser@0.1.29
cat >try.cjs <<'JS'
const { version } = require('odata-v4-parser/package.json');
const { filter } = require('odata-v4-parser');
const shown = (token) => {
  const { type, value, raw } = token;
  if (value && value.left && value.right) return `(${shown(value.left)} ${type.replace('Expression', '')} ${shown(value.right)})`;
  if (type === 'NotExpression') return `not ${shown(value)}`;
  if (value && typeof value === 'object' && value.type) return shown(value);
  return raw;
};
const seen = Object.fromEntries(
  ['10 sub 4 sub 3 eq X', '20 div 5 div 2 eq X', 'not A and B'].map((text) => [text, shown(filter(text))]),
);
console.log(`odata-v4-parser ${version}`);
for (const [text, tree] of Object.entries(seen)) console.log(`${text}\n    is read as ${tree}`);
const expected = {
  '10 sub 4 sub 3 eq X': '((10 Sub (4 Sub 3)) Equals X)',
  '20 div 5 div 2 eq X': '((20 Div (5 Div 2)) Equals X)',
  'not A and B': 'not (A And B)',
};
process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
JS
node try.cjs || { echo "CHANGED: the trees are others than on the day this was written"; exit 1; }
