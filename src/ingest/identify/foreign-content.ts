import type { FileFacts } from '../csv/file-facts.ts';

/** What a file is that is no CSV, and what to do about it; each a part of a sentence. */
export interface ForeignContent {
  readonly what: string;
  readonly todo: string;
}

const asCsv = 'Open it in a spreadsheet program and save it as "CSV UTF-8", or export it as CSV';
const unpack = 'Unpack it and load the CSV file inside, or pack that as .zip or .gz';
// Only those come here that lie inside another one: by itself each is taken apart.
const unpackInner = 'Unpack it and load the CSV file inside: what lies in an archive inside another one is not loaded';
const exportAgain = 'Export the file again as CSV';

/** First bytes, read as latin1, that no CSV file has. */
const signatures: readonly (readonly [begins: string, what: string, todo: string])[] = [
  ['\x1f\x8b', 'a gzip archive (.gz)', unpackInner],
  ['\x1f\x9d', 'a compressed file (.Z)', unpack],
  ['PK\x05\x06', 'an empty ZIP archive', exportAgain],
  ['PK\x07\x08', 'a ZIP archive in parts', unpack],
  ['7z\xbc\xaf\x27\x1c', 'a 7-Zip archive (.7z)', unpack],
  ['Rar!\x1a\x07', 'a RAR archive (.rar)', unpack],
  ['\xfd7zXZ\0', 'an XZ archive (.xz)', unpack],
  ['\x28\xb5\x2f\xfd', 'a Zstandard archive (.zst)', unpack],
  ['BZh91AY&SY', 'a bzip2 archive (.bz2)', unpack],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'an old Excel workbook (.xls), or one with a password', asCsv],
  ['\x09\x08\x10\0\0\x06\x05\0', 'an old Excel workbook (.xls)', asCsv],
  ['%PDF-', 'a PDF document', exportAgain],
  ['{\\rtf', 'a rich text document (.rtf)', exportAgain],
  ['PAR1\x15', 'a Parquet file', exportAgain],
  ['SQLite format 3\0', 'an SQLite database', exportAgain],
  ['\x89PNG\r\n', 'a picture (PNG)', exportAgain],
  ['\xff\xd8\xff', 'a picture (JPEG)', exportAgain],
  ['GIF8', 'a picture (GIF)', exportAgain],
  ['-----BEGIN PGP MESSAGE', 'an encrypted message (PGP)', 'Decrypt it and load the CSV file inside'],
  ['\xff\xfe\0\0', 'text in UTF-32', 'Save it as UTF-8'],
  ['\0\0\xfe\xff', 'text in UTF-32', 'Save it as UTF-8'],
];

/** What the members of a ZIP archive make of it. */
const packed: readonly (readonly [member: string, what: string, todo: string])[] = [
  ['xl/workbook.bin', 'an Excel workbook (.xlsb)', asCsv],
  ['xl/', 'an Excel workbook (.xlsx)', asCsv],
  ['opendocument.spreadsheet', 'an OpenDocument spreadsheet (.ods)', asCsv],
  ['Index/Document.iwa', 'a Numbers spreadsheet', asCsv],
  ['word/', 'a Word document (.docx)', exportAgain],
  ['[Content_Types].xml', 'an Office document', asCsv],
];

/** By its first bytes; null: it may be CSV. `head`: the first bytes of the file. */
export function foreignContent(head: Buffer, facts: FileFacts): ForeignContent | null {
  const start = head.toString('latin1', 0, 64 * 1024);
  if (start.startsWith('PK\x03\x04')) {
    const [, what, todo] = packed.find(([member]) => start.includes(member)) ?? [
      '',
      'a ZIP archive (.zip)',
      unpackInner,
    ];
    return { what, todo };
  }
  if (start.startsWith('ustar', 257)) {
    return { what: 'a tar archive (.tar)', todo: unpack };
  }
  const known = signatures.find(([begins]) => start.startsWith(begins));
  if (known !== undefined) {
    return { what: known[1], todo: known[2] };
  }
  if (facts.textEnd <= facts.evidence.bomBytes && start.includes('\0')) {
    const what = `${facts.bytes} bytes of padding and no text, as an upload leaves that never came`;
    return { what, todo: 'Send the file again' };
  }
  return markup(textOf(head, facts).trimStart());
}

/** The beginning of the text as far as markup needs it. */
function textOf(head: Buffer, { evidence }: FileFacts): string {
  const start = head.subarray(evidence.bomBytes, 64 * 1024);
  const encoding = evidence.bom ?? evidence.wide ?? 'utf-8';
  if (encoding === 'utf-16be') {
    return Buffer.from(start.subarray(0, start.length & ~1))
      .swap16()
      .toString('utf16le');
  }
  return start.toString(encoding === 'utf-16le' ? 'utf16le' : 'utf8');
}

function markup(text: string): ForeignContent | null {
  if (/^[{[]/.test(text)) {
    return json(text);
  }
  if (/^HTTP\/\d/.test(text)) {
    return { what: `an HTTP reply ("${lineOf(text)}")`, todo: 'Download the file again' };
  }
  if (!text.startsWith('<')) {
    return null;
  }
  if (/urn:schemas-microsoft-com:office:spreadsheet/.test(text)) {
    return { what: 'an Excel 2003 spreadsheet in XML', todo: asCsv };
  }
  const bare = text.replace(/^(?:<!--[\s\S]*?-->|<\?[\s\S]*?\?>|\s)+/, '');
  if (/^<(?:!doctype\s+html|html|head|body|title|meta|script|center|h1|p|div|table)\b/i.test(bare)) {
    return html(bare);
  }
  const root = /^<(?:!doctype\s+)?([A-Za-z_][\w:.-]*)(?=[\s/>])[^<>]*>(?![,;\t|])/i.exec(bare)?.[1];
  if (root === undefined && !text.startsWith('<?xml')) {
    return null;
  }
  return { what: `an XML document${root === undefined ? '' : ` (<${root}>)`}`, todo: exportAgain };
}

function html(text: string): ForeignContent {
  const title =
    /<title[^>]*>\s*([^<]{1,100}?)\s*</i.exec(text)?.[1] ?? /<h1[^>]*>\s*([^<]{1,100}?)\s*</i.exec(text)?.[1];
  const named = title === undefined ? '' : ` ("${lineOf(title)}")`;
  if (/<table\b/i.test(text)) {
    return { what: `an HTML page with a table${named}`, todo: asCsv };
  }
  const todo = 'An error page or a sign-in came instead of the export: download the file again';
  return { what: `an HTML page${named}`, todo };
}

function json(text: string): ForeignContent | null {
  if (!/^(?:\{\s*["}]|\[\s*[{["\]])/.test(text)) {
    return null;
  }
  return { what: `JSON (${lineOf(text)})`, todo: exportAgain };
}

const lineOf = (text: string): string => {
  const line = (/^[^\r\n]*/.exec(text)?.[0] ?? '').trim();
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
};

/** Whether the first bytes hold so many control characters that they are no text. */
export function isBinary(head: Buffer, { evidence, textEnd }: FileFacts): boolean {
  if (evidence.bom !== null || evidence.wide !== null) {
    return false;
  }
  const text = head.subarray(0, Math.min(textEnd, head.length, 64 * 1024));
  let controls = 0;
  for (const byte of text) {
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) {
      controls++;
    }
  }
  return controls > text.length / 50;
}
