import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { TemporaryFile } from '../../../src/http/reply/temporary-file.ts';
import { keptFor, ReplyCache, removeLeftReplies } from '../../../src/http/reply-cache/reply-cache.ts';
import { type CopyHost, ReplyCopy } from '../../../src/http/reply-cache/reply-copy.ts';
import { until } from '../../support/until.ts';
import { type CacheServer, cases, inflated, startCacheServer } from './cache-server.ts';

const megabyte = 1024 * 1024;

/** A reply whose body is read as slowly as the caller likes. */
function slowly(server: CacheServer, query: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'Accept-Encoding': 'gzip', Accept: 'application/json;odata.metadata=full' };
    http.get(new URL(query, server.feed.root), { headers, agent: false }, resolve).on('error', reject);
  });
}

describe('http: what is not whole is not shared', () => {
  let server: CacheServer;
  before(async () => {
    // 15 MB compressed: more than the buffers of both sockets hold.
    const title = `SELECT string_agg(md5(("Id" * 100 + g)::text), '') FROM generate_series(1, 20) AS g`;
    server = await startCacheServer(
      { rows: `${cases(40_000)}; UPDATE feed."Cases" SET "Title" = (${title})`, settings: { pageSize: 100_000 } },
      { totalBytes: 256 * megabyte },
    );
  });
  after(() => server.close());

  it('a client that leaves in the middle leaves nothing', async () => {
    const reply = await slowly(server, 'Cases');
    await new Promise((resolve) => reply.once('data', resolve));
    reply.pause();
    await until('a copy grows', () => server.cache.bytes > 0);
    reply.destroy();
    await until('the log says that the client left', () => server.feed.log.at(-1)?.status === 499);
    await until('its copy is gone', () => server.cache.bytes === 0 && server.cache.settled);
    assert.equal(server.cache.size, 0);
  });

  it('a reply that breaks off leaves nothing', async () => {
    const query = 'Cases?$compute=1 div (30000 sub Id) as X&$select=Id,Title,X';
    await assert.rejects(server.wire(query));
    assert.deepEqual(server.feed.broken.splice(0), ['ComputationFailed']);
    await server.settled();
    assert.deepEqual([server.cache.size, server.cache.bytes], [0, 0]);
  });

  it('two at once get all rows both, and one reply is kept', async () => {
    const query = 'Cases?$select=Id,Title&$orderby=Title';
    const [one, two] = await Promise.all([server.wire(query), server.wire(query)]);
    assert.equal(inflated(one), inflated(two));
    await server.settled();
    assert.equal(server.cache.size, 1);
    await until('the other is gone', () => server.cache.bytes < one.body.length + 1);
    assert.equal(server.cache.bytes, one.body.length);
  });

  it('a slow reader gets all of a kept reply although it was replaced meanwhile, and holds no connection to PostgreSQL', async () => {
    const made = await slowly(server, 'Cases');
    const whole = await bodyOf(made);
    await server.settled();
    const { bytes } = server.cache;
    const from = server.feed.log.length;
    const slow = await slowly(server, 'Cases');
    slow.pause();
    await until('PostgreSQL is free', async () => {
      const { rows } = await server.feed.client.query(
        `SELECT count(*)::integer AS n FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()`,
      );
      return rows[0].n === 0;
    });
    await server.load('Cases', `UPDATE feed."Cases" SET "Priority" = 1`);
    const now = await bodyOf(await slowly(server, 'Cases'));
    await server.settled();
    const body = await bodyOf(slow);
    await until('both end', () => server.feed.log.length === from + 2);
    assert.equal(server.feed.log.slice(from).filter(({ fromCache }) => fromCache).length, 1);
    assert.ok(body.equals(whole));
    assert.ok(!now.equals(whole));
    const left = bytes - whole.length + now.length;
    await until('the old file is gone with its last reader', () => server.cache.bytes === left);
  });

  it('a reader of a kept reply who leaves lets go of it', async () => {
    const whole = await bodyOf(await slowly(server, 'Cases'));
    await server.settled();
    const slow = await slowly(server, 'Cases');
    slow.pause();
    slow.destroy();
    await until('the log says that the client left', () => server.feed.log.at(-1)?.status === 499);
    assert.equal(server.feed.log.at(-1)?.fromCache, true);
    const { bytes } = server.cache;
    await server.load('Cases', 'SELECT');
    const now = await bodyOf(await slowly(server, 'Cases'));
    await server.settled();
    const left = bytes - whole.length + now.length;
    await until('the old file is gone', () => server.cache.bytes === left);
  });

  it('a file that cannot be read is no reply: the rows are read again', async () => {
    const whole = await bodyOf(await slowly(server, 'Cases'));
    await server.settled();
    await server.cache.close();
    assert.ok((await bodyOf(await slowly(server, 'Cases'))).equals(whole));
    assert.equal(server.feed.log.at(-1)?.fromCache, false);
  });
});

