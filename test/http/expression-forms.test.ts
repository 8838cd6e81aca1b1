import assert from 'node:assert/strict';
import { startTestServer, type TestServer } from './test-server.ts';

const rows = `
  INSERT INTO feed."Agents" ("Id", "Name", "LeaderId", "City") VALUES (1, 'Ann', NULL, 'Utrecht'), (2, 'Bob', 1, NULL);
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "Cost", "CreatedAt", "DueOn", "AgentId") VALUES
    (1, 'First', 3, 10, '2024-12-31 10:00Z', '2024-12-31', 1), (2, 'O''Neil', 3, 1, '2025-01-01 00:00Z', '2025-01-01', 2),
    (3, NULL, 4, 5, NULL, NULL, NULL);
  INSERT INTO feed."Messages" ("CaseId", "Number", "Body", "Length", "AgentId") VALUES
    (1, 1, 'a;b', 4, 1), (1, 2, 'c', NULL, 2);`;

describe('http: forms of expressions', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({ rows });
  });
  after(() => feed.close());
  afterEach(() => assert.deepEqual(feed.defects, []));

  async function value(path: string): Promise<unknown> {
    const reply = await feed.get(path);
    const text = await reply.text();
    assert.equal(reply.status, 200, `${path}: ${text}`);
    return (JSON.parse(text) as { value: unknown }).value;
  }

  async function refused(path: string, status: number, message: RegExp): Promise<void> {
    const reply = await feed.get(path);
    const { error } = (await reply.json()) as { error: { message: string } };
    assert.equal(reply.status, status, `${path}: ${error.message}`);
    assert.match(error.message, message);
  }

  async function idsOf(filter: string, set = 'Cases'): Promise<unknown[]> {
    const found = await value(`${set}?$select=Id&$orderby=Id&$filter=${encodeURIComponent(filter)}`);
    return (found as { Id: number }[]).map(({ Id }) => Id);
  }

  describe('C6 a cast in a path of $apply or $expand leaves no name in the rows', () => {
    for (const [cast, plain] of [
      ['groupby((Agent/Feed.Agent))', 'groupby((Agent))'],
      ['groupby((Agent/Feed.Agent/Name))', 'groupby((Agent/Name))'],
      ['groupby((Feed.Case/Priority))', 'groupby((Priority))'],
      [
        'groupby((Feed.Case/Agent/Feed.Agent/City),aggregate($count as N))',
        'groupby((Agent/City),aggregate($count as N))',
      ],
      ['groupby((rollup(Agent/Feed.Agent/City,Agent/Name)))', 'groupby((rollup(Agent/City,Agent/Name)))'],
      ['groupby((Agent/Feed.Agent/City),groupby((Agent/City)))', 'groupby((Agent/City),groupby((Agent/City)))'],
      ['join(Messages/Feed.Message as M)/groupby((M/Body))', 'join(Messages as M)/groupby((M/Body))'],
      ['join(Feed.Case/Messages as M)/groupby((M/Body))', 'join(Messages as M)/groupby((M/Body))'],
      ['aggregate(Messages/Feed.Message/Length with sum as S)', 'aggregate(Messages/Length with sum as S)'],
      [
        'aggregate(Cost with sum from Agent/Feed.Agent/Name with max as S)',
        'aggregate(Cost with sum from Agent/Name with max as S)',
      ],
    ]) {
      it(`$apply=${cast}`, async () =>
        assert.deepEqual(await value(`Cases?$apply=${cast}`), await value(`Cases?$apply=${plain}`)));
    }

    it('$expand, with options and with $count behind the cast', async () => {
      for (const [cast, plain] of [
        ['Agent/Feed.Agent', 'Agent'],
        ['Agent/Feed.Agent($select=Name)', 'Agent($select=Name)'],
        ['Messages/Feed.Message/$count', 'Messages/$count'],
      ]) {
        assert.deepEqual(await value(`Cases?$expand=${cast}`), await value(`Cases?$expand=${plain}`));
      }
      await refused('Cases?$expand=Agent/Feed.Case', 400, /does not lead to entities of a type 'Feed\.Case'/);
    });

    it('a type alone, or another one, is refused', async () => {
      await refused('Cases?$apply=groupby((Feed.Case))', 400, /'Feed\.Case' is a type/);
      await refused('Cases?$apply=groupby((Agent/Feed.Case))', 400, /no property 'Feed\.Case'/);
      await refused('Cases?$apply=join(Messages/Feed.Case as M)', 400, /no navigation property/);
    });
  });

  describe('C7 the edges of the grammar', () => {
    it('topcount and its kin take a positive number', async () => {
      for (const name of ['topcount', 'bottomcount', 'toppercent', 'bottompercent', 'topsum', 'bottomsum']) {
        for (const amount of ['0', '-1', 'null']) {
          await refused(`Cases?$apply=${name}(${amount},Cost)`, 400, /takes a positive number first/);
        }
      }
      await refused('Cases?$apply=groupby((Priority),topcount(@n,Cost))&@n=0', 400, /takes a positive number/);
      assert.equal(((await value('Cases?$apply=topcount(1,Cost)')) as unknown[]).length, 1);
    });

    it('from needs its method; several properties share one', async () => {
      await refused(
        'Cases?$apply=aggregate(Cost with sum from Priority as S)',
        400,
        /expected ' with ' and the method/,
      );
      await refused('Cases?$apply=aggregate($count from Priority as N)', 400, /expected ' with ' and the method/);
      await refused(
        'Cases?$apply=aggregate(Cost with sum from Priority from AgentId with max as S)',
        400,
        /expected ' with '/,
      );
      // Sums by priority and agent are 10, 1 and 5; by priority alone 11 and 5.
      assert.deepEqual(await value('Cases?$apply=aggregate(Cost with sum from Priority,AgentId with max as S)'), [
        { 'S@odata.type': '#Decimal', S: 10 },
      ]);
      assert.deepEqual(await value('Cases?$apply=aggregate(Cost with sum from Priority with max as S)'), [
        { 'S@odata.type': '#Decimal', S: 11 },
      ]);
    });

    it('any and all without a collection are told apart from names', async () => {
      for (const call of ['any()', 'all(m:m/Id eq 1)', 'ANY()']) {
        await refused(`Cases?$filter=${call}`, 400, /a path to a collection before '(any|all)', as in Items/i);
      }
    });

    it('an encoded semicolon is a character of a word of $search, in $expand, in $count and in $apply', async () => {
      const found = [{ Messages: [{ Number: 1 }] }];
      const inside = 'Cases?$select=Title&$top=1&$expand=Messages($select=Number;$search=a%3Bb)';
      assert.deepEqual(((await value(inside)) as { Messages: unknown }[])[0]?.Messages, found[0]?.Messages);
      assert.deepEqual(await value('Cases?$select=Id&$filter=Messages/$count($search=a%3Bb) eq 1'), [{ Id: 1 }]);
      assert.equal(((await value('Messages?$apply=search(a%3Bb)')) as unknown[]).length, 1);
      await refused('Cases?$expand=Messages($search=a;b)', 400, /a query option such as/);
    });

    it('a semicolon before an option separates, encoded or not', async () => {
      const [first] = (await value('Cases?$expand=Messages(%24orderby%3DNumber%3B%24search%3Da%3B%24top%3D1)')) as {
        Messages: { Number: number }[];
      }[];
      assert.deepEqual(
        first?.Messages.map((message) => message.Number),
        [1],
      );
    });

    it('a collection of shapes is as little supported as the others', async () => {
      for (const shape of ['GeometryCollection(Point(1 2))', 'Collection(Point(1 2))', 'Point(1 2)']) {
        for (const kind of ['geography', 'geometry']) {
          await refused(`Cases?$filter=Title eq ${kind}'SRID=4326;${shape}'`, 501, /geography or geometry literal/);
        }
      }
    });

    it('a leap second is 501 by name, the sixtieth second of another minute does not exist', async () => {
      for (const second of [
        'CreatedAt lt 2016-12-31T23:59:60Z',
        'CreatedAt lt 2017-01-01T05:29:60.5%2B05:30',
        'StartsAt eq 23:59:60',
      ]) {
        await refused(`Cases?$filter=${second}`, 501, /a leap second is not supported/);
      }
      await refused('Cases?$filter=CreatedAt lt 2016-12-31T23:58:60Z', 400, /second 60 does not exist/);
      await refused('Cases?$filter=CreatedAt lt 2016-12-31T23:59:61Z', 400, /second 61 does not exist/);
    });
  });

  describe('C10 forms of OData 2 and 3 and of other languages are told with what to write', () => {
    for (const [filter, hint] of [
      ["Title eq 'O'Neil'", /a quote within a text is written twice: 'O''Neil'/],
      ["indexof(Title,'O'Neil') ge 0", /written twice/],
      ["CreatedAt ge datetime'2020-01-02T03:04:05'", /the OData 4 form 2020-01-02T03:04:05Z/],
      ["CreatedAt ge datetimeoffset'2020-01-02T03:04:05+01:00'", /form 2020-01-02T03:04:05\+01:00/],
      ["CreatedAt ge datetime'yesterday'", /form 2020-01-31T00:00:00Z/],
      ["Token eq guid'11111111-2222-3333-4444-555555555555'", /form 11111111-2222-3333-4444-555555555555/],
      ["StartsAt eq time'PT1H'", /form duration'PT1H'/],
      ["StartsAt eq time'10:00'", /form 23:59:59/],
      ["Raw eq X'00ff'", /form binary'AP8'/],
      ['Title eq "First"', /a text stands in single quotes/],
      ['Title eq \u2018First\u2019', /a text stands in straight single quotes/],
      ['CreatedAt gt 0001-01-01T00:00:00+01:00', /outside of the years 1 to 9999; write 0001-01-01T00:00:00Z/],
      ['CreatedAt lt 9999-12-31T23:59:59.9999999-01:00', /write 9999-12-31T23:59:59Z/],
      ['Id = 1', /write 'eq'/],
      ['Id == 1', /write 'eq'/],
      ['Id != 1', /write 'ne'/],
      ['Id >= 1', /write 'ge'/],
      ['Id eq 1 || Id eq 2', /write 'or'/],
    ] as const) {
      it(filter, () => refused(`Cases?$filter=${encodeURIComponent(filter)}`, 400, hint));
    }

    it('$inlinecount', () => refused('Cases?$inlinecount=allpages', 400, /since OData 4 it is \$count=true/));

    it('in keys too', async () => {
      await refused("Cases(guid'11111111-2222-3333-4444-555555555555')", 400, /form 11111111-/);
    });
  });

  describe('C11 what clients write that go by the type or the form of a value is taken', () => {
    for (const [filter, ids] of [
      ['Id eq 1L', [1]],
      ['Id in (1l,2l)', [1, 2]],
      ['Cost eq 5D', [3]],
      ['Cost eq 5.0M', [3]],
      ['Cost lt 0.5e1f', [2]],
      ['Cost div 2D eq 2.5', [3]],
      ['Id add 1L eq 2', [1]],
    ] as const) {
      it(filter, async () => assert.deepEqual(await idsOf(filter), ids));
    }

    it('a suffix that cannot hold the number is none', () =>
      refused('Cases?$filter=Cost eq 5.5L', 400, /end of the decimal/));

    it('a suffix in a key', async () => {
      assert.equal((await feed.get('Cases(1L)')).status, 200);
      assert.equal((await feed.get('Cases(9L)')).status, 404);
    });

    it('a GUID beside a text is the text that spells it, in either letter case', async () => {
      const [small, large] = ['0a1b2c3d-0000-4000-8000-00000000abcd', '0A1B2C3D-0000-4000-8000-00000000ABCD'];
      await feed.client.query(`UPDATE feed."Agents" SET "City" = CASE "Id" WHEN 1 THEN '${small}' ELSE '${large}' END`);
      for (const guid of [small, large, small.replace('a', 'A')]) {
        assert.deepEqual(await idsOf(`City eq ${guid}`, 'Agents'), [1, 2], guid);
        assert.deepEqual(await idsOf(`City ne ${guid}`, 'Agents'), [], guid);
        assert.deepEqual(await idsOf(`City in (${guid},'x')`, 'Agents'), [1, 2], guid);
      }
      assert.deepEqual(await idsOf(`contains(City,${large})`, 'Agents'), [2]);
      await refused(`Agents?$filter=City gt ${small}`, 400, /in single quotes/);
      await feed.client.query(`UPDATE feed."Agents" SET "City" = CASE "Id" WHEN 1 THEN 'Utrecht' END`);
    });
  });

  describe('E6 a date beside a midnight in UTC, as .NET clients write dates', () => {
    for (const [filter, ids] of [
      ['date(CreatedAt) eq 2024-12-31T00:00:00Z', [1]],
      ['2024-12-31T00:00:00.000Z eq date(CreatedAt)', [1]],
      ['date(CreatedAt) ne 2024-12-31T00:00:00Z', [2, 3]],
      ['date(CreatedAt) gt 2024-12-31T01:00:00+01:00', [2]],
      ['DueOn le 2024-12-31T00:00Z', [1]],
      ['DueOn in (2024-12-31T00:00:00Z,2025-01-01)', [1, 2]],
      ['DueOn eq @d', [1]],
    ] as const) {
      it(filter, async () => {
        const query = `Cases?$select=Id&$filter=${encodeURIComponent(filter)}&@d=2024-12-31T00:00:00Z`;
        assert.deepEqual(
          await value(query),
          ids.map((Id) => ({ Id })),
        );
      });
    }
    it('another instant is no date', () =>
      refused('Cases?$filter=DueOn eq 2024-12-31T10:00:00Z', 400, /Write the date alone: 2024-12-31/));
  });
});
