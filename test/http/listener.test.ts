import assert from 'node:assert/strict';
import { startTestServer, type TestServer } from './test-server.ts';

describe('the listener', () => {
  let feed: TestServer;
  before(async () => {
    feed = await startTestServer({
      beside: (app) =>
        void app.register(async (routes) => {
          routes.put('/upload/:name', async (request) => ({ name: request.params, body: request.body }));
          routes.get('/health', async () => ({ ok: true }));
        }),
    });
  });
  after(() => feed.close());

  const address = (path: string): string => new URL(path, feed.root).href;
  const upload = (path: string, type: string) =>
    fetch(address(path), { method: 'PUT', headers: { 'Content-Type': type }, body: '{"a":1}' });

  it('lets plugins answer beside the feed, with parsed bodies and heads of their own', async () => {
    assert.deepEqual(await (await fetch(address('/health'))).json(), { ok: true });
    const reply = await upload('/upload/x', 'application/json');
    assert.deepEqual(await reply.json(), { name: { name: 'x' }, body: { a: 1 } });
    assert.equal(reply.headers.get('odata-version'), null);
  });

  it('answers its own addresses and those of nobody as the feed, whatever they carry', async () => {
    for (const path of ['/odata/Cases', '/odata/', '/nothing', '/health/x']) {
      const reply = await fetch(address(path));
      assert.equal(reply.headers.get('odata-version'), '4.0', path);
      assert.equal(reply.status, path.startsWith('/odata/') ? 200 : 404, path);
    }
    for (const path of ['/odata/Cases', '/nothing', '/health']) {
      const reply = await upload(path, 'text/strange');
      assert.equal(reply.headers.get('odata-version'), '4.0', path);
      assert.equal(((await reply.json()) as { error: { code: string } }).error.code.length > 0, true, path);
    }
  });
});
