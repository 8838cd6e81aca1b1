import { runs } from '../../../support/runs.ts';
import { assertEachSeesHisOwn, type ManyReaders, openManyReaders } from './many-readers.ts';

for (const rowLevelSecurity of [true, false]) {
  describe(`http: many readers of one feed, ${rowLevelSecurity ? 'with' : 'without'} policies for rows`, () => {
    let feed: ManyReaders;
    before(async () => {
      feed = await openManyReaders({ rowLevelSecurity });
    });
    after(() => feed.server.close());

    it('are each given the rows of their rules, whatever others asked before', () =>
      assertEachSeesHisOwn(feed, runs(rowLevelSecurity ? 10 : 5)));
  });
}
