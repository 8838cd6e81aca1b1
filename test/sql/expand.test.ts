import assert from 'node:assert/strict';
import { compileCollection } from '../../src/sql/read/compile-read.ts';
import { compiled, planOf } from './compile-url.ts';
import type { Value } from './read-rows.ts';
import { agentOf, agentRows, caseRows, insertRows } from './sample-rows.ts';
import { catalogue } from './small-model.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

const shown = agentRows.filter((agent) => agent.hidden !== true);
const nameOf = (id: number | null): Value => {
  const found = shown.find((agent) => agent.Id === id);
  return found === undefined ? null : { Name: found.Name };
};

describe('$expand', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(() => feed.close());

  const rowsOf = async (url: string) => (await feed.read(compiled(url))).map(({ row }) => row);

  it('to one and to one of that', async () => {
    const found = await rowsOf('Cases?$select=Id&$expand=Agent($select=Name;$expand=Leader($select=Name))');
    const expected = caseRows.map((row) => {
      const agent = agentOf(row);
      return { Id: row.Id, Agent: agent === null ? null : { Name: agent.Name, Leader: nameOf(agent.LeaderId) } };
    });
    assert.deepEqual(found, expected);
  });

  it('joins one table once for filter, order and expand', () => {
    const { text } = compiled("Cases?$filter=Agent/Name eq 'Ann'&$orderby=Agent/City&$expand=Agent");
    assert.equal(text.match(/JOIN/g)?.length, 1);
  });

  it('to many with filter, order, top, skip and count', async () => {
    const options = '$select=Number,Body;$filter=Length ne 3;$orderby=Body desc;$skip=1;$top=1;$count=true';
    const found = await rowsOf(`Cases?$select=Id&$expand=Messages(${options})`);
    const expected = caseRows.map((row) => {
      const kept = row.Messages.filter((one) => one.Length !== 3).toSorted((a, b) => {
        if (a.Body === null || b.Body === null) {
          return Number(a.Body === null) - Number(b.Body === null);
        }
        return Buffer.compare(Buffer.from(b.Body), Buffer.from(a.Body));
      });
      const page = kept.slice(1, 2).map((one) => ({ Number: one.Number, Body: one.Body }));
      return { Id: row.Id, 'Messages@odata.count': kept.length, Messages: page };
    });
    assert.deepEqual(found, expected);
  });

  it('to many inside to many inside to one, texts with control bytes unharmed', async () => {
    const url =
      'Cases?$select=Id&$expand=Agent($select=Id;$expand=Cases($select=Title;$expand=Messages($select=Body)))';
    const expected = caseRows.map((row) => {
      const agent = agentOf(row);
      const cases = caseRows.filter((one) => one.AgentId === agent?.Id);
      const inner = cases.map(({ Title, Messages }) => ({ Title, Messages: Messages.map(({ Body }) => ({ Body })) }));
      return { Id: row.Id, Agent: agent === null ? null : { Id: agent.Id, Cases: inner } };
    });
    assert.deepEqual(await rowsOf(url), expected);
  });

  it('counts alone, with a filter', async () => {
    const found = await rowsOf('Cases?$select=Id&$expand=Messages/$count($filter=Length gt 2)');
    const counted = (row: (typeof caseRows)[number]): number =>
      row.Messages.filter((one) => one.Length !== null && one.Length > 2).length;
    assert.deepEqual(
      found,
      caseRows.map((row) => ({ Id: row.Id, 'Messages@odata.count': counted(row) })),
    );
  });

  it('gives references to one and to many', async () => {
    const found = await rowsOf('Cases?$select=Id&$expand=Agent/$ref,Messages/$ref');
    const expected = caseRows.map((row) => {
      const agent = agentOf(row);
      const messages = row.Messages.map((one) => ({ '@id': ['Messages', row.Id, one.Number] }));
      return { Id: row.Id, Agent: agent === null ? null : { '@id': ['Agents', agent.Id] }, Messages: messages };
    });
    assert.deepEqual(found, expected);
  });

  it('levels of a set that refers to itself', async () => {
    const found = await rowsOf('Agents?$select=Id&$filter=Id eq 1&$expand=Team($select=Id;$levels=3)');
    assert.deepEqual(found, [
      {
        Id: 1,
        Team: [
          { Id: 2, Team: [] },
          { Id: 3, Team: [] },
        ].map((one) => ({ ...one, Team: [] })),
      },
    ]);
  });

  it('sees the outer row as $it', async () => {
    const found = await rowsOf('Agents?$select=Id&$expand=Team($select=Id;$filter=City eq $it/City)');
    assert.deepEqual(found, [
      { Id: 1, Team: [{ Id: 3 }] },
      { Id: 2, Team: [] },
      { Id: 3, Team: [] },
    ]);
  });

  it('computes in a nested level', async () => {
    const found = await rowsOf('Cases?$select=Id&$top=3&$expand=Messages($compute=Length mul 2 as L;$select=L)');
    const doubled = (row: (typeof caseRows)[number]): Value[] =>
      row.Messages.map(({ Length }) => ({ L: Length === null ? null : Length * 2 }));
    assert.deepEqual(
      found,
      caseRows.slice(0, 3).map((row) => ({ Id: row.Id, Messages: doubled(row) })),
    );
  });

  it('writes the key columns of every entity when ids are wanted', async () => {
    const plan = planOf('Cases?$select=Title&$top=2&$expand=Agent($select=Name),Messages($select=Body)');
    assert.ok(plan.kind === 'Collection');
    const found = await feed.read(compileCollection(plan, catalogue, { controls: true }));
    assert.deepEqual(
      found.map(({ row }) => row),
      [
        { '@id': ['Cases', 1], Title: 'plain', Agent: { '@id': ['Agents', 1], Name: 'Zoë' }, Messages: [] },
        { '@id': ['Cases', 2], Title: null, Agent: null, Messages: [{ '@id': ['Messages', 2, 1], Body: null }] },
      ],
    );
  });

  it('expands the children of 1,000 parents in one statement', async () => {
    await feed.client.query(`BEGIN; INSERT INTO feed."Agents" ("Id") SELECT n FROM generate_series(1000, 1999) AS n;
      INSERT INTO feed."Cases" ("Id", "AgentId") SELECT n, 1000 + n % 1000 FROM generate_series(10000, 19999) AS n;
      CREATE INDEX ON feed."Cases" ("AgentId"); ANALYZE feed."Cases"`);
    try {
      const found = await rowsOf('Agents?$select=Id&$filter=Id ge 1000&$expand=Cases($select=Id)');
      assert.equal(found.length, 1000);
      assert.ok(found.every((row) => Array.isArray(row['Cases']) && row['Cases'].length === 10));
    } finally {
      await feed.client.query('ROLLBACK');
    }
  });
});
