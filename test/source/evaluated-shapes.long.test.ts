import assert from 'node:assert/strict';
import { beside, nested, reached } from '../sql/apply-cases.ts';
import { messages, rows } from '../sql/apply-rows.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';

/** Every shape of the semantic tests of `$apply` over navigation, of which the short tests try some. */
describe('all shapes of $apply over navigation, worked out here', function () {
  this.timeout(60_000);
  for (const proxied of [['Cases', 'Agents', 'Messages'], ['Cases', 'Messages'], ['Agents'], ['Messages', 'Agents']]) {
    describe(`${proxied.join(', ')} behind a feed`, () => {
      let gateway: EvaluatedGateway;
      before(async () => {
        gateway = await evaluatedGateway({
          rows: `${rows}${messages}`,
          proxied,
          beside: `${rows}${messages}`,
          pageSize: 2,
        });
      });
      after(() => gateway.close());

      for (const [request] of [...reached, ...beside, ...nested]) {
        it(request, async () => {
          const { stored, evaluated } = gateway;
          assert.deepEqual(await gateway.rows(evaluated, request), await gateway.rows(stored, request));
        });
      }
    });
  }
});
