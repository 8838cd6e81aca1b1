import { deepEqual, equal } from 'node:assert/strict';
import { encodingProperty } from './support/encoding-property.ts';
import { l9, labels, useFiles } from './support/inspected.ts';

const kib256 = 256 * 1024;

/** Rows of labels until the text is so long. */
function filledWith(text: string, length: number, from = 1): string {
  const rows: string[] = [];
  for (let size = 0; size < length; ) {
    const row = `${from + rows.length},${text},,,,,,,\n`;
    rows.push(row);
    size += Buffer.byteLength(row);
  }
  return rows.join('');
}

describe('Encodings of files', () => {
  const files = useFiles();

  it('A1 the decision weighs all bytes: one character in the first piece, thousands in the next, a cut one at the end', async () => {
    const first = `${l9}\n1,caf\u00e9,,,,,,,\n${filledWith('plain text', kib256, 2)}`;
    const second = filledWith('\u00e9t\u00e9 \u00e0 la plage', kib256, 100_000);
    const cut = Buffer.concat([Buffer.from('999999,'), Buffer.from('😀').subarray(0, 3), Buffer.from(',,,,,,,\n')]);
    const found = await files.inspect(Buffer.concat([Buffer.from(first + second), cut]));
    deepEqual([found.encoding?.encoding, found.encoding?.basis], ['utf-8', 'damaged']);
    deepEqual([found.rows.rejected, found.faults[0]?.code], [1, 'INVALID_ENCODING']);
  });

  it('A1 a file of a code page whose few letters stand at its very end is read in that code page', async () => {
    const text = `${l9}\n${filledWith('plain text', 2 * kib256)}999999,caf\u00e9 \u00ab\u00a0cr\u00e8me\u00a0\u00bb,,,,,,,\n`;
    const rows = await files.rows(Buffer.from(text, 'latin1'));
    equal(rows.at(-1)?.fields[1], 'caf\u00e9 \u00ab\u00a0cr\u00e8me\u00a0\u00bb');
  });

  it('A1 the code page is windows-1252 where it differs from latin1: a euro sign, quotes and dashes', async () => {
    const bytes = [0x80, 0x82, 0x85, 0x8a, 0x91, 0x92, 0x93, 0x94, 0x96, 0x97, 0x99, 0x9f, 0xe9];
    const file = Buffer.concat([Buffer.from(`${l9}\n1,`), Buffer.from(bytes), Buffer.from(',,,,,,,\n')]);
    equal((await files.rows(file))[0]?.fields[1], '€‚…Š‘’“”–—™Ÿé');
  });

  it('A1 a letter before punctuation that is UTF-8 by chance does not outweigh the letters that are none', async () => {
    // é, no-break space and » are E9 A0 BB, a Chinese character; the guillemet before is no UTF-8.
    const rows = await files.rows(Buffer.from(`${l9}\n1,\u00ab\u00a0caf\u00e9\u00a0\u00bb,,,,,,,\n`, 'latin1'));
    equal(rows[0]?.fields[1], '\u00ab\u00a0caf\u00e9\u00a0\u00bb');
  });

  it('A1 a damaged character beside a sound one is a damaged row, no mojibake', async () => {
    for (const damage of [Buffer.from('😀').subarray(0, 3), Buffer.from([0xc3]), Buffer.from('😀').subarray(1)]) {
      const file = Buffer.concat([Buffer.from(`${l9}\n1,\u00e9,,,,,,,\n2,x`), damage, Buffer.from(',,,,,,,\n')]);
      const found = await files.inspect(file);
      deepEqual([found.encoding?.encoding, found.rows.rejected], ['utf-8', 1]);
    }
  });

  it('A1 an emoji cut off in plain text speaks for UTF-8, a single letter for the code page', async () => {
    const around = (bytes: Buffer) =>
      Buffer.concat([Buffer.from(`${l9}\n1,x`), bytes, Buffer.from(',,,,,,,\n2,y,,,,,,,\n')]);
    const emoji = await files.inspect(around(Buffer.from('😀').subarray(0, 3)));
    deepEqual([emoji.encoding?.encoding, emoji.rows.rejected], ['utf-8', 1]);
    const letter = await files.inspect(around(Buffer.from([0xe9])));
    deepEqual([letter.encoding?.encoding, letter.rows.rejected], ['windows-1252', 0]);
  });

  it('A1 an emoji in CESU-8, as some databases write it, is a damaged row of UTF-8; half of one is no sign of it', async () => {
    const cesu = Buffer.from([0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]);
    // Cut by the pieces in which files are read at every place.
    for (let back = 0; back <= 7; back++) {
      const start = `${l9}\n1,é,,,,,,,\n`;
      const filler = filledWith('text', kib256 - Buffer.byteLength(start) - 200, 10);
      const row = `9,${'x'.repeat(kib256 - back - 2 - Buffer.byteLength(start + filler))}`;
      const file = Buffer.concat([Buffer.from(start + filler + row), cesu, Buffer.from(',,,,,,,\n')]);
      const found = await files.inspect(file);
      deepEqual(
        [found.encoding?.encoding, found.rows.rejected, found.faultsByCode.get('INVALID_ENCODING')],
        ['utf-8', 1, 1],
      );
    }
    const spanish = Buffer.from(`${l9}\n1,«\u00a0aquí\u00a0»,,,,,,,\n`, 'latin1');
    equal((await files.rows(spanish))[0]?.fields[1], '«\u00a0aquí\u00a0»');
  });

  it('A1 a character cut where two pieces of the file meet is whole', async () => {
    for (const back of [1, 2, 3]) {
      const start = `${l9}\n1,`;
      const text = `${start}${'a'.repeat(kib256 - start.length - back)}😀,,,,,,,\n2,\u00e9,,,,,,,\n`;
      const found = await files.inspect(text);
      deepEqual([found.encoding?.basis, found.rows.accepted], ['valid', 2]);
    }
  });

  it('A1 control characters of UTF-8 are text, bytes that windows-1252 does not have are none', async () => {
    const control = await files.rows(`${l9}\n1,a\u0085b\u009fc,,,,,,,\n`);
    equal(control[0]?.fields[1], 'a\u0085b\u009fc');
    const undefined1252 = await files.inspect(
      Buffer.from(`${l9}\n1,caf\u00e9\u0081,,,,,,,\n2,caf\u00e9,,,,,,,\n`, 'latin1'),
    );
    deepEqual([undefined1252.rows.rejected, undefined1252.faults[0]?.code], [1, 'INVALID_ENCODING']);
  });

  for (const encoding of ['utf-16le', 'utf-16be'] as const) {
    const encode = (text: string): Buffer => {
      const bytes = Buffer.from(text, 'utf16le');
      return encoding === 'utf-16be' ? bytes.swap16() : bytes;
    };

    it(`A11 ${encoding} is read without a mark, also where most of its text is Chinese`, async () => {
      for (const name of ['caf\u00e9 😀', '上'.repeat(5000)]) {
        const found = await files.inspect(encode(`${l9}\r\n1,${name},,,,,,,\r\n`));
        deepEqual([found.encoding?.encoding, found.rows.accepted, found.refusal], [encoding, 1, null]);
      }
    });

    it(`A1 half a character pair in ${encoding} and half a character at its end are damage, not U+FFFD in a cell`, async () => {
      const lone = await files.inspect(encode(`\ufeff${l9}\n1,a\ud83db,,,,,,,\n2,c,,,,,,,\n`));
      deepEqual([lone.rows, lone.faults[0]?.code], [{ read: 2, accepted: 1, rejected: 1 }, 'INVALID_ENCODING']);
      const half = Buffer.concat([encode(`\ufeff${l9}\n1,a,,,,,,,\n2,c,,,,,,,`), Buffer.from([0x41])]);
      const cut = await files.inspect(half);
      deepEqual([cut.rows, cut.faults[0]?.code], [{ read: 2, accepted: 1, rejected: 1 }, 'INVALID_ENCODING']);
    });

    it(`A13 U+0000, Ctrl-Z and half of one at the end of ${encoding} are padding`, async () => {
      for (const mark of ['\ufeff', '']) {
        for (const end of ['\0'.repeat(64), '\u001a', '\u001a\r\n', '\0\0\r\n\0']) {
          for (const half of [Buffer.alloc(0), Buffer.alloc(1)]) {
            const file = Buffer.concat([encode(`${mark}${l9}\r\n1,a\u1a00\u4100,,,,,,,\r\n${end}`), half]);
            const found = await files.inspect(file);
            deepEqual(found.rows, { read: 1, accepted: 1, rejected: 0 }, JSON.stringify(end));
          }
        }
      }
    });
  }

  it('A13 what a file is padded with at its end is passed over, in every amount', async () => {
    const rows = `${l9}\n1,a,,,,,,,\n2,b,,,,,,,`;
    const ends = [
      '\0'.repeat(64),
      '\n\u001a',
      '\u001a',
      '\n\0\0\u001a\u001a',
      '\r\n\u001a\r\n',
      `\n${'\0'.repeat(200_000)}`,
    ];
    for (const end of ends) {
      const found = await files.inspect(rows + end);
      deepEqual(found.rows, { read: 2, accepted: 2, rejected: 0 }, JSON.stringify(end.slice(0, 9)));
    }
    const last = await files.rows(`${l9}\n1,a,,,,,,,kept  \n`);
    equal(last[0]?.fields.at(-1), 'kept  ');
  });

  it('A13 U+0000 inside a file is a fault of its row, and makes no UTF-16 of it', async () => {
    const found = await files.inspect(`${l9}\n1,a\0b,,,,,,,\n2,b,,,,,,,\n`);
    deepEqual([found.encoding?.encoding, found.rows.accepted, found.faults[0]?.code], ['utf-8', 1, 'NUL_CHARACTER']);
  });

  it('A1 half a character at the end of UTF-16 is a fault of the last row, whose bytes end with the file', async () => {
    for (const end of ['', '\n']) {
      for (const mark of ['', '\ufeff']) {
        const bytes = Buffer.from(`${mark}${l9}\n1,a,,,,,,,\n2,b,,,,,,,x${end}`, 'utf16le');
        const { facts, faults } = await files.inspect(Buffer.concat([bytes, Buffer.from('y')]));
        const [only] = faults;
        deepEqual([faults.length, only?.code, only?.byteEnd], [1, 'INVALID_ENCODING', facts.bytes]);
      }
    }
  });

  it('A1 property: texts in four encodings, cut anywhere and damaged, are judged as a whole and read row by row', () => {
    encodingProperty(300);
  });

  it('A1 a file of two exports with the same header is identified in each encoding alike', async () => {
    const text = `${l9}\r\n1,Cr\u00e8me,,,,,,,\r\n`;
    for (const bytes of [Buffer.from(text), Buffer.from(text, 'latin1'), Buffer.from(text, 'utf16le')]) {
      const found = await files.inspect(bytes, { source: labels.source });
      equal(found.identified?.export.name, labels.export, found.refusal?.message);
    }
  });
});
