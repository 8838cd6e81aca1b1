import type { Export } from '../../catalogue/catalogue.ts';
import { byteOrderMark, chooseEncoding, unitBytesOf } from '../csv/file-encoding.ts';
import type { FileFacts } from '../csv/file-facts.ts';
import { detectLineEnd } from '../csv/line-end.ts';
import { type RecordFault, type TextLayout, type TextRecord, textOf } from '../csv/read-records.ts';
import { unitReader } from '../csv/text-decoding.ts';
import { CsvTokenizer } from '../csv/tokenizer.ts';
import { isBlank, visibleName } from './blank-cells.ts';
import { type HeaderMatch, matchHeader } from './match-header.ts';
import { readPreamble } from './preamble.ts';

/** A file's header read under one delimiter and held against one export. */
export interface HeaderReading {
  readonly layout: TextLayout;
  readonly match: HeaderMatch;
  /** Why the header cannot be read; null: it can, or there is none. */
  readonly fault: RecordFault | null;
}

/** Units looked at before asking whether the header is complete; every export and delimiter reads the header again. */
const headerStep = 8 * 1024;

/**
 * The reading under which most of the export's columns are found. The delimiter that a `sep=` line names comes first, then
 * the source's candidates; it is never guessed from statistics.
 * `head`: the first bytes of the file, with its whole header.
 */
export function readHeader(target: Export, head: Buffer, facts: FileFacts): HeaderReading {
  const base = readLayoutBase(target, head, facts);
  const candidates = base.separator === null ? target.files.delimiters : [base.separator, ...target.files.delimiters];
  let best: HeaderReading | null = null;
  for (const delimiter of candidates) {
    const reading = readUnder(target, base, delimiter);
    if (best === null || isBetter(reading, best)) {
      best = reading;
    }
  }
  return best ?? readUnder(target, base, ',');
}

/** More columns found; of readings that find none, one that cuts names apart, then one that says what is wrong. */
function isBetter(one: HeaderReading, than: HeaderReading): boolean {
  if (one.match.matched !== than.match.matched) {
    return one.match.matched > than.match.matched;
  }
  if (one.match.matched > 0) {
    return false;
  }
  const rank = ({ match, fault }: HeaderReading): number => (match.cells.length > 1 ? 2 : fault !== null ? 1 : 0);
  return rank(one) > rank(than);
}

interface LayoutBase {
  readonly layout: Omit<TextLayout, 'delimiter'>;
  readonly separator: string | null;
  /** Units from `layout.start` on. */
  readonly text: string;
  /** The text goes on behind `text`. */
  readonly cut: boolean;
}

function readLayoutBase(target: Export, head: Buffer, facts: FileFacts): LayoutBase {
  const { encoding } = chooseEncoding(facts.evidence, target.files.fallbackEncoding);
  const { bomBytes } = byteOrderMark(head);
  const units = unitReader(encoding);
  const whole = units.read(Buffer.from(head.subarray(bomBytes, Math.max(facts.textEnd, bomBytes))));
  const preamble = readPreamble(whole, encoding);
  const text = whole.slice(preamble.length);
  return {
    separator: preamble.separator,
    text,
    cut: facts.textEnd > head.length,
    layout: {
      encoding,
      bomBytes,
      separatorLine: preamble.separatorLine,
      lineEnd: detectLineEnd(text),
      start: bomBytes + preamble.length * units.unitBytes,
      startLine: 1 + preamble.lines,
      end: facts.textEnd,
    },
  };
}

function readUnder(target: Export, base: LayoutBase, delimiter: string): HeaderReading {
  const layout: TextLayout = { ...base.layout, delimiter };
  const record = headerRecord(base, layout);
  if (record === null) {
    // Nothing but blank lines: no header, unless it comes later than anybody looks.
    return { layout, match: matchHeader(target, []), fault: base.cut ? 'RECORD_TOO_LARGE' : null };
  }
  const at = { ...layout, start: record.byteStart, startLine: record.line };
  return { layout: at, match: matchHeader(target, record.fields.map(visibleName)), fault: record.fault };
}

/** The first record that shows anything; null: there is none in the head. */
function headerRecord({ text, cut }: LayoutBase, layout: TextLayout): TextRecord | null {
  const tokenizer = new CsvTokenizer({
    delimiter: layout.delimiter,
    lineEnd: layout.lineEnd,
    unitBytes: unitBytesOf(layout.encoding),
    byteOffset: layout.start,
    line: layout.startLine,
    maxRecordLength: text.length,
  });
  const toText = textOf(layout.encoding);
  const shown = (record: TextRecord): boolean => record.fault !== null || !record.fields.every(isBlank);
  for (let at = 0; at < text.length; at += headerStep) {
    const found = tokenizer
      .push(text.slice(at, at + headerStep))
      .map(toText)
      .find(shown);
    if (found !== undefined) {
      return found;
    }
  }
  if (cut) {
    return null;
  }
  return tokenizer.end().map(toText).find(shown) ?? null;
}
