import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { canReach, serverAccount } from '../../src/embedded/account.ts';
import type { ServerAddress } from '../../src/embedded/address.ts';
import { findPackage, serverBinaries } from '../../src/embedded/binaries.ts';
import { startEmbeddedServer } from '../../src/embedded/embedded-server.ts';
import { clusterFolders, hasCluster } from '../../src/embedded/folders.ts';
import { runningServer } from '../../src/embedded/join.ts';
import { testDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const childFile = fileURLToPath(new URL('embedded-child.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;
const nobody = { name: 'nobody', uid: 65534, gid: 65534 };
const settings = { fsync: 'off' };
const keep = 'DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 1 AS a';

describe('testDatabase', () => {
  it('gives a database with code point order and Unicode case mapping', async () => {
    const database = await testDatabase();
    const [row] = await ask(
      database.connectionString,
      `SELECT lower('É' COLLATE "und-x-icu") AS icu, lower('É') AS own, 'a' < 'B' COLLATE "C" AS folded, current_setting('server_encoding') AS encoding`,
    );
    assert.deepEqual(row, { icu: 'é', own: 'é', folded: false, encoding: 'UTF8' });
    await database.drop();
  });
});

describe('startEmbeddedServer', () => {
  let folder: string;
  /** Of one cluster, that most tests use one after the other: making one takes a second. */
  let dataDir: string;
  const children: ChildProcess[] = [];

  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'gw-'));
    // As a folder of a user whom the server's own user can reach.
    chmodSync(folder, 0o755);
    dataDir = path.join(folder, 'data');
  });
  afterEach(() => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
    }
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('creates a cluster, keeps it, and promises durability', async () => {
    const first = await startEmbeddedServer({ dataDir });
    await ask(first.address, keep);
    await first.stop();
    await first.stop();
    const second = await startEmbeddedServer({ dataDir });
    assert.deepEqual(await ask(second.address, 'SELECT a FROM kept'), [{ a: 1 }]);
    const [row] = await ask(
      second.address,
      `SELECT current_setting('fsync') || current_setting('synchronous_commit') || current_setting('full_page_writes') AS d`,
    );
    assert.deepEqual(row, { d: 'ononon' });
    await second.stop();
    assert.equal(existsSync(path.join(dataDir, 'postgres', 'postmaster.pid')), false);
  });

  it('listens on no network port, in a folder of its own', async function () {
    if (process.platform === 'win32') {
      this.skip();
    }
    const server = await startEmbeddedServer({ dataDir, settings });
    const [row] = await ask(server.address, `SELECT current_setting('listen_addresses') AS addresses`);
    assert.deepEqual(row, { addresses: '' });
    assert.equal(lstatSync(server.address.host).mode & 0o777, 0o700);
    await server.stop();
  });

  it('lets one gateway work in a folder, and says which one does', async () => {
    const server = await startEmbeddedServer({ dataDir, settings });
    await assert.rejects(startEmbeddedServer({ dataDir, settings }), {
      code: 'DataFolderInUse',
      message: new RegExp(`Another gateway \\(process ${String(process.pid)}\\) works in .*DATABASE_URL`),
    });
    await server.stop();
    await (await startEmbeddedServer({ dataDir, settings })).stop();
  });

  it('lets a command use the server of a gateway that runs', async () => {
    assert.equal(await runningServer(dataDir), null);
    const { address } = await gateway(dataDir);
    assert.deepEqual(await runningServer(dataDir), address);
  });

  it('ends its server when it is killed, and finds everything committed afterwards', async () => {
    const { child, address } = await gateway(dataDir);
    await ask(address, keep);
    const server = serverPid();
    child.kill('SIGKILL');
    await until('the server of a killed gateway has ended', () => !alive(server));
    const next = await startEmbeddedServer({ dataDir, settings });
    assert.deepEqual(await ask(next.address, 'SELECT a FROM kept'), [{ a: 1 }]);
    await next.stop();
  });

  it('ends its server when it gets a signal that it does not handle', async () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      const { child } = await gateway(dataDir);
      const server = serverPid();
      child.kill(signal);
      await until(`the server has ended after ${signal}`, () => !alive(server));
    }
  });

  it('recovers when the server itself was killed', async () => {
    const first = await startEmbeddedServer({ dataDir });
    await ask(first.address, keep);
    process.kill(serverPid(), 'SIGKILL');
    assert.match(await first.failed, /exit/);
    await first.stop();
    assert.ok(existsSync(path.join(dataDir, 'postgres', 'postmaster.pid')));
    const next = await startEmbeddedServer({ dataDir });
    assert.deepEqual(await ask(next.address, 'SELECT a FROM kept'), [{ a: 1 }]);
    await next.stop();
  });

  it('takes over from a server whose gateway and guard were killed', async function () {
    if (process.platform !== 'linux') {
      this.skip();
    }
    const { child, address } = await gateway(dataDir);
    await ask(address, keep);
    const server = serverPid();
    const guard = parentOf(server);
    for (const pid of [...childrenOf(guard).filter((pid) => pid !== server), guard]) {
      process.kill(pid, 'SIGKILL');
    }
    child.kill('SIGKILL');
    await until('the gateway has ended', () => child.signalCode !== null);
    assert.ok(alive(server));
    const next = await startEmbeddedServer({ dataDir, settings });
    assert.ok(!alive(server));
    assert.deepEqual(await ask(next.address, 'SELECT a FROM kept'), [{ a: 1 }]);
    await next.stop();
  });

  it('is not misled by a pid file that names another living process', async () => {
    const bystander = spawn('sleep', ['60'], isRoot ? { uid: 65534, gid: 65534 } : {});
    children.push(bystander);
    writeFileSync(path.join(dataDir, 'postgres', 'postmaster.pid'), `${String(bystander.pid)}\n/x\n1\n5432\n/x\n\n\n`);
    const next = await startEmbeddedServer({ dataDir, settings });
    await next.stop();
    assert.ok(alive(bystander.pid ?? 0), 'the other process was ended');
  });

  it('starts again after a first start that was killed in the middle', async () => {
    const fresh = path.join(folder, 'half');
    mkdirSync(path.join(fresh, 'postgres.new'), { recursive: true });
    writeFileSync(path.join(fresh, 'postgres.new', 'PG_VERSION'), '18\n');
    await (await startEmbeddedServer({ dataDir: fresh, settings })).stop();
  });

  it('works below a path too long for a socket', async () => {
    const long = path.join(folder, 'a-very-long-folder-name'.repeat(5), 'data');
    const server = await startEmbeddedServer({ dataDir: long, settings });
    assert.deepEqual(await ask(server.address, 'SELECT 1 AS a'), [{ a: 1 }]);
    await server.stop();
    if (server.folders.sockets !== null) {
      rmSync(server.folders.sockets, { recursive: true });
    }
  });

  it('refuses a cluster of another PostgreSQL version', async () => {
    writeFileSync(path.join(dataDir, 'postgres', 'PG_VERSION'), '17\n');
    await assert.rejects(startEmbeddedServer({ dataDir, settings }), {
      code: 'EmbeddedServerUnavailable',
      message: /made by PostgreSQL 17, and the embedded server is 18/,
    });
    writeFileSync(path.join(dataDir, 'postgres', 'PG_VERSION'), '18\n');
  });

  it('says what the server says when it does not start', async () => {
    const wrong = startEmbeddedServer({ dataDir, settings: { shared_buffers: 'much' } });
    await assert.rejects(wrong, { code: 'EmbeddedServerUnavailable', message: /did not start.*shared_buffers/ });
    await (await startEmbeddedServer({ dataDir, settings })).stop();
  });

  it('T2 runs as an ordinary user, in a temporary folder of its own', async function () {
    if (!isRoot) {
      this.skip();
    }
    const own = path.join(folder, 'own');
    mkdirSync(own);
    chownSync(own, nobody.uid, nobody.gid);
    const { address } = await gateway(own, nobody);
    assert.deepEqual(await ask(address, 'SELECT 1 AS a'), [{ a: 1 }]);
    assert.equal(lstatSync(path.join(own, 'postgres')).uid, nobody.uid);
  });

  it('runs as the owner of the cluster when it is root, whoever that is', async function () {
    if (!isRoot) {
      this.skip();
    }
    execFileSync('chown', ['-R', '65534:65534', dataDir]);
    const server = await startEmbeddedServer({ dataDir, settings });
    assert.deepEqual(await ask(server.address, 'SELECT 1 AS a'), [{ a: 1 }]);
    assert.equal(lstatSync(`/proc/${String(serverPid())}`).uid, 65534);
    await server.stop();
  });

  it('chooses postgres, then nobody, and says what to do where there is neither', function () {
    if (!isRoot) {
      this.skip();
    }
    const postgres = { name: 'postgres', uid: 101, gid: 104 };
    const root = { name: 'root', uid: 0, gid: 0 };
    assert.equal(serverAccount('/none', [root, nobody, postgres]), postgres);
    assert.equal(serverAccount('/none', [root, nobody]), nobody);
    assert.throws(() => serverAccount('/none', [root]), {
      code: 'EmbeddedServerUnavailable',
      message: /Set DATABASE_URL/,
    });
  });

  it('keeps the cluster elsewhere where the server cannot reach the data folder', async function () {
    if (!isRoot) {
      this.skip();
    }
    const home = path.join(folder, 'home');
    mkdirSync(home, { mode: 0o700 });
    assert.ok(!canReach(nobody, home));
    const { cluster, state } = clusterFolders(path.join(home, 'data'));
    assert.ok(cluster.startsWith('/var/lib/odata-warehouse-gateway/'));
    const server = await startEmbeddedServer({ dataDir: path.join(home, 'data'), settings });
    assert.deepEqual(await ask(server.address, 'SELECT 1 AS a'), [{ a: 1 }]);
    await server.stop();
    rmSync(state, { recursive: true });
  });

  it('begins anew when the data folder was deleted whose database lies elsewhere, and keeps what was there', async function () {
    if (!isRoot) {
      this.skip();
    }
    const home = path.join(folder, 'closed');
    const data = path.join(home, 'data');
    mkdirSync(home, { mode: 0o700 });
    const { cluster, state } = clusterFolders(data);
    const start = async (): Promise<{ aside: string | null; tables: number }> => {
      const server = await startEmbeddedServer({ dataDir: data, settings });
      const rows = await ask(server.address, `SELECT 1 FROM pg_class WHERE relname = 'kept'`);
      if (rows.length === 0) {
        await ask(server.address, 'CREATE TABLE kept (a int)');
      }
      await server.stop();
      return { aside: server.asideOfDeleted, tables: rows.length };
    };
    try {
      assert.deepEqual(await start(), { aside: null, tables: 0 });
      assert.ok(readFileSync(path.join(data, 'postgres.location'), 'utf8').includes(cluster));
      // A folder of an earlier version has no sign of where its database lies.
      rmSync(path.join(data, 'postgres.location'));
      rmSync(path.join(state, 'data-folder'));
      assert.deepEqual(await start(), { aside: null, tables: 1 });
      assert.ok(hasCluster(data));
      // Where only what was in the folder is deleted, too.
      rmSync(path.join(data, 'postgres.location'));
      assert.ok(!hasCluster(data));
      rmSync(data, { recursive: true });
      assert.ok(!hasCluster(data));
      const anew = await start();
      assert.equal(anew.tables, 0);
      assert.ok(anew.aside?.startsWith(`${cluster}.of-deleted-data-folder-`), String(anew.aside));
      assert.ok(existsSync(path.join(String(anew.aside), 'PG_VERSION')));
    } finally {
      rmSync(state, { recursive: true, force: true });
    }
  });

  it('makes the library links, and copies programs that the server user cannot read', function () {
    if (!isRoot) {
      this.skip();
    }
    const locked = path.join(folder, 'locked');
    const state = path.join(folder, 'state');
    cpSync(findPackage(), locked, { recursive: true });
    for (const file of readdirSync(path.join(locked, 'native', 'lib'))) {
      const link = path.join(locked, 'native', 'lib', file);
      if (lstatSync(link).isSymbolicLink()) {
        rmSync(link);
      }
    }
    const readable = serverBinaries(nobody, state, locked);
    assert.ok(readable.postgres.startsWith(locked));
    chmodSync(locked, 0o700);
    const copied = serverBinaries(nobody, state, locked);
    assert.ok(copied.postgres.startsWith(state));
    assert.deepEqual(serverBinaries(nobody, state, locked), copied);
  });

  /** Starts a gateway in a process of its own. */
  async function gateway(
    over: string,
    user?: { uid: number; gid: number },
  ): Promise<{ child: ChildProcess; address: ServerAddress }> {
    const ids = user === undefined ? {} : { uid: user.uid, gid: user.gid };
    // tsx keeps what it compiled in the temporary folder, where another user may not be allowed to make files.
    const temporary = mkdtempSync(path.join(folder, 'tmp-'));
    if (user !== undefined) {
      chownSync(temporary, user.uid, user.gid);
    }
    const child = spawn(process.execPath, ['--import', 'tsx', childFile, over], {
      ...ids,
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    for await (const line of createInterface({ input: child.stdout })) {
      const said = JSON.parse(line) as ServerAddress & { error?: string };
      assert.equal(said.error, undefined);
      return { child, address: said };
    }
    throw new Error('the gateway ended');
  }

  function serverPid(): number {
    return Number(readFileSync(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
  }
});

async function ask(connection: string | ServerAddress, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(typeof connection === 'string' ? { connectionString: connection } : connection);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

function alive(pid: number): boolean {
  try {
    // A zombie waits for its parent and runs no more.
    if (process.platform === 'linux') {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
    }
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]);
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
  return text.trim().split(/\s+/).filter(Boolean).map(Number);
}
