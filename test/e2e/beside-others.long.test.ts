import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { exportFile } from '../ingest/support/feed.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { run, serve, until, useFolders } from './support/program.ts';

/** What tests of `npm test` try of a part of the program (`test/http/reply-cache`, `test/http/serve.test.ts`), of the whole. */
describe('The whole program beside others', () => {
  const folder = useFolders();
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.drop());
  const base = () => ({ DATA_DIR: folder(), DATABASE_URL: database.connectionString, SAMPLES: 'off' });

  it('a taken port is one message and an end, sandbox and embedded server included', async () => {
    const dataDir = folder();
    const holder = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as AddressInfo;
    const { code, output } = await run(['serve'], { DATA_DIR: dataDir, PORT: String(port) });
    holder.close();
    assert.equal(code, 1, output);
    assert.match(output, new RegExp(`AddressInUse: Port ${port}`));
    assert.ok(!existsSync(path.join(dataDir, 'postgres', 'postmaster.pid')));
  });

  it('shares compressed replies until another process loads; REPLY_CACHE_MB=0 shares none; no file outlives it', async () => {
    const environment = base();
    const replies = path.join(environment.DATA_DIR, 'replies');
    mkdirSync(replies, { recursive: true });
    writeFileSync(path.join(replies, 'of-a-run-that-ended-badly.reply'), 'x');
    const load = async (title: string, minute: string): Promise<void> => {
      const file = path.join(folder(), `raw-cases-17500${minute}.csv`);
      const rows = Array.from({ length: 3000 }, (_, n) => ({ CaseId: n + 50_000, ExternalId: `${title} ${n * 7919}` }));
      writeFileSync(file, exportFile('tracebuzz/cases', rows));
      const { code, output } = await run(['ingest', file], environment);
      assert.equal(code, 0, output);
    };
    await load('one', '60000');
    for (const megabytes of ['', '0']) {
      const program = await serve({ ...environment, REPLY_CACHE_MB: megabytes });
      const ask = async (): Promise<{ readonly text: string; readonly shared: boolean }> => {
        const url = `${program.root}TracebuzzCases?$filter=CaseId ge 50000&$select=CaseId,ExternalId,LoadId,LoadedAt`;
        const reply = await fetch(url, { headers: { 'Accept-Encoding': 'gzip' } });
        const text = await reply.text();
        assert.equal(reply.status, 200, text);
        assert.equal(reply.headers.get('content-encoding'), 'gzip');
        return { text, shared: /\bcache;dur=/.test(reply.headers.get('server-timing') ?? '') };
      };
      const first = await ask();
      assert.equal(first.shared, false);
      if (megabytes === '0') {
        await ask();
      } else {
        await until('the reply is shared', async () => (await ask()).shared);
      }
      const again = await ask();
      assert.equal(again.text, first.text);
      assert.equal(again.shared, megabytes !== '0');
      if (megabytes !== '0') {
        await load('two', '60600');
        const { text, shared } = await ask();
        assert.ok(!shared && text.includes('"ExternalId":"two 7919"'), text.slice(0, 300));
      }
      program.child.kill('SIGTERM');
      assert.equal(await program.ended, 0, program.output());
      assert.deepEqual(readdirSync(replies), []);
    }
  });
});
