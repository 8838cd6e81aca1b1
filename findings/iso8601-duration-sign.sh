#!/usr/bin/env bash
# iso8601-duration and the durations of OData (Edm.Duration, which are those of XML Schema): `-PT1M`, a minute less, is read as a minute more, and `toSeconds` gives milliseconds at most: of
# PT1.1239S it gives 1.123. A handle time that was corrected by minus ten minutes adds ten to the sum.
# duration-fns reads both signs, and writes half a second as `PT0,5S`, with a comma, which a service of OData refuses, or a reader of XML Schema.
# A good engineer guesses that a reader of ISO 8601 refuses a sign if it knows none.
# Why: the regular expression of the library is not bound to the beginning of the text. ISO 8601 allows a comma, and signs since 8601-2 only; XML Schema has the sign and the point alone.
# Expected: durationValue = [ SIGN ] "P" ..., and seconds with "." and up to 12 digits (OData 4.01 ABNF; XML Schema 1.1 Part 2, 3.3.6, duration).
# Source: iso8601-duration, lib/index.js, `pattern`, and the Dates of `end`; duration-fns, toString. tinyduration reads and writes both as OData has them.
# Seen with iso8601-duration 2.1.4, duration-fns 3.0.2, tinyduration 3.4.1. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts iso8601-duration@2.1.4 duration-fns@3.0.2 tinyduration@3.4.1
cat >try.cjs <<'JS'
const iso = require('iso8601-duration');
const fns = require('duration-fns');
const tiny = require('tinyduration');
const seconds = (text) => iso.toSeconds(iso.parse(text));
const seen = ['PT1M', '-PT1M', 'PT0.5S', 'PT1.1239S', '-P1DT2H'].map(
  (text) => `${text}: ${seconds(text)} seconds; ${fns.toString(fns.parse(text))}; ${tiny.serialize(tiny.parse(text))}`,
);
console.log('as iso8601-duration reads it, as duration-fns writes it again, as tinyduration does');
console.log(seen.join('\n'));
const expected = [
  'PT1M: 60 seconds; PT1M; PT1M',
  '-PT1M: 60 seconds; -PT1M; -PT1M',
  'PT0.5S: 0.5 seconds; PT0,5S; PT0.5S',
  'PT1.1239S: 1.123 seconds; PT1,123S; PT1.1239S',
  '-P1DT2H: 93600 seconds; -P1DT2H; -P1DT2H',
];
process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
JS
node try.cjs || { echo "CHANGED: other durations are read or written"; exit 1; }
