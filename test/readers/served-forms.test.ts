import assert from 'node:assert/strict';
import type { PrimitiveTypeName } from '../../src/edm/model.ts';
import { valueText } from '../../src/json/reading/value-text.ts';
import { type EveryType, everyType } from './every-type.ts';

type Row = Readonly<Record<string, unknown>>;

describe('readers: forms of values that every reader takes', () => {
  let feed: EveryType;
  before(async () => {
    feed = await everyType();
    await feed.database.query(`UPDATE feed."Things" SET "Binary" = '\\xfbff' WHERE "Id" = 2`);
  });
  after(() => feed.close());

  async function text(url: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const reply = await feed.get(url, headers);
    const body = await reply.text();
    assert.equal(reply.status, 200, `${url}: ${body}`);
    return body;
  }
  const rows = async (url: string, headers?: Readonly<Record<string, string>>): Promise<readonly Row[]> =>
    (JSON.parse(await text(url, headers)) as { value: Row[] }).value;

  it('E1 a Double of more than 15 digits has an exponent in rows, $apply, $compute, $expand and $value, a Decimal none', async () => {
    const body = await text('Things?$filter=Id eq 1&$select=Double,Decimal,Own&$compute=Double as Own');
    assert.match(body, /"Decimal":12345678901234567\.89,"Double":248668584\.15709278E0,"Own":248668584\.15709278E0/);
    assert.match(
      await text('Things?$apply=filter(Id eq 1)/aggregate(Double with max as M)'),
      /"M":248668584\.15709278E0/,
    );
    assert.match(await text('Owners?$expand=Things($select=Double)'), /"Double":248668584\.15709278E0/);
    assert.equal(await text('Things(1)/Double/$value'), '248668584.15709278E0');
    assert.match(await text('Things(1)/Double'), /"value":248668584\.15709278E0/);
    assert.match(await text('Things?$filter=Id eq 1', { Accept: 'application/json;IEEE754Compatible=true' }), /278E0/);
  });

  it('E1 pages ordered by a Double go on where they ended', async () => {
    const all = await feed.rows('Things?$orderby=Double desc&$select=Id');
    const paged: Row[] = [];
    for (let next: string | undefined = 'Things?$orderby=Double desc&$select=Id'; next !== undefined; ) {
      const page = JSON.parse(await text(next, { Prefer: 'maxpagesize=1' })) as {
        value: Row[];
        '@odata.nextLink'?: string;
      };
      paged.push(...page.value);
      next = page['@odata.nextLink'];
    }
    assert.deepEqual(paged, all);
  });

  it('E2 a Binary is base64 with padding, and literals are taken in both alphabets', async () => {
    assert.deepEqual(
      await rows('Things?$filter=Id eq 2&$select=Binary,Text&$compute=cast(Binary,Edm.String) as Text'),
      [{ Binary: '+/8=', Text: '+/8=' }],
    );
    for (const literal of ['-_8', '-_8=', '+/8', '+/8=', '%2B%2F8%3D', '-%2F8']) {
      assert.deepEqual(await rows(`Things?$filter=Binary eq binary'${literal}'&$select=Id`), [{ Id: 2 }], literal);
    }
    const bytes = await feed.get('Things(2)/Binary/$value');
    assert.deepEqual(Buffer.from(await bytes.arrayBuffer()), Buffer.from([0xfb, 0xff]));
  });

  it('E3 a negative Duration is one value in rows, in $value and as a literal', async () => {
    assert.deepEqual(await rows("Things?$filter=Duration eq duration'-PT90.5S'&$select=Duration"), [
      { Duration: '-PT1M30.5S' },
    ]);
    assert.equal(await text('Things(1)/Duration/$value'), '-PT1M30.5S');
  });

  it('E7 a row without its key has an id with metadata=full, neither id nor null with minimal', async () => {
    const url = 'Things?$select=String,Date,Int32&$top=1';
    assert.deepEqual(Object.keys((await rows(url))[0] ?? {}), ['Date', 'Int32', 'String']);
    const [full] = await rows(url, { Accept: 'application/json;odata.metadata=full' });
    assert.equal(full?.['@odata.id'], `${feed.root}Things(1)`);
  });
});

describe('readers: values of proxied feeds in forms that every reader takes', () => {
  const served = (type: PrimitiveTypeName, raw: string, collection = false): string =>
    valueText({ kind: 'Property', name: 'V', type, collection, nullable: true }, false)(raw);

  for (const [type, raw, expected] of [
    ['Edm.Double', '248668584.15709278', '248668584.15709278E0'],
    ['Edm.Double', '248668584.15709278e0', '248668584.15709278e0'],
    ['Edm.Double', '0.1', '0.1'],
    ['Edm.Double', '-0', '-0.0'],
    ['Edm.Double', '12345678901234567890', '12345678901234567890E0'],
    ['Edm.Double', '"INF"', '"INF"'],
    ['Edm.Single', '1234567.1234567890', '1234567.1234567890E0'],
    ['Edm.Decimal', '12345678901234567.89', '12345678901234567.89'],
    ['Edm.Decimal', '1.5E3', '1500'],
    ['Edm.Decimal', '1.50', '1.50'],
    ['Edm.Int64', '1E3', '1000'],
    ['Edm.Int32', '5.0', '5'],
    ['Edm.Binary', '"-_8"', '"+/8="'],
    ['Edm.Binary', '"+/8="', '"+/8="'],
  ] as const) {
    it(`E1, E2 ${type} ${raw} of a feed is served as ${expected}`, () => {
      assert.equal(served(type, raw), expected);
      assert.equal(served(type, `[${raw},null]`, true), `[${expected},null]`);
    });
  }

  for (const [type, raw] of [
    ['Edm.Int32', '5.5'],
    ['Edm.Int64', '1e-3'],
    ['Edm.Binary', '"a b"'],
    ['Edm.Binary', '5'],
  ] as const) {
    it(`E1, E2 ${type} ${raw} of a feed is no value of its type`, () => {
      assert.throws(() => served(type, raw), /which is no/);
    });
  }
});
