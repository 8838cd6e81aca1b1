import assert from 'node:assert/strict';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import type { Row } from '../upstream/conditions.ts';
import { OptionFeed } from '../upstream/option-feed.ts';
import { feeds, theirModel } from '../upstream/told-feed.ts';
import { archiveWorld, thingCatalogue, thingModel, type World } from './world.ts';

const things = Array.from({ length: 12 }, (_, at) => ({
  id: at + 1,
  at: new Date(Date.UTC(2026, 1, 27) - at * 20 * 86_400_000).toISOString(),
  text: `thing ${at + 1}`,
}));

/** Copies of a feed that answers all rows of a set whatever is asked, or has other names. */
describe('archived sets of a feed that does otherwise than it says', () => {
  const { connect } = feeds();
  const catalogue = thingCatalogue();
  let world: World;
  /** The rows that the feed has from one request to the next. */
  const readings: Row[][] = [];

  const open = async (ignores: OptionFeed['faults']['ignores'], by: string | null) => {
    const feed = new OptionFeed({ ignores, where: /Things/ }, things, { set: 'FarThings', catalogue });
    const upstream = await connect(
      (request, response, url) => {
        if (url.pathname.endsWith('/Names')) {
          response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"value":[]}');
          return;
        }
        feed.rows = readings.shift() ?? feed.rows;
        feed.answer(request, response, url);
      },
      {},
      '/service/',
      {
        metadata: metadataXml(theirModel(thingModel())),
        connection: { catalogue: () => catalogue, readsOptions: false },
      },
    );
    world = await archiveWorld({}, upstream);
    if (by === null) {
      const sets = [...catalogue.sets].map(
        ([name, set]) =>
          [
            name,
            set.kind === 'upstream' && set.archive !== undefined ? { ...set, archive: { ...set.archive, by } } : set,
          ] as const,
      );
      await world.restart({ ...catalogue, sets: new Map(sets) });
    }
  };
  afterEach(() => world.close());

  const copy = () => world.archives.run({ set: 'FarThings', signal: new AbortController().signal });
  it('have the values of properties that it spells in other case', async () => {
    await open([], 'at');
    readings.push(things.map(({ text, ...thing }) => ({ ...thing, Text: text })));
    assert.deepEqual(
      (await copy()).map(({ state }) => state),
      ['copied'],
    );
    assert.deepEqual(await world.rows('FarThings?$select=id,text&$top=1&$orderby=id'), [{ id: 1, text: 'thing 1' }]);
  });

  const kept = () =>
    world.ask<{ id: string; purged: boolean }>(
      'SELECT id::text, "_purged_at" IS NOT NULL AS purged FROM gateway_archive."FarThings" ORDER BY id',
    );

  for (const option of ['$filter', '$orderby'] as const) {
    it(`are not copied by time where it passes over ${option}: what to do is said, and rows are served as they are`, async () => {
      await open([option], 'at');
      const [outcome] = await copy();
      assert.equal(outcome?.state, 'failed');
      assert.match(
        String(outcome?.state === 'failed' ? outcome.error.message : ''),
        new RegExp(
          `does not show that it does what \\${option} of FarThings says. .* archive: { by: null } in its metadata`,
        ),
      );
      const request = 'FarThings?$filter=id le 3&$orderby=id desc&$select=id';
      assert.deepEqual(await world.rows(request), [{ id: 3 }, { id: 2 }, { id: 1 }]);
    });
  }

  it('are compared whole where that is said, and no row is taken for gone that it still has', async () => {
    await open(['$filter'], null);
    assert.deepEqual(
      (await copy()).map(({ state }) => state),
      ['copied'],
    );
    // One reading loses two rows, of which one is still there.
    const without = (...gone: readonly number[]) => things.filter(({ id }) => !gone.includes(id));
    readings.push(without(5, 7), without(5));
    await world.archives.run({ set: 'FarThings', whole: true, signal: new AbortController().signal });
    assert.deepEqual(
      (await kept()).filter(({ purged }) => purged).map(({ id }) => id),
      ['5'],
    );
    assert.equal((await kept()).length, things.length);
  });
});
