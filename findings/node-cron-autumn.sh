#!/usr/bin/env bash
# node-cron, told to read a schedule in UTC, still looks at the clock of the machine's own zone: where that has summer time, in the hour that comes twice
# in autumn a schedule that was started before does not run at all, and its timer spins, thousands of times a second, until the hour is over; one
# that is started in that hour runs, and spins as well.
# A good engineer guesses that `timezone: 'UTC'` keeps a schedule out of every clock change.
# Why: the beat of the timer cuts the milliseconds of the present off by `Date.setMilliseconds(0)`, which goes through local time; in the repeated
# hour local time names two moments, and JavaScript takes the first (ECMA-262, UTC(t)), so the present is an hour ago, no run is due, and the timer is set to
# the run that is due: in 0 milliseconds. (https://github.com/node-cron/node-cron/issues/509 has other trouble at clock changes, for local zones.)
# Seen with node-cron 4.6.0 and Node 20.20.2, in Europe/Amsterdam on 31 October 2027: no run after 01:00 UTC and thousands of timers; it goes on with TZ=UTC.
# Needs Node 20 or newer and npm. The clock is moved by a Date of our own, timers are real. Ends with 1 when the behaviour is another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y > /dev/null
npm install --no-audit --no-fund --silent node-cron@4.6.0
cat > probe.mjs <<'X'
import nodeCron from 'node-cron';

const RealDate = Date;
const offset = RealDate.parse(process.argv[2]) - RealDate.now();
globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length === 0 ? [RealDate.now() + offset] : given));
  }
  static now() {
    return RealDate.now() + offset;
  }
};
const timeout = globalThis.setTimeout;
let [timers, runs] = [0, 0];
globalThis.setTimeout = (...given) => {
  timers += 1;
  return timeout(...given);
};
const from = RealDate.parse(process.argv[3]);
const task = nodeCron.schedule('* * * * * *', () => { runs += Date.now() >= from ? 1 : 0; }, { timezone: 'UTC' });
timeout(() => {
  task.stop();
  console.log(`${process.env.TZ}, started ${process.argv[2]}: ${runs === 0 ? 'no run' : 'runs'} from ${process.argv[3]} on, ${timers > 500 ? 'spins' : 'rests between'}`);
  process.exit();
}, 4600);
X
probe() { TZ=$1 node probe.mjs "2027-10-31T$2.500Z" "2027-10-31T$3Z"; }
seen=$(
  probe Europe/Amsterdam 00:30:00 00:30:02
  probe Europe/Amsterdam 00:59:58 01:00:00
  probe Europe/Amsterdam 01:10:00 01:10:02
  probe Europe/Amsterdam 02:10:00 02:10:02
  probe UTC 00:59:58 01:00:00
)
echo "node-cron $(node -p "JSON.parse(fs.readFileSync('node_modules/node-cron/package.json')).version"), Node $(node --version), a schedule of every second in UTC, for 4 seconds"
echo "$seen"
expected='Europe/Amsterdam, started 2027-10-31T00:30:00.500Z: runs from 2027-10-31T00:30:02Z on, rests between
Europe/Amsterdam, started 2027-10-31T00:59:58.500Z: no run from 2027-10-31T01:00:00Z on, spins
Europe/Amsterdam, started 2027-10-31T01:10:00.500Z: runs from 2027-10-31T01:10:02Z on, spins
Europe/Amsterdam, started 2027-10-31T02:10:00.500Z: runs from 2027-10-31T02:10:02Z on, rests between
UTC, started 2027-10-31T00:59:58.500Z: runs from 2027-10-31T01:00:00Z on, rests between'
[ "$seen" = "$expected" ] || { echo 'The behaviour is another one now.' >&2; exit 1; }
