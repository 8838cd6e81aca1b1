import assert from 'node:assert/strict';
import fc from 'fast-check';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { realText } from '../../src/edm/real-text.ts';
import { ByteOutput } from '../../src/json/bytes/byte-output.ts';
import { CellInput } from '../../src/json/cells/cell-input.ts';
import { rowWriter } from '../../src/json/row-writer.ts';
import { testDatabase } from '../support/postgres.ts';
import { readByDotNet, sameNumber } from './dot-net-numbers.ts';

const ofBits = (bits: bigint): number => new Float64Array(BigUint64Array.of(bits).buffer)[0] ?? 0;
const anyBits = fc.bigInt(0n, (1n << 64n) - 1n).map(ofBits);
/** Amounts, rates and durations as people have them: PostgreSQL writes these without an exponent. */
const everyday = fc.tuple(fc.integer({ min: -10, max: 14 }), fc.double({ min: -10, max: 10, noNaN: true }));
const edges = fc.constantFrom(0, -0, 1e15, 1e21, 1e22, 5e-324, 1e-5, 1e-4, 0.1, -2147483648, 2147483648, 2 ** 53 + 2);
const anyDouble = fc.oneof(
  anyBits,
  everyday.map(([power, mantissa]) => mantissa * 10 ** power),
  edges,
);

/** A JSON number as another server may spell it: many digits, zeros before and behind, with and without an exponent. */
const digits = (max: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
const anySpelling = fc
  .tuple(fc.constantFrom('', '-'), digits(30), fc.option(digits(40)), fc.option(fc.constantFrom('E0', 'e5', 'e-7')))
  .map(([sign, whole, fraction, exponent]) => {
    const before = whole.replace(/^0+(?=\d)/, '');
    return `${sign}${before}${fraction === null ? '' : `.${fraction}`}${exponent ?? ''}`;
  });

export function realNumberTests(numRuns: number): void {
  let client: pg.Client;
  let drop: () => Promise<void>;
  before(async () => {
    const database = await testDatabase();
    drop = database.drop;
    client = new pg.Client({ connectionString: database.connectionString });
    await client.connect();
  });
  after(async () => {
    await client.end();
    await drop();
  });

  /** The digits that the gateway writes for each of the numbers, by way of COPY. */
  async function written(numbers: readonly number[], type: 'Edm.Double' | 'Edm.Single'): Promise<string[]> {
    const list = numbers.map((one) => (Object.is(one, -0) ? '-0' : String(one))).join(',');
    const sql = type === 'Edm.Double' ? 'float8' : 'float4';
    const chunks: Buffer[] = [];
    const query = `COPY (SELECT unnest('{${list}}'::${sql}[])) TO STDOUT`;
    for await (const chunk of client.query(copyStreams.to(query))) {
      chunks.push(chunk as Buffer);
    }
    const copy = Buffer.concat(chunks);
    const writer = rowWriter(
      { fields: [{ kind: 'value', name: 'V', type, collection: false }] },
      { metadata: 'minimal', ieee754Compatible: false, omitNulls: false, root: 'http://h/', namespace: 'N' },
    );
    const input = new CellInput(copy);
    const output = new ByteOutput(64);
    const found: string[] = [];
    for (let start = 0; start < copy.length; ) {
      const end = copy.indexOf(0x0a, start);
      output.position = 0;
      writer.row(input, { start, end }, output);
      found.push(output.bytes.toString('latin1', 5, output.position - 1));
      start = end + 1;
    }
    return found;
  }

  it('E1, E11 every Double arrives: the .NET readers (Decimal first) and JavaScript read the same bits', async () => {
    const lists = fc.array(anyDouble, { minLength: 50, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(lists, async (numbers) => {
        for (const [index, text] of (await written(numbers, 'Edm.Double')).entries()) {
          const number = numbers[index] ?? 0;
          if (!Number.isFinite(number)) {
            assert.match(text, /^"(NaN|-?INF)"$/);
          } else {
            assert.ok(sameNumber(Number(text), number), `${number} is written ${text}`);
            assert.ok(sameNumber(readByDotNet(text), number), `${number} is written ${text}`);
          }
        }
      }),
      { numRuns: Math.ceil(numRuns / 10) },
    );
  });

  it('E1, E11 every Single arrives', async () => {
    const lists = fc.array(anyDouble.map(Math.fround), { minLength: 50, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(lists, async (numbers) => {
        for (const [index, text] of (await written(numbers, 'Edm.Single')).entries()) {
          const number = numbers[index] ?? 0;
          if (!Number.isFinite(number)) {
            assert.match(text, /^"(NaN|-?INF)"$/);
          } else {
            assert.ok(sameNumber(Math.fround(readByDotNet(text)), number), `${number} is written ${text}`);
          }
        }
      }),
      { numRuns: Math.ceil(numRuns / 10) },
    );
  });

  it('E1, E11 a number of a proxied feed keeps its value, however it was spelled', () => {
    fc.assert(
      fc.property(fc.oneof(anySpelling, anyDouble.filter(Number.isFinite).map(String)), (spelled) => {
        const text = realText(spelled);
        assert.ok(sameNumber(Number(text), Number(spelled)), `${spelled} is written ${text}`);
        assert.ok(sameNumber(readByDotNet(text), Number(spelled)), `${spelled} is written ${text}`);
      }),
      { numRuns: numRuns * 10 },
    );
  });
}
