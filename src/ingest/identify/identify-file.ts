import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { type FileFacts, readHead } from '../csv/file-facts.ts';
import type { TextRecord } from '../csv/read-records.ts';
import { dataRows } from './data-rows.ts';
import { type ForeignContent, foreignContent, isBinary } from './foreign-content.ts';
import { type Identification, type IdentifyOptions, identifyExport } from './identify-export.ts';
import { type HeaderMatch, namedWidth } from './match-header.ts';

/**
 * Which export a file is and how it is to be read: what `ingest` and `inspect` begin with. Throws FileNotCsv where it is
 * something else, and what `identifyExport` and `dataRows` throw.
 */
export async function identifyFile(
  catalogue: Catalogue,
  facts: FileFacts,
  options: IdentifyOptions = {},
): Promise<Identification> {
  const head = await readHead(facts.path);
  const foreign = foreignContent(head, facts);
  if (foreign !== null) {
    throw notCsv(facts, foreign);
  }
  try {
    const identified = identifyExport(catalogue, { facts, head }, options);
    return { ...identified, match: await settleWidth(facts, identified) };
  } catch (error) {
    if (!(error instanceof GatewayError) || !unread.has(error.code) || !isBinary(head, facts)) {
      throw error;
    }
    throw notCsv(facts, { what: 'binary data', todo: 'Export the file again as CSV' });
  }
}

const unread: ReadonlySet<string> = new Set<GatewayError['code']>([
  'FileUnknown',
  'FileEmpty',
  'HeaderMissing',
  'HeaderUnreadable',
]);

function notCsv(facts: FileFacts, { what, todo }: ForeignContent): GatewayError {
  return new GatewayError('FileNotCsv', `${facts.name} is no CSV file but ${what}. ${todo}.`, { target: facts.path });
}

/**
 * How many fields a row may have: as many as the header has names, and more empty ones only as a habit of the file (every
 * row ends with a delimiter, or most do and the header does, too). An empty field too many in a single row is what an
 * unquoted delimiter makes, which moves all cells behind it. The whole file is looked at only where its header or its first
 * row has more fields than names. The habit stands in the match as cells without names.
 */
async function settleWidth(facts: FileFacts, identified: Identification): Promise<HeaderMatch> {
  const { match } = identified;
  const names = namedWidth(match.cells);
  if (names === 0) {
    return match;
  }
  const widths = new Map<number, number>();
  let [rows, torn] = [0, 0];
  for await (const record of wholeRows(facts, identified)) {
    const width = record.fields.length;
    if (width < names) {
      continue;
    }
    widths.set(width, (widths.get(width) ?? 0) + 1);
    if (match.cells.length > names) {
      continue;
    }
    if (width === names) {
      break;
    }
    rows++;
    if (isTorn(record, identified.layout.delimiter)) {
      torn++;
    }
  }
  // Most rows are torn: that is no habit of ending rows with a delimiter.
  if (torn * 2 > rows) {
    widths.set(names, 1);
  }
  const fields = habit(widths, { names, header: match.cells.length });
  const cells = match.cells.slice(0, fields);
  while (cells.length < fields) {
    cells.push({ index: cells.length, text: '', column: null, byPosition: false });
  }
  return { ...match, cells };
}

/** Fields that a row may have, from how many rows have how many. */
function habit(
  widths: ReadonlyMap<number, number>,
  { names, header }: { readonly names: number; readonly header: number },
): number {
  if (widths.size === 0) {
    return header;
  }
  const least = Math.min(...widths.keys());
  const rows = [...widths.values()].reduce((sum, count) => sum + count, 0);
  // One row makes no habit.
  if (header === names) {
    return rows > 1 ? least : names;
  }
  if (least > names) {
    return least;
  }
  return (widths.get(names) ?? 0) * 2 <= rows ? header : names;
}

/** A text without quotes was cut at its delimiters: behind one of them it goes on with a blank, as no other cell of the row begins. */
function isTorn({ raw }: TextRecord, delimiter: string): boolean {
  const cells = raw
    .replace(/"(?:[^"]|"")*"/g, '""')
    .split(delimiter)
    .slice(1);
  const said = cells.filter((cell) => cell.trim() !== '');
  const goingOn = said.filter((cell) => /^ [^ "]/.test(cell)).length;
  return goingOn > 0 && goingOn < said.length;
}

async function* wholeRows(facts: FileFacts, identified: Identification): AsyncGenerator<TextRecord> {
  for await (const batch of dataRows(facts, identified).records) {
    for (const record of batch) {
      if (record.fault === null) {
        yield record;
      }
    }
  }
}
