/** What can be wrong with a record before anybody looks at its cells. */
export type CsvFault = 'UNTERMINATED_QUOTE' | 'TEXT_AFTER_QUOTE' | 'QUOTE_IN_UNQUOTED_FIELD' | 'RECORD_TOO_LARGE';

/** One record of a CSV file, still in the units it was read in (see `CsvTokenizer`). */
export interface CsvRecord {
  /** 1-based physical line the record starts on. */
  readonly line: number;
  /** First byte of the record in the file, and the one after its last; the line end is outside. */
  readonly byteStart: number;
  readonly byteEnd: number;
  /** The record exactly as it stands in the file, without its line end. */
  readonly raw: string;
  /** Empty where there is a fault. */
  readonly fields: readonly string[];
  readonly fault: CsvFault | null;
}
