import assert from 'node:assert/strict';
import { powerQueryHeaders } from './power-query.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const rows = `
  INSERT INTO feed."Agents" ("Id", "Name", "LeaderId", "City") VALUES
    (1, 'Ann', NULL, 'Utrecht'), (2, 'Bé "b"', 1, NULL), (3, 'gone', 1, 'X');
  UPDATE feed."Agents" SET _deleted_at = now() WHERE "Id" = 3;
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "Small", "Cost", "Score", "Open", "CreatedAt", "DueOn", "StartsAt", "Took", "Token", "Raw", "AgentId") VALUES
    (1, 'First', 3, 1, 10.50, 0.25, true, '2024-02-29 23:59:59.5+00', '2024-02-29', '08:30', 'PT1H', '11111111-2222-3333-4444-555555555555', '\\x00ff', 1),
    (2, 'It''s 100% "q"', NULL, NULL, NULL, 'NaN', false, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (9007199254740993, NULL, 1, -5, -0.01, '-Infinity', NULL, '2024-03-01 00:00:00+01', '0999-01-01', '23:59:59.999999', '-1 day', NULL, '\\x', 2);
  INSERT INTO feed."Messages" ("CaseId", "Number", "Body", "Length", "AgentId") VALUES
    (1, 1, E'tab\\there\\nline', 4, 1), (1, 2, NULL, NULL, 2), (2, 1, E'ctl \\u0001 \\u001c', 1, NULL);`;

const first = {
  Id: 1,
  Title: 'First',
  Priority: 3,
  Small: 1,
  Cost: 10.5,
  Score: 0.25,
  Open: true,
  CreatedAt: '2024-02-29T23:59:59.5Z',
  DueOn: '2024-02-29',
  StartsAt: '08:30:00',
  Took: 'PT1H',
  Token: '11111111-2222-3333-4444-555555555555',
  Raw: 'AP8=',
  AgentId: 1,
};

describe('http: the feed', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({ rows });
  });
  after(() => feed.close());

  async function json(path: string, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
    const reply = await feed.get(path, headers);
    const text = await reply.text();
    assert.equal(reply.status, 200, `${path}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  async function refused(path: string, status: number, code: string): Promise<void> {
    const reply = await feed.get(path);
    const body = (await reply.json()) as { error: { code: string; message: string } };
    assert.equal(reply.status, status, JSON.stringify(body));
    assert.equal(body.error.code, code);
    assert.equal(reply.headers.get('odata-version'), '4.0');
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json/);
  }

  describe('rule 1: the literal request of Excel', () => {
    for (const path of ['', 'Cases', 'Cases?$top=1000', 'Cases(1)', 'Cases(1)/Title', 'Cases(1)/Agent']) {
      it(`GET ${path === '' ? 'the root' : path} is JSON with a metadata level`, async () => {
        const reply = await feed.get(path, powerQueryHeaders);
        assert.equal(reply.status, 200, await reply.clone().text());
        const type = reply.headers.get('content-type') ?? '';
        assert.match(type, /^application\/json;odata\.metadata=minimal/);
        assert.equal(reply.headers.get('odata-version'), '4.0');
        const { '@odata.context': context } = (await reply.json()) as Record<string, string>;
        assert.ok(context?.startsWith(`${feed.root}$metadata`), context);
      });
    }
  });

  it('rule 3: $metadata is XML for Excel, for anything, for nothing; JSON on request', async () => {
    for (const headers of [powerQueryHeaders, { Accept: '*/*' }, {}]) {
      const reply = await feed.get('$metadata', headers);
      assert.match(reply.headers.get('content-type') ?? '', /^application\/xml/);
      assert.match(await reply.text(), /<edmx:Edmx[^>]* Version="4\.0"/);
    }
    const reply = await feed.get('$metadata?$format=json');
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(((await reply.json()) as Record<string, string>)['$Version'], '4.01');
  });

  it('serves the service document', async () => {
    assert.deepEqual(await json(''), {
      '@odata.context': `${feed.root}$metadata`,
      value: ['Cases', 'Agents', 'Messages'].map((name) => ({ name, kind: 'EntitySet', url: name })),
    });
    assert.deepEqual(await (await feed.get('../odata')).json(), await json(''));
  });

  it('rule 6: serves exactly the declared properties, nulls included', async () => {
    const { '@odata.context': context, value } = await json('Cases');
    assert.equal(context, `${feed.root}$metadata#Cases`);
    const list = value as Record<string, unknown>[];
    assert.deepEqual(list[0], first);
    assert.deepEqual(Object.keys(list[1] ?? {}), Object.keys(first));
    assert.equal(list[1]?.['Title'], 'It\'s 100% "q"');
    assert.equal(list[1]?.['Score'], 'NaN');
    assert.equal(list[2]?.['CreatedAt'], '2024-02-29T23:00:00Z');
    assert.equal(list[2]?.['Took'], '-P1D');
    assert.equal(list[2]?.['Raw'], '');
    assert.equal(list.length, 3);
  });

  it('rule 6: omit-values=nulls leaves nulls out and says so', async () => {
    const reply = await feed.get('Agents', { Prefer: 'omit-values=nulls' });
    assert.equal(reply.headers.get('preference-applied'), 'omit-values=nulls');
    const { value } = (await reply.json()) as { value: unknown[] };
    assert.deepEqual(value, [
      { Id: 1, Name: 'Ann', City: 'Utrecht' },
      { Id: 2, Name: 'Bé "b"', LeaderId: 1 },
    ]);
  });

  it('rule 10: long numbers are numbers, or strings on request', async () => {
    const text = await (await feed.get('Cases?$select=Id,Cost&$filter=Priority eq 1')).text();
    assert.match(text, /"Id":9007199254740993,"Cost":-0\.01/);
    const { value } = await json('Cases?$select=Id&$count=true', { Accept: 'application/json;IEEE754Compatible=true' });
    assert.deepEqual(value, [{ Id: '1' }, { Id: '2' }, { Id: '9007199254740993' }]);
  });

  it('rule 11: decodes once, takes navigation names in $select, adds nothing', async () => {
    const body = await json('Cases?%24select=Title%2CAgent&%24filter=Title%20eq%20%27It%27%27s%20100%25%20%22q%22%27');
    assert.deepEqual(body['value'], [{ Title: 'It\'s 100% "q"' }]);
    assert.equal(body['@odata.context'], `${feed.root}$metadata#Cases(Title,Agent)`);
  });

  it('rule 5: context URLs of expanded sets have no empty parentheses', async () => {
    const body = await json('Cases?$select=Id&$expand=Agent,Messages($select=Body)&$filter=Id eq 1');
    assert.equal(body['@odata.context'], `${feed.root}$metadata#Cases(Id,Agent,Messages(Body))`);
    assert.deepEqual(body['value'], [
      {
        Id: 1,
        Agent: { Id: 1, Name: 'Ann', LeaderId: null, City: 'Utrecht' },
        Messages: [{ Body: 'tab\there\nline' }, { Body: null }],
      },
    ]);
    const plain = await json('Cases?$expand=Agent');
    assert.equal(plain['@odata.context'], `${feed.root}$metadata#Cases`);
    const control = await json('Cases(2)?$select=Id&$expand=Messages($count=true)');
    assert.deepEqual(control['Messages'], [
      { CaseId: 2, Number: 1, Body: 'ctl \u0001 \u001c', Length: 1, AgentId: null },
    ]);
    assert.equal(control['Messages@odata.count'], 1);
    assert.equal(control['@odata.context'], `${feed.root}$metadata#Cases(Id,Messages)/$entity`);
  });

  it('rule 12: $count=true, /$count, $top, $skip, $orderby', async () => {
    const body = await json('Cases?$count=true&$top=1&$skip=1&$orderby=Id desc&$select=Id');
    assert.deepEqual([body['@odata.count'], body['value'], body['@odata.nextLink']], [3, [{ Id: 2 }], undefined]);
    const count = await feed.get('Cases/$count?$filter=Priority ne 1', powerQueryHeaders);
    assert.match(count.headers.get('content-type') ?? '', /^text\/plain/);
    assert.equal(await count.text(), '2');
    assert.deepEqual((await json('Cases?$top=0&$count=true'))['value'], []);
  });

  it('rule 13: nulls come first ascending and last descending', async () => {
    const ids = async (path: string) => ((await json(path))['value'] as { Id: number }[]).map(({ Id }) => Id);
    assert.deepEqual(await ids('Cases?$orderby=Priority&$select=Id'), [2, Number('9007199254740993'), 1]);
    assert.deepEqual(await ids('Cases?$orderby=Priority desc&$select=Id'), [1, Number('9007199254740993'), 2]);
    assert.deepEqual(await ids('Cases?$filter=Priority ne 3&$select=Id'), [2, Number('9007199254740993')]);
  });

  describe('rule 21: entities, navigation, properties', () => {
    it('an entity by key', async () => {
      assert.deepEqual(await json('Cases(1)'), { '@odata.context': `${feed.root}$metadata#Cases/$entity`, ...first });
    });
    it('a navigation to one, and 204 where it leads nowhere', async () => {
      const agent = await json('Cases(1)/Agent');
      assert.equal(agent['@odata.context'], `${feed.root}$metadata#Agents/$entity`);
      const none = await feed.get('Cases(2)/Agent');
      assert.equal(none.status, 204);
      assert.equal(none.headers.get('odata-version'), '4.0');
    });
    it('a navigation to many', async () => {
      const body = await json('Cases(1)/Messages?$select=Number');
      assert.deepEqual(body['value'], [{ Number: 1 }, { Number: 2 }]);
      assert.deepEqual((await json('Cases(9007199254740993)/Messages'))['value'], []);
    });
    it('404 for an unknown key, also in front of a navigation', async () => {
      await refused('Cases(77)', 404, 'EntityNotFound');
      await refused('Cases(77)/Messages', 404, 'EntityNotFound');
      await refused('Cases(77)/Title', 404, 'EntityNotFound');
      await refused('Agents(3)', 404, 'EntityNotFound');
    });
    it('a property, its raw value, and 204 for null', async () => {
      assert.deepEqual(await json('Cases(1)/Cost'), {
        '@odata.context': `${feed.root}$metadata#Cases(1)/Cost`,
        value: 10.5,
      });
      const text = async (path: string) => (await feed.get(path)).text();
      assert.equal(await text('Cases(1)/Title/$value'), 'First');
      assert.equal(await text('Cases(1)/CreatedAt/$value'), '2024-02-29T23:59:59.5Z');
      assert.equal(await text('Cases(1)/Open/$value'), 'true');
      const raw = await feed.get('Cases(1)/Raw/$value');
      assert.equal(raw.headers.get('content-type'), 'application/octet-stream');
      assert.deepEqual(new Uint8Array(await raw.arrayBuffer()), new Uint8Array([0, 255]));
      assert.equal((await feed.get('Cases(2)/Priority')).status, 204);
      assert.equal((await feed.get('Cases(2)/Priority/$value')).status, 204);
    });
    it('references', async () => {
      assert.deepEqual((await json('Agents/$ref'))['value'], [
        { '@odata.id': `${feed.root}Agents(1)` },
        { '@odata.id': `${feed.root}Agents(2)` },
      ]);
      assert.equal((await json('Cases(1)/Agent/$ref'))['@odata.id'], `${feed.root}Agents(1)`);
    });
  });

  it('metadata=full and metadata=none', async () => {
    const full = await json('Cases?$top=1&$select=Id,Cost', { Accept: 'application/json;odata.metadata=full' });
    assert.deepEqual(full['value'], [
      {
        '@odata.type': '#Feed.Case',
        '@odata.id': `${feed.root}Cases(1)`,
        'Id@odata.type': '#Int64',
        Id: 1,
        'Cost@odata.type': '#Decimal',
        Cost: 10.5,
      },
    ]);
    const none = await json('Cases(1)?$select=Id', { Accept: 'application/json;odata.metadata=none' });
    assert.deepEqual(none, { Id: 1 });
  });

  it('$apply: groups and aggregates, with the names in the context URL', async () => {
    const body = await json(
      'Cases?$apply=groupby((Agent/City),aggregate($count as N,Cost with sum as Total))&$orderby=N desc',
    );
    assert.equal(body['@odata.context'], `${feed.root}$metadata#Cases(Agent(City),N,Total)`);
    const value = body['value'] as { N: number; Agent: { City: string | null } | null }[];
    assert.equal(
      value.reduce((sum, { N }) => sum + N, 0),
      3,
    );
    assert.ok(value.some(({ Agent }) => Agent?.City === 'Utrecht'));
    assert.equal(body['@odata.nextLink'], undefined);
  });

  it('$crossjoin: links to the rows, or the rows', async () => {
    const body = await json('$crossjoin(Cases,Agents)?$filter=Cases/AgentId eq Agents/Id&$count=true');
    assert.equal(body['@odata.context'], `${feed.root}$metadata#Collection(Edm.ComplexType)`);
    assert.equal(body['@odata.count'], 2);
    assert.deepEqual((body['value'] as unknown[])[0], {
      'Cases@odata.navigationLink': `${feed.root}Cases(1)`,
      'Agents@odata.navigationLink': `${feed.root}Agents(1)`,
    });
    assert.equal(await (await feed.get('$crossjoin(Cases,Agents)/$count')).text(), '6');
    const paged = await json('$crossjoin(Cases,Agents)', { Prefer: 'maxpagesize=4' });
    assert.equal((paged['value'] as unknown[]).length, 4);
    const rest = await json(String(paged['@odata.nextLink']).slice(feed.root.length));
    assert.equal((rest['value'] as unknown[]).length, 2);
  });

  it('POST /Set/$query reads the options from the body', async () => {
    const reply = await fetch(`${feed.root}Cases/$query`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      body: '$select=Id&$filter=Id%20eq%201',
    });
    assert.deepEqual(((await reply.json()) as { value: unknown }).value, [{ Id: 1 }]);
  });

  it('rule 8: ignores V3 headers, unknown preferences and unknown headers', async () => {
    const headers = { MaxDataServiceVersion: '3.0', DataServiceVersion: '1.0', Prefer: 'fly=high', 'MS-Anything': '1' };
    assert.equal((await feed.get('Cases', headers)).status, 200);
  });

  it('rule 14: what cannot be done is 400 or 501 and names the option', async () => {
    await refused('Cases?$fliter=Id eq 1', 400, 'UnknownOption');
    await refused('Cases?$filter=Nope eq 1', 400, 'UnknownProperty');
    await refused('Cases?$filter=Id eq', 400, 'UriSyntax');
    await refused('Cases?$filter=Title eq 5', 400, 'TypeMismatch');
    await refused('Cases?$skiptoken=abc', 400, 'InvalidSkipToken');
    await refused('Nope', 404, 'ResourceNotFound');
    await refused('Cases?$filter=%zz', 400, 'UriSyntax');
    await refused('Cases(%zz)', 400, 'UriSyntax');
    await refused('Cases?$format=xml', 406, 'NotAcceptable');
    await refused('$all?$search=x', 501, 'NotImplemented');
  });

  it('rule 20: a URL of 8 KiB is read, a longer one than 16 KiB is 414', async () => {
    const long = (length: number) => `Cases?$filter=Title eq '${'x'.repeat(length)}'&$select=Id`;
    assert.equal((await feed.get(long(8 * 1024))).status, 200);
    await refused(long(17 * 1024), 414, 'UrlTooLong');
    await refused(long(70 * 1024), 414, 'UrlTooLong');
  });

  it('refuses writes with 405 and Allow', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const reply = await fetch(`${feed.root}Cases`, { method, ...(method === 'DELETE' ? {} : { body: '{}' }) });
      assert.equal(reply.status, 405);
      assert.equal(reply.headers.get('allow'), 'GET, HEAD, OPTIONS');
      assert.equal(reply.headers.get('odata-version'), '4.0');
    }
  });

  it('refuses OData-MaxVersion below 4.0', async () => {
    const reply = await feed.get('Cases', { 'OData-MaxVersion': '3.0' });
    assert.equal(reply.status, 400);
  });

  describe('rule 26: ETags', () => {
    for (const path of ['', '$metadata', 'Cases', 'Cases(1)', 'Cases/$count', 'Cases(1)/Title']) {
      it(`${path === '' ? 'the root' : path}: the same again is 304`, async () => {
        const etag = (await feed.get(path)).headers.get('etag') ?? '';
        assert.match(etag, /^"[\w-]+"$/);
        const again = await feed.get(path, { 'If-None-Match': `"x", ${etag}` });
        assert.deepEqual([again.status, again.headers.get('odata-version'), await again.text()], [304, '4.0', '']);
        assert.equal((await feed.get(path, { 'If-None-Match': '"other"' })).status, 200);
      });
    }
    it('a new data version of any set involved is a new ETag', async () => {
      const tag = async (path: string) => (await feed.get(path)).headers.get('etag');
      const before = [await tag('Cases?$expand=Messages'), await tag('Cases')];
      await feed.client.query("UPDATE gateway.set_versions SET version = 2 WHERE entity_set = 'Messages'");
      const later = [await tag('Cases?$expand=Messages'), await tag('Cases')];
      assert.notEqual(later[0], before[0]);
      assert.equal(later[1], before[1]);
    });
    it('a history that began anew is a new ETag, though it counts from the same number', async () => {
      const before = (await feed.get('Agents')).headers.get('etag');
      await feed.client.query(
        `DELETE FROM gateway.set_versions WHERE entity_set = 'Agents'; INSERT INTO gateway.set_versions VALUES ('Agents', 1)`,
      );
      assert.notEqual((await feed.get('Agents')).headers.get('etag'), before);
    });
    it('there is none where the reply depends on the clock; a text that says now() does not', async () => {
      const tag = async (path: string) => (await feed.get(path)).headers.get('etag');
      assert.equal(await tag('Cases?$filter=CreatedAt lt now()'), null);
      assert.equal(await tag('Cases?$filter=CreatedAt lt @t&@t=n%6Fw()'), null);
      assert.match((await tag("Cases?$filter=contains(Title,'right now (call)')")) ?? '', /^"[\w-]+"$/);
    });
    it('depends on what was negotiated', async () => {
      const plain = (await feed.get('Cases')).headers.get('etag');
      const full = (await feed.get('Cases', { Accept: 'application/json;odata.metadata=full' })).headers.get('etag');
      assert.notEqual(plain, full);
    });
  });

  it('HEAD has the headers of GET and no body', async () => {
    const reply = await fetch(`${feed.root}Cases`, { method: 'HEAD' });
    assert.equal(reply.status, 200);
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json;odata\.metadata=minimal/);
    assert.equal(await reply.text(), '');
  });

  it('has met no defect of its own', () => assert.deepEqual(feed.defects, []));
});
