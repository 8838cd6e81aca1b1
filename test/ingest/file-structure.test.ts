import { deepEqual, equal, match } from 'node:assert/strict';
import type { ExportColumn } from '../../src/catalogue/catalogue.ts';
import { catalogue, exportFile } from './support/feed.ts';
import { attributes, ca7, l9, useFiles } from './support/inspected.ts';
import { structureProperty } from './support/structure-property.ts';

const under = (delimiter: string, text: string): string => text.replaceAll(',', delimiter);

const spelled = (column: ExportColumn, language: string): string | undefined =>
  column.headers.find((one) => one.language === language)?.text;

describe('Structure of files: what a person would not call a row is none', () => {
  const files = useFiles();
  const fieldsOf = async (text: string, options?: Parameters<typeof files.rows>[1]) =>
    (await files.rows(text, options)).map(({ fault, fields }) => fault ?? fields);

  for (const delimiter of [',', ';', '\t']) {
    it(`A2 a row without one value is a blank line, delimiter ${JSON.stringify(delimiter)}`, async () => {
      const blanks = [
        ',,,',
        ',,,,,,,,',
        ' , ,,,,,,,',
        '"","","",,,,,,',
        '" ",,,,,,,,',
        '\u00a0,\u200b,,,,,,,',
        'NULL,NULL,,,,,,,',
      ];
      for (const blank of [
        ...blanks.map((text) => under(delimiter, text)),
        '',
        ' ',
        '""',
        '\u001a',
        ';;;;',
        ',,,,,,,,,',
        '\t\t\t',
        '|||',
      ]) {
        const text = `${under(delimiter, `${l9}\n1,a,,,,,,,\n`)}${blank}\n${under(delimiter, '2,b,,,,,,,\n')}`;
        const found = await files.inspect(text);
        deepEqual(found.rows, { read: 2, accepted: 2, rejected: 0 }, JSON.stringify(blank));
      }
    });
  }

  it('A2 a word that means null is a text where a person wrote the column', async () => {
    const written = exportFile('sparkcentral/messages', [{ Content: 'NULL' }]);
    const machine = exportFile('sparkcentral/messages', [{ TeamName: ' ' }]);
    const options = { source: 'sparkcentral', export: 'messages' };
    deepEqual(
      [(await files.inspect(written, options)).rows.read, (await files.inspect(machine, options)).rows.read],
      [1, 0],
    );
  });

  it('A3 a line end written twice is one line end: \\r\\r\\n, in the header, in rows, in both', async () => {
    for (const header of ['\n', '\r\n', '\r\r\n']) {
      for (const end of ['\n', '\r\n', '\r\r\n', '\r\r\r\n']) {
        const rows = await files.rows(`${ca7}${header}cp-91,"a","b"${end}cp-92,c,"d\r\r\ne"${end}`, attributes);
        deepEqual(
          rows.map(({ fields }) => fields),
          [
            ['cp-91', 'a', 'b'],
            ['cp-92', 'c', 'd\r\r\ne'],
          ],
          JSON.stringify([header, end]),
        );
      }
    }
  });

  it('A3 lines of a file may end in LF, CRLF and CR, whichever comes first', async () => {
    for (const [first, second, third] of [
      ['\n', '\r', '\r\n'],
      ['\r\n', '\r', '\n'],
      ['\r', '\n', '\r\n'],
      ['\r', '\r\n', '\r'],
    ]) {
      deepEqual(
        await fieldsOf(`${l9}${first}1,a,,,,,,,${second}2,"b",,,,,,,"x"${third}3,c,,,,,,,${first}`),
        [1, 2, 3].map((id) => [String(id), ' abc'.charAt(id), '', '', '', '', '', '', id === 2 ? 'x' : '']),
        JSON.stringify([first, second, third]),
      );
    }
  });

  it('A3 LFCR is a line end: no key begins with a CR', async () => {
    for (const end of ['\n\r', '\n\r\r', '\r\n\r']) {
      deepEqual(await fieldsOf(`${ca7}${end}cp-1,,,1,x,,${end}"cp-2",,,2,y,,${end}`, attributes), [
        ['cp-1', '', '', '1', 'x', '', ''],
        ['cp-2', '', '', '2', 'y', '', ''],
      ]);
    }
  });

  it('A3 rows that CR ends are read below a header that LF ends, also where they are longer together than any record', async () => {
    const row = (id: number): string => `${id},${'long name '.repeat(20)},,,,,,,`;
    const rows = Array.from({ length: 25_000 }, (_, index) => row(index + 1));
    const found = await files.inspect(`${l9}\n${rows.join('\r')}`);
    deepEqual(found.rows, { read: 25_000, accepted: 25_000, rejected: 0 });
  });

  it('A3 a CR inside a text, NEL, LS and PS are no line ends', async () => {
    for (const mark of ['\r', '\u0085', '\u2028', '\u2029']) {
      deepEqual(await fieldsOf(`${l9}\r\n1,a${mark}b,,,,,,,\r\n2,"c\r${mark}\r\nd",,,,,,,\r\n`), [
        ['1', `a${mark}b`, '', '', '', '', '', '', ''],
        ['2', `c\r${mark}\r\nd`, '', '', '', '', '', '', ''],
      ]);
    }
  });

  it('A4 a header that comes again is passed over: quoted otherwise, with a mark, in another case, by other names', async () => {
    const names = ca7.split(',');
    const again = [
      ca7,
      names.map((name) => `"${name}"`).join(','),
      names.map((name) => `"${name.toUpperCase()}" `).join(','),
      `\ufeff${ca7}`,
      `\ufeff${names.map((name) => `"${name}"`).join(',')}`,
      `\u001a${ca7}`,
      `sep=,\n${ca7}`,
      names.map((name) => ` ${name.replaceAll(' ', '_').toLowerCase()}`).join(','),
      `${ca7}\n${ca7}`,
    ];
    for (const header of again) {
      const found = await files.inspect(`${ca7}\ncp-1,,,1,x,,\n${header}\ncp-2,,,2,y,,\n`, attributes);
      deepEqual(
        found.rows,
        { read: 2, accepted: 2, rejected: 0 },
        JSON.stringify([header, found.refusal?.message, found.faults]),
      );
      equal(found.passedOver.headers, header === `${ca7}\n${ca7}` ? 2 : 1);
    }
  });

  it('A4 a header behind the last row of a file that did not end its line is taken off', async () => {
    const quoted = ca7
      .split(',')
      .map((name) => `"${name}"`)
      .join(',');
    for (const header of [ca7, quoted, `\ufeff${ca7}`]) {
      for (const last of ['x,,', 'x,,y', '"x","","y"']) {
        const rows = await files.rows(`${ca7}\ncp-1,,,1,${last}${header}\ncp-2,,,2,y,,\n`, attributes);
        deepEqual(
          rows.map(({ fault, fields }) => fault ?? fields),
          [
            ['cp-1', '', '', '1', ...last.replaceAll('"', '').split(',')],
            ['cp-2', '', '', '2', 'y', '', ''],
          ],
          JSON.stringify([header, last]),
        );
        equal(rows[0]?.raw, `cp-1,,,1,${last}`);
      }
    }
    // Part of a header is none.
    const text = await files.inspect(`${l9}\n1,a,,,,,,,ID,NAME\n`);
    equal(text.faults[0]?.code, 'TOO_MANY_FIELDS');
  });

  it('A4 a header in other words of the export is the same header', async () => {
    const target = catalogue.exports.find((one) => one.columns.some((column) => spelled(column, 'fr') !== undefined));
    const options = { source: target?.source ?? '', export: target?.name ?? '', period: '2026-01-01..2026-02-01' };
    const french = target?.columns.map((column) => `"${spelled(column, 'fr') ?? column.headers[0]?.text}"`).join(',');
    const found = await files.inspect(exportFile(`${options.source}/${options.export}`, []) + french, options);
    deepEqual([found.rows.read, found.passedOver.headers, found.refusal], [0, 1, null]);
  });

  it('A4 a mark and Ctrl-Z that joined files leave before a row are no part of its key', async () => {
    deepEqual(await fieldsOf(`${ca7}\ncp-1,1,x\n\ufeffcp-2,2,y\n\u001acp-3,3,z\n\ufeff"cp-4",4,z\n`, attributes), [
      ['cp-1', '1', 'x'],
      ['cp-2', '2', 'y'],
      ['cp-3', '3', 'z'],
      ['cp-4', '4', 'z'],
    ]);
  });

  it('A4 a header with the columns in another order is no row and not passed over: the file is refused', async () => {
    const moved = l9.split(',').reverse().join(',');
    const found = await files.inspect(`${l9}\n1,a,,,,,,,\n${moved}\n,,,,,,,b,2\n`);
    equal(found.refusal?.code, 'FileJoined');
    match(found.refusal?.message ?? '', /another header in line 3/);
  });

  it('A4 a row whose texts are names of columns is a row', async () => {
    const found = await files.inspect(`${l9}\n1,NAME,,DESCRIPTION,,,,,\n2,ID,,,,,,,\n`);
    deepEqual([found.rows.accepted, found.refusal], [2, null]);
  });

  it('A6 one field too many is a fault although it is empty', async () => {
    for (const rows of [
      '9202,x,,Text, with comma,,,,,\n',
      '1,a,,,,,,,\n9202,x,,Text, with comma,,,,,\n',
      '9202,x,,Text, with comma,,,,,\n1,a,,,,,,,\n',
    ]) {
      const found = await files.inspect(`${l9}\n${rows}`);
      deepEqual([found.rows.rejected, found.faults[0]?.code], [1, 'TOO_MANY_FIELDS']);
    }
  });

  it('A6 a delimiter at the end of every row is a habit of the file; a row with one more is at fault', async () => {
    const rows = '1,a,,,,,,,,\n2,b,,,,,,,,\n3,c,,,,,,,,\n';
    const habit = await files.inspect(`${l9}\n${rows}`);
    deepEqual(habit.rows, { read: 3, accepted: 3, rejected: 0 });
    deepEqual(habit.identified?.match.unknown, []);
    const moved = await files.inspect(`${l9}\n${rows}9202,x,,Text, with comma,,,,,,\n`);
    deepEqual([moved.rows.accepted, moved.faults.map(({ code, line }) => [code, line])], [3, [['TOO_MANY_FIELDS', 5]]]);
    const header = await files.inspect(`${l9},\n${rows.replaceAll(/,\n/g, '\n')}`);
    deepEqual(header.rows, { read: 3, accepted: 3, rejected: 0 });
    const one = await files.inspect(`${l9},\n${rows.replaceAll(/,\n/g, '\n')}9202,x,,Text, with comma,,,,,\n`);
    deepEqual([one.rows.accepted, one.faults.map(({ code }) => code)], [3, ['TOO_MANY_FIELDS']]);
  });

  it('A6 blanks around a quoted field are passed over, in rows and in the header', async () => {
    const quoted = l9.split(',').map((name) => `"${name}"`);
    for (const header of [l9, quoted.join(', '), quoted.join(' ,\t'), ` ${quoted.join(' , ')} `]) {
      deepEqual(await fieldsOf(`${header}\n9201,x,, "a, b",\t"c ""d""\ne" ,,,, "f" \r\n9202, y ,,,,,,,\n`), [
        ['9201', 'x', '', 'a, b', 'c "d"\ne', '', '', '', 'f'],
        ['9202', ' y ', '', '', '', '', '', '', ''],
      ]);
    }
    deepEqual(await fieldsOf(`${under('\t', l9)}\n1\t "a\tb" \t\t\t\t\t\t\t\n`), [
      ['1', 'a\tb', '', '', '', '', '', '', ''],
    ]);
  });

  it('A6 a blank and a quote that open nothing are text', async () => {
    deepEqual(await fieldsOf(`${l9}\n1, "x" and y,,,,,,,\n2, 5" pipe,,,,,,,\n3, "open,,,,,,,\n`), [
      ['1', ' "x" and y', '', '', '', '', '', '', ''],
      ['2', ' 5" pipe', '', '', '', '', '', '', ''],
      ['3', ' "open', '', '', '', '', '', '', ''],
    ]);
  });

  it('A10 what stands before a header is passed over: marks, characters without width, blank lines, sep= lines', async () => {
    const quoted = l9
      .split(',')
      .map((name) => `"${name}"`)
      .join(',');
    const starts = [
      '\ufeff\ufeff',
      '\ufeff\ufeff\ufeff',
      '\u200b',
      '\u2060\u200b',
      '\ufeff\u200b',
      '\n\n',
      '\r\n',
      ' \r\n',
      ',,,\n',
      '\u00a0',
    ];
    for (const start of starts) {
      for (const header of [l9, quoted]) {
        const found = await files.inspect(`${start}${header}\n1,a,,,,,,,\n`);
        deepEqual(
          [found.refusal, found.rows.accepted, found.identified?.match.missing],
          [null, 1, []],
          JSON.stringify([start, header]),
        );
      }
    }
  });

  it('A10 the line sep= is taken in every way that it is written', async () => {
    const semicolons = under(';', `${l9}\n1,a,,,,,,,\n`);
    for (const line of [
      'sep=;',
      'sep=;;;;;;;;',
      '"sep=;"',
      '"sep=;";;;;;;;;',
      'SEP=;',
      '"sep=;"  ',
      'sep=";"',
      'sep=',
      'sep=;,,,,',
      'sep=,',
    ]) {
      for (const start of ['', '\ufeff', '\n', '\ufeff\r\n', '\u200b']) {
        for (const behind of ['\n', '\r\n', '\r\r\n', '\n\n', '\r\n\ufeff', '\n;;;;;;;;\n']) {
          const found = await files.inspect(`${start}${line}${behind}${semicolons}`);
          const layout = found.identified?.layout;
          deepEqual(
            [found.refusal, layout?.delimiter, layout?.separatorLine, found.rows.accepted],
            [null, ';', true, 1],
            JSON.stringify([start, line, behind]),
          );
        }
      }
    }
    for (const line of ['sep=\t', 'sep=\\t', 'sep=\t\t\t']) {
      const found = await files.inspect(`${line}\n${under('\t', `${l9}\n1,a,,,,,,,\n`)}`);
      deepEqual([found.refusal, found.rows.accepted], [null, 1]);
    }
  });

  it('A10 what cannot be seen around the names of a header is no part of them', async () => {
    const names = l9.split(',');
    for (const mark of ['\ufeff', '\u200b', '\u00a0', '\u2060', ' ', '\t']) {
      for (const header of [
        names.map((name) => `${mark}${name}${mark}`),
        names.map((name) => `"${mark}${name}${mark}"`),
      ]) {
        const found = await files.inspect(`${header.join(',')}\n1,a,,,,,,,\n`);
        deepEqual(
          [found.refusal?.message, found.identified?.match.unknown],
          [undefined, []],
          JSON.stringify(header[0]),
        );
      }
    }
  });

  it('A10 line numbers and byte ranges count from the beginning of the file', async () => {
    const text = `\ufeff\ufeff\r\nsep=;\r\n\r\n${under(';', l9)}\r\n;;;\r\n1;a;;;;;;;\r\nx;a;;;;;;;\r\n`;
    const [fault] = (await files.inspect(text)).faults;
    equal(fault?.line, 7);
    equal(Buffer.from(text).toString('latin1', fault?.byteStart, fault?.byteEnd), 'x;a;;;;;;;');
  });

  it('A14 a row with fewer fields than the header is at fault, also where only empty ones at its end are lacking', async () => {
    const found = await files.inspect(`${l9}\n1,a\n2,b,,,,,,\n3,c,,,,,,,\n`);
    deepEqual(
      found.faults.map(({ code, line }) => [code, line]),
      [
        ['TOO_FEW_FIELDS', 2],
        ['TOO_FEW_FIELDS', 3],
      ],
    );
    equal(found.rows.accepted, 1);
  });

  it('property: files with blank rows, headers again, mixed line ends, padding and blanks give the rows that csv-parse reads', async () => {
    await structureProperty(files, 150);
  });
});
