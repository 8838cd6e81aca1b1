import assert from 'node:assert/strict';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { StrictFeed } from '../support/strict-feed.ts';
import { fails, feeds, json, page } from './told-feed.ts';

const calls = (count: number) => Array.from({ length: count }, (_, at) => ({ id: at + 1 }));

/** All rows of all pages, as a client reads them. */
async function allPages(upstream: Upstream, request: string): Promise<readonly unknown[]> {
  const ids: unknown[] = [];
  let skipToken: string | null = null;
  for (let pages = 0; pages < 40; pages++) {
    const { rows, next } = await page(upstream, request, { skipToken });
    ids.push(...rows.map(({ id }) => id));
    if (next === null) {
      return ids;
    }
    skipToken = next;
  }
  throw new Error('more than 40 pages');
}

describe('next links of a proxied feed', () => {
  const { connect } = feeds();
  let feed: StrictFeed;

  beforeEach(() => {
    feed = new StrictFeed({ Calls: calls(5), Agents: [{ id: 'a' }] });
  });

  for (const end of ['', null]) {
    it(`${JSON.stringify(end)} is the end, with and without pages before, whether it comes before or behind the rows`, async () => {
      const upstream = await connect(feed.answer);
      for (const nextFirst of [false, true]) {
        Object.assign(feed.always, { next: (link: string) => (link === '' ? end : link), nextFirst });
        assert.deepEqual(await allPages(upstream, 'FarCalls?$select=id'), [1, 2, 3, 4, 5]);
        assert.deepEqual((await page(upstream, 'FarAgents?$select=id')).next, null);
        assert.equal((await page(upstream, 'FarCalls?$select=id&$count=true&$top=2')).count, '5');
      }
    });

    it(`${JSON.stringify(end)} is the end of a nested collection, too, and of pages behind it`, async () => {
      const upstream = await connect((request, response, url) => {
        if (url.pathname.endsWith('Agents')) {
          const link = request.url?.includes('more') === true ? '"Calls?more"' : JSON.stringify(end);
          return json(response, `{"value":[{"id":"a","Calls":[{"id":1}],"Calls@odata.nextLink":${link}}]}`);
        }
        return json(response, `{"value":[{"id":2}],"@odata.nextLink":${JSON.stringify(end)}}`);
      });
      const { rows } = await page(upstream, 'FarAgents?$select=id&$expand=Calls($select=id)');
      assert.deepEqual(rows, [{ id: 'a', Calls: [{ id: 1 }] }]);
      const more = await page(upstream, "FarAgents?$select=id&$expand=Calls($select=id)&$filter=name eq 'more'");
      assert.deepEqual(more.rows, [{ id: 'a', Calls: [{ id: 1 }, { id: 2 }] }]);
    });
  }

  for (const [how, link] of [
    ['as it was asked for', (url: URL) => url.href],
    ['in other spelling', (url: URL) => `Calls?${url.search.slice(1).replaceAll('$', '%24')}`],
    ['as a query alone', (url: URL) => url.search],
  ] as const) {
    it(`a link that names its own page ${how} is refused at once, on the first page and on a later one`, async () => {
      const upstream = await connect(feed.answer);
      feed.always.next = (_, url) => link(url);
      await assert.rejects(
        page(upstream, 'FarCalls?$select=id&$top=4'),
        fails('UpstreamRefused', /names pages without an end/),
      );
      delete feed.always.next;
      const { next } = await page(upstream, 'FarCalls?$select=id');
      feed.always.next = (_, url) => link(url);
      await assert.rejects(
        page(upstream, 'FarCalls?$select=id', { skipToken: next }),
        fails('UpstreamRefused', /names pages without an end/),
      );
      assert.equal(feed.asked, 3);
    });
  }

  it('one that stands before the rows is refused before the first of them', async () => {
    const upstream = await connect(feed.answer);
    Object.assign(feed.always, { next: (_: string, url: URL) => url.href, nextFirst: true });
    const reading = page(upstream, 'FarCalls?$select=id');
    await assert.rejects(reading, fails('UpstreamRefused', /names pages without an end/));
  });

  for (const length of [2, 3, 7]) {
    it(`links that lead round ${length} pages are refused after a few rounds, wherever the round begins`, async () => {
      const upstream = await connect(feed.answer);
      for (const before of [0, 3]) {
        feed.asked = 0;
        feed.always.next = (_, url) => {
          const at = Number(url.searchParams.get('$skiptoken') ?? 0);
          return `Calls?$select=id&$skiptoken=${at + 1 < before + length ? at + 1 : before}`;
        };
        await assert.rejects(allPages(upstream, 'FarCalls?$select=id'), fails('UpstreamRefused', /without an end/));
        assert.ok(feed.asked <= 4 * (before + length), String(feed.asked));
      }
    });
  }

  for (const spelled of ['@odata.nextlink', '@nextlink', '@OData.NextLink', 'nextLink', 'odata.nextLink']) {
    it(`one that is spelled ${spelled} is followed, behind the rows of a reply and of an $expand`, async () => {
      const upstream = await connect((_, response, url) => {
        const more = url.search.includes('more');
        const next = more ? {} : { [spelled]: 'Calls?more' };
        const nested = spelled.startsWith('@') ? { [`calls${spelled}`]: 'Calls?more' } : {};
        const value = url.pathname.endsWith('Agents')
          ? [{ id: 'a', calls: [{ id: 1 }], ...nested }]
          : [{ id: more ? 2 : 1 }];
        json(response, JSON.stringify({ value, ...(url.pathname.endsWith('Agents') ? {} : next) }));
      });
      assert.deepEqual(await allPages(upstream, 'FarCalls?$select=id'), [1, 2]);
      const { rows } = await page(upstream, 'FarAgents?$select=id&$expand=Calls($select=id)');
      assert.deepEqual(rows, [{ id: 'a', Calls: spelled.startsWith('@') ? [{ id: 1 }, { id: 2 }] : [{ id: 1 }] }]);
    });
  }

  it('counts are read in any case, and an error behind the rows is one', async () => {
    const upstream = await connect((_, response, url) =>
      json(
        response,
        url.search.includes('Calls')
          ? '{"value":[{"id":"a","Calls":[{"id":1}],"Calls@odata.Count":7}]}'
          : '{"@OData.Count":5,"value":[{"id":1}],"Error":{"code":"x"}}',
      ),
    );
    const nested = 'FarAgents?$select=id&$expand=Calls($select=id;$count=true;$top=1)';
    assert.match((await page(upstream, nested)).text, /"Calls@odata.count":7/);
    await assert.rejects(page(upstream, 'FarCalls?$select=id'), fails('UpstreamRefused', /it holds an error/));
  });

  it('a nested collection whose link names its own page is refused at once', async () => {
    const upstream = await connect((_, response) =>
      json(
        response,
        '{"value":[{"id":"a","Calls":[{"id":1}],"Calls@odata.nextLink":"Calls?more"}],"@odata.nextLink":"Calls?%6Dore"}',
      ),
    );
    await assert.rejects(
      page(upstream, 'FarAgents?$select=id&$expand=Calls($select=id)'),
      fails('UpstreamRefused', /without an end/),
    );
    assert.equal(upstream.requests.length, 2);
  });

  const inner = 'http://inner:81/odata/$metadata#Calls';
  const links: readonly (readonly [
    what: string,
    root: string,
    context: string | null,
    next: (link: string, url: URL) => string,
  ])[] = [
    ['absolute, of an inner host', '/service/', null, (link) => `http://inner:81/service/${link}`],
    [
      'absolute, without the path that a proxy puts before it',
      '/gw/service/',
      null,
      (link) => `http://inner/service/${link}`,
    ],
    ['absolute, at the root of an inner host', '/gw/service/', null, (link) => `http://inner/${link}`],
    [
      'absolute, with a path that a proxy takes away',
      '/service/',
      null,
      (link) => `http://inner/tenant/service/${link}`,
    ],
    ['below a root that the context names', '/api/reports/', inner, (link) => `http://inner:81/odata/${link}`],
    ['below an inner root, the feed at the root of its host', '/', inner, (link) => `http://inner:81/odata/${link}`],
    ['in other case than the root', '/Service/', null, (link) => `http://inner/SERVICE/${link}`],
    ['in other case than the root that the context names', '/api/', inner, (link) => `http://inner/OData/${link}`],
    ['relative beside an inner context', '/gw/service/', inner, (link) => link],
    ['relative without a context', '/gw/service/', null, (link) => link],
    ['a path beside an inner context', '/gw/service/', inner, (link) => `/odata/${link}`],
    ['a query alone', '/gw/service/', null, (link) => link.slice(link.indexOf('?'))],
    ['a query alone beside an inner context', '/gw/service/', inner, (link) => link.slice(link.indexOf('?'))],
    [
      'as the gateway asks, beside an inner context',
      '/gw/service/',
      inner,
      (link, url) => new URL(`/gw/service/${link}`, url).href,
    ],
  ];
  for (const [what, root, context, next] of links) {
    it(`a link ${what} is followed at the configured address`, async () => {
      const upstream = await connect(feed.answer, {}, root);
      Object.assign(feed.always, {
        context,
        next: (link: string, url: URL) => (link === '' ? undefined : next(link, url)),
      });
      assert.deepEqual(await allPages(upstream, 'FarCalls?$select=id'), [1, 2, 3, 4, 5]);
      assert.deepEqual(upstream.requests, [
        'Calls?$select=id',
        'Calls?$select=id&$skiptoken=2',
        'Calls?$select=id&$skiptoken=4',
      ]);
    });
  }

  it('a nested link counts from the context of the page that holds it; a query alone says nothing there', async () => {
    let link = 'http://inner:81/odata/Agents(%27a%27)/Calls?$skiptoken=2';
    const upstream = await connect(
      (_, response, url) =>
        json(
          response,
          url.search.includes('$skiptoken')
            ? '{"value":[{"id":2}]}'
            : `{"@odata.context":"${inner}","value":[{"id":"a","Calls":[{"id":1}],"Calls@odata.nextLink":"${link}"}]}`,
        ),
      {},
      '/gw/service/',
    );
    for (link of [link, "Agents('a')/Calls?$skiptoken=2"]) {
      const { rows } = await page(upstream, 'FarAgents?$select=id&$expand=Calls($select=id)');
      assert.deepEqual(rows, [{ id: 'a', Calls: [{ id: 1 }, { id: 2 }] }]);
    }
    assert.equal(upstream.requests.filter((one) => one === "Agents('a')/Calls?$skiptoken=2").length, 2);
    link = '?$skiptoken=2';
    const reading = page(upstream, 'FarAgents?$select=id&$expand=Calls($select=id)');
    await assert.rejects(reading, fails('UpstreamRefused', /outside of its service root/));
  });

  for (const [context, link] of [
    ['http://evil/$metadata#Calls', 'http://evil/..%2fsecret?$skiptoken=1'],
    [inner, 'http://inner/other/Calls?$skiptoken=1'],
    [inner, 'http://inner/odata/%2e%2e/Agents?$skiptoken=1'],
    [inner, 'ftp://inner/odata/Calls?$skiptoken=1'],
  ] as const) {
    it(`beside the context ${context} a link to ${link} is not followed`, async () => {
      const upstream = await connect(feed.answer);
      Object.assign(feed.always, { context, next: () => link });
      await assert.rejects(page(upstream, 'FarCalls'), fails('UpstreamRefused', /outside of its service root/));
    });
  }

  for (const link of ['5', 'false', '{"url":"Calls?more"}', '["Calls?more"]']) {
    it(`a link that is no text, ${link}, is no end: refused, nested ones too`, async () => {
      let body = `{"value":[{"id":"a"}],"@odata.nextLink":${link}}`;
      const upstream = await connect((_, response) => json(response, body));
      const reading = () => page(upstream, 'FarAgents?$select=id&$expand=Calls($select=id)');
      await assert.rejects(page(upstream, 'FarAgents?$select=id'), fails('UpstreamRefused', /next link is no text/));
      body = `{"value":[{"id":"a","Calls":[{"id":1}],"Calls@odata.nextLink":${link}}]}`;
      await assert.rejects(reading(), fails('UpstreamRefused', /next link is no text/));
      assert.equal(upstream.requests.length, 2);
    });
  }

  it('rows that a feed gives on two pages are given on as they come', async () => {
    const upstream = await connect(feed.answer);
    feed.always.overlaps = true;
    assert.deepEqual(await allPages(upstream, 'FarCalls?$select=id'), [1, 2, 2, 3, 4, 4, 5]);
  });
});
