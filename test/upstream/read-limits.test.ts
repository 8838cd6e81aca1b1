import assert from 'node:assert/strict';
import { GatewayError } from '../../src/errors.ts';
import { fails, feeds, json, page } from './told-feed.ts';

describe('a proxied feed that counts, answers or allows less', () => {
  const { connect } = feeds();

  it('E12 a 500 is asked about once more: what fails each time is 502 without a time to wait, a stumble is not told', async () => {
    const statuses = [500, 500, 500, 200];
    const upstream = await connect((_request, response) => json(response, '{"value":[]}', statuses.shift() ?? 200));
    await assert.rejects(page(upstream, "FarCalls?$filter=subject eq 'a&b#c/d%25'"), (error: unknown) => {
      assert.ok(error instanceof GatewayError);
      assert.deepEqual([error.code, error.retryAfter], ['UpstreamRefused', undefined]);
      return true;
    });
    assert.deepEqual((await page(upstream, 'FarCalls')).rows, []);
    assert.equal(upstream.requests.length, 4);
  });

  it('E12 counts the rows of an expanded collection where the feed leaves its count out, and asks for none where it counts', async () => {
    const bodies = [
      '{"value":[{"id":"a","Calls":[{"id":1},{"id":2}],"Calls@odata.nextLink":"Calls?more"}]}',
      '{"value":[{"id":3}]}',
      '{"value":[{"id":"a","Calls":[{"id":1},{"id":2}]}]}',
      '{"value":[{"id":"a","Calls":[{"id":1}]}]}',
      '{"value":[{"id":"a","Calls@odata.count":5,"Calls":[{"id":1}]}]}',
      '{"value":[{"id":"a","Calls@odata.count":5,"Calls":[]}]}',
    ];
    const upstream = await connect((_request, response) => json(response, bodies.shift() ?? ''));
    const asked = async (expand: string) => (await page(upstream, `FarAgents?$select=id&$expand=${expand}`)).rows;
    assert.deepEqual(await asked('Calls($count=true;$select=id)'), [
      { id: 'a', 'Calls@odata.count': 3, Calls: [{ id: 1 }, { id: 2 }, { id: 3 }] },
    ]);
    assert.deepEqual(await asked('Calls/$count'), [{ id: 'a', 'Calls@odata.count': 2 }]);
    await assert.rejects(
      asked('Calls($count=true;$top=1;$select=id)'),
      fails('NotImplemented', /beside \$top or \$skip/),
    );
    assert.deepEqual(await asked('Calls/$count'), [{ id: 'a', 'Calls@odata.count': 5 }]);
    assert.deepEqual(await asked('Calls/$count'), [{ id: 'a', 'Calls@odata.count': 5 }]);
    const counts = upstream.requests.filter(
      (request) => request.includes('$count=true') && request.includes('$select=id;'),
    );
    assert.deepEqual(counts.slice(-2), [
      'Agents?$select=id&$expand=Calls($select=id;$count=true)',
      'Agents?$select=id&$expand=Calls($select=id;$count=true;$top=0)',
    ]);
  });

  it('E12 a count left out is that of the rows of the only page, else asked for apart', async () => {
    const upstream = await connect((_request, response, url) => {
      if (url.pathname.endsWith('/$count')) {
        return void response.writeHead(200).end('7');
      }
      const next = url.searchParams.get('$top') === '3' ? ',"@odata.nextLink":"Calls?$skiptoken=x"' : '';
      json(response, url.search.includes('nobody') ? '{"value":[]}' : `{"value":[{"id":1},{"id":2}]${next}}`);
    });
    const counted = async (query: string) => {
      const before = upstream.requests.length;
      const { count } = await page(upstream, `FarCalls?$count=true&$select=id${query}`);
      return [count, ...upstream.requests.slice(before + 1).map((request) => decodeURIComponent(request))];
    };
    assert.deepEqual(await counted("&$filter=subject eq 'nobody'"), ['0']);
    assert.deepEqual(await counted(''), ['2']);
    assert.deepEqual(await counted('&$top=5&$skip=4'), ['6']);
    assert.deepEqual(await counted('&$top=2'), ['7', 'Calls/$count']);
    assert.deepEqual(await counted("&$top=3&$filter=subject gt 'x'"), ['7', "Calls/$count?$filter=subject gt 'x'"]);
    assert.deepEqual(await counted("&$skip=9&$filter=subject lt 'nobody'"), [
      '7',
      "Calls/$count?$filter=subject lt 'nobody'",
    ]);
  });

  it('E12 a URL too long with all names in $select goes without those that name every property', async () => {
    const upstream = await connect((_request, response) => json(response, '{"value":[{"id":1,"Agent":null}]}'), {
      maxUrlLength: 110,
    });
    const { rows } = await page(upstream, 'FarCalls?$expand=*');
    assert.equal(rows[0]?.['Agent'], null);
    assert.deepEqual(upstream.requests, ['Calls?$expand=Agent']);
    await assert.rejects(
      page(
        upstream,
        "FarCalls?$filter=subject eq 'a text that is much too long for the address which this feed allows us to write'",
      ),
      fails('LimitExceeded', /which allows 110; ask for less in one request/),
    );
  });

  it('D10 a reply nested deeper than any row is 502, as other replies that are no rows', async () => {
    for (const nested of [
      '['.repeat(100_000) + ']'.repeat(100_000),
      `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
    ]) {
      const upstream = await connect((_request, response) =>
        json(response, `{"value":[{"id":1,"subject":${nested}}]}`),
      );
      await assert.rejects(
        page(upstream, 'FarCalls?$select=id,subject'),
        fails('UpstreamRefused', /nests more than 500/),
      );
    }
  });
});
