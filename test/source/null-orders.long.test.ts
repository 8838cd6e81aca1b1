import assert from 'node:assert/strict';
import type { EvaluatedGateway } from './evaluated-gateway.ts';
import { openNullsLast, requests } from './nulls-last.ts';

/** A feed may put rows without a value elsewhere; they come as from stored sets all the same. */
describe('orders of a feed that has rows without a value last', () => {
  let gateway: EvaluatedGateway;
  afterEach(() => gateway.close());

  for (const [what, refuses] of [
    ['that can be told otherwise', null],
    ['that refuses to be told otherwise', /orderby=[^&]* eq null/],
    ['that refuses to order by anything but names of properties', /orderby=[^&]*(?: add | mul | eq )/],
  ] as const) {
    it(what, async () => {
      gateway = await openNullsLast(refuses);
      for (const request of requests) {
        assert.deepEqual(
          await gateway.rows(gateway.evaluated, request),
          await gateway.rows(gateway.stored, request),
          request,
        );
      }
      const told = gateway.asked.some((one) => one.includes('$orderby=Cost eq null desc,Cost,Id'));
      assert.equal(told, refuses === null);
    });
  }
});
