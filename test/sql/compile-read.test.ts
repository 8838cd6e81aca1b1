import assert from 'node:assert/strict';
import type { Property } from '../../src/edm/model.ts';
import type {
  BoundExpression,
  CollectionPlan,
  ExpandPlan,
  RangeVariable,
  Restriction,
  Selection,
} from '../../src/plan/model/read-plan.ts';
import { compileCollection, compileCountOf } from '../../src/sql/read/compile-read.ts';
import { catalogue, setNamed } from './small-model.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

const rows = `
  INSERT INTO feed."Agents" ("Id", "Name", "LeaderId", "_deleted_at") VALUES
    (1, 'Ann', NULL, NULL), (2, 'Bob', 1, NULL), (3, 'Gone', 1, now());
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "AgentId") VALUES
    (10, 'first', 1, 1), (20, NULL, 2, 2), (30, E'tab\\there\\nand \\\\ \\x01\\x1b', NULL, 3), (40, 'O''Neil', 2, NULL);
  INSERT INTO feed."Messages" ("CaseId", "Number", "Body", "Length") VALUES
    (10, 1, E'one\\x02\\x1d\\ttab', 3), (10, 2, NULL, NULL), (20, 1, '', 0);`;

const cases = setNamed('Cases');
const caseRow: RangeVariable = { name: '$it', set: cases };

function property(set: string, name: string): Property {
  const found = setNamed(set).entityType.properties.get(name);
  if (found === undefined) {
    throw new Error(name);
  }
  return found;
}

function select(set: string, names: readonly string[], expands: readonly ExpandPlan[] = []): Selection {
  const entitySet = setNamed(set);
  return {
    set: entitySet,
    type: entitySet.entityType,
    properties: names.map((name) => property(set, name)),
    computed: [],
    expands,
    selected: true,
    selectedNavigations: [],
  };
}

const nothing: Restriction = { filter: null, search: null, orderby: [], top: null, skip: null, count: false };

function plan(parts: Partial<CollectionPlan>): CollectionPlan {
  return {
    kind: 'Collection',
    source: { kind: 'Set', set: cases },
    selection: select('Cases', ['Id', 'Title']),
    restriction: nothing,
    apply: null,
    references: false,
    pageSize: 100,
    after: null,
    since: null,
    ...parts,
  };
}

const of = (name: string): BoundExpression => {
  const found = property('Cases', name);
  return {
    kind: 'PropertyValue',
    type: found.type,
    nullable: found.nullable,
    row: { variable: caseRow, steps: [] },
    property: found,
  };
};

