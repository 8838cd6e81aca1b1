#!/usr/bin/env bash
# @progress/kendo-data-query writes the same filter in two ways. For rows in memory (`filterBy`) `ignoreCase: true` folds both sides; for an OData service
# (`toODataString`) it folds the property alone and leaves the value as it was typed: `tolower(Team) eq 'Billing'`, `contains(tolower(Team),'Billing')`. No row
# can ever be equal to that, so a value with a capital letter finds nothing, and `neq` and `doesnotcontain` find all rows. Status 200, no error on either side.
# A good engineer guesses that a filter gives the same rows whether the grid or the service works it out, and that a person may type a name with its capital.
# Services over a database that folds letters by itself (many of SQL Server) hide it: the filters are right there, and wrong at one that compares as OData says
# (OData URL Conventions 4.01, 5.1.1.7.2: tolower gives the text in lower case; 5.1.1.1.1: eq of texts is exact).
# Source: odata-filtering.operators.js, stringFormat; filter-serialization.common.js, toLower (wraps the field only).
# What helps: value.toLowerCase() before the filter is written.
# Seen with @progress/kendo-data-query 1.7.4 and Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @progress/kendo-data-query@1.7.4
cat >try.mjs <<'JS'
import { filterBy, toODataString } from '@progress/kendo-data-query';
import { createRequire } from 'node:module';

const teams = ['Billing', 'billing', 'Sales'].map((Team) => ({ Team }));
/** What a service answers that compares letter by letter, for the forms that the library writes. */
const rules = [
  [/^tolower\(Team\) eq '(.*)'$/, (text, value) => text === value],
  [/^tolower\(Team\) ne '(.*)'$/, (text, value) => text !== value],
  [/^contains\(tolower\(Team\),'(.*)'\)$/, (text, value) => text.includes(value)],
  [/^indexof\(tolower\(Team\),'(.*)'\) eq -1$/, (text, value) => !text.includes(value)],
];
const service = (filter) => {
  const [pattern, holds] = rules.find(([known]) => known.test(filter)) ?? [];
  if (!pattern) throw new Error(`another form: ${filter}`);
  return teams.filter(({ Team }) => holds(Team.toLowerCase(), pattern.exec(filter)[1]));
};
const names = (rows) => rows.map(({ Team }) => Team).join(' ') || '(none)';
const seen = ['eq', 'neq', 'contains', 'doesnotcontain'].map((operator) => {
  const filter = { logic: 'and', filters: [{ field: 'Team', operator, value: 'Billing', ignoreCase: true }] };
  const text = toODataString({ filter }).replace('$filter=', '');
  return `${text}: in memory ${names(filterBy(teams, filter))}, of a service ${names(service(text))}`;
});
const { version } = createRequire(import.meta.url)('@progress/kendo-data-query/package.json');
console.log('@progress/kendo-data-query', version);
console.log(seen.join('\n'));
const expected = [
  `tolower(Team) eq 'Billing': in memory Billing billing, of a service (none)`,
  `tolower(Team) ne 'Billing': in memory Sales, of a service Billing billing Sales`,
  `contains(tolower(Team),'Billing'): in memory Billing billing, of a service (none)`,
  `indexof(tolower(Team),'Billing') eq -1: in memory Sales, of a service Billing billing Sales`,
];
process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
JS
node try.mjs || { echo "CHANGED: values are written in another way"; exit 1; }
