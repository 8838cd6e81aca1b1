import assert from 'node:assert/strict';
import { rows } from './apply-rows.ts';
import { compiled } from './compile-url.ts';
import type { Value } from './read-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

/** [what follows `$apply=`, the rows served]. Worked out by hand. */
const cases: readonly (readonly [apply: string, rows: readonly Value[]])[] = [
  ['aggregate(Cost with sum as T,$count as N)', [{ T: 10.5, N: 4 }]],
  ['filter(Cost gt 100)/aggregate(Cost with sum as T,$count as N)', [{ T: null, N: 0 }]],
  ['aggregate(Cost with average as A,Cost with min as L,Cost with max as H)', [{ A: 3.5, L: 1, H: 7 }]],
  ['aggregate(Title with max as T,Open with countdistinct as D)', [{ T: 'hello c', D: 2 }]],
  ['groupby((Open))', [{ Open: null }, { Open: false }, { Open: true }]],
  [
    'groupby((Open),aggregate(Cost with sum as T))',
    [
      { Open: null, T: 1 },
      { Open: false, T: 7 },
      { Open: true, T: 2.5 },
    ],
  ],
  [
    'groupby((Agent/Name,Priority),aggregate($count as N))',
    [
      { Agent: null, Priority: null, N: 1 },
      { Agent: null, Priority: 2, N: 1 },
      { Agent: { Name: 'Ann' }, Priority: 1, N: 1 },
      { Agent: { Name: 'Bob' }, Priority: 2, N: 1 },
    ],
  ],
  [
    'groupby((Priority),aggregate(Cost with sum as T))/filter(T gt 1)/compute(T mul 2 as D)',
    [
      { Priority: 1, T: 2.5, D: 5 },
      { Priority: 2, T: 7, D: 14 },
    ],
  ],
  ['groupby((Priority),aggregate($count as N))/aggregate(N with max as M)', [{ M: 2 }]],
  [
    'groupby((rollup($all,Agent/City)),aggregate($count as N))',
    [{ N: 4 }, { Agent: null, N: 2 }, { Agent: { City: 'Bonn' }, N: 2 }],
  ],
  // A property that is never null is left out where a rollup leaves it out: readers refuse null there.
  ['filter(Id lt 30)/groupby((rollup($all,Id)))', [{}, { Id: 10 }, { Id: 20 }]],
  ['aggregate(Cost with sum from Priority with max as M)', [{ M: 7 }]],
  ['aggregate(Cost with sum from Priority with average as M,Cost with sum as S)', [{ M: 3.5, S: 10.5 }]],
  [
    'groupby((Open),aggregate(Cost with sum from Priority with average as M,$count as N))',
    [
      { Open: null, M: 1, N: 1 },
      { Open: false, M: 7, N: 1 },
      { Open: true, M: 2.5, N: 2 },
    ],
  ],
  ['topcount(2,Cost)&$select=Id', [{ Id: 10 }, { Id: 20 }]],
  ['bottomcount(1,Cost)&$select=Id', [{ Id: 30 }]],
  ['groupby((Priority),topcount(1,Cost))&$select=Id', [{ Id: 10 }, { Id: 20 }, { Id: 30 }]],
  [
    'groupby((Agent/City),toppercent(60,Cost))&$select=Id,Agent',
    [
      { Agent: { City: 'Bonn' }, Id: 20 },
      { Agent: null, Id: 30 },
    ],
  ],
  ['groupby((Priority),filter(Cost gt 2))/filter(Cost lt 7)&$select=Id,Title', [{ Id: 10, Title: 'first' }]],
  [
    'groupby((Agent/City),topcount(1,Cost)/aggregate(Cost with sum as T))',
    [
      { Agent: null, T: 1 },
      { Agent: { City: 'Bonn' }, T: 7 },
    ],
  ],
  ['topsum(8,Cost)&$select=Id', [{ Id: 10 }, { Id: 20 }]],
  ['topsum(7,Cost)&$select=Id', [{ Id: 20 }]],
  ['bottomsum(2,Cost)&$select=Id', [{ Id: 10 }, { Id: 30 }]],
  ['toppercent(50,Cost)&$select=Id', [{ Id: 20 }]],
  ['toppercent(70,Cost)&$select=Id', [{ Id: 10 }, { Id: 20 }]],
  ['bottompercent(33,Cost)&$select=Id', [{ Id: 10 }, { Id: 30 }]],
  [
    'concat(aggregate($count as N),groupby((Open)))',
    [
      { N: null, Open: null },
      { N: null, Open: false },
      { N: null, Open: true },
      { N: 4, Open: null },
    ],
  ],
  // The order goes on into the branches.
  ['orderby(Cost desc)/concat(top(1),skip(2)/top(1))&$select=Id', [{ Id: 20 }, { Id: 30 }]],
  ['orderby(Cost desc)/skip(1)/top(2)&$select=Id', [{ Id: 10 }, { Id: 30 }]],
  ['search(hello)&$select=Id', [{ Id: 30 }, { Id: 40 }]],
  [
    'compute(Priority add 1 as P)/filter(P gt 2)&$select=Id,P',
    [
      { Id: 20, P: 3 },
      { Id: 40, P: 3 },
    ],
  ],
  ['filter(Id eq 10)&$expand=Agent($select=Name)&$select=Id', [{ Id: 10, Agent: { Name: 'Ann' } }]],
  ['groupby((Open),aggregate($count as N))&$filter=N gt 1', [{ Open: true, N: 2 }]],
];

describe('$apply', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(rows);
  });
  after(() => feed.close());

  it('an expression that is summed as Double is computed once for each row, a column stands as it is', async () => {
    const sum = compiled('Cases?$apply=groupby((Open),aggregate(Score%20mul%202%20with%20sum%20as%20S))');
    assert.match(sum.text, / OFFSET 0\) AS g GROUP BY/);
    await feed.read(sum);
    for (const text of ['Score with sum', 'Cost mul 2 with sum', 'Score mul 2 with max']) {
      assert.ok(
        !compiled(`Cases?$apply=aggregate(${encodeURIComponent(text)} as S)`).text.includes('OFFSET 0) AS g'),
        text,
      );
    }
  });

  for (const [apply, expected] of cases) {
    it(apply, async () => {
      const query = compiled(`Cases?$apply=${apply}`);
      assert.deepEqual(
        (await feed.read(query)).map(({ row }) => row),
        expected,
        query.text,
      );
    });
  }

  it('counts its result', async () => {
    const [count] = await feed.read(compiled('Cases/$count?$apply=groupby((Priority))'));
    assert.deepEqual(count?.row, { count: 3 });
  });

  it('refuses a chain of groups whose text would double with every step, before it is made', () => {
    const step = 'groupby((Agent),aggregate(Agent/Cases/$count as N,$count as C))';
    const chain = Array.from({ length: 40 }, () => step).join('/');
    assert.throws(() => compiled(`Cases?$apply=${chain}`), /characters of SQL/);
    const within = Array.from({ length: 30 }, () => 'groupby((Priority),top(1)/aggregate($count as N))').join('/');
    assert.throws(() => compiled(`Cases?$apply=${within}`), /characters of SQL/);
  });

  it('keeps a chain of computations from doubling its text or its plan', async () => {
    const steps = Array.from({ length: 40 }, (_, index) => `compute(X${index} add X${index} as X${index + 1})`);
    const query = compiled(`Cases?$apply=compute(Cost mul 0 as X0)/${steps.join('/')}&$select=Id,X40`);
    assert.ok(query.text.length < 10_000);
    assert.equal((await feed.read(query)).length, 4);
  });
});
