import type { Export } from '../../catalogue/catalogue.ts';
import { byteOrderMark, chooseEncoding } from '../csv/file-encoding.ts';
import type { FileFacts } from '../csv/file-facts.ts';
import { type TextLayout, textOf } from '../csv/read-records.ts';
import { unitReader } from '../csv/text-decoding.ts';
import { CsvTokenizer, detectLineEnd } from '../csv/tokenizer.ts';
import { type HeaderMatch, matchHeader } from './match-header.ts';

/** A file's header read under one delimiter and held against one export. */
export interface HeaderReading {
  readonly layout: TextLayout;
  readonly match: HeaderMatch;
}

/** Units looked at before asking whether the header is complete; every export and delimiter reads the header again. */
const HEADER_STEP = 8 * 1024;

const SEPARATOR_LINE = /^("?)sep=(.)\1[ \t]*(?:\r\n|\n|\r|$)/i;

/**
 * The reading under which most of the export's columns are found. The `sep=` line, where there is one, decides the
 * delimiter; else the source's candidates are tried, never guessed from statistics.
 * `head`: the first bytes of the file, with its whole header.
 */
export function readHeader(target: Export, head: Buffer, facts: FileFacts): HeaderReading {
  const base = readLayoutBase(target, head, facts);
  const candidates = base.separator === null ? target.files.delimiters : [base.separator];
  let best: HeaderReading | null = null;
  for (const delimiter of candidates) {
    const layout: TextLayout = { ...base.layout, delimiter };
    const match = matchHeader(target, firstFields(base.text, layout));
    if (best === null || match.matched > best.match.matched) best = { layout, match };
  }
  return best ?? { layout: { ...base.layout, delimiter: ',' }, match: matchHeader(target, []) };
}

interface LayoutBase {
  readonly layout: Omit<TextLayout, 'delimiter'>;
  readonly separator: string | null;
  /** Units from `layout.start` on. */
  readonly text: string;
}

function readLayoutBase(target: Export, head: Buffer, facts: FileFacts): LayoutBase {
  const { encoding } = chooseEncoding(facts.evidence, target.files.fallbackEncoding);
  const { bomBytes } = byteOrderMark(head);
  const units = unitReader(encoding);
  const whole = units.read(Buffer.from(head.subarray(bomBytes)));
  const separator = SEPARATOR_LINE.exec(whole);
  const skipped = separator?.[0].length ?? 0;
  const text = whole.slice(skipped);
  return {
    separator: separator?.[2] ?? null,
    text,
    layout: {
      encoding,
      bomBytes,
      separatorLine: separator !== null,
      lineEnd: detectLineEnd(whole),
      start: bomBytes + skipped * units.unitBytes,
      startLine: separator === null ? 1 : 2,
    },
  };
}

function firstFields(text: string, layout: TextLayout): readonly string[] {
  const unitBytes = layout.encoding.startsWith('utf-16') ? 2 : 1;
  const tokenizer = new CsvTokenizer({
    delimiter: layout.delimiter,
    lineEnd: layout.lineEnd,
    unitBytes,
    byteOffset: layout.start,
    line: layout.startLine,
    maxRecordLength: text.length,
  });
  for (let at = 0; at < text.length; at += HEADER_STEP) {
    const [first] = tokenizer.push(text.slice(at, at + HEADER_STEP));
    if (first !== undefined) return textOf(layout.encoding)(first).fields;
  }
  const [last] = tokenizer.end();
  return last === undefined ? [] : textOf(layout.encoding)(last).fields;
}
