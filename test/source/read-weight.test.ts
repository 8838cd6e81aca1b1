import assert from 'node:assert/strict';
import type { Bound } from '../../src/plan/model/read-plan.ts';
import { readWeight } from '../../src/source/stored/read-weight.ts';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import type { StoredPlan } from '../../src/source/stored/stored-read.ts';
import { compileStored } from '../../src/source/stored/stored-reply.ts';
import { planOf } from '../sql/compile-url.ts';
import { catalogue } from '../sql/small-model.ts';

describe('source: what a stored read weighs', () => {
  /** What decides: nothing, PostgreSQL's estimate, or the number of rows alone. */
  function decides(url: string, pageSize: number): 'shape' | 'estimate' | 'rows' {
    const plan = planOf(url, pageSize) as Bound<StoredPlan>;
    const compiled = compileStored(plan, { catalogue }, {});
    const weight = readWeight({ plan, reading: { catalogue, headOnly: false }, results: new ResultCache() }, compiled);
    if (weight === null) {
      return 'shape';
    }
    return weight.statements === null ? 'rows' : 'estimate';
  }

  for (const [url, pageSize, expected] of [
    ['Cases', 500, 'shape'],
    ['Cases', 20_000, 'estimate'],
    ['Cases?$filter=Priority eq 1', 1_000_000, 'estimate'],
    // All rows of a reply as CSV: an estimate that is wrong would end it after the first bytes.
    ['Cases?$filter=Priority eq 1', 1_000_000_000, 'rows'],
    ['Cases?$filter=Priority eq 1&$top=10', 1_000_000_000, 'estimate'],
    ['Cases?$top=10', 1_000_000_000, 'shape'],
    // It may join or group more rows than there are, which the estimate says.
    ['Cases?$apply=groupby((Title))', 1_000_000_000, 'estimate'],
  ] as const) {
    it(`${url} in pages of ${pageSize} rows: ${expected}`, () => assert.equal(decides(url, pageSize), expected));
  }
});
