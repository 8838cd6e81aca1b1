import assert from 'node:assert/strict';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import { messages, rows } from '../sql/apply-rows.ts';
import { catalogue } from '../sql/small-model.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';

/** What holds of rows that are worked out here holds of groups that a feed has added up. */
describe('groups of a feed', () => {
  let gateway: EvaluatedGateway;
  afterEach(() => gateway.close());
  const shown = { rows: `${rows}${messages}`, saysApply: true };

  it('are of the rows that whoever asks may see, by each of their rules', async () => {
    const rules = new Map([['Cases', { rows: 'Open eq true', properties: ['Id', 'Cost', 'Priority'] }]]);
    gateway = await evaluatedGateway({ ...shown, grants: bindGrants(rules, catalogue) });
    const reply = await gateway.rows(gateway.evaluated, 'Cases?$apply=aggregate(Cost with sum as T,$count as N)');
    const [row] = (reply as { readonly value: readonly Record<string, unknown>[] }).value;
    assert.deepEqual([row?.['T'], row?.['N']], [2.5, 2]);
    assert.deepEqual(gateway.asked.slice(-2), [
      'Cases/$count?$filter=Open eq true',
      'Cases?$apply=filter(Open eq true)/aggregate(Cost with sum as T,$count as N)',
    ]);
  });

  it('are as many as the limits of rows allow', async () => {
    gateway = await evaluatedGateway({ ...shown, evaluation: { rows: 2, bytes: 1_000_000 } });
    const reply = await gateway.evaluated.get('Cases?$apply=groupby((Open),aggregate($count%20as%20N))');
    assert.equal(reply.status, 400);
    assert.match(await reply.text(), /LimitExceeded/);
    const fewer = await gateway.evaluated.get('Cases?$apply=aggregate($count%20as%20N)');
    assert.equal(fewer.status, 200);
  });

  it('are 503 while the feed is down, and its rows are not asked for instead', async () => {
    gateway = await evaluatedGateway(shown);
    const request = 'Cases?$apply=aggregate($count%20as%20N)';
    assert.equal((await gateway.evaluated.get(request)).status, 200);
    gateway.asked.length = 0;
    gateway.onRequest = (_, response) => {
      response.writeHead(503).end();
      return true;
    };
    const reply = await gateway.evaluated.get(request);
    assert.equal(reply.status, 503);
    assert.ok(reply.headers.get('retry-after') !== null);
    assert.deepEqual(
      gateway.asked.filter((one) => one.includes('$select')),
      [],
    );
  });

  it('are not asked for where the head of a reply alone is', async () => {
    gateway = await evaluatedGateway(shown);
    const reply = await fetch(`${gateway.evaluated.root}Cases?$apply=aggregate($count%20as%20N)`, { method: 'HEAD' });
    assert.equal(reply.status, 200);
    assert.deepEqual(gateway.asked, ['Cases?$select=Id']);
  });
});
