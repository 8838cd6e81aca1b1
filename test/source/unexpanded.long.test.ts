import assert from 'node:assert/strict';
import { messages, rows } from '../sql/apply-rows.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';
import { answerAs } from './pass-over.ts';
import { feeds, more, requests, ways } from './unexpanded-ways.ts';

/** Every request with every way of not doing `$expand`, each of a feed of which nothing is known. */
describe('each $expand that a feed does not do', () => {
  let gateway: EvaluatedGateway;

  afterEach(() => gateway.close());

  for (const way of ways) {
    for (const pageSize of [7, 20_000]) {
      it(`is joined here where it ${way}, with ${pageSize} rows on a page`, async () => {
        gateway = await evaluatedGateway({ rows: `${rows}${messages}${more}`, readsOptions: false, pageSize });
        answerAs(gateway, feeds[way]);
        for (const request of requests) {
          const [found, right] = [
            await gateway.rows(gateway.evaluated, request),
            await gateway.rows(gateway.stored, request),
          ];
          assert.deepEqual(found, right, request);
        }
      });
    }
  }
});
