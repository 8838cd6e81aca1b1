/**
 * What `@odata.id` costs a reply of three columns that are no key, in CPU time of this process and in bytes:
 *   npm run bench -- ids [rounds]
 * Rows as they leave PostgreSQL, to JSON and through gzip at the level that replies have; both ways in turns, middle of all rounds.
 */
import { gzipSync } from 'node:zlib';
import { ByteOutput } from '../src/json/bytes/byte-output.ts';
import { CellInput } from '../src/json/cells/cell-input.ts';
import type { FieldShape } from '../src/json/row-shape.ts';
import { rowWriter } from '../src/json/row-writer.ts';

const rows = 20_000;
const root = 'https://feed.example.com/odata/';
const value = (name: string, type: 'Edm.DateTimeOffset' | 'Edm.String' | 'Edm.Int32'): FieldShape => {
  return { kind: 'value', name, type, collection: false };
};
const fields = [value('CreatedAt', 'Edm.DateTimeOffset'), value('Channel', 'Edm.String'), value('Words', 'Edm.Int32')];
const cells = (row: number): string =>
  `2024-01-02 03:${String(row % 60).padStart(2, '0')}:09.25+00\t${['WhatsApp', 'Twitter', 'Email'][row % 3]}\t${row % 97}`;
const control = {
  set: 'SparkcentralMessages',
  type: 'SparkcentralMessage',
  key: [{ name: 'MessageId', type: 'Edm.String' }],
} as const;

function work(ids: boolean): () => { readonly json: number; readonly gzip: number; readonly micros: number } {
  const lines = Array.from(
    { length: rows },
    (_, row) => `${ids ? `0a1b2c3d-${String(row).padStart(8, '0')}\t` : ''}${cells(row)}`,
  );
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  const input = new CellInput(bytes);
  const output = new ByteOutput(8 * 1024 * 1024);
  const format = {
    metadata: 'minimal',
    ieee754Compatible: false,
    omitNulls: false,
    root,
    namespace: 'Gateway',
  } as const;
  const writer = rowWriter({ fields }, format, ids ? control : null);
  return () => {
    output.position = 0;
    const before = process.cpuUsage();
    for (let start = 0; start < bytes.length; ) {
      const end = bytes.indexOf(0x0a, start);
      writer.row(input, { start, end }, output);
      start = end + 1;
    }
    const json = output.position;
    const gzip = gzipSync(output.bytes.subarray(0, json), { level: 1 }).length;
    const { user, system } = process.cpuUsage(before);
    return { json, gzip, micros: user + system };
  };
}

const [without, withIds] = [work(false), work(true)];
const rounds = Number(process.argv[2] ?? 40);
const times: number[] = [];
let sizes = '';
for (let round = 0; round < rounds; round++) {
  const [one, other] = [without(), withIds()];
  times.push(other.micros / one.micros);
  sizes = `${(other.json / one.json).toFixed(2)} of the bytes, ${(other.gzip / one.gzip).toFixed(2)} of the compressed ones`;
}
const middle = times.toSorted((one, other) => one - other)[Math.floor(rounds / 2)] ?? 0;
process.stdout.write(`with ids: ${middle.toFixed(2)} of the CPU time, ${sizes}\n`);
