import { createReadStream } from 'node:fs';
import { appendFile, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** What each message's id begins with, where it stands first in its line or is another one's predecessor. */
export const startOfKey = 'ab530a13-';
/** Another beginning for each `number`. */
export const keyStart = (number: number): string => `${(0x10000000 + number).toString(16)}-`;

/** Appends the rows in the first `size` bytes of a file to it, with keys that begin otherwise. */
export async function appendOthers(name: string, size: number, start: string): Promise<void> {
  let rest = '';
  let header = true;
  for await (const chunk of createReadStream(name, { end: size - 1, encoding: 'latin1', highWaterMark: 1 << 20 })) {
    const text = `${rest}${String(chunk)}`;
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    await appendFile(
      name,
      text.slice(header ? text.indexOf('\n') + 1 : 0, end).replaceAll(startOfKey, start),
      'latin1',
    );
    header = false;
  }
}

/** Each newer than the one before, by the days in its name. */
export const exportName = (day: string): string => `[1234][message][01112026000000][${day}112026000000][uuid].csv`;

/** The same rows; each `nth` of them has another text in its last cell. */
export async function changeRows(from: string, to: string, nth = 1): Promise<void> {
  const file = await open(to, 'w');
  let lines: string[] = [];
  let row = -1;
  for await (const line of createInterface({ input: createReadStream(from) })) {
    lines.push(row < 0 || row % nth > 0 ? line : line.replace(/[^,"]*$/, 'changed'));
    row += 1;
    if (lines.length === 10_000) {
      await file.write(`${lines.join('\n')}\n`);
      lines = [];
    }
  }
  await file.write(`${lines.join('\n')}\n`);
  await file.close();
}
