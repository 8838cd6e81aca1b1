import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { httpListener } from '../../src/http/listener.ts';
import { openToAll } from '../../src/http/sign-in/authentication.ts';
import { everything } from '../../src/plan/grants.ts';
import { DataSources } from '../../src/source/data-sources.ts';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { type Place, shop, usePlaces, useWorld } from './support/shop.ts';

type Get = (query: string, headers?: Readonly<Record<string, string>>) => Promise<Response>;

/** Serves the database of a place for as long as the work takes: no gateway may run while a backup is restored. */
function served<T>(place: Place, metadata: string, work: (get: Get) => Promise<T>): Promise<T> {
  const catalogue = requireCatalogue(metadata, {});
  return place.within(async (database) => {
    await provision(database, catalogue);
    const app = httpListener({
      catalogue: () => catalogue,
      capabilities: null,
      sources: new DataSources({ database, results: new ResultCache(), timeout: 30_000 }, new Map()),
      authentication: openToAll,
      grantsOf: () => everything,
      settings: { pageSize: 2, publicUrl: null },
      replies: null,
      observe: () => {},
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    try {
      return await work((query, headers = {}) =>
        fetch(new URL(query.replace(/^http:\/\/[^/]+\/odata\//, ''), `http://127.0.0.1:${port}/odata/`), { headers }),
      );
    } finally {
      await app.close();
    }
  });
}

interface Page {
  readonly value: readonly { readonly OrderId: string; readonly Title: string }[];
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
}

const pageOf = async (reply: Response): Promise<Page> => {
  const text = await reply.text();
  assert.equal(reply.status, 200, text);
  return JSON.parse(text) as Page;
};

describe('What clients of a restored database meet', () => {
  const world = useWorld();
  const place = usePlaces();
  const tracking = { Prefer: 'odata.track-changes' };
  const rows = (titles: readonly string[]): string =>
    ['Id,Title,Count,At', ...titles.map((title, index) => `${index + 1},${title},,`), ''].join('\n');

  it('versions repeat with other rows, and no delta link, ETag or page of before is taken for one of now', async () => {
    await world().begin();
    shop(world());
    const metadata = path.join(world().folder, 'metadata');
    const here = await place();
    const ingest = async (name: string, titles: readonly string[], minute: number): Promise<void> => {
      const outcome = await here.run(`gateway ingest ${world().file(name, rows(titles), minute)}`);
      assert.equal(outcome.code, 0, outcome.output);
    };
    cpSync(metadata, path.join(here.folder, 'metadata'), { recursive: true });
    await ingest('orders-1.csv', ['a', 'b', 'c'], 1);
    const backup = path.join(here.folder, 'a.zip');
    assert.equal((await here.run(`gateway backup ${backup}`)).code, 0);
    await ingest('orders-2.csv', ['a', 'after', 'c'], 2);
    const before = await served(here, metadata, async (get) => {
      const first = await get('AcmeOrders?$select=OrderId,Title', tracking);
      const page = await pageOf(first);
      const last = await pageOf(await get(page['@odata.nextLink'] ?? ''));
      const plain = await get('AcmeOrders?$select=OrderId,Title');
      const etag = plain.headers.get('etag') ?? '';
      const skip = (await pageOf(plain))['@odata.nextLink'] ?? '';
      const again = await get('AcmeOrders?$select=OrderId,Title', { 'If-None-Match': etag });
      assert.equal(again.status, 304, 'the ETag is good as long as nothing was restored');
      return { etag, skip, tracked: page['@odata.nextLink'] ?? '', delta: last['@odata.deltaLink'] ?? '' };
    });
    const version = (): Promise<unknown> =>
      here.within(async (database) => {
        const { rows: found } = await database.query(
          `SELECT version FROM gateway.set_versions WHERE entity_set = 'AcmeOrders'`,
        );
        return found[0]?.['version'];
      });
    const versionBefore = await version();
    assert.equal((await here.run(`gateway restore --replace ${backup}`)).code, 0);
    // The same number of versions, other rows.
    await ingest('orders-3.csv', ['a', 'other', 'c', 'd'], 3);
    assert.equal(await version(), versionBefore);
    await served(here, metadata, async (get) => {
      for (const token of [before.delta, before.tracked]) {
        const expired = await get(token);
        assert.equal(expired.status, 410, token);
        assert.match(await expired.text(), /DeltaLinkExpired/);
      }
      const reply = await get('AcmeOrders?$select=OrderId,Title', { 'If-None-Match': before.etag });
      const page = await pageOf(reply);
      assert.notEqual(reply.headers.get('etag'), before.etag);
      assert.deepEqual(
        page.value.map(({ Title }) => Title),
        ['a', 'other'],
      );
      const rest = await pageOf(await get(before.skip));
      assert.deepEqual(
        rest.value.map(({ Title }) => Title),
        ['c', 'd'],
        'a page goes on behind the row that it ended with, with the rows of now',
      );
    });
  });
});
