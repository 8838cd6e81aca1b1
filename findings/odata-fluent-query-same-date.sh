#!/usr/bin/env bash
# odata-fluent-query, `isSame(date, part)`: the 20th of November 2026 by 'month' is asked for as `month(At) eq 10`, which is October, and by 'day', 'hour', 'minute' or 'second' as
# `day(At) eq 2026`, which no row is. Both are valid requests: the service sends the rows of another month, or none, and no one can tell.
# A good engineer guesses that a part of a date is the one that `day()` and `month()` of OData count; a test with 'year' alone is right.
# `isSame(number, part)` and `inTimeSpan(2026, 11, 20)` take the numbers as they are given.
# Expected: months 1 to 12 and days 1 to 31 (OData 4.01 URL Conventions, 5.1.1.8, Date and Time Functions; ABNF month and day).
# Source: builders/create-filter.js, dateToObject: `month: d.getMonth()`, which counts from 0 (ECMA-262, Date.prototype.getMonth), and `d.getFullYear()` for each of the others. They are of the
#   machine's zone besides, where the service counts in UTC.
# Seen with odata-fluent-query 2.7.3, Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
# The package is written for bundlers: its folders are imported by name.
npm install --silent --no-audit --no-fund --ignore-scripts odata-fluent-query@2.7.3 esbuild@0.28.2
cat >try.mjs <<'JS'
import { odataQuery } from 'odata-fluent-query';
const date = new Date('2026-11-20T10:15:30Z');
const asked = (condition) => odataQuery().filter(condition).toString();
const seen = Object.fromEntries(['year', 'month', 'day', 'hour', 'minute', 'second'].map((part) => [part, asked((row) => row.At.isSame(date, part))]));
seen['inTimeSpan(2026, 11, 20)'] = asked((row) => row.At.inTimeSpan(2026, 11, 20));
console.log('odata-fluent-query 2.7.3, isSame of', date.toISOString(), 'by');
for (const [part, text] of Object.entries(seen)) console.log(`${part}\n    ${text}`);
const expected = {
  year: '$filter=year(At) eq 2026',
  month: '$filter=month(At) eq 10',
  day: '$filter=day(At) eq 2026',
  hour: '$filter=hour(At) eq 2026',
  minute: '$filter=minute(At) eq 2026',
  second: '$filter=second(At) eq 2026',
  'inTimeSpan(2026, 11, 20)': '$filter=(year(At) eq 2026) and (month(At) eq 11) and (day(At) eq 20)',
};
process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
JS
node node_modules/esbuild/bin/esbuild try.mjs --bundle --platform=node --format=cjs --outfile=bundle.cjs --log-level=error
TZ=UTC node bundle.cjs || { echo "CHANGED: other dates are asked for"; exit 1; }
