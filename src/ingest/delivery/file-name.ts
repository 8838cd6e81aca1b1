/** Bytes that a name may have on the file systems in use. */
const longestName = 255;

/**
 * What is wrong with the name that somebody else gave a file, in words that follow "its name"; null: it is one file below one folder, and one
 * line of a log, whatever it is put into. A name of characters: what a protocol does to bytes is for the room that speaks it.
 */
export function fileNameFault(name: string): string | null {
  if (name === '' || name === '.' || name === '..') {
    return 'is none';
  }
  if (/[/\\]/.test(name)) {
    return 'is a path: it has a slash or a backslash';
  }
  if (name.startsWith('.')) {
    return 'begins with a dot: such files are hidden, and no way of delivery takes them';
  }
  if (/[\p{Cc}\u2028\u2029]/u.test(name)) {
    return 'has control characters';
  }
  if (/\p{Surrogate}/u.test(name)) {
    return 'has half a character';
  }
  return Buffer.byteLength(name) > longestName ? `is longer than ${longestName} bytes` : null;
}
