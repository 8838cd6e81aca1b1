import assert from 'node:assert/strict';
import { checkModel } from '../../../src/edm/check-model.ts';
import { readMetadata } from '../../../src/edm/read-metadata.ts';
import { everyRow } from '../documented-three-ways.ts';
import { threeWays } from '../three-ways.ts';
import { calls, callsFeed, idsOf } from './calls.ts';
import { asDocumented, documented, documentedFeed, expandAll, roundTrip, runningFeeds, source } from './round-trip.ts';

describe('the documented sets from Microsoft.AspNetCore.OData, in short', () => {
  const { samples, file } = documentedFeed(6, { navigations: true, settings: { pageSize: 4, skipToken: true } });
  const feed = runningFeeds(() => [asDocumented(file), callsFeed({ maxTop: 50 })]);

  it('all 26, none different from the documents', () => {
    assert.equal(samples.size, 26);
    assert.deepEqual(feed(0).upstream.state().differences, []);
    assert.deepEqual(checkModel(feed(0).served().model), []);
  });

  it('every row, over pages, and by key', () => roundTrip(feed(0), samples));

  it('every row of some proxied, archived and both, over real HTTP', async () => {
    const names = ['BuzzeasyCalls', 'BuzzeasyAgents', 'BuzzeasyQueueSegments'];
    const some = new Map(names.map((name) => [name, samples.get(name) ?? assert.fail(name)]));
    const url = feed(0).upstream.state().url ?? assert.fail();
    const gateways = await threeWays({ documented, source: source.name, url, pageSize: 5 });
    try {
      await gateways.copy(names);
      await everyRow(gateways, some);
    } finally {
      await gateways.close();
    }
  });

  it('what the feed leads to', async () => {
    const some = new Map([...samples].slice(0, 4));
    assert.ok((await expandAll(feed(0), some, samples)) > 10);
  });

  for (const condition of [
    `subject in (${Array.from({ length: 40 }, (_, at) => `'a${at}'`).join()},'','b')`,
    'seconds ne 2 and score ne 1',
    'not (seconds gt 1 or isOutbound)',
    'score eq seconds',
  ]) {
    it(`F1 F7 ${condition.slice(0, 50)}`, async () => {
      const [found, expected] = await idsOf(feed(1), condition);
      assert.deepEqual(found, expected);
      assert.ok(found.length > 0);
    });
  }

  it('F6 seven digits of a second, which the feed does not declare', async () => {
    const [row] = await feed(1).rows('FarCalls?$filter=id eq 1');
    assert.deepEqual(row, calls[0]);
    const set = readMetadata(await (await fetch(`${feed(1).upstream.state().url}$metadata`)).text());
    assert.equal(set.model.entityTypes.get('Call')?.properties.get('startedAt')?.precision, 7);
  });

  it('F4 $top beyond what the feed gives', async () => {
    const { asked } = feed(1);
    const rows = await feed(1).rows('FarCalls?$select=id&$top=120&$skip=5');
    assert.deepEqual(
      rows.map((row) => row['id']),
      calls.slice(5, 125).map((row) => row['id']),
    );
    assert.deepEqual(
      // Whether it orders rows and passes over some is tried with one or two.
      asked.flatMap((one) => /\$top=\d\d+/.exec(one)?.[0] ?? []).slice(-3),
      ['$top=50', '$top=50', '$top=20'],
    );
  });
});
