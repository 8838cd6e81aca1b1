import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compiled, part } from './compile-url.ts';
import { type CaseRow, caseRows, insertRows } from './sample-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

type Values = Readonly<Record<string, number | null>>;

/** One item: an operation on two names that are known before it. */
interface Step {
  readonly operator: 'add' | 'sub' | 'mul';
  readonly left: number;
  readonly right: number;
}

const results: Readonly<Record<Step['operator'], (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
};

const step: fc.Arbitrary<Step> = fc.record({
  operator: fc.constantFrom('add', 'add', 'sub', 'mul'),
  left: fc.nat(20),
  right: fc.nat(20),
});

/** Names known at an item: two properties of the row, then the items before. */
const known = (index: number): string[] => ['Priority', 'Small', ...Array.from({ length: index }, (_, at) => `X${at}`)];
const nameAt = (place: number, index: number): string => known(index)[place % (index + 2)] ?? '';

const itemTexts = (steps: readonly Step[]): string[] =>
  steps.map(
    ({ operator, left, right }, index) => `${nameAt(left, index)} ${operator} ${nameAt(right, index)} as X${index}`,
  );

function valuesOf(row: CaseRow, steps: readonly Step[]): Values {
  const values: Record<string, number | null> = { Priority: row.Priority, Small: row.Small };
  for (const [index, { operator, left, right }] of steps.entries()) {
    const [a, b] = [values[nameAt(left, index)] ?? null, values[nameAt(right, index)] ?? null];
    values[`X${index}`] = a === null || b === null ? null : results[operator](a, b) + 0;
  }
  return values;
}

const small = (values: readonly Values[]): boolean =>
  values.every((row) => Object.values(row).every((value) => Math.abs(value ?? 0) < 2 ** 31));

describe('$compute from names of the same list', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(insertRows());
  });
  after(async () => feed.close());

  const rowsOf = async (query: string) => (await feed.read(compiled(query))).map(({ row }) => row);

  it('puts the expression of the name in its place', () => {
    const { text } = compiled('Cases?$select=Y&$compute=Priority add 1 as X,X mul 2 as Y');
    assert.ok(text.includes(`(((t1."Priority")::bigint + '1'::bigint))::numeric * '2'::numeric`), text);
  });

  it('random lists give what each name in turn gives, in $compute and in $apply, selected or not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 7 }), async (steps) => {
        const values = caseRows.map((row) => valuesOf(row, steps));
        fc.pre(small(values));
        const items = itemTexts(steps).join(',');
        const last = `X${steps.length - 1}`;
        const expected = values.flatMap((row, index) =>
          row[last] !== null && Number(row[last]) >= 0 ? [{ Id: caseRows[index]?.Id, [last]: row[last] }] : [],
        );
        const options = `$select=Id,${last}&$filter=${part(`${last} ge 0`)}`;
        assert.deepEqual(await rowsOf(`Cases?${options}&$compute=${part(items)}`), expected, items);
        assert.deepEqual(await rowsOf(`Cases?${options}&$apply=compute(${part(items)})`), expected, items);
      }),
      { numRuns: 150 },
    );
  });

  it('orders by them, and computes them inside of $expand and of $apply after groups', async () => {
    const list = part('length(Title) as L,L mul -1 as M');
    const titled = caseRows.filter((row) => row.Title !== null);
    const ordered = titled.toSorted((a, b) => [...(b.Title ?? '')].length - [...(a.Title ?? '')].length);
    assert.deepEqual(
      (await rowsOf(`Cases?$select=Id&$compute=${list}&$orderby=M&$filter=L ge 0`)).map((row) => row['Id']),
      ordered.map((row) => row.Id),
    );
    const [agent] = await rowsOf(
      `Agents?$filter=Id eq 1&$select=Id&$expand=Cases($compute=${list};$select=Id,M;$orderby=Id)`,
    );
    assert.deepEqual(
      agent?.['Cases'],
      caseRows
        .filter((row) => row.AgentId === 1)
        .map((row) => ({ Id: row.Id, M: row.Title === null ? null : -[...row.Title].length + 0 })),
    );
    const groups = await rowsOf(
      'Cases?$apply=groupby((AgentId),aggregate($count as N))&$compute=N mul 2 as D,D add N as T&$filter=T eq 12&$select=N,D,T',
    );
    const sizes = [1, null, 2, 3, 4].map((agent) => caseRows.filter((row) => row.AgentId === agent).length);
    const fours = sizes.filter((size) => size === 4);
    assert.ok(fours.length > 0 && fours.length < sizes.length);
    assert.deepEqual(
      groups,
      fours.map(() => ({ N: 4, D: 8, T: 12 })),
    );
  });

  it('a list that doubles with each name is refused before it is built, and done where names are columns', async () => {
    const doubling = Array.from({ length: 40 }, (_, at) => `X${at} sub X${at} as X${at + 1}`).join(',');
    assert.throws(() => compiled(`Cases?$compute=${part(`Priority as X0,${doubling}`)}`), { code: 'LimitExceeded' });
    const rows = await rowsOf(`Cases?$apply=compute(${part(`Priority as X0,${doubling}`)})&$select=X40&$top=1`);
    assert.deepEqual(rows, [{ X40: 0 }]);
  });
});
