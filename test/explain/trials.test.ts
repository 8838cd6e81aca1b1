import assert from 'node:assert/strict';
import { readsOf } from '../../src/commands/explain/reads.ts';
import { sourcesOf } from '../../src/source/federated/sources.ts';
import { compareTextsAs } from '../source/compare-texts-as.ts';
import { type EvaluatedGateway, evaluatedGateway, proxiedCatalogue } from '../source/evaluated-gateway.ts';
import { answerAs } from '../source/pass-over.ts';
import { feeds } from '../source/unexpanded-ways.ts';
import { messages, rows } from '../sql/apply-rows.ts';
import { planOf } from '../upstream/tenant.ts';
import { databases } from '../upstream/texts.ts';

describe('gateway explain of what a feed has to show', () => {
  let gateway: EvaluatedGateway;
  before(async () => {
    gateway = await evaluatedGateway({ rows: `${rows}${messages}`, readsOptions: false });
  });
  after(() => gateway.close());

  const request = 'Cases?$select=Id&$filter=Id gt 10&$orderby=Id&$expand=Messages($select=Number;$orderby=Number)';
  function told(asked = request): readonly string[] {
    const catalogue = proxiedCatalogue('http://feed/', ['Cases', 'Agents', 'Messages']);
    const reads = readsOf(planOf(asked, catalogue), sourcesOf(catalogue, new Map([['far', gateway.upstream]])));
    return reads.flatMap((read) => (read.kind === 'words' ? read.text.split('\n').slice(1) : []));
  }

  it('names each option that is tried, and what is remembered of it', async () => {
    const asked = gateway.asked.length;
    const options = [
      '$filter of Cases',
      '$orderby of Cases',
      '$expand of Cases?$expand=Messages',
      '$orderby of Cases?$expand=Messages',
    ];
    assert.deepEqual(
      told(),
      options.map((option) => `${option}: not tried yet, the next request does.`),
    );
    assert.equal(gateway.asked.length, asked, 'nothing is asked');
    await gateway.rows(gateway.evaluated, request);
    const at = new Date(gateway.time.at).toISOString();
    assert.deepEqual(
      told(),
      options.map((option) => `${option}: shown at ${at}.`),
    );
    gateway.time.at += 25 * 3_600_000;
    assert.ok(told().every((line) => line.endsWith(`shown at ${at}, to be tried again.`)));
    answerAs(gateway, feeds['passes over $expand']);
    await gateway.rows(gateway.evaluated, request);
    assert.ok(told().some((line) => line.startsWith('$expand of Cases?$expand=Messages: passed over at ')));
  });

  it('says what a feed overlooks where it compares texts', async () => {
    gateway.onRequest = null;
    await compareTextsAs(gateway, databases['no letter case, no blanks at the end']);
    const ofTexts = "Cases?$select=Id&$filter=Title eq 'First'";
    const line = (): string | undefined => told(ofTexts).find((one) => one.startsWith('texts'));
    assert.equal(line(), 'texts of Title (eq) of Cases: not tried yet, the next request does.');
    await gateway.rows(gateway.evaluated, ofTexts);
    const at = new Date(gateway.time.at).toISOString();
    const overlooked = 'letter case, blanks at the end';
    assert.equal(line(), `texts of Title (eq) of Cases: found otherwise (${overlooked}) at ${at}.`);
  });
});
