import assert from 'node:assert/strict';
import { compiled, part } from './compile-url.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

/** Values at and around the ends of every type, by the property that holds them; texts, so that no digit is lost. */
const stored: Readonly<Record<string, readonly string[]>> = {
  Small: ['-32768', '-129', '-128', '-1', '0', '127', '128', '255', '256', '32767'],
  Priority: ['-2147483648', '-32769', '-32768', '32767', '32768', '2147483647'],
  Id: ['-9223372036854775808', '-2147483649', '-2147483648', '2147483647', '2147483648', '9223372036854775807'],
  Cost: [
    '-128.9',
    '-129',
    '255.99',
    '256',
    '-0.5',
    '-1',
    '9223372036854775807.5',
    '9223372036854775808',
    `1${'0'.repeat(39)}`,
    `1${'0'.repeat(310)}`,
  ],
  Score: [
    '-128.9',
    '-129',
    '255.99',
    '256',
    '2147483647.5',
    '2147483648',
    '-2147483648.5',
    '-2147483649',
    '9223372036854775807',
    '-9223372036854775808',
    '9.3e18',
    '3.5e38',
    '-1e300',
    'Infinity',
    '-Infinity',
    'NaN',
  ],
};

const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  'Edm.SByte': [-128n, 127n],
  'Edm.Byte': [0n, 255n],
  'Edm.Int16': [-32768n, 32767n],
  'Edm.Int32': [-(2n ** 31n), 2n ** 31n - 1n],
  'Edm.Int64': [-(2n ** 63n), 2n ** 63n - 1n],
};

/** The rule of `cast`: "the cast fails if the integer part doesn't fit into the target type". */
function fits(text: string, type: string, double: boolean): boolean {
  const special = /Inf|NaN/.test(text);
  if (type === 'Edm.String') {
    return true;
  }
  if (type === 'Edm.Double') {
    return special || double || Number.isFinite(Number(text));
  }
  if (type === 'Edm.Single') {
    return special || Number.isFinite(Math.fround(Number(text)));
  }
  if (special) {
    return false;
  }
  if (type === 'Edm.Decimal') {
    return true;
  }
  const integer = double ? BigInt(Math.trunc(Number(text))) : BigInt(text.replace(/\..*/, ''));
  const [low, high] = ranges[type] ?? [0n, -1n];
  return integer >= low && integer <= high;
}

const types = [...Object.keys(ranges), 'Edm.Decimal', 'Edm.Single', 'Edm.Double', 'Edm.String'];

describe('isof', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed('');
    let id = 1000;
    for (const [name, values] of Object.entries(stored)) {
      for (const value of values) {
        id += 1;
        const columns = name === 'Id' ? '("Id", "Title")' : `("Id", "Title", "${name}")`;
        const row = name === 'Id' ? `(${value}, '${value}')` : `(${id}, '${value}', '${value}')`;
        await feed.client.query(`INSERT INTO feed."Cases" ${columns} VALUES ${row}`);
      }
    }
    await feed.client.query(`INSERT INTO feed."Agents" ("Id", "Name") VALUES (1, 'Ann')`);
    await feed.client.query(
      `INSERT INTO feed."Cases" ("Id", "AgentId", "Open", "DueOn") VALUES (1, 1, true, '2024-02-29'), (2, 7, NULL, NULL)`,
    );
  });
  after(async () => feed.close());

  const column = async (query: string, name: string): Promise<unknown[]> =>
    (await feed.read(compiled(query))).map(({ row }) => row[name]);

  for (const name of Object.keys(stored)) {
    for (const type of types) {
      it(`isof(${name},${type}) is true where the value fits, false of null`, async () => {
        const scope =
          name === 'Id'
            ? 'Priority eq null and Small eq null and Cost eq null and Score eq null and Title ne null'
            : `${name} ne null`;
        const expected = (stored[name] ?? []).filter((text) => fits(text, type, name === 'Score'));
        const filter = `isof(${name},${type})`;
        assert.deepEqual(
          await column(`Cases?$select=Title&$orderby=Title&$filter=${part(`${filter} and ${scope}`)}`, 'Title'),
          expected.toSorted(),
          filter,
        );
        // The opposite has all others: isof is never null.
        const others = await column(`Cases?$select=Title&$filter=${part(`not ${filter} or not (${scope})`)}`, 'Title');
        const all = await column('Cases?$select=Title', 'Title');
        assert.equal(others.length + expected.length, all.length, filter);
        const values = await column(`Cases?$select=Is&$compute=${part(`${filter} as Is`)}`, 'Is');
        assert.ok(values.every((value) => typeof value === 'boolean'));
      });
    }
  }

  it('of entities: their own type where there is an entity; no other type, and no value, is one', async () => {
    const ids = async (filter: string) =>
      column(`Cases?$select=Id&$filter=${part(`Title eq null and (${filter})`)}&$orderby=Id`, 'Id');
    assert.deepEqual(await ids('isof(Feed.Case)'), [1, 2]);
    assert.deepEqual(await ids('isof($it,Feed.Case)'), [1, 2]);
    assert.deepEqual(await ids('isof(Feed.Agent)'), []);
    assert.deepEqual(await ids('isof(Edm.String)'), []);
    assert.deepEqual(await ids('isof(Agent,Feed.Agent)'), [1]);
    assert.deepEqual(await ids('not isof(Agent,Feed.Agent)'), [2]);
    assert.deepEqual(await ids('isof(Agent,Feed.Case)'), []);
    assert.deepEqual(await ids('isof(Id,Feed.Case)'), []);
    assert.deepEqual(await ids('isof(cast(Agent,Feed.Agent),Feed.Agent)'), [1]);
  });

  it('of other primitive types: themselves and text, false of null', async () => {
    const ids = async (filter: string) =>
      column(`Cases?$select=Id&$filter=${part(`Title eq null and (${filter})`)}&$orderby=Id`, 'Id');
    for (const [property, type] of [
      ['Open', 'Edm.Boolean'],
      ['DueOn', 'Edm.Date'],
    ]) {
      assert.deepEqual(await ids(`isof(${property},${type})`), [1]);
      assert.deepEqual(await ids(`isof(${property},Edm.String)`), [1]);
      assert.deepEqual(await ids(`isof(${property},Edm.Int32)`), []);
      assert.deepEqual(await ids(`isof(${property},Edm.Guid) eq false`), [1, 2]);
    }
    assert.deepEqual(
      await ids("isof('2024-02-30',Edm.Date) or isof('12',Edm.Int16) and not isof('1,2',Edm.Int16)"),
      [1, 2],
    );
    assert.deepEqual(await ids('isof(null,Edm.String)'), []);
    assert.deepEqual(await ids('isof(Id add 299,Edm.Int16) and not isof(Id add 299,Edm.Byte)'), [1, 2]);
  });
});
