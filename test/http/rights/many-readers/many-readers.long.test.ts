import { assertEachSeesHisOwn, type ManyReaders, openManyReaders } from './many-readers.ts';

for (const rowLevelSecurity of [true, false]) {
  describe(`http: many readers of one feed, ${rowLevelSecurity ? 'with' : 'without'} policies for rows, for long`, function () {
    this.timeout(3_600_000);
    let feed: ManyReaders;
    before(async () => {
      feed = await openManyReaders({ rowLevelSecurity });
    });
    after(() => feed.server.close());

    it('are each given the rows of their rules in some 18,000 steps', () => assertEachSeesHisOwn(feed, 1000));
  });
}
