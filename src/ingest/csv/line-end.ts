import { carriageReturn, lineFeed, quoteCode } from './characters.ts';

/**
 * `\n`: lineFeed ends a line, with all carriageReturn before it (CRLF, and CRCRLF of a writer that translated its line ends twice); a lone carriageReturn
 * is text, except between rows that have the header's width. `\r`: lineFeed, CRLF and each carriageReturn alone end a line, as in files of
 * the old Macintosh.
 */
export type LineEnd = '\n' | '\r';

/** How lines end, from the beginning of a file: the first end outside quotes decides. */
export function detectLineEnd(text: string): LineEnd {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quoteCode) {
      quoted = !quoted;
    } else if (code === lineFeed && !quoted) {
      return '\n';
    } else if (code === carriageReturn && !quoted) {
      let behind = at + 1;
      while (text.charCodeAt(behind) === carriageReturn) {
        behind++;
      }
      return text.charCodeAt(behind) === lineFeed || behind === text.length ? '\n' : '\r';
    }
  }
  return '\n';
}
