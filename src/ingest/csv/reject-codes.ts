/** Why a row was not loaded: stable codes, explained in docs/ingest.md. */
export const rejectCodes = {
  UNTERMINATED_QUOTE: 'A quote is opened and never closed.',
  TEXT_AFTER_QUOTE: 'Text stands between a closing quote and the next delimiter.',
  QUOTE_IN_UNQUOTED_FIELD:
    'A quote stands inside a field that does not begin with one, below a row whose quote is broken.',
  RECORD_TOO_LARGE: 'The record is longer than the longest one taken.',
  INVALID_ENCODING: 'The bytes of the row are not valid in the encoding of the file.',
  NUL_CHARACTER: 'The row holds U+0000, which PostgreSQL cannot store.',
  TOO_FEW_FIELDS: 'The row has fewer fields than the header.',
  TOO_MANY_FIELDS: 'The row has more fields than the header.',
  MISSING_VALUE: 'A cell is empty that must have a value.',
  INVALID_INTEGER: 'The cell is not a whole number.',
  INVALID_DECIMAL: 'The cell is not a number.',
  AMBIGUOUS_DECIMAL: 'The comma or point may be a decimal or a thousands mark.',
  INVALID_BOOLEAN: 'The cell is neither yes nor no.',
  INVALID_UNIX_TIME: 'The cell is not a time in unix seconds since 1973.',
  INVALID_DATE_TIME: 'The cell is not a date and time in a known form.',
  INVALID_DATE: 'The cell is not a date in a known form.',
  INVALID_TIME_OF_DAY: 'The cell is not a time of day.',
  INVALID_DURATION: 'The cell is not a duration in the form that its encoding takes.',
  INVALID_PERCENTAGE: 'The cell is not a percentage.',
  INVALID_GUID: 'The cell is not a GUID.',
  INVALID_BINARY: 'The cell is not base64.',
  SCIENTIFIC_NOTATION: 'A spreadsheet replaced a long number by a short one: its last digits are lost.',
  SPREADSHEET_ERROR: 'A spreadsheet put an error in the place of a name, or could not show it.',
  OUT_OF_RANGE: 'The value does not fit its type.',
  TOO_LONG: 'The text is longer than its property allows.',
} as const;

export type RejectCode = keyof typeof rejectCodes;
