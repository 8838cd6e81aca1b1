import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type ErrorCode, GatewayError } from '../../src/errors.ts';
import { connectUpstream } from '../../src/upstream/connect.ts';
import { planOf, readOptions, tenantCatalogue, tenantModel, tenantSource } from './tenant.ts';
import { catalogue, fails, feeds, json, page, read } from './told-feed.ts';

describe('a proxied feed over HTTP', () => {
  const { dataDir, open, connect } = feeds();

  it('serves exactly the selected properties in declared order, nulls for missing ones, nothing undeclared', async () => {
    const upstream = await connect((_request, response) =>
      json(
        response,
        '{"@odata.context":"http://inner/$metadata#Calls","value":[{"@odata.etag":"W/1","subject":"a","id":9007199254740993,"extra":1}]}',
      ),
    );
    const { text } = await page(upstream, 'FarCalls?$select=id,subject,cost,tags');
    assert.equal(text, '{"id":9007199254740993,"subject":"a","cost":null,"tags":[]}');
    assert.deepEqual(upstream.requests, ['Calls?$select=id,subject,cost,tags']);
  });

  it('writes ids of our own feed under full metadata, and asks for the key it needs', async () => {
    const upstream = await connect((_request, response) => json(response, '{"value":[{"name":"x","id":"a/b"}]}'));
    const { rows } = await page(upstream, 'FarAgents?$select=name', { metadata: 'full' });
    assert.deepEqual(rows, [
      {
        '@odata.type': '#Small.Feed.FarAgent',
        '@odata.id': "https://feed.example/odata/FarAgents('a%2Fb')",
        name: 'x',
      },
    ]);
    assert.deepEqual(upstream.requests, ['Agents?$select=name,id']);
  });

  it('gives the count whether it stands before or behind the rows, and refuses a reply without it where /$count does not say it', async () => {
    const bodies = [
      '{"@odata.count":"7","value":[]}',
      '{"value":[{"id":1}],"@odata.count":7}',
      '{"value":[{"id":1}]}',
      '{}',
    ];
    const upstream = await connect((_request, response) => json(response, bodies.shift() ?? ''));
    assert.equal((await page(upstream, 'FarCalls?$count=true')).count, '7');
    assert.equal((await page(upstream, 'FarCalls?$count=true')).count, '7');
    await assert.rejects(page(upstream, 'FarCalls?$count=true&$top=1'), fails('UpstreamRefused', /\$count/));
  });

  for (const [kind, link] of [
    ['an absolute', 'http://inner-host:81/service/Calls?$select=id&$skiptoken=p2'],
    ['a relative', 'Calls?$select=id&$skiptoken=p2'],
  ] as const) {
    it(`follows ${kind} next link as our own token, at the configured address`, async () => {
      const upstream = await connect((_request, response, url) => {
        const last = url.searchParams.has('$skiptoken');
        json(response, last ? '{"value":[{"id":2}]}' : `{"value":[{"id":1}],"@odata.nextLink":"${link}"}`);
      });
      const first = await page(upstream, 'FarCalls?$select=id&$top=2&$skip=1');
      assert.ok(first.next !== null);
      assert.match(first.next, /^[A-Za-z0-9_-]+$/);
      // Our next links carry neither $top nor $skip.
      const second = await page(upstream, 'FarCalls?$select=id', { skipToken: first.next });
      assert.deepEqual([second.rows, second.next], [[{ id: 2 }], null]);
      assert.deepEqual(upstream.requests, ['Calls?$select=id&$skip=1&$top=2', 'Calls?$select=id&$skiptoken=p2']);
    });
  }

  it('refuses a token that is changed, or used for another request', async () => {
    const upstream = await connect((_request, response) =>
      json(response, '{"value":[],"@odata.nextLink":"Calls?$skiptoken=2"}'),
    );
    const { next } = await page(upstream, 'FarCalls?$select=id');
    assert.ok(next !== null);
    const changed = `${next.slice(0, -2)}${next.endsWith('AA') ? 'BB' : 'AA'}`;
    for (const [request, token] of [
      ['FarCalls?$select=id', changed],
      ['FarCalls?$select=id', 'http://evil/'],
      ['FarCalls?$select=id', ''],
      ['FarCalls?$select=id,subject', next],
      ['FarAgents?$select=id', next],
    ] as const) {
      await assert.rejects(page(upstream, request, { skipToken: token }), fails('InvalidSkipToken', /skiptoken/));
    }
    assert.equal(upstream.requests.length, 1);
  });

  for (const link of [
    'http://evil/other/Calls',
    '/other',
    '../secret',
    'Calls/%2e%2e/%2e%2e/secret',
    'file:///etc/passwd',
    'service/..%2f..%2fx',
  ]) {
    it(`never follows a next link out of the service root: ${link}`, async () => {
      const upstream = await connect((_request, response) =>
        json(response, `{"value":[],"@odata.nextLink":"${link}"}`),
      );
      await assert.rejects(page(upstream, 'FarCalls'), fails('UpstreamRefused', /outside of its service root/));
    });
  }

  it('reads the rest of a nested collection that the feed pages', async () => {
    const upstream = await connect((_request, response, url) => {
      const turn = url.searchParams.get('page');
      if (turn === null) {
        json(
          response,
          '{"value":[{"id":"a","name":null,"Calls":[{"id":1}],"Calls@odata.nextLink":"Agents(\'a\')/Calls?page=2"}]}',
        );
      } else {
        json(
          response,
          turn === '2' ? '{"value":[{"id":2}],"@odata.nextLink":"/service/Calls?page=3"}' : '{"value":[{"id":3}]}',
        );
      }
    });
    const { rows } = await page(upstream, 'FarAgents?$expand=Calls($select=id)');
    assert.deepEqual(rows, [{ id: 'a', name: null, Calls: [{ id: 1 }, { id: 2 }, { id: 3 }] }]);
  });

  it('reads entities, properties, counts and absent rows', async () => {
    const upstream = await connect((_request, response, url) => {
      if (url.pathname.endsWith('/$count')) {
        response.writeHead(200, { 'Content-Type': 'text/plain' }).end('\ufeff12');
      } else if (url.pathname.endsWith('Calls(1)')) {
        json(response, '{"@odata.context":"x","id":1,"subject":"s\\"","cost":1.50}');
      } else if (url.pathname.endsWith('/Agent')) {
        response.writeHead(204).end();
      } else {
        json(response, '{"error":{"code":"404","message":"no"}}', 404);
      }
    });
    const entity = await read(upstream, 'FarCalls(1)?$select=id,cost');
    assert.equal(entity.kind === 'entity' && Buffer.from(entity.json).toString(), '{"id":1,"cost":1.50}');
    assert.deepEqual(await read(upstream, 'FarCalls(1)/subject/$value'), {
      kind: 'property',
      json: '"s\\""',
      raw: 's"',
    });
    assert.deepEqual(await read(upstream, 'FarCalls(1)/state'), { kind: 'property', json: 'null', raw: null });
    assert.deepEqual(await read(upstream, 'FarCalls/$count'), { kind: 'count', count: '12' });
    assert.deepEqual(await read(upstream, 'FarCalls(2)'), { kind: 'absent' });
    assert.deepEqual(await read(upstream, 'FarCalls(1)/Agent'), { kind: 'absent' });
  });

  const statuses: readonly (readonly [status: number, code: ErrorCode, message: RegExp])[] = [
    [302, 'UpstreamRefused', /redirects/],
    [400, 'UpstreamRefused', /status 400: Unknown thing/],
    [401, 'UpstreamRefused', /credentials of the gateway/],
    [403, 'UpstreamRefused', /credentials of the gateway/],
    [404, 'UpstreamRefused', /has no FarCalls/],
    [429, 'UpstreamUnavailable', /429/],
    [500, 'UpstreamRefused', /fails at this request with status 500: Unknown thing/],
    [502, 'UpstreamUnavailable', /502/],
    [501, 'NotImplemented', /cannot do what was asked: Unknown thing/],
    [503, 'UpstreamUnavailable', /503/],
  ];
  for (const [status, code, message] of statuses) {
    it(`status ${status} is ${code}`, async () => {
      const upstream = await connect((_request, response) => {
        response.setHeader('WWW-Authenticate', 'Bearer');
        response.setHeader('Location', 'http://login/');
        json(response, '{"error":{"code":"x","message":"Unknown\\n thing"}}', status);
      });
      await assert.rejects(page(upstream, 'FarCalls'), fails(code, message));
    });
  }

  it('passes a waiting time on, within 1 to 120 seconds', async () => {
    const seen: unknown[] = [];
    for (const wait of ['7', '100000', new Date(Date.now() + 5000).toUTCString(), 'soon']) {
      const upstream = await connect((_request, response) => {
        response.setHeader('Retry-After', wait);
        json(response, '{}', 503);
      });
      await page(upstream, 'FarCalls').catch((error: GatewayError) => seen.push(error.retryAfter));
    }
    assert.deepEqual([seen[0], seen[1], seen[3]], [7, 120, 30]);
    assert.ok(Number.isInteger(seen[2]) && (seen[2] as number) >= 1 && (seen[2] as number) <= 6);
  });

  it('refuses an HTML reply', async () => {
    const upstream = await connect((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>Sign in</html>');
    });
    await assert.rejects(
      page(upstream, 'FarCalls'),
      fails('UpstreamRefused', /a page for people \(text\/html\) instead of data/),
    );
  });

  it('is unavailable when nothing listens, and when no answer comes in time', async () => {
    const upstream = await connect(() => undefined, { timeoutSeconds: 0.2 });
    await assert.rejects(page(upstream, 'FarCalls'), fails('UpstreamUnavailable', /in time/));
    await open[0]?.close();
    await assert.rejects(page(upstream, 'FarCalls'), fails('UpstreamUnavailable', /cannot be reached/));
  });

  it('fails in the middle of the rows when the reply is cut off, stalls, ends early or is not JSON', async () => {
    const start = '{"value":[{"id":1},{"id":2}';
    const ends: ((response: ServerResponse) => void)[] = [
      (response) => response.write(start, () => setTimeout(() => response.destroy(), 20)),
      (response) => response.write(start),
      (response) => response.end(start),
      (response) => response.end('{"value":[{"id":1},{"id":nope}]}'),
      (response) =>
        response.end(
          Buffer.concat([Buffer.from('{"value":[{"id":1,"subject":"'), Buffer.from([0xff]), Buffer.from('"}]}')]),
        ),
    ];
    const upstream = await connect(
      (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        ends.shift()?.(response);
      },
      { timeoutSeconds: 0.3 },
    );
    for (const code of [
      'UpstreamUnavailable',
      'UpstreamUnavailable',
      'UpstreamRefused',
      'UpstreamRefused',
      'UpstreamRefused',
    ] as const) {
      await assert.rejects(page(upstream, 'FarCalls'), fails(code, /./));
    }
  });

  it('a reader that takes its time takes nothing from the time of the feed', async () => {
    const row = JSON.stringify({ id: 1, subject: 'x'.repeat(1000) });
    const body = `{"value":[${Array.from({ length: 12_000 }, () => row).join(',')}]}`;
    const upstream = await connect((_request, response) => json(response, body), { timeoutSeconds: 1 });
    const reply = await upstream.read(planOf('FarCalls?$select=id', catalogue), readOptions());
    assert.ok(reply.kind === 'collection');
    let [rows, pauses] = [0, 0];
    for await (const _ of reply.objects) {
      rows += 1;
      if (rows % 6000 !== 1) {
        continue;
      }
      pauses += 1;
      await new Promise((resolve) => setTimeout(resolve, 1100));
    }
    assert.deepEqual([rows, pauses], [12_000, 2]);
  });

  it('cancels the request when the client hung up', async () => {
    let closed: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const abort = new AbortController();
    const upstream = await connect((_request, response) => {
      response.on('close', closed);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write('{"value":[{"id":1}', () => abort.abort());
    });
    const running = page(upstream, 'FarCalls', { signal: abort.signal });
    await assert.rejects(running, GatewayError);
    await gone;
  });

  it('sends the token of a file and reads it again when it changes; without one it asks nothing', async () => {
    const path = join(dataDir(), 'token');
    await writeFile(path, 'first\n');
    const seen: unknown[] = [];
    const upstream = await connect(
      (request, response) => {
        seen.push(request.headers.authorization, request.headers['prefer']);
        json(response, '{"value":[]}');
      },
      { signIn: { kind: 'bearer', token: { kind: 'file', path } } },
    );
    await page(upstream, 'FarCalls');
    await writeFile(path, 'second one');
    await assert.rejects(page(upstream, 'FarCalls'), fails('UpstreamRefused', /should be the token/));
    await writeFile(path, 'second');
    await page(upstream, 'FarCalls');
    await rm(path);
    await assert.rejects(page(upstream, 'FarCalls'), fails('UpstreamRefused', /cannot be read/));
    assert.deepEqual(seen, ['Bearer first', 'odata.maxpagesize=100', 'Bearer second', 'odata.maxpagesize=100']);
  });

  it('refuses a URL longer than the feed takes', async () => {
    const upstream = await connect((_request, response) => json(response, '{"value":[]}'), { maxUrlLength: 120 });
    await assert.rejects(
      page(upstream, `FarCalls?$filter=subject eq '${'x'.repeat(100)}'`),
      fails('LimitExceeded', /allows 120/),
    );
  });

  it('fetches rows by keys in as few requests as the URL length allows', async () => {
    const upstream = await connect(
      (_request, response, url) => {
        const asked = [...(url.searchParams.get('$filter') ?? '').matchAll(/'([^']*)'/g)].map((match) => match[1]);
        json(response, JSON.stringify({ value: asked.map((id) => ({ id, name: `n-${id}` })) }));
      },
      { maxUrlLength: 400 },
    );
    const set = catalogue.model.entitySets.get('FarAgents');
    const [id, name] = [set?.entityType.properties.get('id'), set?.entityType.properties.get('name')];
    assert.ok(set && id && name);
    const values = Array.from({ length: 130 }, (_, index) => `a${index % 120}`);
    const selection = {
      set,
      type: set.entityType,
      properties: [id, name],
      computed: [],
      expands: [],
      selected: true,
      selectedNavigations: [],
    };
    const found: string[] = [];
    const restriction = { filter: null, search: null, orderby: [], top: null, skip: null, count: false };
    const request = { set, properties: [id], keys: values.map((value) => [value]), selection, restriction };
    for await (const row of upstream.fetchByKeys(request, readOptions())) {
      const { id: key, name: text } = JSON.parse(row) as { id: string; name: string };
      assert.equal(text, `n-${key}`);
      found.push(key);
    }
    assert.deepEqual(found, values.slice(0, 120));
    assert.ok(upstream.requests.length > 2 && upstream.requests.length < 10, String(upstream.requests.length));
  });

  it('keeps the last good metadata on disk and starts from it while the feed is down', async () => {
    const upstream = await connect((_request, response) => json(response, '{"value":[]}'));
    const { url } = upstream.state();
    assert.ok(url !== null && upstream.state().metadataReadAt !== null && upstream.state().failure === null);
    for (const one of open.splice(0).reverse()) {
      await one.close();
    }
    const source = tenantSource({ url });
    const adopted: string[] = [];
    const again = await connectUpstream({
      source,
      dataDir: dataDir(),
      catalogue: () => tenantCatalogue(source),
      adopt: (model) => {
        adopted.push(...model.model.entitySets.keys());
        return ['FarCalls has no notes.'];
      },
    });
    open.push(again);
    assert.deepEqual(adopted, ['Calls', 'Agents', 'Days']);
    const state = again.state();
    assert.equal(state.metadataReadAt, null);
    assert.match(state.failure ?? '', /cannot be reached[.] [(]connect ECONNREFUSED 127[.]0[.]0[.]1:\d+[)]$/);
    assert.deepEqual(state.differences, ['FarCalls has no notes.']);
  });

  it('says that a feed never reached is unavailable, and that an unknown set is refused', async () => {
    const source = tenantSource({ url: 'http://127.0.0.1:9/never/' });
    const down = await connectUpstream({
      source,
      dataDir: dataDir(),
      catalogue: () => tenantCatalogue(source, tenantModel(), false),
      adopt: () => [],
    });
    open.push(down);
    await assert.rejects(page(down, 'FarCalls'), fails('UpstreamUnavailable', /not been reached/));
  });
});
