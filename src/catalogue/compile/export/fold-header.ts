/**
 * The form under which column headers are compared: without characters that have no width, trimmed, composed (NFC), case folded, the curly apostrophe made
 * straight, runs of white space, underscores and hyphens made one space. `#`, `%` and brackets stay: they carry units.
 */
export function foldHeader(header: string): string {
  return header
    .normalize('NFC')
    .replace(/[\u00ad\u200b-\u200d\u2060\ufeff]+/g, '')
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\s\u00a0\u202f_-]+/g, ' ')
    .trim()
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .normalize('NFC');
}
