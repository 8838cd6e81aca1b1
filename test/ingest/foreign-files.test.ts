import { equal, match } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { l9, labels, useFiles } from './support/inspected.ts';

/** A ZIP archive of stored members; its directory is not needed to tell what it is. */
function zip(...names: readonly string[]): Buffer {
  const members = names.map((name) => {
    const content = deflateRawSync('<x/>'.repeat(20));
    const header = Buffer.alloc(30);
    header.write('PK\x03\x04', 'latin1');
    header.writeUInt16LE(8, 8);
    header.writeUInt32LE(content.length, 18);
    header.writeUInt16LE(name.length, 26);
    return Buffer.concat([header, Buffer.from(name), content]);
  });
  return Buffer.concat(members);
}

const page = '<!DOCTYPE html>\r\n<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\r\n';

describe('Files that are no CSV', () => {
  const files = useFiles();

  for (const [what, bytes, says] of [
    [
      'a workbook',
      zip('[Content_Types].xml', '_rels/.rels', 'xl/workbook.xml'),
      /an Excel workbook \(\.xlsx\)\. Open it in a spreadsheet program and save it as "CSV UTF-8"/,
    ],
    ['a binary workbook', zip('[Content_Types].xml', 'xl/workbook.bin'), /\(\.xlsb\)/],
    ['a spreadsheet of LibreOffice', zip('mimetypeapplication/vnd.oasis.opendocument.spreadsheet'), /\(\.ods\)/],
    ['a ZIP archive', zip('labels.csv'), /a ZIP archive \(\.zip\)\. Unpack it/],
    ['a gzip archive', gzipSync(l9), /a gzip archive \(\.gz\)\. Unpack it/],
    [
      'an old workbook',
      Buffer.from('d0cf11e0a1b11ae1000000000000', 'hex'),
      /an old Excel workbook \(\.xls\), or one with a password/,
    ],
    ['a PDF', '%PDF-1.7\n%\u00e2\u00e3\n', /a PDF document/],
    ['an error page', page, /an HTML page \("502 Bad Gateway"\)\. An error page or a sign-in came instead/],
    ['an error page with a mark and a comment', `\ufeff\n<!-- x -->${page}`, /an HTML page \("502 Bad Gateway"\)/],
    ['an error page in UTF-16', Buffer.from(page, 'utf16le'), /an HTML page/],
    [
      'a table that says it is a workbook',
      '<html><body><table><tr><td>ID</td></tr></table></body></html>',
      /an HTML page with a table\. Open it/,
    ],
    ['JSON', '{"error":{"code":"Unauthorized"}}', /JSON \(\{"error"/],
    ['a JSON list', '[\n {"ID":1}]', /JSON/],
    ['XML', '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', /an XML document \(<Error>\)/],
    [
      'an XML workbook',
      '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
      /an Excel 2003 spreadsheet in XML/,
    ],
    ['a whole HTTP reply', 'HTTP/1.1 502 Bad Gateway\r\n\r\n', /an HTTP reply \("HTTP\/1\.1 502 Bad Gateway"\)/],
    ['UTF-32', Buffer.from('fffe0000490000004400000', 'hex'), /text in UTF-32/],
    ['binary data', Buffer.from(Array.from({ length: 4000 }, (_, index) => (index * 37) % 256)), /binary data/],
    ['an upload that never came', Buffer.alloc(4096), /4096 bytes of padding and no text.* Send the file again/],
  ] as const) {
    it(`A11 the refusal says what a file is and what to do: ${what}`, async () => {
      for (const options of [{}, labels]) {
        const found = await files.inspect(bytes, options);
        equal(found.refusal?.code, 'FileNotCsv', found.refusal?.message);
        match(found.refusal?.message ?? '', /^a file\.csv is no CSV file but /);
        match(found.refusal?.message ?? '', says);
      }
    });
  }

  it('A11 names that look like the beginning of something else are names', async () => {
    for (const header of ['PK', '{ID}', '[ID]', '[1]', '<ID>', 'GIF', '%PDF', 'HTTP status', '"{""a"":1}"']) {
      const found = await files.inspect(`${header},other\n1,2\n`, {});
      equal(found.refusal?.code, 'FileUnknown', header);
    }
  });

  it('A12 a header with a blank behind its last quote is read', async () => {
    const quoted = l9
      .split(',')
      .map((name) => `"${name}"`)
      .join(',');
    for (const blank of [' ', '\t', '  ']) {
      for (const end of ['\n', '\r\n', '\r\r\n']) {
        const found = await files.inspect(`${quoted}${blank}${end}1,a,,,,,,,${end}`);
        equal(found.rows.accepted, 1, found.refusal?.message);
      }
    }
  });

  it('A12 a header that cannot be read is refused, never taken for an empty file', async () => {
    for (const [header, why] of [
      [`"${l9}`, /line 1: UNTERMINATED_QUOTE/],
      [`"ID"x,NAME,CATEGORY_ID`, /line 1: TEXT_AFTER_QUOTE/],
      [`\r\n"ID";"NAME"x;"CATEGORY_ID"`, /line 2: TEXT_AFTER_QUOTE/],
      [Buffer.concat([Buffer.from(`\ufeff${l9}`), Buffer.from([0xff])]), /line 1: INVALID_ENCODING/],
      ['x'.repeat(300_000), /within its first 256 KiB/],
      [`${',\n'.repeat(150_000)}${l9}`, /within its first 256 KiB/],
    ] as const) {
      for (const options of [{}, labels]) {
        const found = await files.inspect(Buffer.concat([Buffer.from(header), Buffer.from('\n1,a,,,,,,,\n')]), options);
        equal(found.refusal?.code, 'HeaderUnreadable', found.refusal?.message);
        match(found.refusal?.message ?? '', why);
      }
    }
  });

  it('A11 the documents name what is told', () => {
    match(readFileSync('docs/ingest.md', 'utf8'), /FileNotCsv/);
  });
});
