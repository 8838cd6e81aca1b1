import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../../src/embedded/address.ts';
import { uploadRoutes } from '../../../src/http/upload/upload-routes.ts';
import { Uploads } from '../../../src/ingest/upload/uploads.ts';
import { unobserved } from '../../../src/observation/observe.ts';
import { casesFile } from '../../ingest/support/drop.ts';
import { useFeed } from '../../ingest/support/feed.ts';
import { gatewaysSite, nginx, startNginx } from '../../support/nginx.ts';
import { until } from '../../support/until.ts';
import { startTestServer, type TestServer } from '../test-server.ts';
import { type Reply, type Sending, send } from './upload-client.ts';
import { range, shown } from './upload-gateway.ts';

describe('HTTP uploads at several gateways of one database', () => {
  const feed = useFeed();
  /** Each with files of its own. */
  let gateways: readonly { readonly server: TestServer; readonly folder: string }[] = [];
  before(async () => {
    gateways = await Promise.all(
      [1, 2, 3].map(async (number) => {
        const folder = mkdtempSync(path.join(feed().folder, `gateway-${number}-`));
        const target = new Uploads(feed(), { folder, largest: 1_000_000 });
        const findKey = () => ({ name: 'crm', sources: null });
        const server = await startTestServer({
          beside: (app) => uploadRoutes(app, { target, findKey, observe: unobserved }),
        });
        return { server, folder };
      }),
    );
  });
  after(() => Promise.all(gateways.map(({ server }) => server.close())));

  const put = (gateway: number, name: string, sending: Sending): Promise<Reply | null> =>
    send(`http://127.0.0.1:${gateways[gateway]?.server.port}/ingest/tracebuzz/${name}`, sending);
  const partsAt = (gateway: number): number => {
    const parts = path.join(gateways[gateway]?.folder ?? '', 'parts');
    return existsSync(parts) ? readdirSync(parts).filter((one) => one.endsWith('.part')).length : 0;
  };
  const loads = async (name: string): Promise<readonly string[]> =>
    (
      await feed().rows<{ state: string }>(
        `SELECT state FROM gateway.load WHERE file_name = '${name}' ORDER BY load_id`,
      )
    ).map(({ state }) => state);
  const asking = (total: number): Sending => ({ headers: { 'Content-Range': `bytes */${total}` } });

  it('a part that comes to another gateway than the one before is refused with what to do, and nothing is mixed', async () => {
    const { name, text } = casesFile(3);
    const total = Buffer.byteLength(text);
    const part = (from: number, to: number): Sending => ({
      body: text.slice(from, to),
      headers: range(from, to, total),
    });
    assert.equal(shown(await put(0, name, part(0, 60))), '308 bytes=0-59');
    const elsewhere = await put(1, name, part(60, total));
    assert.deepEqual([shown(elsewhere), elsewhere?.headers.range], ['409 UploadMisplaced', undefined]);
    assert.match(JSON.stringify(elsewhere?.body), /a load balancer must send all parts of a file to one gateway/);
    assert.equal(shown(await put(1, name, asking(total))), '308 ', 'so its sender would begin anew');
    assert.deepEqual([partsAt(0), partsAt(1), await loads(name)], [1, 0, []]);
    assert.equal(shown(await put(0, name, part(60, total))), '200 loaded');
    const again = casesFile(2);
    const size = Buffer.byteLength(again.text);
    await put(0, again.name, { body: again.text.slice(0, 40), headers: range(0, 40, size) });
    assert.equal(shown(await put(1, again.name, { body: again.text })), '200 loaded');
    // What lies at the first one is gone on with all the same, and is known then.
    const rest = { body: again.text.slice(40), headers: range(40, size, size) };
    assert.equal(shown(await put(0, again.name, rest)), '200 known');
    assert.deepEqual([await loads(name), await loads(again.name)], [['loaded'], ['loaded', 'duplicate']]);
  });

  describe(`behind nginx as deploy/ has it${nginx === null ? ' (no nginx here: scripts/fetch-proxies.sh)' : ''}`, () => {
    let own = 0;
    let proxy: ChildProcess | null = null;
    const through = (name: string, sending: Sending): Promise<Reply | null> =>
      send(`http://127.0.0.1:${own}/warehouse/ingest/tracebuzz/${name}`, sending);
    before(async function () {
      if (nginx === null) {
        this.skip();
      }
      own = await freePort();
      const site = gatewaysSite(
        own,
        gateways.map(({ server }) => server.port),
      );
      proxy = startNginx(mkdtempSync(path.join(feed().folder, 'nginx-')), site);
      await until('nginx answers', async () => (await through('none.csv', asking(1)))?.status === 308);
    });
    after(async () => {
      proxy?.kill('SIGTERM');
      await new Promise((resolve) =>
        proxy === null || proxy.exitCode !== null ? resolve(null) : proxy.once('exit', resolve),
      );
    });

    it('all parts of a file reach one gateway, over whatever connection and with whatever options, and files are spread', async () => {
      const files = Array.from({ length: 12 }, () => casesFile(3));
      for (const { name, text } of files) {
        const total = Buffer.byteLength(text);
        const first = { body: text.slice(0, 100), headers: range(0, 100, total) };
        assert.equal(shown(await through(`${name}?modified=1760000000`, first)), '308 bytes=0-99');
        for (let from = 100; from < total; from += 100) {
          const to = Math.min(from + 100, total);
          assert.equal(shown(await through(name, asking(total))), `308 bytes=0-${from - 1}`);
          const sent = await through(name, { body: text.slice(from, to), headers: range(from, to, total) });
          assert.equal(shown(sent), to === total ? '200 loaded' : `308 bytes=0-${to - 1}`, name);
        }
        assert.deepEqual(await loads(name), ['loaded']);
      }
      const taken = gateways.filter(({ folder }) => existsSync(path.join(folder, 'loaded', 'tracebuzz')));
      assert.ok(taken.length > 1);
    });

    it('where the gateway of a file is gone another one says that nothing is here, and takes all of it', async () => {
      const { name, text } = casesFile(3);
      const total = Buffer.byteLength(text);
      const before = [0, 1, 2].map(partsAt);
      assert.equal(
        shown(await through(name, { body: text.slice(0, 50), headers: range(0, 50, total) })),
        '308 bytes=0-49',
      );
      const has = [0, 1, 2].find((gateway) => partsAt(gateway) > (before[gateway] ?? 0));
      assert.ok(has !== undefined);
      await gateways[has]?.server.close();
      assert.equal(shown(await through(name, asking(total))), '308 ');
      assert.equal(shown(await through(name, { body: text })), '200 loaded');
      assert.deepEqual(await loads(name), ['loaded']);
    });
  });
});
