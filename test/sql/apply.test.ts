import assert from 'node:assert/strict';
import { cases } from './apply-cases.ts';
import { rows } from './apply-rows.ts';
import { compiled } from './compile-url.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

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
