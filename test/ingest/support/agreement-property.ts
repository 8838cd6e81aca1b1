import { deepEqual, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { inspectFile } from '../../../src/ingest/load/inspect-file.ts';
import { loadFile } from '../../../src/ingest/load/load-file.ts';
import type { Feed } from './feed.ts';
import { attributes, ca7 } from './inspected.ts';
import { clear } from './random-files.ts';
import { clutteredFile, encoded, texts } from './structure-property.ts';

/** What hands, disks and programs do to the bytes of a file. */
const damage = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  kind: fc.constantFrom('put', 'replace', 'cut', 'twice'),
  bytes: fc.constantFrom(
    ...[
      '"',
      '""',
      ',',
      ';',
      '\n',
      '\r',
      '\r\n',
      '\0',
      '\u001a',
      '=',
      '-',
      ' ',
      '\t',
      '\ufeff',
      '\u200b',
      'é',
      '😀',
      'NULL',
      'sep=;\n',
      '1,24E+15',
      '#NAME?',
    ].map((text) => Buffer.from(text)),
    ...[[0xff], [0xc3], [0xe2, 0x82], [0x81], [0xd8, 0x00]].map((bytes) => Buffer.from(bytes)),
  ),
  length: fc.integer({ min: 1, max: 60 }),
});

export const damagedFile = fc.tuple(clutteredFile, fc.array(damage, { maxLength: 4 })).map(([sample, damages]) =>
  damages.reduce(
    (bytes, { at, kind, bytes: put, length }) => {
      const place = Math.floor(at * bytes.length);
      const [before, piece, after] = [
        bytes.subarray(0, place),
        bytes.subarray(place, place + length),
        bytes.subarray(place + length),
      ];
      if (kind === 'cut') {
        return Buffer.concat([before, after]);
      }
      if (kind === 'twice') {
        return Buffer.concat([before, piece, piece, after]);
      }
      return kind === 'put' ? Buffer.concat([before, put, piece, after]) : Buffer.concat([before, put, after]);
    },
    encoded(texts(sample).given, sample.encoding),
  ),
);

/** U+0000 in a name of the header, as bytes shifted by one make it in UTF-16, and half a character at the end. */
const nulInName = Buffer.from(`${ca7},N\0E\ncp-1,,,,,,x,\ncp-2,,,,,,x,`, 'utf16le').subarray(0, -1);

/** `inspect` says of a file, whole or damaged, what a load makes of it: taken or refused and why, rows, rejects by line and code. */
export async function agreementProperty(feed: Feed, numRuns: number): Promise<void> {
  let number = 0;
  await fc.assert(
    fc.asyncProperty(damagedFile, async (bytes) => {
      await clear(feed, ['SparkcentralContactAttributes', 'SparkcentralContacts']);
      const path = feed.write(`damaged ${number++}.csv`, bytes);
      const found = await inspectFile(path, feed.catalogue, { ...attributes, maxFaults: 1000 });
      const result = await loadFile({ catalogue: feed.catalogue, database: feed.database }, path, attributes);
      for (const { byteStart, byteEnd } of found.faults) {
        ok(byteStart <= byteEnd && byteEnd <= bytes.length);
      }
      if (found.refusal !== null || result.state !== 'loaded') {
        deepEqual(result.state === 'refused' ? [result.error.code, result.error.message] : result, [
          found.refusal?.code,
          found.refusal?.message,
        ]);
        return;
      }
      const { read, rejected, inserted, duplicate } = result.counts;
      deepEqual([read, rejected, inserted + duplicate], [found.rows.read, found.rows.rejected, found.rows.accepted]);
      const rejects = await feed.rows<{ line: number; code: string }>(
        `SELECT line::int, code FROM gateway.reject ORDER BY 1`,
      );
      deepEqual(
        rejects,
        found.faults.map(({ line, code }) => ({ line, code })),
      );
    }),
    { numRuns, examples: [[nulInName]] },
  );
}
