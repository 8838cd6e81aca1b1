import assert from 'node:assert/strict';
import { typeNames } from '../../src/catalogue/compile/schema/schema.ts';
import { type EveryType, everyType } from './every-type.ts';

type Row = Readonly<Record<string, unknown>>;

/** Types whose JSON value tells them (OData JSON 4.5.3): text, Boolean, and a number for Double. */
const evident = new Set(['String', 'Boolean', 'Double']);
const whole: readonly string[] = ['Binary', 'Boolean', 'Guid'];
/** Types that have a least value. */
const ordered = typeNames.filter((type) => !whole.includes(type));

describe('readers: the type of what $metadata does not declare', () => {
  let feed: EveryType;
  before(async () => {
    feed = await everyType();
  });
  after(() => feed.close());

  async function rows(url: string, metadata = 'minimal'): Promise<readonly Row[]> {
    const reply = await feed.get(url, { Accept: `application/json;odata.metadata=${metadata}` });
    const body = await reply.text();
    assert.equal(reply.status, 200, `${url}: ${body}`);
    return (JSON.parse(body) as { value: Row[] }).value;
  }

  const annotation = (row: Row | undefined, name: string): unknown => row?.[`${name}@odata.type`];
  const expected = (type: string): string | undefined => (evident.has(type) ? undefined : `#${type}`);

  for (const type of ordered) {
    it(`E4 an aggregate of ${type} says its type in minimal metadata as in full, and never with none`, async () => {
      const url = `Things?$apply=aggregate(${type} with max as Most)`;
      for (const metadata of ['minimal', 'full']) {
        const [row] = await rows(url, metadata);
        assert.equal(annotation(row, 'Most'), expected(type), metadata);
        const names = Object.keys(row ?? {});
        if (!evident.has(type)) {
          assert.equal(names.indexOf('Most@odata.type') + 1, names.indexOf('Most'));
        }
      }
      const [row] = await rows(url, 'none');
      assert.deepEqual(Object.keys(row ?? {}), ['Most']);
    });
  }

  for (const type of [...ordered, ...whole]) {
    it(`E4 a computed ${type} says its type, one that is declared does not`, async () => {
      const [row] = await rows(`Things?$compute=${type} as Own&$select=${type},Own&$filter=Id eq 1`);
      assert.equal(annotation(row, 'Own'), expected(type));
      assert.equal(annotation(row, type), undefined);
      assert.deepEqual(row?.['Own'], row?.[type]);
    });
  }

  it('E4 at every level: in rows that an $expand leads to, computed and aggregated', async () => {
    const [computed] = await rows('Owners?$expand=Things($compute=Date as Day,year(Date) as Year;$select=Id,Day,Year)');
    const [thing] = (computed?.['Things'] ?? []) as Row[];
    assert.deepEqual(thing, {
      Id: 1,
      'Day@odata.type': '#Date',
      Day: '2024-02-29',
      'Year@odata.type': '#Int32',
      Year: 2024,
    });
    const [grouped] = await rows('Owners?$expand=Things($apply=groupby((Boolean),aggregate(Date with max as Day)))');
    for (const group of (grouped?.['Things'] ?? []) as Row[]) {
      assert.equal(annotation(group, 'Day'), '#Date');
      assert.equal(annotation(group, 'Boolean'), undefined);
    }
  });

  it('E4 grouped by declared properties, over navigation too: only the alias says its type', async () => {
    const url =
      'Things?$apply=filter(Owner/OwnerId ne null)/groupby((Date,Owner/OwnerId),aggregate($count as N,Int64 with sum as S))';
    for (const row of await rows(url)) {
      assert.deepEqual(Object.keys(row), ['Date', 'Owner', 'N@odata.type', 'N', 'S@odata.type', 'S']);
      assert.deepEqual(Object.keys(row['Owner'] as Row), ['OwnerId']);
      assert.deepEqual([annotation(row, 'N'), annotation(row, 'S')], ['#Int64', '#Decimal']);
    }
  });

  it('E4 null says its type and is left out where nulls are', async () => {
    const url = 'Things?$compute=Date as Day&$select=Day&$filter=Id eq 3';
    assert.deepEqual(await rows(url), [{ 'Day@odata.type': '#Date', Day: null }]);
    const reply = await feed.get(url, { Prefer: 'omit-values=nulls' });
    assert.deepEqual(((await reply.json()) as { value: Row[] }).value, [{}]);
  });

  it('E4 a Double that is no number is a string, so it says its type; a declared one does only with full', async () => {
    await feed.database.query(
      `UPDATE feed."Things" SET "Double" = CASE "Id" WHEN 1 THEN 'Infinity' ELSE 'NaN' END::double precision`,
    );
    const url = 'Things?$compute=Double as Own&$select=Double,Own&$filter=Id le 2&$orderby=Id';
    assert.deepEqual(await rows(url), [
      { Double: 'INF', 'Own@odata.type': '#Double', Own: 'INF' },
      { Double: 'NaN', 'Own@odata.type': '#Double', Own: 'NaN' },
    ]);
    const [full] = await rows(url, 'full');
    assert.deepEqual([annotation(full, 'Double'), annotation(full, 'Own')], ['#Double', '#Double']);
  });
});
