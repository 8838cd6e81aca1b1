import assert from 'node:assert/strict';
import fc from 'fast-check';
import pg from 'pg';
import { maskedText } from '../../src/edm/mask.ts';
import { migratedDatabase } from '../support/made-databases.ts';

describe('sql: masks', () => {
  let client: pg.Client;
  let drop: () => Promise<void>;
  before(async () => {
    const database = await migratedDatabase();
    drop = database.drop;
    client = new pg.Client({ connectionString: database.connectionString });
    await client.connect();
    await client.query('SET ROLE gateway_reader');
  });
  after(async () => {
    await client.end();
    await drop();
  });

  const masked = async (texts: readonly string[]): Promise<readonly (readonly [string, string])[]> => {
    const { rows } = await client.query<{ shape: string; length: string }>(
      `SELECT gateway.masked_text(t) AS shape, gateway.masked_content(t) AS length
         FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n`,
      [texts],
    );
    return rows.map(({ shape, length }) => [shape, length]);
  };

  it('of the documents', async () => {
    assert.deepEqual(await masked(['Jan Jansen', '+31612345678', '[12 characters]', '']), [
      ['J** J*****', '[10 characters]'],
      ['+*********78', '[12 characters]'],
      ['[12 c*********]', '[12 characters]'],
      ['', '[0 characters]'],
    ]);
  });

  it('are those that values have before they are stored, for any text', async () => {
    const parts = fc.constantFrom(
      ...'aZ09 -[].é😀½Ⅳ٣Σßǅ々\n\\',
      'e\u0301',
      '\u0301',
      'क्षि',
      '\u{1d7d8}',
      '\u{10400}',
      '\u00a0',
    );
    const text = fc.oneof(
      fc.array(parts, { maxLength: 12 }).map((all) => all.join('')),
      fc.string({ unit: 'grapheme' }),
    );
    const possible = text.filter((one) => !one.includes('\0'));
    const samples = fc.sample(possible, { numRuns: 2000, seed: 7 });
    assert.deepEqual(
      await masked(samples),
      samples.map((one) => [maskedText(one, 'direct'), maskedText(one, 'content')]),
    );
  });
});
