import { longestRecord, type TextRecord } from '../csv/read-records.ts';
import { CsvTokenizer } from '../csv/tokenizer.ts';

/** The kept text of a rejected row read again: more than one record where a quote was broken. */
export function recordsOf(
  text: string,
  { delimiter, line }: { readonly delimiter: string; readonly line: number },
): readonly TextRecord[] {
  const tokenizer = new CsvTokenizer({
    delimiter,
    lineEnd: '\n',
    unitBytes: 1,
    byteOffset: 0,
    line,
    maxRecordLength: longestRecord,
  });
  return [...tokenizer.push(text), ...tokenizer.end()];
}
