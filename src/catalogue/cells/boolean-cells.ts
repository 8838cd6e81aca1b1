import { type CellConverter, fault } from './cell.ts';

/**
 * Yes and no in the languages of the exports, and what spreadsheets write for TRUE and FALSE in the languages they are sold
 * in: a file that was opened and saved in a Dutch one has WAAR and ONWAAR. Source: the language packs of HyperFormula 3.0,
 * which follow Excel, and the locale data of LibreOffice (`trueWord`, `falseWord`); for Danish, where HyperFormula has none,
 * Microsoft's support pages; Ukrainian and Catalan have what these languages call the values. No word stands in both lists. Words that are yes in one language and no or something else in
 * another (`ne`, `on`, single letters of other languages) are in none.
 */
const words: readonly (readonly [yes: string, no: string])[] = [
  ['1', '0'],
  ['t', 'f'],
  ['y', 'n'],
  ['true', 'false'],
  ['yes', 'no'],
  ['oui', 'non'],
  ['ja', 'nee'],
  ['ja', 'nein'],
  ['sí', 'no'],
  ['si', 'no'],
  ['waar', 'onwaar'], // Dutch
  ['vrai', 'faux'], // French
  ['wahr', 'falsch'], // German
  ['verdadero', 'falso'], // Spanish
  ['vero', 'falso'], // Italian
  ['verdadeiro', 'falso'], // Portuguese, Galician
  ['sand', 'falsk'], // Danish
  ['sann', 'usann'], // Norwegian
  ['sant', 'falskt'], // Swedish
  ['tosi', 'epätosi'], // Finnish
  ['prawda', 'fałsz'], // Polish
  ['pravda', 'nepravda'], // Czech, Slovak
  ['igaz', 'hamis'], // Hungarian
  ['doğru', 'yanlış'], // Turkish
  ['doğru', 'yanliş'], // the same from capitals, where a dotless I loses its kind
  ['истина', 'ложь'], // Russian
  ['істина', 'хибність'], // Ukrainian
  ['вярно', 'невярно'], // Bulgarian
  ['adevărat', 'fals'], // Romanian
  ['cert', 'fals'], // Catalan
  ['egiazkoa', 'faltsua'], // Basque
  ['tõene', 'väär'], // Estonian
  ['patiess', 'aplams'], // Latvian
  ['teisingai', 'neteisingai'], // Lithuanian
  ['rétt', 'rangt'], // Icelandic
  ['točno', 'netočno'], // Croatian
  ['σωστό', 'λάθος'], // Greek
  ['σωστο', 'λαθος'], // the same from capitals, which go without accents
];

const yes: ReadonlySet<string> = new Set(words.map(([word]) => word.normalize('NFC')));
const no: ReadonlySet<string> = new Set(words.map(([, word]) => word.normalize('NFC')));

/** Words for true and false, in any case. */
export const convertBoolean: CellConverter = (cell) => {
  const word = cell.normalize('NFC').toLowerCase();
  if (yes.has(word)) {
    return 't';
  }
  if (no.has(word)) {
    return 'f';
  }
  return fault('INVALID_BOOLEAN', cell, 'yes or no');
};
