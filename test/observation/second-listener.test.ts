import assert from 'node:assert/strict';
import { ingestPaths } from '../../src/ingest/delivery/paths/ingest-paths.ts';
import type { Observation } from '../../src/observation/observation.ts';
import { type JoinedGateway, joinedGateway, judge } from '../http/cross-source/joined-gateway.ts';
import { exportFile, useFeed } from '../ingest/support/feed.ts';

/** Whoever listens beside the log (an audit, metrics) is told everything of a request and of a load. */
describe('A second listener', () => {
  describe('of requests', () => {
    let gateway: JoinedGateway;
    before(async () => {
      gateway = await joinedGateway();
      const { value } = await gateway.json('BuzzeasyCalls?$top=1');
      await judge(gateway.database, [[1, String(value[0]?.['id'] ?? value[0]?.['ID']), null, 3]]);
    });
    after(() => gateway.close());

    const of = async (query: string): Promise<readonly Observation[]> => {
      gateway.observed.length = 0;
      const reply = await gateway.get(query);
      assert.equal(reply.status, 200, await reply.text());
      return [...gateway.observed];
    };
    const names = (events: readonly Observation[]): readonly string[] => events.map(({ event }) => event);

    it('is told the plan, each statement, each request to a feed, each join and the end, all with one id', async () => {
      const events = await of('TracebuzzJudgements?$expand=Call&$filter=Score ge 1&$top=5');
      assert.equal(names(events)[0], 'plan');
      assert.equal(names(events).at(-1), 'request');
      for (const name of ['statement', 'rows-by-key', 'upstream-request', 'upstream-answer']) {
        assert.ok(names(events).includes(name), `${name} is missing in ${names(events).join()}`);
      }
      const last = events.at(-1);
      assert.ok(last?.event === 'request' && last.rows === 1 && last.status === 200);
      for (const one of events) {
        assert.equal('id' in one ? one.id : null, last.id, one.event);
      }
    });

    it('is told the keys that a condition on another source became', async () => {
      const events = await of('TracebuzzJudgements?$filter=Call/holdCount ge 0');
      assert.ok(
        events.some((one) => one.event === 'keys-found' && one.set === 'BuzzeasyCalls' && one.keys > 0),
        names(events).join(),
      );
    });
  });

  describe('of loads', () => {
    const feed = useFeed();

    it('is told each step, how far the file was read, and what became of it', async () => {
      const path = feed().write(
        'raw-cases-1750000000.csv',
        exportFile('tracebuzz/cases', [{ CaseId: 1 }, { CaseId: 2 }]),
      );
      const told: Observation[] = [];
      for await (const { state } of ingestPaths(feed(), [path], { observe: (one) => told.push(one) })) {
        assert.equal(state, 'loaded');
      }
      const steps = told.flatMap((one) => (one.event === 'load-step' ? [[one.step, one.rows]] : []));
      assert.deepEqual(steps, [
        ['identified', null],
        ['staged', 2],
        ['merged', 2],
        ['committed', null],
      ]);
      assert.ok(told.some((one) => one.event === 'load-progress' && one.bytes === one.totalBytes));
      const last = told.at(-1);
      assert.ok(last?.event === 'load' && last.outcome === 'loaded' && last.file === path);
    });
  });
});
