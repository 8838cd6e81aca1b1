/**
 * Statements without the values in them, for logs. The scanner knows the lexical rules of PostgreSQL (its documentation, 4.1) and
 * nothing of ours: what is not a name, a key word, an operator or a bracket is hidden, whoever wrote it.
 */

/** One token that is copied or hidden; whatever it does not match is copied character by character. */
const token = new RegExp(
  [
    // Quoted names, with the prefix of those that have Unicode escapes.
    String.raw`(?<name>(?:\b[uU]&)?"(?:[^"]|"")*")`,
    // Names, key words and parameters: digits in them are no numbers.
    String.raw`(?<word>\$\d+|[A-Za-z_\u0080-\uffff](?![&']?')[\w$\u0080-\uffff]*)`,
    String.raw`(?<escaped> ?\b[eE]'(?:[^'\\]|''|\\[\s\S])*')`,
    // With B, N, X or U& before the quotes.
    String.raw`(?<text>(?:\b(?:[bBnNxX]|[uU]&))?'(?:[^']|'')*')`,
    String.raw`(?<dollars>\$(?<tag>[A-Za-z_\u0080-\uffff]?[\w\u0080-\uffff]*)\$[\s\S]*?\$\k<tag>\$)`,
    String.raw`(?<comment>--[^\n]*|\/\*[\s\S]*?\*\/)`,
    String.raw`(?<number>(?:\d[\w.]*|\.\d[\w.]*)(?:(?<=[eE])[+-]\d+)?)`,
  ].join('|'),
  'g',
);

const hiddenText = `'?'`;
const hiddenNumber = '?';

/** The statement with a mark for each text and each number in it, and without comments. */
export function withoutLiterals(sql: string): string {
  return sql.replace(token, (found: string, ...rest: readonly unknown[]) => {
    const groups = rest.at(-1);
    const of = (name: string): boolean =>
      typeof groups === 'object' && groups !== null && Reflect.get(groups, name) !== undefined;
    if (of('name') || of('word')) {
      return found;
    }
    if (of('comment')) {
      return '';
    }
    return of('number') ? hiddenNumber : hiddenText;
  });
}
