import assert from 'node:assert/strict';
import { runTestFiles } from '../support/mocha-child.ts';
import { citusUrl, withoutCitus } from './support/citus-database.ts';

/** Tests of loads and of what is done with their rows, whose warehouses are placed here: they have to hold as they stand. */
const kits = [
  'restatements',
  'replay',
  'rebuild',
  'prune',
  'write-modes',
  'untouched-rows',
  'derived-changes',
  'recent-statements',
];

(citusUrl === null ? describe.skip : describe)(`Kits of loads on Citus${withoutCitus}`, function () {
  this.timeout(3_600_000);
  for (const kit of kits) {
    it(`test/ingest/${kit}.test.ts`, async () => {
      const { code, output } = await runTestFiles([`test/ingest/${kit}.test.ts`], { TESTS_ON_CITUS: '1' });
      assert.equal(code, 0, output);
      assert.match(output, /^ *[1-9]\d* passing/m);
    });
  }
});
