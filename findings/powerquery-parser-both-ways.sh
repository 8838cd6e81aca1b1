#!/usr/bin/env bash
# @microsoft/powerquery-parser, the parser behind Microsoft's own editor tools for M, is not the grammar of Power Query, and differs both ways:
# - it refuses what the language has: access to a member of another section (`Section1!Orders`, as queries of a workbook are addressed from a section document), and
#   verbatim literals (`#!"..."`, in which Power Query itself keeps a query that it could not parse);
# - it takes texts with an escape that the language does not have (`"#(bad)"`, `"#(004)"`), at which a workbook's or project's queries fail when they are opened.
# A good engineer guesses that M which this parser takes is M that Excel and Desktop take, and the other way round.
# Source: Power Query M language specification, consolidated grammar: section-access-expression, verbatim-literal, character-escape-sequence (short: four, long: eight
# hexadecimal digits, cr, lf, tab, #). Parser: lexer keeps what stands in #( ) as it is; parser has no case for "!" (TokenKind.Bang is read as punctuation alone).
# What helps: check escapes by a rule of one's own, and give each section document's members their plain names.
# Seen with @microsoft/powerquery-parser 0.18.4 and Node 20.20.2. Needs Node 20 or newer and npm. Ends with 1 when the behaviour is another.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @microsoft/powerquery-parser@0.18.4
cat >try.cjs <<'JS'
const { DefaultSettings, TaskUtils } = require('@microsoft/powerquery-parser');
/** Each with: is it M, does the parser take it. */
const texts = [
  ['Orders{[Id = 1]}[Name]', true, true],
  ['Section1!Orders', true, false],
  ['section Days; shared Last = Section1!Orders;', true, false],
  ['#!"let a = in"', true, false],
  ['"tab #(tab) line #(cr,lf) letter #(00E9)"', true, true],
  ['"#(bad)"', false, true],
  ['"#(004)"', false, true],
];
(async () => {
  console.log('@microsoft/powerquery-parser', require('@microsoft/powerquery-parser/package.json').version);
  for (const [text, language, expected] of texts) {
    const taken = TaskUtils.isParseStageOk(await TaskUtils.tryLexParse(DefaultSettings, text));
    console.log(`${language ? 'M    ' : 'not M'}  ${taken ? 'taken  ' : 'refused'}  ${text}`);
    if (taken !== expected) process.exitCode = 1;
  }
})();
JS
node try.cjs || { echo "CHANGED: the parser takes other texts"; exit 1; }
