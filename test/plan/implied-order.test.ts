import assert from 'node:assert/strict';
import type { CollectionPlan } from '../../src/plan/read-plan.ts';
import { planOf } from '../sql/compile-url.ts';

/** The small model has one index, on CreatedAt. */
function orderOf(options: string): readonly string[] {
  const plan = planOf(`Cases?${options}`) as CollectionPlan;
  return plan.restriction.orderby.map(({ expression, direction }) =>
    expression.kind === 'PropertyValue' ? `${expression.property.name} ${direction}` : expression.kind,
  );
}

const from = 'CreatedAt ge 2024-01-01T00:00:00Z';
const until = 'CreatedAt lt 2024-02-01T00:00:00Z';

describe('plan: the order of rows that nobody ordered', () => {
  const cases: readonly [why: string, options: string, order: readonly string[]][] = [
    ['a closed range of an indexed time', `$filter=${from} and ${until}`, ['CreatedAt asc']],
    ['beside other conditions', `$filter=Priority gt 1 and (${until} and Open) and ${from}`, ['CreatedAt asc']],
    ['written the other way round', `$filter=2024-01-01T00:00:00Z lt CreatedAt and ${until}`, ['CreatedAt asc']],
    ['one side open', `$filter=${from}`, []],
    ['two lower bounds', `$filter=${from} and CreatedAt gt 2024-01-02T00:00:00Z`, []],
    ['either of two', `$filter=${from} or ${until}`, []],
    ['not a range', `$filter=not (${from} and ${until})`, []],
    ['a time without index', '$filter=DueOn ge 2024-01-01 and DueOn lt 2024-02-01', []],
    ['ordered by the client', `$filter=${from} and ${until}&$orderby=Id desc`, ['Id desc']],
    ['no filter', '', []],
  ];
  for (const [why, options, order] of cases)
    it(`${why}: ${order.length === 0 ? 'load order' : order.join(', ')}`, () =>
      assert.deepEqual(orderOf(options), order));
});
