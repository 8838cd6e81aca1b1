import assert from 'node:assert/strict';
import type { CrossjoinPlan } from '../../src/plan/model/read-plan.ts';
import { compileCrossjoin, compileCrossjoinCount } from '../../src/sql/read/compile-crossjoin.ts';
import { planOf } from './compile-url.ts';
import { agentRows, caseRows, insertRows } from './sample-rows.ts';
import { catalogue } from './small-model.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

const shown = agentRows.filter((agent) => agent.hidden !== true);

/** Nulls first; the sort is stable, so that ties stay in load order. */
function ascending(left: string | number | null, right: string | number | null): number {
  if (left === right) {
    return 0;
  }
  if (left === null || right === null) {
    return left === null ? -1 : 1;
  }
  return left < right ? -1 : 1;
}

function crossjoin(url: string, pageSize = 1000): CrossjoinPlan {
  const plan = planOf(url, pageSize);
  assert.ok(plan.kind === 'Crossjoin');
  return plan;
}

describe('$crossjoin', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(() => feed.close());

  it('joins by its filter, page by page without loss', async () => {
    const url = '$crossjoin(Agents,Cases)?$filter=Cases/AgentId ge Agents/Id&$expand=Agents($select=Name)';
    const expected = shown.flatMap((agent) =>
      caseRows
        .filter((row) => row.AgentId !== null && row.AgentId >= agent.Id)
        .map((row) => ({
          Agents: { '@id': ['Agents', agent.Id], Name: agent.Name },
          Cases: { '@id': ['Cases', row.Id] },
        })),
    );
    const rows: unknown[] = [];
    let after: CrossjoinPlan['after'] = null;
    for (let pages = 0; pages < 100; pages++) {
      const query = compileCrossjoin({ ...crossjoin(url, 4), after }, catalogue);
      const found = await feed.read(query);
      rows.push(...found.slice(0, 4).map(({ row }) => row));
      if (found.length <= 4) {
        break;
      }
      after = found[3]?.position.map(String) ?? null;
    }
    assert.deepEqual(rows, expected);
    const [count] = await feed.read(compileCrossjoinCount(crossjoin(url), catalogue));
    assert.deepEqual(count?.row, { count: expected.length });
  });

  it('orders by properties of its sets, page by page without loss', async () => {
    const url =
      '$crossjoin(Agents,Cases)?$orderby=Cases/Priority desc,Agents/Name&$expand=Agents($select=Id),Cases($select=Id)';
    const expected = shown
      .flatMap((agent) => caseRows.map((row) => ({ agent, row })))
      .sort((a, b) => ascending(b.row.Priority, a.row.Priority) || ascending(a.agent.Name, b.agent.Name))
      .map(({ agent, row }) => [agent.Id, row.Id]);
    const rows: unknown[] = [];
    let after: CrossjoinPlan['after'] = null;
    for (let pages = 0; pages < 100; pages++) {
      const found = await feed.read(compileCrossjoin({ ...crossjoin(url, 7), after }, catalogue));
      const page = found.slice(0, 7).map(({ row }) => row as { Agents: { Id: number }; Cases: { Id: number } });
      rows.push(...page.map(({ Agents, Cases }) => [Agents.Id, Cases.Id]));
      if (found.length <= 7) {
        break;
      }
      after = found[6]?.position ?? null;
    }
    assert.deepEqual(rows, expected);
  });

  it('counts', async () => {
    const [count] = await feed.read(compileCrossjoin(crossjoin('$crossjoin(Agents,Cases)/$count'), catalogue));
    assert.deepEqual(count?.row, { count: shown.length * caseRows.length });
  });
});
