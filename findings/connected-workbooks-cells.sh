#!/usr/bin/env bash
# @microsoft/connected-workbooks, with which web pages write workbooks with a Power Query and its rows, guesses the type of each cell from its text, whatever type it was given: '00123', a
# telephone number and an id of 16 digits become numbers, '0x10' and 'Infinity', which are no numbers in a workbook, too, and 'true' a boolean. Numbers get the cell type "1" and booleans
# the words true and false; neither is of SpreadsheetML: one reader refuses the workbook for the first number, another one reads `false` as true.
# A good engineer guesses that a grid that is declared as (string | number | boolean)[][] keeps strings, and that every reader of workbooks takes what comes out.
# Nothing in a grid of texts is safe but texts that Number() does not take. A query that is refreshed at opening brings its types itself: then give the header alone.
# Expected: a text has t="str", "s" or "inlineStr", a number t="n" or no t, a boolean t="b" and 0 or 1 (ECMA-376 Part 1, 18.3.1.4 and 18.18.11 ST_CellType).
# Source: dist/bundle.js, `isNaN(Number(data))` and `number: "1"`. Excel itself was not tried.
# Seen with @microsoft/connected-workbooks 3.4.2, exceljs 4.4.0, read-excel-file 9.3.17, Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @microsoft/connected-workbooks@3.4.2 exceljs@4.4.0 read-excel-file@9.3.17
cat >try.cjs <<'JS'
const { readFileSync, writeFileSync } = require('node:fs');
const { workbookManager } = require('@microsoft/connected-workbooks');
const { Workbook } = require('exceljs');
const jszip = require('jszip');
const { default: readExcelFile } = require('read-excel-file/node');

async function written(values) {
  const grid = { data: [values.map((_, n) => `C${n}`), values], config: { promoteHeaders: true } };
  const bytes = Buffer.from(await (await workbookManager.generateTableWorkbookFromGrid(grid)).arrayBuffer());
  writeFileSync('file.xlsx', bytes);
  const sheet = await (await jszip.loadAsync(bytes)).file('xl/worksheets/sheet1.xml').async('string');
  const workbook = await new Workbook().xlsx.readFile('file.xlsx');
  return {
    given: values,
    cells: [...sheet.matchAll(/<c r="\w2" (t="\w+"><v>.*?)<\/v>/g)].map(([, cell]) => cell),
    exceljs: workbook.worksheets[0].getRow(2).values.slice(1),
    'read-excel-file': await readExcelFile('file.xlsx').then(
      (sheets) => sheets[0].data[1],
      ({ message }) => message,
    ),
  };
}

(async () => {
  for (const name of ['@microsoft/connected-workbooks', 'exceljs', 'read-excel-file']) {
    console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);
  }
  const seen = [await written(['00123', '+31201234567', '9007199254740993', '0x10', 'true']), await written([2, false]), await written(['a', 'b'])];
  console.dir(seen, { breakLength: 160 });
  const numbers = [123, 31201234567, 9007199254740992, 0];
  const expected = [
    [['t="1"><v>00123', 't="1"><v>+31201234567', 't="1"><v>9007199254740993', 't="1"><v>0x10', 't="b"><v>true'], [...numbers, true], '<c/> at row 2, col 1: TYPE_INVALID'],
    [['t="1"><v>2', 't="b"><v>false'], [2, true], '<c/> at row 2, col 1: TYPE_INVALID'],
    [['t="str"><v>a', 't="str"><v>b'], ['a', 'b'], ['a', 'b']],
  ];
  const same = JSON.stringify(seen.map(({ given, ...rest }) => Object.values(rest))) === JSON.stringify(expected);
  process.exitCode = same ? 0 : 1;
})();
JS
node try.cjs || { echo "CHANGED: the cells are written or read otherwise"; exit 1; }
