/** What rules on the text of the project's files are made of (`test/architecture.test.ts`). */

export interface SourceFile {
  /** From the project folder, with `/`. */
  readonly file: string;
  readonly text: string;
}
export type Rule = (source: SourceFile) => readonly string[];

export const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' ')).replace(/(^|\s)\/\/.*$/gm, '$1');

export const importsOf = (text: string): readonly string[] =>
  [...withoutComments(text).matchAll(/\bfrom\s+'([^']+)'|\bimport\(\s*'([^']+)'|^import\s+'([^']+)'/gm)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );

/** Rooms in the tables of a document, each with the others that it may import: `| \`room/\` | what for | others |`. */
export const roomsOfTable = (text: string): readonly (readonly [room: string, others: readonly string[]])[] =>
  [...text.matchAll(/^\| `([a-z-]+)\/` *\|[^|]*\|([^|]*)\|$/gm)].map(([, room = '', others = '']) => [
    room,
    (others.split(';')[0] ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && name !== 'nothing'),
  ]);
