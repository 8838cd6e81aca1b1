import assert from 'node:assert/strict';
import { bindGrants } from '../../src/plan/bind/grants.ts';
import { catalogue } from '../sql/small-model.ts';
import { databases } from '../upstream/texts.ts';
import { compareTextsAs } from './compare-texts-as.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';
import { requests, rows } from './text-requests.ts';

/** A feed may compare texts in its own way; the rows are those of stored sets all the same. */
describe('rows of a feed that compares texts in its own way', () => {
  let gateway: EvaluatedGateway;
  const open = async (name: keyof typeof databases, more: Partial<Parameters<typeof evaluatedGateway>[0]> = {}) => {
    gateway = await evaluatedGateway({ rows, readsOptions: false, ...more });
    await compareTextsAs(gateway, databases[name]);
  };
  afterEach(() => gateway.close());

  const agree = async (request: string): Promise<void> =>
    assert.deepEqual(
      await gateway.rows(gateway.evaluated, request),
      await gateway.rows(gateway.stored, request),
      request,
    );

  it('are those of stored sets', async () => {
    await open('no letter case, no blanks at the end');
    for (const request of requests) {
      await agree(request);
    }
  });

  it('the condition of a right is held to letter by letter, too', async () => {
    const rules = new Map([
      ['Cases', { rows: "Title eq 'SALES' or Cost gt 5 and Title ne 'ZEBRA'" }],
      ['Agents', {}],
    ]);
    await open('no letter case and no accents', { grants: bindGrants(rules, catalogue) });
    const ids = async (request: string): Promise<unknown> =>
      ((await gateway.rows(gateway.evaluated, request)) as { value: unknown }).value;
    const seen = [2, 7, 8, 9, 10, 11].map((Id) => ({ Id }));
    assert.deepEqual(await ids('Cases?$select=Id&$orderby=Id'), seen);
    assert.deepEqual(await ids("Cases?$select=Id&$filter=Title in ('SALES','Sales')"), [{ Id: 2 }]);
    assert.equal(await gateway.rows(gateway.evaluated, 'Cases/$count'), '6');
    assert.deepEqual(await ids('Agents?$select=Id&$filter=Id le 2&$expand=Cases($select=Id;$orderby=Id)'), [
      { Id: 1, Cases: [{ Id: 9 }] },
      { Id: 2, Cases: [{ Id: 2 }, { Id: 10 }] },
    ]);
    assert.equal((await gateway.evaluated.get('Cases(1)')).status, 404);
    assert.equal((await gateway.evaluated.get('Cases(2)')).status, 200);
  });
});
