/**
 * How fast the transcoder alone turns COPY text into OData JSON, without database or socket:
 *   node --import tsx bench/transcoder.ts [rounds]
 * Profile with `node --cpu-prof --import tsx bench/transcoder.ts`.
 */
import type { PrimitiveTypeName } from '../src/edm/model.ts';
import { ByteOutput } from '../src/json/bytes/byte-output.ts';
import { CellInput } from '../src/json/cells/cell-input.ts';
import type { RowShape } from '../src/json/row-shape.ts';
import { rowWriter } from '../src/json/row-writer.ts';

const columns: readonly [string, PrimitiveTypeName, (row: number) => string][] = [
  ['Id', 'Edm.Int64', (row) => String(row)],
  ['ConversationId', 'Edm.String', (row) => `conv-${row / 7}`],
  ['Channel', 'Edm.String', (row) => ['Twitter', 'Facebook', 'WhatsApp', 'Email'][row % 4] ?? ''],
  ['Direction', 'Edm.String', (row) => (row % 2 === 0 ? 'inbound' : 'outbound')],
  ['Created', 'Edm.DateTimeOffset', (row) => `2024-01-02 03:04:${String(10 + (row % 50))}+00`],
  ['Answered', 'Edm.DateTimeOffset', (row) => (row % 3 === 0 ? '\\N' : '2024-01-02 03:05:06.5+00')],
  ['Day', 'Edm.Date', () => '2024-01-02'],
  ['Agent', 'Edm.String', (row) => `agent ${row % 40}`],
  ['Team', 'Edm.String', (row) => `Team "${row % 5}"`],
  ['Contact', 'Edm.Guid', () => 'c4ca4238-a0b9-2382-0dcc-509a6f75849b'],
  [
    'Text',
    'Edm.String',
    (row) => `Hello, I have a question about my order ${row}. It said \\n"delivered" but é nothing came.`,
  ],
  ['Subject', 'Edm.String', (row) => `Order ${row}`],
  ['Score', 'Edm.Decimal', (row) => String((row % 10_000) / 100)],
  ['Sentiment', 'Edm.Double', (row) => String((row % 1000) / 7)],
  ['Words', 'Edm.Int32', (row) => String(row % 120)],
  ['Seconds', 'Edm.Int32', (row) => String(row % 3600)],
  ['Handled', 'Edm.Boolean', (row) => (row % 2 === 0 ? 't' : 'f')],
  ['Closed', 'Edm.Boolean', (row) => (row % 5 === 0 ? 't' : 'f')],
  ['Topic', 'Edm.String', (row) => `Topic ${row % 12}`],
  ['Tags', 'Edm.String', (row) => (row % 4 === 0 ? '\\N' : 'a;b')],
  ['Language', 'Edm.String', () => 'nl'],
  ['Note', 'Edm.String', () => '\\N'],
];

const shape: RowShape = {
  fields: columns.map(([name, type]) => ({ kind: 'value', name, type, collection: false })),
};
const rowCount = 2_000;
const lines = Array.from({ length: rowCount }, (_, row) => columns.map(([, , cell]) => cell(row)).join('\t'));
const bytes = Buffer.from(`${lines.join('\n')}\n`);
const spans: { start: number; end: number }[] = [];
for (let start = 0; start < bytes.length; start = (spans.at(-1)?.end ?? 0) + 1) {
  spans.push({ start, end: bytes.indexOf(0x0a, start) });
}

const writer = rowWriter(shape, {
  metadata: 'minimal',
  ieee754Compatible: false,
  omitNulls: false,
  root: 'http://localhost/odata/',
  namespace: 'Gateway',
});
const input = new CellInput(bytes);
const output = new ByteOutput(256 * 1024);
const rounds = Number(process.argv[2] ?? 300);
let written = 0;

function run(count: number): void {
  for (let round = 0; round < count; round++) {
    for (const span of spans) {
      if (output.free < writer.bound(span.end - span.start)) {
        written += output.position;
        output.position = 0;
      }
      writer.row(input, span, output);
    }
  }
}

run(20);
const started = process.hrtime.bigint();
run(rounds);
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
const rows = rounds * rowCount;
process.stdout.write(
  `${Math.round(rows / seconds)} rows/s, ${Math.round((bytes.length * rounds) / seconds / 1e6)} MB/s in, ${((seconds / rows) * 1e9).toFixed(0)} ns/row, ${written} bytes\n`,
);
