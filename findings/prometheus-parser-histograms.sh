#!/usr/bin/env bash
# parse-prometheus-text-format joins all series of a histogram into one, whatever their labels: buckets of the last series overwrite the others, and
# labels, sum and count are gone. The text is what prom-client writes for a histogram of two routes.
# Expected: a series for each set of labels (Prometheus, "Exposition formats", Histograms and summaries: buckets, sum and count are grouped by
#   labels other than le). So does the parser with counters, and with a histogram without labels, whose sum and count it gives.
# Seen: one entry without labels, sum and count; the request of route "a" that took 20 seconds is nowhere.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts parse-prometheus-text-format@1.1.1 prom-client@15.1.3
cat >try.cjs <<'JS'
const parse = require('parse-prometheus-text-format');
const { Histogram, Registry } = require('prom-client');
const written = async (labelNames, observed) => {
  const registry = new Registry();
  const histogram = new Histogram({ name: 'took_seconds', help: 'Time.', labelNames, buckets: [1], registers: [registry] });
  for (const [labels, seconds] of observed) histogram.observe(labels, seconds);
  return registry.metrics();
};
(async () => {
  console.log('parse-prometheus-text-format', require('parse-prometheus-text-format/package.json').version);
  const text = await written(['route'], [[{ route: 'a' }, 20], [{ route: 'b' }, 0.5]]);
  console.log(text);
  const labelled = JSON.stringify(parse(text)[0].metrics);
  const plain = JSON.stringify(parse(await written([], [[{}, 0.5]]))[0].metrics);
  console.log('with labels:   ', labelled);
  console.log('without labels:', plain);
  const expected = ['[{"buckets":{"1":"1","+Inf":"1"}}]', '[{"buckets":{"1":"1","+Inf":"1"},"count":"1","sum":"0.5"}]'];
  process.exitCode = JSON.stringify([labelled, plain]) === JSON.stringify(expected) ? 0 : 1;
})();
JS
node try.cjs || { echo "CHANGED: the series are read otherwise than on the day this was written"; exit 1; }
