import assert from 'node:assert/strict';
import { type EveryType, everyType, keys } from './every-type.ts';

type Row = Readonly<Record<string, unknown>>;

/** The keys of `every-type.ts` as Microsoft.OData.Core works them out of the rows; all five versions alike, tried with each. */
const spelled: Readonly<Record<string, readonly string[]>> = {
  Boolean: ['true', 'false'],
  Byte: ['0', '255'],
  Date: ['2024-02-29', '1999-12-31', '2024-01-02'],
  DateTimeOffset: [
    '2024-01-02T03%3A04%3A05Z',
    '2024-01-02T03%3A04%3A05.1Z',
    '2024-01-02T03%3A04%3A05.123456Z',
    '2024-03-04T00%3A00%3A00Z',
  ],
  Decimal: ['1.50', '-0.10', '100', '0.0000001', '12345678901234567890.12'],
  Duration: [
    "duration'P1DT1H'",
    "duration'-PT1M30.5S'",
    "duration'PT0S'",
    "duration'P1DT2H3M4.5S'",
    "duration'PT1H30M'",
    "duration'PT0.000001S'",
  ],
  Guid: ['c4ca4238-a0b9-2382-0dcc-509a6f75849b', '0cc175b9-c0f1-b6a8-31c3-99e269772661'],
  Int16: ['-5', '300'],
  Int32: ['-5', '2147483647'],
  Int64: ['-5', '9223372036854775807', '0'],
  SByte: ['-5', '7'],
  String: [
    "'it%27%27s'",
    "'a%20b'",
    "'a%2Fb'",
    "'a%3Ab%2Cc'",
    "'%28x%29%21%2A~-._'",
    "'%2B%26%3D%3F%23%25%40%24'",
    "'%C3%A9%E6%BC%A2%F0%9F%98%80'",
    "'a%22b%5Cc'",
    "'gone'",
  ],
  TimeOfDay: [
    '10%3A15%3A00.0000000',
    '10%3A15%3A00.5000000',
    '00%3A00%3A00.0000000',
    '23%3A59%3A59.9999990',
    '08%3A30%3A00.0000000',
  ],
};

describe('readers: one spelling of keys in ids, links and removed rows', () => {
  let feed: EveryType;
  before(async () => {
    feed = await everyType();
  });
  after(() => feed.close());

  const full = { Accept: 'application/json;odata.metadata=full' };
  async function json(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Row> {
    const reply = await feed.get(url, headers);
    const body = await reply.text();
    assert.equal(reply.status, 200, `${url}: ${body}`);
    return JSON.parse(body) as Row;
  }
  const rowsOf = (body: Row): readonly Row[] => body['value'] as readonly Row[];

  for (const type of Object.keys(keys)) {
    it(`E8 a key of ${type} is spelled as the .NET readers work it out, in the id and wherever else it stands`, async () => {
      const set = `By${type}s`;
      const ids = (spelled[type] ?? []).map((key) => `${feed.root}${set}(${key})`);
      const rows = rowsOf(await json(set, full));
      assert.deepEqual(
        rows.map((row) => row['@odata.id']),
        ids,
      );
      const references = rowsOf(await json(`${set}/$ref`));
      assert.deepEqual(
        references.map((row) => row['@odata.id']),
        ids,
      );
      for (const [index, id] of ids.entries()) {
        const row = await json(id, full);
        assert.equal(row['@odata.id'], id);
        assert.deepEqual(row['K'], rows[index]?.['K'], 'the id leads to its own row');
        // The context repeats the request: of 1.50 it says 1.5.
        if (type === 'Decimal') {
          continue;
        }
        const { '@odata.context': context } = await json(`${id}/Note`);
        assert.equal(context, `${feed.root}$metadata#${id.slice(feed.root.length)}/Note`);
      }
      const crossed = rowsOf(await json(`$crossjoin(${set})`));
      assert.deepEqual(
        crossed.map((row) => row[`${set}@odata.navigationLink`]),
        ids,
      );
    });
  }

  it('E8 all spellings of a key are taken', async () => {
    for (const url of [
      'ByTimeOfDays(10:15)',
      'ByTimeOfDays(10:15:00)',
      'ByTimeOfDays(10%3A15%3A00.000)',
      "ByDurations(duration'PT25H')",
      "ByDurations(duration'P1DT1H')",
      "ByDurations(duration'PT1500M')",
      "ByDurations(duration'-PT90.5S')",
      "ByDurations('PT25H')",
      'ByDateTimeOffsets(2024-01-02T03:04:05Z)',
      'ByDateTimeOffsets(2024-01-02T03:04:05.000Z)',
      'ByDateTimeOffsets(2024-01-02T04%3A04%3A05%2B01%3A00)',
      'ByDecimals(1.5)',
      'ByDecimals(1.500)',
      'ByGuids(C4CA4238-A0B9-2382-0DCC-509A6F75849B)',
      "ByStrings('it''s')",
      "ByStrings('(x)!*~-._')",
      "ByStrings('a:b,c')",
      "ByTwos(B=2024-01-02T03:04:05.500Z,A='b')",
    ]) {
      await json(url);
    }
  });

  it('E3, E8 a removed row is named by the id that its row had', async () => {
    const links = new Map<string, string>();
    const sets = [...Object.keys(keys).map((type) => `By${type}s`), 'ByTwos'];
    const gone = new Map<string, unknown>();
    for (const set of sets) {
      const first = await json(set, { ...full, Prefer: 'odata.track-changes' });
      links.set(set, String(first['@odata.deltaLink']));
      gone.set(set, rowsOf(first).at(-1)?.['@odata.id']);
    }
    await feed.removeLast();
    for (const set of sets) {
      const removed = rowsOf(await json(links.get(set) ?? '', full)).filter((row) => 'reason' in row);
      assert.deepEqual(
        removed.map((row) => row['id']),
        [gone.get(set)],
      );
    }
  });
});
