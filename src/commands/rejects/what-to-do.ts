/** What somebody can do about rejected rows of a code, in one sentence. */
export function whatToDo(code: string): string {
  if (unreadable.has(code)) {
    return 'The text is not kept as it stood in the file: correct the export and load it again, or dismiss the rows.';
  }
  if (broken.has(code)) {
    return 'The text itself is broken: have it exported again (a newer file that brings the rows closes them), or dismiss the rows.';
  }
  return 'Correct the metadata and run gateway replay, or have the export corrected (a newer file that brings the rows closes them), or dismiss the rows.';
}

/** Codes of rows that replay cannot read. */
const unreadable: ReadonlySet<string> = new Set([
  'NUL_CHARACTER',
  'INVALID_ENCODING',
  'RECORD_TOO_LARGE',
  'QUOTE_IN_UNQUOTED_FIELD',
]);

/** Codes of rows that no metadata makes good. */
const broken: ReadonlySet<string> = new Set([
  'UNTERMINATED_QUOTE',
  'TEXT_AFTER_QUOTE',
  'TOO_FEW_FIELDS',
  'TOO_MANY_FIELDS',
  'SPREADSHEET_ERROR',
  'SCIENTIFIC_NOTATION',
]);
