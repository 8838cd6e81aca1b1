/** Bytes that a name may have on the file systems in use. */
const longestName = 255;

/**
 * What is wrong with the name that somebody else gave a file, in words that follow "The name"; null: it is one file below one folder, on
 * every system, whatever it is put into.
 */
export function fileNameFault(name: string): string | null {
  if (name === '' || name === '.' || name === '..') {
    return 'is none: say what the file is called';
  }
  if (/[/\\]/.test(name)) {
    return 'must not hold a slash or a backslash: files are not put into further folders';
  }
  if (name.startsWith('.')) {
    return 'must not begin with a dot: such files are hidden, and no way of delivery takes them';
  }
  if (/\p{Cc}/u.test(name)) {
    return 'must not hold control characters';
  }
  if (/\p{Surrogate}/u.test(name)) {
    return 'must be text: it holds half a character';
  }
  if (Buffer.byteLength(name) > longestName) {
    return `must not be longer than ${longestName} bytes`;
  }
  return null;
}