describe('compileCollection', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(rows);
  });
  after(() => feed.close());

  const read = async (parts: Partial<CollectionPlan>) =>
    (await feed.read(compileCollection(plan(parts), catalogue))).map(({ row }) => row);

  it('serves a page in load order with one row more than may be written', async () => {
    const query = compileCollection(plan({ pageSize: 2 }), catalogue);
    assert.equal(
      query.text,
      'SELECT t1."Id", t1."Title", t1."_row" FROM "feed"."Cases" AS t1 ORDER BY t1."_row" LIMIT 3',
    );
    assert.deepEqual([query.limit, query.remaining, query.positionColumns], [2, null, 1]);
    const found = await feed.read(query);
    assert.deepEqual(
      found.map(({ row }) => row['Id']),
      [10, 20, 30],
    );
    const next = plan({ pageSize: 2, after: { values: [], rowId: found[1]?.position[0] ?? '', remaining: null } });
    assert.equal(
      compileCollection(next, catalogue).text,
      `SELECT t1."Id", t1."Title", t1."_row" FROM "feed"."Cases" AS t1 WHERE (t1."_row" > '2'::bigint) ORDER BY t1."_row" LIMIT 3`,
    );
    assert.deepEqual(await read(next), [
      { Id: 30, Title: 'tab\there\nand \\ \x01\x1b' },
      { Id: 40, Title: "O'Neil" },
    ]);
  });

  it('asks for no further row where $top ends on the page', () => {
    const query = compileCollection(plan({ restriction: { ...nothing, top: 2, skip: 1 } }), catalogue);
    assert.equal(
      query.text,
      'SELECT t1."Id", t1."Title" FROM "feed"."Cases" AS t1 WHERE t1."_row" >= (SELECT t2."_row" FROM "feed"."Cases" AS t2 ORDER BY t2."_row" LIMIT 1 OFFSET 1) ORDER BY t1."_row" LIMIT 2',
    );
    assert.deepEqual([query.limit, query.remaining, query.positionColumns], [2, 0, 0]);
  });

  it('compares a nullable property with a constant by an operator that an index answers', async () => {
    const filter: BoundExpression = {
      kind: 'Comparison',
      type: 'Edm.Boolean',
      nullable: false,
      operator: 'eq',
      left: of('Title'),
      right: { kind: 'Constant', type: 'Edm.String', value: "O'Neil" },
    };
    const parts = { restriction: { ...nothing, filter } };
    assert.match(compileCollection(plan(parts), catalogue).text, /WHERE t1."Title" = 'O''Neil' ORDER/);
    assert.deepEqual(await read(parts), [{ Id: 40, Title: "O'Neil" }]);
    const not: BoundExpression = { kind: 'Not', type: 'Edm.Boolean', nullable: false, operand: filter };
    const negated = { restriction: { ...nothing, filter: not } };
    assert.match(compileCollection(plan(negated), catalogue).text, /WHERE t1."Title" IS DISTINCT FROM 'O''Neil' ORDER/);
    assert.deepEqual(
      (await read(negated)).map((row) => row['Id']),
      [10, 20, 30],
    );
    const [total] = await feed.read(compileCountOf(plan(negated), catalogue));
    assert.deepEqual(total?.row, { count: 3 });
  });

  it('orders nulls first and goes on after a position with a null', async () => {
    const restriction: Restriction = { ...nothing, orderby: [{ expression: of('Priority'), direction: 'asc' }] };
    const query = compileCollection(plan({ restriction, pageSize: 1 }), catalogue);
    assert.match(query.text, /ORDER BY t1."Priority" ASC NULLS FIRST, t1."_row" LIMIT 2$/);
    const [first] = await feed.read(query);
    assert.deepEqual(first?.position, [null, '3']);
    const second = await read({ restriction, after: { values: [null], rowId: '3', remaining: null } });
    assert.deepEqual(
      second.map((row) => row['Id']),
      [10, 20, 40],
    );
  });

  it('expands to one by a shared join, hidden rows counting as absent', async () => {
    const agent = cases.entityType.navigationProperties.get('Agent');
    assert.ok(agent);
    const expand: ExpandPlan = {
      navigation: agent,
      form: 'entities',
      selection: select('Agents', ['Name']),
      restriction: nothing,
    };
    const found = await read({ selection: select('Cases', ['Id'], [expand]) });
    assert.deepEqual(found, [
      { Id: 10, Agent: { Name: 'Ann' } },
      { Id: 20, Agent: { Name: 'Bob' } },
      { Id: 30, Agent: null },
      { Id: 40, Agent: null },
    ]);
  });

  it('expands to many as text whose bytes cannot be mistaken for separators', async () => {
    const messages = cases.entityType.navigationProperties.get('Messages');
    assert.ok(messages);
    const expand: ExpandPlan = {
      navigation: messages,
      form: 'entities',
      selection: select('Messages', ['Number', 'Body', 'Length']),
      restriction: { ...nothing, count: true, top: 1 },
    };
    const found = await read({ selection: select('Cases', ['Id'], [expand]), restriction: { ...nothing, top: 3 } });
    assert.deepEqual(found, [
      { Id: 10, 'Messages@odata.count': 2, Messages: [{ Number: 1, Body: 'one\x02\x1d\ttab', Length: 3 }] },
      { Id: 20, 'Messages@odata.count': 1, Messages: [{ Number: 1, Body: '', Length: 0 }] },
      { Id: 30, 'Messages@odata.count': 0, Messages: [] },
    ]);
  });
});