async function bodyOf(reply: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of reply) {
    chunks.push(chunk as Buffer);
  }
  assert.equal(reply.statusCode, 200);
  return Buffer.concat(chunks);
}

describe('http: bounds of what is kept', () => {
  let clock = 1_000_000;
  const open: CacheServer[] = [];
  const started = async (totalBytes: number): Promise<CacheServer> => {
    const server = await startCacheServer({}, { totalBytes, now: () => clock });
    open.push(server);
    return server;
  };
  afterEach(async () => {
    for (const server of open.splice(0)) {
      await server.close();
    }
  });

  const ask = async (server: CacheServer, query: string): Promise<boolean> => {
    const reply = await server.wire(query);
    assert.equal(reply.status, 200);
    assert.ok(inflated(reply).endsWith(']}'));
    await server.settled();
    return server.fromCache();
  };

  it('the reply that was not asked for longest goes first, and the bound holds at every moment', async () => {
    const { body } = await (await started(64 * megabyte)).wire('Cases?$orderby=Id');
    const totalBytes = Math.floor(body.length * 4.5);
    const server = await started(totalBytes);
    const queries = ['Id', 'Id desc', 'Title', 'Title desc'].map((order) => `Cases?$orderby=${order}`);
    for (const query of queries) {
      assert.equal(await ask(server, query), false);
    }
    assert.equal(server.cache.size, 4);
    assert.equal(await ask(server, queries[0] ?? ''), true, 'asked for again, so it is not the oldest');
    assert.equal(await ask(server, 'Cases?$orderby=Priority'), false);
    assert.ok(server.cache.bytes <= totalBytes);
    assert.equal(server.cache.size, 4);
    assert.equal(await ask(server, queries[0] ?? ''), true);
    assert.equal(await ask(server, queries[2] ?? ''), true);
    assert.equal(await ask(server, queries[1] ?? ''), false, 'this one went');
  });

  it('a reply larger than a quarter of all is not kept', async () => {
    // The port in its links makes a reply of another server some bytes longer or shorter.
    const { body } = await (await started(64 * megabyte)).wire('Cases');
    const server = await started(body.length * 4 - 2000);
    for (let times = 0; times < 2; times++) {
      assert.equal(await ask(server, 'Cases'), false);
    }
    assert.deepEqual([server.cache.size, server.cache.bytes], [0, 0]);
    const larger = await started(body.length * 4 + 2000);
    await ask(larger, 'Cases');
    assert.equal(await ask(larger, 'Cases'), true);
  });

  it('an hour after it was made it is not served, however often it was asked for', async () => {
    const server = await started(64 * megabyte);
    await ask(server, 'Cases');
    clock += keptFor - 1;
    assert.equal(await ask(server, 'Cases'), true);
    clock += 1;
    assert.equal(await ask(server, 'Cases'), false);
    assert.equal(await ask(server, 'Cases'), true);
    assert.equal(server.cache.size, 1);
  });

  it('closed, it keeps nothing more, and replies go on', async () => {
    const server = await started(64 * megabyte);
    await ask(server, 'Cases');
    await server.cache.close();
    assert.deepEqual([server.cache.size, server.cache.bytes], [0, 0]);
    for (let times = 0; times < 2; times++) {
      assert.equal(await ask(server, 'Cases'), false);
    }
  });
});

