import assert from 'node:assert/strict';
import fc from 'fast-check';
import { beside, nested, reached } from '../sql/apply-cases.ts';
import { messages, rows } from '../sql/apply-rows.ts';
import { pipeline } from '../sql/random-apply.ts';
import { insertRows } from '../sql/sample-rows.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';

/** Every shape of the semantic tests of `$apply` over navigation, of which the short tests try some. */
describe('all shapes of $apply over navigation, worked out here', () => {
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

describe('random pipelines of $apply, worked out here', function () {
  this.timeout(600_000);
  let gateway: EvaluatedGateway;
  before(async () => {
    gateway = await evaluatedGateway({ rows: insertRows(), pageSize: 5 });
  });
  after(() => gateway.close());

  it('give the rows that they give on the same rows in tables', async () => {
    const { stored, evaluated } = gateway;
    await fc.assert(
      fc.asyncProperty(pipeline, async ({ set, text }) => {
        const request = `${set}?$apply=${text}`;
        assert.deepEqual(await gateway.rows(evaluated, request), await gateway.rows(stored, request), request);
      }),
      { numRuns: 500 },
    );
  });
});
