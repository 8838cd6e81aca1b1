#!/usr/bin/env bash
# @syncfusion/ej2-data, ODataV4Adaptor: a text in which a GUID stands is written without quotes, whatever type the property has, wherever it stands, and even where
# the GUID is a part of the text: `CaseId eq 0f3d...`, `CaseId eq C0f3d...`, `contains(Note,0f3d...)`. Where the property is Edm.String, as ids of exports are, a
# service refuses the first as a comparison of two types, the second as a name it does not know, the third as a function that takes no Guid (400): a grid that
# filters by such an id shows an error for it, and works for ids that are a character shorter.
# A good engineer guesses that a value that is given as a text is written as a text, or that the adaptor asks $metadata for the type.
# Expected: OData URL Conventions 4.01, 5.1.1.14.1: a string literal stands in quotes; a guidValue is another literal (ABNF: primitiveLiteral).
# Source: ej2-data adaptors (ODataV4Adaptor.onPredicate), util.js (DataUtil.parse.isGuid looks for a GUID anywhere in the text).
# What helps: Edm.Guid in $metadata where all values are GUIDs; else an adaptor of one's own that writes the predicate.
# Seen with @syncfusion/ej2-data 34.2.8, jsdom 24.1.3 (it wants a window to be loaded) and Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @syncfusion/ej2-data@34.2.8 jsdom@24.1.3
cat >try.cjs <<'JS'
const { JSDOM } = require('jsdom');
const { window } = new JSDOM('', { url: 'http://127.0.0.1/' });
Object.assign(globalThis, { window, document: window.document, HTMLElement: window.HTMLElement, XMLHttpRequest: window.XMLHttpRequest });
const { DataManager, ODataV4Adaptor, Query } = require('@syncfusion/ej2-data');

const cases = new DataManager({ url: 'http://127.0.0.1/odata/Cases', adaptor: new ODataV4Adaptor() });
const filter = (field, operator, value) => decodeURI(cases.adaptor.processQuery(cases, new Query().where(field, operator, value)).url).split('$filter=')[1];
const id = '0f3d9c1e-2b4a-4c5d-8e9f-001122334455';
const seen = [filter('CaseId', 'equal', id), filter('Note', 'contains', id), filter('CaseId', 'equal', `C${id}`), filter('CaseId', 'equal', id.slice(1))];
console.log('@syncfusion/ej2-data', require('@syncfusion/ej2-data/package.json').version);
console.log(seen.join('\n'));
const expected = [`CaseId eq ${id}`, `contains(Note,${id})`, `CaseId eq C${id}`, `CaseId eq '${id.slice(1)}'`];
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
JS
node try.cjs || { echo "CHANGED: such texts are written in another way"; exit 1; }
