import assert from 'node:assert/strict';
import { type EveryType, everyType } from './every-type.ts';

/**
 * Rows of `$apply` that lack something. A null where `$metadata` says that there is none makes every version of
 * Microsoft.OData.Core refuse the page, and would not be true: there is no entity, or the row has no such property.
 */
describe('readers: what rows of $apply do not have', () => {
  let feed: EveryType;
  before(async () => {
    feed = await everyType();
  });
  after(() => feed.close());

  const read = async (url: string, headers: Readonly<Record<string, string>> = {}): Promise<string> => {
    const reply = await feed.get(url, headers);
    const text = await reply.text();
    assert.equal(reply.status, 200, text);
    return text;
  };
  const rows = async (apply: string): Promise<string> => {
    const text = await read(`Things?$apply=${apply}`, { Accept: 'application/json;odata.metadata=none' });
    return text.slice(text.indexOf('"value":') + '"value":'.length, -1);
  };

  for (const [what, apply, expected] of [
    [
      'an entity that is not there is null, not an entity of nulls',
      'groupby((Owner/OwnerId),aggregate($count as N))',
      '[{"Owner":null,"N":1},{"Owner":{"OwnerId":1},"N":2},{"Owner":{"OwnerId":2},"N":1},{"Owner":{"OwnerId":3},"N":1}]',
    ],
    [
      'an entity whose property is null is another group than none',
      'filter(OwnerId ne 1)/groupby((Owner/Name),aggregate($count as N))',
      '[{"Owner":null,"N":1},{"Owner":{"Name":null},"N":1},{"Owner":{"Name":"Bob"},"N":1}]',
    ],
    [
      'a subtotal says nothing of the entity',
      'groupby((rollup($all,Owner/Name)),aggregate($count as N))&$filter=N ne 2',
      '[{"N":5},{"Owner":null,"N":1},{"Owner":{"Name":null},"N":1},{"Owner":{"Name":"Bob"},"N":1}]',
    ],
    [
      'a subtotal has no property that is never null, and the other as null',
      'filter(Id le 1)/groupby((rollup($all,Id,Int16)),aggregate($count as N))',
      '[{"Int16":null,"N":1},{"Id":1,"Int16":null,"N":1},{"Id":1,"Int16":-300,"N":1}]',
    ],
    [
      'concat: what the other sequence gives is not there',
      'filter(Id le 2)/concat(aggregate($count as N),groupby((Id)),groupby((Owner/OwnerId)))',
      '[{"N":null,"Owner":{"OwnerId":1}},{"N":null,"Id":1},{"N":null,"Id":2},{"N":2}]',
    ],
    [
      'groups of groups keep the two apart',
      'groupby((Owner/Name,Boolean))/groupby((Owner/Name),aggregate($count as N))&$filter=Owner/Name eq null',
      '[{"Owner":null,"N":1},{"Owner":{"Name":null},"N":1}]',
    ],
    [
      'the last rows of each group carry it along',
      'groupby((Owner/Name),topcount(1,Id))&$select=Id,Owner/Name&$filter=Id gt 2',
      '[{"Owner":{"Name":"Bob"},"Id":3},{"Owner":{"Name":null},"Id":5},{"Owner":null,"Id":4}]',
    ],
    [
      '$select of the property serves it with the entity or null',
      'groupby((Owner/OwnerId),aggregate($count as N))&$select=Owner/OwnerId&$top=2',
      '[{"Owner":null},{"Owner":{"OwnerId":1}}]',
    ],
    [
      'from: the two are two values to aggregate',
      'filter(OwnerId ne 1)/aggregate(Id with sum from Owner/Name with average as A)',
      '[{"A":4}]',
    ],
  ] as const) {
    it(`E ${what}`, async () => {
      assert.equal(await rows(apply), expected);
    });
  }

  it('E the context names properties alone', async () => {
    const text = await read('Things?$apply=groupby((Owner/Name),aggregate($count as N))&$top=1');
    assert.match(text, /\$metadata#Things\(Owner\(Name\),N\)"/);
  });
  it('E pages between the two', async () => {
    const first = await read('Things?$apply=groupby((Owner/Name))&$filter=Owner/Name eq null', {
      Prefer: 'odata.maxpagesize=1',
    });
    const link = String((JSON.parse(first) as Record<string, unknown>)['@odata.nextLink']);
    const second = await read(link.slice(link.indexOf('Things')));
    const found = [first, second].map((text) => (JSON.parse(text) as { readonly value: unknown }).value);
    assert.deepEqual(found, [[{ Owner: null }], [{ Owner: { Name: null } }]]);
  });
  it('E messages name none of what is not there', async () => {
    const reply = await feed.get('Things?$apply=groupby((Owner/Name))/filter(Owner/Nome eq null)');
    assert.equal(reply.status, 400);
    assert.ok(!(await reply.text()).includes('$present'));
  });
});
