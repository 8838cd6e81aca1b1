import assert from 'node:assert/strict';
import { startTestServer, type TestServer } from './test-server.ts';

type Row = Readonly<Record<string, unknown>>;

const rows = `
  INSERT INTO feed."Agents" ("Id", "Name", "LeaderId", "City") VALUES
    (1, 'Ann', NULL, 'Utrecht'), (2, 'Bea', 1, NULL), (3, 'gone', 1, 'X');
  UPDATE feed."Agents" SET _deleted_at = now() WHERE "Id" = 3;
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "AgentId") VALUES
    (1, 'a', 3, 1), (2, 'b', NULL, 2), (3, 'c', 5, 3), (4, 'd', 3, NULL);
  INSERT INTO feed."Messages" ("CaseId", "Number", "Body", "Length") VALUES
    (1, 1, 'x', 4), (1, 2, 'y', 9), (2, 1, 'z', 2), (3, 2, 'w', NULL);`;

describe('http: entities by key inside expressions', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({ rows });
  });
  after(async () => {
    await feed.close();
    assert.deepEqual(feed.defects, []);
  });

  async function json(query: string, headers: Readonly<Record<string, string>> = {}) {
    const reply = await feed.get(query, headers);
    const text = await reply.text();
    assert.equal(reply.status, 200, `${query}: ${text}`);
    return JSON.parse(text) as { readonly value: readonly Row[]; readonly '@odata.nextLink'?: string };
  }
  const ids = async (query: string) => (await json(query)).value.map((row) => row['Id']);

  it('$root: a value of one entity, the same for all rows; hidden and absent entities are null', async () => {
    assert.deepEqual(await ids('Cases?$filter=Priority eq $root/Cases(4)/Priority'), [1, 4]);
    assert.deepEqual(await ids('Cases?$filter=Priority eq $root/Cases(2)/Priority'), [2]);
    assert.deepEqual(await ids("Cases?$filter=$root/Agents(3)/Name eq 'gone'"), []);
    assert.deepEqual(await ids('Cases?$filter=$root/Agents(3) eq null and $root/Agents(9) eq null'), [1, 2, 3, 4]);
    assert.deepEqual(await ids('Cases?$filter=AgentId eq $root/Agents(2)/Leader/Id'), [1]);
    assert.deepEqual(await ids('Cases?$filter=$root/Agents(1)/Team/any(a:a/Id eq $it/AgentId)'), [2]);
    assert.deepEqual(await ids('Cases?$filter=$root/Messages(CaseId=1,Number=@n)/Length eq 9&@n=2&$top=1'), [1]);
    assert.equal(await (await feed.get('Cases/$count?$filter=Id gt $root/Cases(2)/Id')).text(), '2');
  });

  it('Nav(key): the row of that key among those that each row leads to', async () => {
    assert.deepEqual(await ids('Cases?$filter=Messages(1)/Length gt 3'), [1]);
    assert.deepEqual(await ids('Cases?$filter=Messages(CaseId=3,Number=2) ne null'), [3]);
    assert.deepEqual(await ids('Cases?$filter=Messages(2)/Length eq null'), [2, 3, 4]);
    assert.deepEqual(await ids('Agents?$filter=Team(3) ne null or Team(2)/Cases(2)/Messages(1)/Length eq 2'), [1]);
    assert.deepEqual(await ids('Agents?$filter=Cases/any(c:c/Messages(2)/Length eq 9)'), [1]);
  });

  it('in every option that takes expressions', async () => {
    assert.deepEqual(await ids('Cases?$orderby=Messages(1)/Length desc,Id'), [1, 2, 3, 4]);
    const computed = await json('Cases?$compute=Messages(2)/Body as B,$root/Agents(1)/Name as N&$select=Id,B,N');
    assert.deepEqual(computed.value, [
      { Id: 1, B: 'y', N: 'Ann' },
      { Id: 2, B: null, N: 'Ann' },
      { Id: 3, B: 'w', N: 'Ann' },
      { Id: 4, B: null, N: 'Ann' },
    ]);
    const expanded = await json(
      'Agents?$select=Id&$expand=Cases($select=Id;$filter=Messages(1)/Length lt $root/Cases(1)/Messages(2)/Length)',
    );
    assert.deepEqual(expanded.value, [
      { Id: 1, Cases: [{ Id: 1 }] },
      { Id: 2, Cases: [{ Id: 2 }] },
    ]);
    const applied = await json(
      'Cases?$apply=filter(Priority eq $root/Cases(1)/Priority)/compute(Messages(1)/Length as L)/aggregate(L with sum as Sum,$count as N)',
    );
    assert.deepEqual(applied.value, [{ 'Sum@odata.type': '#Int64', Sum: 4, 'N@odata.type': '#Int64', N: 2 }]);
    const joined = await json(
      '$crossjoin(Cases,Agents)?$filter=Cases/Messages(1)/Length gt 3 and Agents/Id eq $root/Cases(2)/AgentId&$expand=Cases($select=Id),Agents($select=Id)',
    );
    assert.deepEqual(
      joined.value.map(({ Cases, Agents }) => [(Cases as Row)['Id'], (Agents as Row)['Id']]),
      [[1, 2]],
    );
    assert.deepEqual(await ids('Cases/$filter(Messages(1)/Length eq $root/Messages(CaseId=2,Number=1)/Length)'), [2]);
  });

  it('pages follow an order by such values', async () => {
    const order = 'Cases?$orderby=Messages(2)/Body desc,$root/Agents(1)/Name&$select=Id';
    const found: unknown[] = [];
    for (let next: string | undefined = order; next !== undefined; ) {
      const page = await json(next, { Prefer: 'odata.maxpagesize=1' });
      found.push(...page.value.map((row) => row['Id']));
      next = page['@odata.nextLink'];
    }
    assert.deepEqual(found, [1, 3, 2, 4]);
  });

  it('the ETag follows the sets that are named', async () => {
    const query = 'Cases?$filter=Priority eq $root/Agents(1)/Id';
    const etag = (await feed.get(query)).headers.get('etag') ?? '';
    assert.equal((await feed.get(query, { 'If-None-Match': etag })).status, 304);
    await feed.client.query(`UPDATE gateway.set_versions SET version = version + 1 WHERE entity_set = 'Agents'`);
    assert.equal((await feed.get(query, { 'If-None-Match': etag })).status, 200);
  });

  it('what cannot be is refused', async () => {
    const refusals = [
      ["Cases?$filter=$root/Agents('1 OR TRUE')/Id eq 1", 400, 'TypeMismatch'],
      ['Cases?$filter=$root/Nothing(1)/Id eq 1', 400, 'UnknownProperty'],
      ['Cases?$filter=$root/Messages(1)/Length eq 1', 400, 'BadRequest'],
      ['Cases?$filter=$root/Agents(1) eq 1', 501, 'NotImplemented'],
      ['Cases?$filter=$root/Agents/$count gt 1', 501, 'NotImplemented'],
      ['Cases?$filter=Agent(1)/Id eq 1', 400, 'BadRequest'],
      ['Cases?$filter=Messages(1)', 400, 'TypeMismatch'],
      ['Cases?$filter=Messages(1)/Length', 400, 'TypeMismatch'],
      ['Cases?$filter=Messages/$filter(Length gt 1)(1)/Length eq 4', 501, 'NotImplemented'],
      [
        `Cases?$filter=${Array.from({ length: 101 }, () => 'Messages(1)/Length gt 1').join(' or ')}`,
        400,
        'LimitExceeded',
      ],
    ] as const;
    for (const [query, status, code] of refusals) {
      const reply = await feed.get(query);
      const { error } = (await reply.json()) as { error: { code: string } };
      assert.deepEqual([reply.status, error.code], [status, code], query);
    }
  });
});
