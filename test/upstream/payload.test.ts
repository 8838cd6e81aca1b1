import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { StrictFeed } from '../support/strict-feed.ts';
import { fails, feeds, json, page, read } from './told-feed.ts';

describe('what a proxied feed answers with', () => {
  const { connect } = feeds();
  const rows = [
    { id: 1, subject: null, cost: null, agentId: 'a' },
    { id: 2, subject: 'x', cost: 1.5, agentId: null },
    { id: 3, subject: null, cost: null, agentId: null },
  ];
  let feed: StrictFeed;

  beforeEach(() => {
    feed = new StrictFeed({ Calls: rows });
    feed.pageSize = 10;
  });

  for (const isNewer of [false, true]) {
    it(`rows that leave nulls out are the same rows, up to the empty one${isNewer ? ', and in the words of 4.01' : ''}`, async () => {
      const upstream = await connect(feed.answer);
      for (const query of ['$select=subject', '$select=subject,cost,tags', '$select=id,subject', '$select=agentId']) {
        feed.always.omitsNulls = false;
        const whole = await page(upstream, `FarCalls?${query}`);
        Object.assign(feed.always, { omitsNulls: true, isNewer });
        assert.equal((await page(upstream, `FarCalls?${query}`)).text, whole.text, query);
        Object.assign(feed.always, { isNewer: false });
      }
      const { text } = await page(upstream, 'FarCalls?$select=subject', { omitNulls: true });
      assert.equal(text, '{},{"subject":"x"},{}');
    });
  }

  it('a row of which only the expanded is left, and an entity and a property without their nulls', async () => {
    const bodies = ['{"value":[{"Agent":{"id":"a"}},{}]}', '{}', '{"@odata.context":"x"}', '{}'];
    const upstream = await connect((_, response) => json(response, bodies.shift() ?? ''));
    const { rows: found } = await page(upstream, 'FarCalls?$select=subject&$expand=Agent($select=id,name)');
    assert.deepEqual(found, [
      { subject: null, Agent: { id: 'a', name: null } },
      { subject: null, Agent: null },
    ]);
    for (const expected of ['{"subject":null}', '{"subject":null}']) {
      const entity = await read(upstream, 'FarCalls(1)?$select=subject');
      assert.equal(entity.kind === 'entity' && Buffer.from(entity.json).toString(), expected);
    }
    const property = await read(upstream, 'FarCalls(1)/subject');
    assert.deepEqual(property, { kind: 'property', json: 'null', raw: null });
  });

  it('rows beside an error are not all of them, wherever it stands', async () => {
    for (const body of [
      '{"error":{"message":"y"},"value":[{"id":1}]}',
      '{"value":[{"id":1}],"error":{"message":"y"}}',
    ]) {
      for (const request of ['FarCalls?$select=id', 'FarCalls?$select=id&$expand=Agent']) {
        const upstream = await connect((_, response) => json(response, body.replace('1}', '1,"Agent":null}')));
        await assert.rejects(page(upstream, request), fails('UpstreamRefused', /it holds an error/), body);
      }
    }
  });

  it('a row without its key is none: it cannot be named, and would be taken for others of its kind', async () => {
    for (const row of ['{"subject":"x"}', '{"id":null,"subject":"x"}', '{"@removed":{"reason":"deleted"}}']) {
      for (const request of [
        'FarCalls?$select=id,subject',
        'FarCalls?$select=id&$expand=Agent',
        'FarCalls(1)?$select=id',
      ]) {
        const entity = request.includes('(1)');
        const upstream = await connect((_, response) => json(response, entity ? row : `{"value":[{"id":1},${row}]}`));
        const reading = entity ? read(upstream, request) : page(upstream, request);
        await assert.rejects(reading, fails('UpstreamRefused', /a row has no id, which is of its key/), row);
      }
    }
  });

  it('an object of other names is no row: an error or a collection in its place is refused', async () => {
    const bodies = ['{"error":{"code":"x","message":"y"}}', '{"value":[]}', '{"d":{"id":1}}'];
    for (const body of bodies) {
      const upstream = await connect((_, response, url) =>
        json(response, url.pathname.endsWith(')') ? body : `{"value":[${body}]}`),
      );
      for (const request of ['FarCalls(1)?$select=subject', 'FarCalls(1)/subject']) {
        await assert.rejects(read(upstream, request), fails('UpstreamRefused', /no property of its set/), request);
      }
      await assert.rejects(
        page(upstream, 'FarCalls?$select=subject'),
        fails('UpstreamRefused', /no property of its set/),
      );
    }
  });

  it('4.01: counts, next links and values as 4.0 has them', async () => {
    const upstream = await connect((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json;metadata=minimal', 'OData-Version': '4.01' });
      response.end(
        '{"@context":"http://x/$metadata#Agents","@count":2,"value":[{"@id":"Agents(1)","id":"a","Calls@count":1,"Calls":[{"id":30.0}]}],"@nextLink":"Agents?$skiptoken=2"}',
      );
    });
    const {
      rows: found,
      count,
      next,
    } = await page(upstream, 'FarAgents?$select=id&$count=true&$expand=Calls($select=id;$count=true)');
    assert.deepEqual(found, [{ id: 'a', 'Calls@odata.count': 1, Calls: [{ id: 30 }] }]);
    assert.equal(count, '2');
    assert.notEqual(next, null);
  });

  it('30.0, 3E1 and "30" are the whole number 30, 30.5 is none', async () => {
    const values = ['30.0', '3E1', '"30"', '30.5'];
    const upstream = await connect((_, response) =>
      json(response, `{"value":[{"id":${values.shift()},"seconds":30.00}]}`),
    );
    for (const _ of [1, 2, 3]) {
      assert.equal((await page(upstream, 'FarCalls?$select=id,seconds')).text, '{"id":30,"seconds":30}');
    }
    await assert.rejects(page(upstream, 'FarCalls?$select=id'), fails('UpstreamRefused', /id is 30.5/));
  });

  it('gzip is read, and a page that was cut in it is not taken for a whole one', async () => {
    const upstream = await connect(feed.answer);
    feed.always.gzips = true;
    assert.equal((await page(upstream, 'FarCalls?$select=id')).text, '{"id":1},{"id":2},{"id":3}');
    feed.always.cutAt = 60;
    await assert.rejects(page(upstream, 'FarCalls?$select=id'), fails('UpstreamUnavailable', /./));
  });

  it('a compressed body that is short, and ends as if it were whole, is not taken for one: no shorter count, no fewer rows', async () => {
    feed = new StrictFeed({ Calls: rows, $count: [] });
    const upstream = await connect(feed.answer);
    for (const shortBy of [1, 8, 12, 14]) {
      Object.assign(feed.always, { gzips: true, shortBy, body: '123456789012' });
      await assert.rejects(read(upstream, 'FarCalls/$count'), fails('UpstreamUnavailable', /broke its reply off/));
      delete feed.always.body;
      await assert.rejects(page(upstream, 'FarCalls?$select=id'), fails('UpstreamUnavailable', /broke its reply off/));
    }
    Object.assign(feed.always, { shortBy: 0, body: '123456789012' });
    assert.deepEqual(await read(upstream, 'FarCalls/$count'), { kind: 'count', count: '123456789012' });
  });

  it('only gzip is asked for; another encoding is refused, and errors are read in any', async () => {
    const asked: unknown[] = [];
    const upstream = await connect((request, response, url) => {
      asked.push(request.headers['accept-encoding']);
      feed.answer(request, response, url);
    });
    feed.always.contentEncoding = 'br';
    await assert.rejects(page(upstream, 'FarCalls?$select=id'), fails('UpstreamRefused', /in the encoding br/));
    feed.always.contentEncoding = 'Identity';
    assert.equal((await page(upstream, 'FarCalls?$select=id')).rows.length, 3);
    assert.deepEqual(new Set(asked), new Set(['gzip']));
    const refusing = await connect((_, response) => {
      response.writeHead(400, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' });
      response.end(gzipSync('{"error":{"code":"x","message":"no such thing"}}'));
    });
    await assert.rejects(page(refusing, 'FarCalls'), fails('UpstreamRefused', /status 400: no such thing/));
  });

  const signIn = '<!DOCTYPE html><html><title>Sign in to your account</title></html>';
  const pages: readonly (readonly [what: string, contentType: string, body: string, message: RegExp])[] = [
    ['a sign-in page', 'text/html; charset=utf-8', signIn, /answers with a page for people \(text\/html.*sign-in/],
    [
      'a sign-in page that says it is JSON',
      'application/json',
      `\n${signIn}`,
      /answers with a page for people.*sign-in/,
    ],
    ['a sign-in page of XHTML', 'application/xhtml+xml', signIn, /answers with a page for people.*sign-in/],
    ['Atom', 'application/atom+xml', '<feed/>', /answers with application\/atom\+xml instead of JSON/],
    ['rows as plain text', 'text/plain', '{"value":[]}', /answers with text\/plain instead of JSON/],
    ['nothing of a type', '', '{"value":[]}', /answers with no content type instead of JSON/],
  ];
  for (const [what, contentType, body, message] of pages) {
    it(`${what} with status 200 is refused and named`, async () => {
      const upstream = await connect((_, response) => {
        response.writeHead(200, contentType === '' ? {} : { 'Content-Type': contentType }).end(body);
      });
      const requests = ['FarCalls', 'FarCalls(1)', 'FarCalls(1)/subject', 'FarAgents?$filter=Calls/any()'];
      const counts = body === signIn || body === `\n${signIn}` ? ['FarCalls/$count'] : [];
      for (const request of [...requests, ...counts]) {
        const reading = request === 'FarCalls' ? page(upstream, request) : read(upstream, request);
        await assert.rejects(reading, fails('UpstreamRefused', message), request);
      }
    });
  }

  it('a sign-in page in place of $metadata leaves the model before in service, and says what it is', async () => {
    const upstream = await connect(feed.answer, {}, '/service/', { metadata: signIn });
    assert.match(upstream.state().failure ?? '', /answers with a page for people .*sign-in/);
  });
});
