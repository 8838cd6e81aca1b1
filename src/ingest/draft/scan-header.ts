import type { Export } from '../../catalogue/catalogue.ts';
import type { FileFacts } from '../csv/file-facts.ts';
import { readHead } from '../csv/file-facts.ts';
import { dataRows } from '../identify/data-rows.ts';
import { namedWidth } from '../identify/match-header.ts';
import { type HeaderReading, readHeader } from '../identify/read-header.ts';

/** How a file is cut into columns, as its own rows say. */
export interface ScannedHeader {
  readonly facts: FileFacts;
  readonly delimiter: string;
  /** Names as they can be seen, without blank ones at the end. */
  readonly headers: readonly string[];
}

/** Tried beside those of the source. */
const usualDelimiters = [',', ';', '\t', '|'];
/** Rows that tell delimiters apart. */
const sampled = 300;

/**
 * Reads the header under the delimiter that gives most rows of the header's width. `blank`: an export without columns, with the
 * settings of its source.
 */
export async function scanHeader(facts: FileFacts, blank: Export): Promise<ScannedHeader> {
  const head = await readHead(facts.path);
  const delimiters = [...new Set([...blank.files.delimiters, ...usualDelimiters])];
  let best: { readonly reading: HeaderReading; readonly score: number } | null = null;
  for (const delimiter of delimiters) {
    const target = { ...blank, files: { ...blank.files, delimiters: [delimiter] } };
    const reading = readHeader(target, head, facts);
    const score = await scoreOf(facts, reading);
    if (best === null || score > best.score) {
      best = { reading, score };
    }
  }
  const { match, layout } = best?.reading ?? readHeader(blank, head, facts);
  const headers = match.cells.slice(0, namedWidth(match.cells)).map(({ text }) => text);
  return { facts, delimiter: layout.delimiter, headers };
}

/** Greater where more columns are found in which rows agree; one column says nothing for its delimiter. */
async function scoreOf(facts: FileFacts, reading: HeaderReading): Promise<number> {
  const names = namedWidth(reading.match.cells);
  if (names < 2 || reading.fault !== null) {
    return 0;
  }
  let [rows, fitting] = [0, 0];
  for await (const batch of dataRows(facts, reading, { maxRecordLength: 1 << 20 }).records) {
    for (const { fields } of batch) {
      rows += 1;
      fitting += fields.length >= names && fields.length <= reading.match.cells.length ? 1 : 0;
    }
    if (rows >= sampled) {
      break;
    }
  }
  return (rows === 0 ? 1 : fitting / rows) * (1 + Math.log2(names));
}