describe('http: a disk that fails or lags', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-copy-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('costs no client anything, gets its room back, and is told once', async () => {
    const server = await startCacheServer();
    try {
      await server.wire('Cases?$orderby=Id');
      await server.settled();
      assert.equal(server.cache.size, 1);
      // A file stands where the folder should be.
      rmSync(server.folder, { recursive: true });
      writeFileSync(server.folder, '');
      for (let times = 0; times < 3; times++) {
        const reply = await server.wire('Cases');
        assert.ok(inflated(reply).endsWith(']}'));
        await server.settled();
        assert.deepEqual([server.fromCache(), server.cache.size, server.cache.bytes], [false, 0, 0]);
      }
      assert.equal(server.faults.length, 1);
      assert.match(server.faults[0] ?? '', /EEXIST|ENOTDIR/);
      rmSync(server.folder);
      await server.wire('Cases');
      await server.settled();
      assert.equal(server.cache.size, 1);
      await server.cache.close();
    } finally {
      await server.close();
    }
  });

  /** Notes what a copy tells its host. */
  const noting = (told: string[], host: Partial<CopyHost>): CopyHost => ({
    open: () => TemporaryFile.open(folder, 'copy'),
    admit: () => true,
    written: (bytes) => void told.push(`written ${bytes}`),
    whole: () => void told.push('whole'),
    over: () => void told.push('over'),
    failed: (error) => void told.push(`failed ${(error as { code?: string }).code}`),
    ...host,
  });

  it('a copy that can be written no further is given up, with all its bytes', async () => {
    const told: string[] = [];
    const copy = new ReplyCopy(
      noting(told, {
        open: async () => {
          const file = await TemporaryFile.open(folder, 'closed');
          await file.remove();
          return file;
        },
      }),
    );
    copy.take(Buffer.alloc(10));
    await until('it is over', () => told.includes('over'));
    copy.take(Buffer.alloc(5));
    copy.keep();
    await copy.ended;
    assert.deepEqual(told, ['written 10', 'failed EBADF', 'written 0', 'over']);
  });

  it('a copy that finds no room is given up, and keeps no bytes in memory', async () => {
    const told: string[] = [];
    const copy = new ReplyCopy(noting(told, { admit: (_, bytes) => bytes < 20 }));
    for (let times = 0; times < 4; times++) {
      copy.take(Buffer.alloc(10));
    }
    copy.keep();
    await copy.ended;
    assert.equal(copy.bytes, 20);
    assert.equal(told.at(-1), 'over');
    const written = told.flatMap((text) => (text.startsWith('written ') ? [Number(text.slice(8))] : []));
    assert.equal(
      written.reduce((sum, bytes) => sum + bytes, 0),
      20,
    );
  });

  it('copies that wait for the disk hold a bounded number of bytes in memory', async () => {
    const cache = new ReplyCache({ folder, totalBytes: 1024 * megabyte, observe: () => {} });
    const copies = Array.from({ length: 3 }, (_, index) =>
      cache.begin({ request: String(index), tag: '"t"', applied: [], evenSmall: false, rows: () => 0 }),
    );
    // Without a turn of the event loop nothing can be written.
    for (let times = 0; times < 64; times++) {
      for (const copy of copies) {
        copy?.take(Buffer.alloc(64 * 1024));
      }
    }
    assert.ok(cache.bytes <= 4 * megabyte, String(cache.bytes));
    for (const copy of copies) {
      copy?.keep();
    }
    await until('all are over', () => cache.settled);
    assert.equal(cache.size, 0);
    assert.equal(cache.bytes, 0);
    await cache.close();
  });

  it('what a run that ended badly left is removed, and nothing else', async () => {
    const left = path.join(folder, 'left');
    mkdirSync(left);
    for (const name of ['a.reply', 'b.reply', 'other.txt']) {
      writeFileSync(path.join(left, name), 'x');
    }
    await removeLeftReplies(left);
    assert.deepEqual(readdirSync(left), ['other.txt']);
    await removeLeftReplies(path.join(folder, 'nowhere'));
  });
});
