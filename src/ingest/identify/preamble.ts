import type { FileEncoding } from '../csv/file-encoding.ts';

/** What stands before the header of a file, in the units of the tokenizer. */
export interface Preamble {
  /** Units to pass over. */
  readonly length: number;
  readonly lines: number;
  /** There is a line that names the delimiter. */
  readonly separatorLine: boolean;
  /** The delimiter named; null: none, or nothing that can be one. */
  readonly separator: string | null;
}

/** Byte order marks and characters without width, as bytes of UTF-8 and as UTF-16. */
const invisibleUtf8 = /^(?:\u00ef\u00bb\u00bf|\u00e2\u0080[\u008b-\u008f]|\u00e2\u0081\u00a0|\u00c2\u00a0|\u001a)+/;
const invisiblePattern = /^[\ufeff\u200b-\u200f\u2060\u00a0\u001a]+/;
const blankLine = /^[ \t]*(?:\r*\n|\r)/;
/**
 * `sep=;` as spreadsheets write and take it: quoted or not, and with the delimiters behind it that a spreadsheet adds
 * when it saves the file again.
 */
const separatorLinePattern = /^("?)sep="*(\\t|[^\r\n"a-z0-9]?)\2*"*\1[ \t,;|]*(?:\r*\n|\r|$)/i;

/** The line that PowerShell's Export-Csv puts before the header: the type of what it exported. */
const typeLine = /^#TYPE [\w.+`[\],= /\\-]*(?:\r*\n|\r|$)/;

/** Passes over marks, invisible characters, blank lines, `sep=` lines and `#TYPE` lines, in any order. */
export function readPreamble(text: string, encoding: FileEncoding): Preamble {
  const invisible = encoding === 'utf-8' ? invisibleUtf8 : invisiblePattern;
  let [at, lines, separatorLine]: [number, number, boolean] = [0, 0, false];
  let separator: string | null = null;
  // Longer than any preamble: a file that begins with a million blank lines is not copied a million times.
  const head = text.slice(0, 64 * 1024);
  for (;;) {
    const rest = head.slice(at);
    const named = separatorLinePattern.exec(rest);
    const passed =
      [invisible.exec(rest), named, blankLine.exec(rest), typeLine.exec(rest)].find((one) => one !== null)?.[0] ?? '';
    if (passed === '') {
      return { length: at, lines, separatorLine, separator };
    }
    if (named !== null) {
      separatorLine = true;
      separator = delimiterOf(named[2] ?? '') ?? separator;
    }
    if (/[\r\n]$/.test(passed)) {
      lines++;
    }
    at += passed.length;
  }
}

/** Whether a record is such a line: files joined to one have them in the middle. */
export function isPreambleLine(raw: string): boolean {
  return (raw.length < 64 && separatorLinePattern.test(raw)) || (raw.startsWith('#TYPE ') && typeLine.test(raw));
}

function delimiterOf(text: string): string | null {
  if (text === '\\t') {
    return '\t';
  }
  return text !== '' && text < '\u0080' ? text : null;
}
