#!/usr/bin/env bash
# The converters of odata2ts write other times of day and durations than they read. With @odata2ts/converter-luxon a time comes back on a clock of twelve hours, 23:59:59 as 11:59:59 and
# 00:30:00 as 12:30:00, and 5 thousandths of a second as .5. Filters, keys and bodies of a generated client are written so: they ask for other rows, and no service can tell.
# A negative duration becomes PT-1M, which is no Edm.Duration; @odata2ts/converter-common reads it as undefined, and writes a ten-millionth of a second as 1e-7.
# A good engineer guesses that a converter gives back what it was given; a test with a time in the morning shows nothing else.
# Expected: hours 00 to 23 and fractional seconds in their place, the sign of a duration before its P, seconds without an exponent (OData 4.01 ABNF, timeOfDayValue and durationValue).
# Source: TimeOfDayToLuxonConverter.js, toFormat("hh:mm:ss.S"): hh is the hour of twelve and S is not padded (Luxon, "Table of tokens"); simpleDurationConverter.
# Seen with @odata2ts/converter-luxon 0.2.3, @odata2ts/converter-common 0.3.3, luxon 3.7.2, Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @odata2ts/converter-luxon@0.2.3 @odata2ts/converter-common@0.3.3 luxon@3.7.2
cat >try.cjs <<'JS'
const { durationToLuxonConverter: luxonDuration, timeOfDayToLuxonConverter: time } = require('@odata2ts/converter-luxon');
const { simpleDurationConverter: simple } = require('@odata2ts/converter-common');
const back = (converter, values) => Object.fromEntries(values.map((value) => [value, converter.convertTo(converter.convertFrom(value))]));
const seen = {
  time: back(time, ['10:15:00', '23:59:59', '00:30:00', '10:15:00.500', '10:15:00.005']),
  luxonDuration: back(luxonDuration, ['PT36H', '-PT1M']),
  simple: back(simple, ['PT36H', '-PT1M', 'PT0.0000001S']),
};
const expected = {
  time: { '10:15:00': '10:15:00', '23:59:59': '11:59:59', '00:30:00': '12:30:00', '10:15:00.500': '10:15:00.500', '10:15:00.005': '10:15:00.5' },
  luxonDuration: { PT36H: 'PT36H', '-PT1M': 'PT-1M' },
  simple: { PT36H: 'PT36H', '-PT1M': undefined, 'PT0.0000001S': 'PT1e-7S' },
};
for (const name of ['converter-luxon', 'converter-common']) console.log(`@odata2ts/${name}`, require(`@odata2ts/${name}/package.json`).version);
console.log(seen);
process.exitCode = require('node:util').isDeepStrictEqual(seen, expected) ? 0 : 1;
JS
node try.cjs || { echo "CHANGED: the values come back otherwise than on the day this was written"; exit 1; }
