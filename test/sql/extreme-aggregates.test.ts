import assert from 'node:assert/strict';
import fc from 'fast-check';
import { floatTotal } from '../../src/sql/apply/totals.ts';
import { compiled, part } from './compile-url.ts';
import { anyDouble, extremeRows, sqlDouble, unsigned } from './extreme-rows.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

describe('Aggregates and comparisons over extreme values', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(`${extremeRows}
      INSERT INTO feed."Cases" ("Id", "Title", "Score", "Took") VALUES
        (5, 'top', 1.7976931348623157e308, 'P10675199D'), (6, 'top', 1.7976931348623157e308, 'P10675199D'),
        (7, 'low', -1.7976931348623157e308, 'PT1M'), (8, 'tiny', 5e-324, 'PT0.000001S'), (9, 'tiny', 5e-324, 'PT0.000002S');`);
  });
  after(async () => feed.close());

  const aggregate = async (text: string, filter: string): Promise<unknown> => {
    const apply = part(`filter(${filter})/aggregate(${text} as X)`);
    return (await feed.read(compiled(`Cases?$apply=${apply}`)))[0]?.row['X'];
  };
  const idsOf = async (filter: string): Promise<unknown[]> =>
    (await feed.read(compiled(`Cases?$select=Id&$filter=${part(filter)}`))).map(({ row }) => row['Id']);

  it('C16 sums and averages of Doubles do not fail at the end of their range', async () => {
    assert.equal(await aggregate('Score with sum', "Title eq 'top'"), Number.POSITIVE_INFINITY);
    assert.equal(await aggregate('Score with average', "Title eq 'top'"), Number.MAX_VALUE);
    assert.equal(await aggregate('Score with sum', 'Id in (2,5,7)'), Number.MAX_VALUE);
    assert.equal(await aggregate('Score with average', 'Id in (1,2,7)'), 0.5);
    assert.equal(await aggregate('Score with average', "Title eq 'tiny'"), 5e-324);
    assert.equal(await aggregate('Score with average', 'Id in (7,8)'), -Number.MAX_VALUE / 2);
    assert.equal(await aggregate('Score with average', 'Id in (8,9) or Score eq 0'), 5e-324);
    assert.equal(await aggregate('Score with sum', 'Id eq 5 or Score eq -INF'), Number.NEGATIVE_INFINITY);
    assert.equal(await aggregate('Score with sum', 'Id eq 99'), null);
    assert.equal(await aggregate('Score with average', 'Id eq 99'), null);
    assert.equal(await aggregate('Score mul 2 with average', "Title eq 'top'"), Number.POSITIVE_INFINITY);
    assert.equal(await aggregate('Score div 0 with sum', 'Id in (2,7)'), Number.NaN);
    assert.equal(await aggregate('cast(Priority,Edm.Single) with sum', 'Id in (1,2)'), 0);
  });

  it('C14 a sum of Durations that no reader holds is null, an average is one', async () => {
    assert.equal(await aggregate('Took with sum', "Title eq 'top'"), null);
    assert.equal(await aggregate('Took with average', "Title eq 'top'"), 'P10675199D');
    assert.equal(
      await aggregate('Took with sum', 'Id in (3,7) or Id ge 9223372036854775807'),
      'P-10675198DT-23H-58M-59S',
    );
    assert.equal(await aggregate('Took with average', 'Id in (1,8,9)'), 'PT0.000001S');
    assert.equal(await aggregate('Took with sum', 'Id in (3,7,8)'), 'PT1M1.000001S');
    assert.equal(await aggregate('Took with sum', 'Id eq 99'), null);
    assert.equal(await aggregate('Took with average', 'Id eq 99'), null);
  });

  it('C16 topsum and toppercent of Doubles do not fail either', async () => {
    const top = async (step: string) =>
      (await feed.read(compiled(`Cases?$apply=${part(`filter(Id in (1,2,5,6))/${step}`)}&$select=Id`))).length;
    assert.equal(await top('topsum(1.5e308,Score)'), 1);
    assert.equal(await top('toppercent(50,Score)'), 2);
    assert.equal(await top('bottomsum(1.7e308,Score)'), 2);
  });

  it('C2 NaN is equal to nothing, neither less nor greater: no row without a result is found', async () => {
    const { text } = compiled(`Cases?$filter=${part('Score div Priority gt 5')}`);
    assert.match(text, /NULLIF\(.*, 'NaN'\) > /s);
    const nan = '(Score sub Score) div 0';
    const of = async (condition: string) => idsOf(`(${condition}) and Id in (1,3,5)`);
    for (const sign of ['eq', 'gt', 'ge', 'lt', 'le']) {
      for (const [left, right] of [
        [nan, '5'],
        ['5', nan],
        [nan, nan],
        [nan, 'NaN'],
        ['NaN', 'NaN'],
        [nan, 'INF'],
        [nan, 'null'],
        ['Score', nan],
        [nan, 'Score'],
      ]) {
        assert.deepEqual(await of(`(${left}) ${sign} ${right}`), [], `${left} ${sign} ${right}`);
        assert.deepEqual(await of(`not ((${left}) ${sign} ${right})`), [1, 3, 5], `not ${left} ${sign} ${right}`);
        assert.deepEqual(await of(`((${left}) ${sign} ${right}) eq false`), [1, 3, 5], `${left} ${sign} ${right}`);
      }
    }
    assert.deepEqual(await of(`(${nan}) ne (${nan})`), [1, 3, 5]);
    assert.deepEqual(await of('NaN ne NaN'), [1, 3, 5]);
    assert.deepEqual(await of(`(${nan}) in (NaN,1,INF)`), []);
    assert.deepEqual(await of(`not ((${nan}) in (NaN,Score))`), [1, 3, 5]);
    assert.deepEqual(await of(`(${nan}) eq null`), []);
    assert.deepEqual(await of('Score add 0 eq 1.5'), [1]);
    assert.deepEqual(await of('Score add 0 ne 1.5'), [3, 5]);
    assert.deepEqual(await of('Score mul Cost eq null'), [5]);
    assert.deepEqual(await of('Score mul Cost eq Cost mul Score'), [1, 3, 5]);
    assert.deepEqual(await of(`Score lt 2 and (case(Id eq 1:${nan},true:Score) le 2)`), [3]);
    const max = part('filter(Id eq 1)/aggregate(Score sub Score with max as X)/compute(X div 0 as Y)/filter(Y gt 1)');
    assert.deepEqual(await feed.read(compiled(`Cases?$apply=${max}`)), []);
  });

  it('C16 random sums and averages are those of JavaScript, within their order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyDouble, { minLength: 1, maxLength: 6 }), async (numbers) => {
        const rows = numbers.map((number) => `(${sqlDouble(number)})`).join(', ');
        const [sum, average] = (['sum', 'average'] as const).map((method) =>
          floatTotal({ x: 'p.a', method, condition: null }),
        );
        const found = await feed.client.query<string[]>({
          text: `SELECT (${sum})::text, (${average})::text FROM (VALUES ${rows}) AS p(a)`,
          rowMode: 'array',
        });
        const [total, mean] = (found.rows[0] ?? []).map((text) => unsigned(Number(text)));
        if (numbers.every(Number.isFinite)) {
          // Exact: all of them as whole multiples of the smallest double.
          const exact = numbers.reduce((sum, number) => sum + wholeUnits(number), 0n);
          const most = wholeUnits(Math.max(...numbers.map(Math.abs)));
          assertNear(total, { exact, count: 1n, most });
          assertNear(mean, { exact, count: BigInt(numbers.length), most });
        } else {
          const plain = numbers.reduce((sum, number) => sum + number, 0);
          if (Math.abs(plain) === Number.POSITIVE_INFINITY || Number.isNaN(plain)) {
            assert.equal(total, plain);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** A finite double in units of 2 to the power -1074. */
function wholeUnits(number: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, number);
  const raw = bits.getBigUint64(0);
  const exponent = (raw >> 52n) & 0x7ffn;
  const fraction = raw & 0xfffffffffffffn;
  const size = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n);
  return raw >> 63n === 1n ? -size : size;
}

/** Additions of six numbers lose a few units of the last digit of the largest of them, `most`. */
function assertNear(
  found: number | undefined,
  { exact, count, most }: { readonly exact: bigint; readonly count: bigint; readonly most: bigint },
): void {
  assert.ok(found !== undefined && !Number.isNaN(found), String(found));
  const largest = wholeUnits(Number.MAX_VALUE);
  const size = exact < 0n ? -exact : exact;
  if (!Number.isFinite(found)) {
    assert.ok(size / count >= largest - largest / 2n ** 50n, `${found}`);
    return;
  }
  const difference = wholeUnits(found) * count - exact;
  assert.ok((difference < 0n ? -difference : difference) <= (most / 2n ** 49n + 1n) * count, `${found}`);
}
