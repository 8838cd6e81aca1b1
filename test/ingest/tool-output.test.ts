import { deepEqual, equal, match } from 'node:assert/strict';
import { attributes, ca7, l9, useFiles } from './support/inspected.ts';

const ruler = (names: string): string => names.replaceAll(/[^,]/g, '-');
const row = (id: string): string => `${id},a,b,1,c,d,e`;

describe('What query tools and spreadsheets put around rows and values', () => {
  const files = useFiles();
  const ids = async (text: string): Promise<readonly unknown[]> =>
    (await files.rows(text, attributes)).map(({ fault, fields }) => fault ?? fields[0]);

  it('A10 the #TYPE line of PowerShell before the header is passed over, also where files were joined', async () => {
    const quoted = ca7
      .split(',')
      .map((name) => `"${name}"`)
      .join(',');
    for (const type of [
      '#TYPE System.Management.Automation.PSCustomObject',
      '#TYPE Selected.System.Data.DataRow',
      '#TYPE System.Collections.Generic.Dictionary`2[[System.String, mscorlib],[System.Object]]',
    ]) {
      for (const start of ['', '\ufeff', '\r\n']) {
        const part = `${type}\r\n${quoted}\r\n`;
        const text = `${start}${part}${row('cp-1')}\r\n${part}${row('cp-2')}\r\n`;
        const found = await files.inspect(text, { source: 'sparkcentral' });
        equal(found.refusal, null, type);
        deepEqual([found.rows, found.passedOver.headers], [{ read: 2, accepted: 2, rejected: 0 }, 1]);
      }
    }
  });

  it('A2 the rule below a header is no row: no contact is named -----', async () => {
    deepEqual(await ids(`${ca7}\r\n${ruler(ca7)}\r\n${row('cp-1')}\r\n`), ['cp-1']);
    // A dash for a value here and there is a value, and so is a row of single ones.
    deepEqual(await ids(`${ca7}\n--,-,-,--,-,-,x\n-,-,-,-,-,-,-\n--,,,--,,,\n`), ['--', '-', '--']);
  });

  it('A2 the count of rows below them is no row, in any language', async () => {
    for (const count of [
      '(1 rows affected)',
      '(1 row(s) affected)',
      '(1 row)',
      '(1 Zeile betroffen)',
      '(1 rij beïnvloed)',
      '(1 ligne(s) affectée(s))',
      '1 row selected.',
      'Completion time: 2026-11-29T14:44:21.1234567+01:00',
    ]) {
      deepEqual(await ids(`${ca7}\r\n${row('cp-1')}\r\n\r\n${count}\r\n`), ['cp-1'], count);
    }
  });

  it('A2 the rest of a text that was cut in lines is no such count: it is told', async () => {
    deepEqual(await ids(`${ca7}\ncp-1,a,b,1,it took\n(2 rows)\n${row('cp-2')}\n`), ['cp-1', '(2 rows)', 'cp-2']);
    // The row before may be whole where the text is in its last column.
    deepEqual(await ids(`${ca7}\n${row('cp-1')}\n(2 weken geleden)\n`), ['cp-1', '(2 weken geleden)']);
  });

  it('A6 two texts torn at their commas are no habit of the file', async () => {
    const torn = (id: number) => `${id},x,,Text, with comma,,,,,\n`;
    const both = await files.inspect(`${l9}\n${torn(1)}${torn(2)}`);
    deepEqual([both.rows.accepted, both.faultsByCode], [0, new Map([['TOO_MANY_FIELDS', 2]])]);
    // Below a header with the same habit, or among rows that are not torn, it is one.
    for (const text of [
      `${l9}\n1,x,,"Text, with comma",,,,,,\n2,x,,"Text, too",,,,,,\n`,
      `${l9}\n1, x, , Text, , , , , ,\n2, y, , Text, , , , , ,\n`,
      `${l9}\n1,x,, text,,,,,,\n2,x,,text,,,,,,\n3,x,,text,,,,,,\n`,
    ]) {
      equal((await files.inspect(text)).rows.rejected, 0, text);
    }
  });

  it('A11 a file of which nothing is known shows its first line: a title, or a message instead of the export', async () => {
    for (const line of ['502 Bad Gateway', 'ERROR: relation "labels" does not exist', 'Export of 29 November']) {
      const { refusal } = await files.inspect(`${line}\n\n${l9}\n1,a,,,,,,,\n`, {});
      equal(refusal?.code, 'FileUnknown');
      match(refusal?.message ?? '', new RegExp(`its first line is "${line}"$`));
    }
  });

  it('A8 a value in a formula that keeps it from being changed is the value, as spreadsheets show it', async () => {
    const guarded = await files.inspect(`${l9}\n="1",="01",,,,,,,\n"=""2""","=""b, """"c""""""",,,,,,,\n3,x,,,,,,,\n`);
    deepEqual(guarded.rows, { read: 3, accepted: 3, rejected: 0 });
    const header = l9
      .split(',')
      .map((name) => `"=""${name}"""`)
      .join(',');
    equal((await files.inspect(`${header}\n1,a,,,,,,,\n`, {})).refusal, null);
  });
});
