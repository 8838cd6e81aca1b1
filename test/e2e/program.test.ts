import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { freePort } from '../../src/embedded/address.ts';
import { exportFile } from '../ingest/support/feed.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { runInProcess } from './remedies/command-line.ts';
import { run, serve, until, useFolders } from './support/program.ts';

interface Collection {
  readonly value: readonly { readonly url: string; readonly name: string }[];
  readonly '@odata.count'?: number;
}

const json = async (url: string, headers: Record<string, string> = {}): Promise<Collection> => {
  const reply = await fetch(url, { headers });
  const text = await reply.text();
  assert.equal(reply.status, 200, `${url}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as Collection;
};

const serverPid = (dataDir: string): number =>
  Number(readFileSync(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);

/** What others can read or write below a folder, but for the programs of PostgreSQL, which are nobody's secret. */
function openBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .map(({ parentPath, name }) => path.join(parentPath, name))
    .filter((file) => !file.includes('postgres-programs-'))
    .filter((file) => {
      const stat = lstatSync(file, { throwIfNoEntry: false });
      return stat !== undefined && (stat.isFile() || stat.isDirectory()) && (stat.mode & 0o077) !== 0;
    });
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('The version', () => {
  it('is told by --version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    const told = await run(['--version'], {});
    assert.deepEqual([told.code, told.output], [0, `${version}\n`]);
  });
});

describe('npm start on a new machine', () => {
  const folder = useFolders();

  it('serves every set with rows; commands join it; it survives a kill and ends with nothing left', async () => {
    const dataDir = folder();
    const first = await serve({ DATA_DIR: dataDir });
    assert.match(first.output(), /SAMPLES: .* made-up sample files/);
    const { value } = await json(first.root);
    assert.ok(value.length > 100, String(value.length));
    // The gateway's own sets may be empty: the samples have no broken row, and nothing of a sandbox is archived.
    const mayBeEmpty = ['LoadRejects', 'LoadDrift', 'ArchivedSets', 'ArchiveCopies', 'AuditEvents'];
    for (const { url } of value) {
      const { '@odata.count': count = 0 } = await json(`${first.root}${url}?$top=1&$count=true`);
      assert.ok(count > 0 || mayBeEmpty.includes(url), url);
    }
    const status = await run(['status'], { DATA_DIR: dataDir });
    assert.equal(status.code, 0, status.output);
    assert.match(status.output, /^Nothing waits for anybody\.$/m);
    // Samples are nobody's news.
    assert.doesNotMatch(first.output(), /"event":"alert"/);
    assert.match(status.output, /tracebuzz\/cases: \d+ loads, \d+ new rows, last \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
    const second = await run(['serve'], { DATA_DIR: dataDir, PORT: '0' });
    assert.equal(second.code, 1, second.output);
    assert.match(second.output, /DataFolderInUse: Another gateway \(process \d+\)/);

    assert.deepEqual(openBelow(dataDir), []);
    const opened = path.join(dataDir, 'postgres.password');
    chmodSync(opened, 0o644);

    first.child.kill('SIGKILL');
    await first.ended;
    const again = await serve({ DATA_DIR: dataDir });
    assert.match(again.output(), /warning: 1 file of the gateway could be read by others/);
    assert.deepEqual(openBelow(dataDir), []);
    assert.doesNotMatch(again.output(), /sample files/);
    assert.ok(((await json(`${again.root}TracebuzzCases?$count=true`))['@odata.count'] ?? 0) > 0);
    const pid = serverPid(dataDir);
    again.child.kill('SIGINT');
    assert.equal(await again.ended, 0, again.output());
    assert.ok(!lives(pid));
  });

  it('D6 a PostgreSQL that dies is started again without hands; meanwhile what needs no database is served', async () => {
    const dataDir = folder();
    const environment = { DATA_DIR: dataDir, SAMPLES: 'off', LOG_LEVEL: 'info' };
    const program = await serve(environment);
    assert.match(program.output(), /^OData warehouse gateway \d+\.\d+\.\d+\.$/m);
    await program.printed(/"event":"listening","address":"[^"]+","version":"\d+\.\d+\.\d+"/);
    const pid = serverPid(dataDir);
    process.kill(pid, 'SIGKILL');
    await program.printed(
      /"event":"database","state":"down","message":"The embedded PostgreSQL ended by itself \(exit 137\)/,
    );
    assert.equal((await fetch(`${program.root}$metadata`)).status, 200);
    await program.printed(/"event":"database","state":"up"/);
    assert.equal((await json(`${program.root}TracebuzzCases`)).value.length, 0);
    assert.notEqual(serverPid(dataDir), pid);
    program.child.kill('SIGTERM');
    assert.equal(await program.ended, 0, program.output());
    assert.ok(!existsSync(path.join(dataDir, 'postgres', 'postmaster.pid')));
  });
});

describe('The program on a database of its own', () => {
  const folder = useFolders();
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.drop());
  const base = () => ({ DATA_DIR: folder(), DATABASE_URL: database.connectionString, SAMPLES: 'off' });

  it('listens on every address only with authentication, and then asks for it', async () => {
    const refused = await run(['serve'], { ...base(), HOST: '0.0.0.0' });
    assert.equal(refused.code, 1);
    assert.match(refused.output, /no authentication is configured/);
    const made = spawnSync(process.execPath, ['bin/gateway.mjs', 'hash-password', 'bi'], { input: 'correct horse\n' });
    const file = path.join(folder(), 'users');
    writeFileSync(file, made.stdout);
    chmodSync(file, 0o600);
    const PORT = String(await freePort());
    const exposed = { ...base(), HOST: '0.0.0.0', AUTH_BASIC_FILE: file, PORT };
    const unnamed = await run(['serve'], exposed);
    assert.equal(unnamed.code, 1);
    assert.match(unnamed.output, /PUBLIC_URL: must be set where HOST \(0\.0\.0\.0\) can be reached/);
    const program = await serve({ ...exposed, PUBLIC_URL: `http://localhost:${PORT}` });
    const url = program.root.replace('localhost', '127.0.0.1');
    const anonymous = await fetch(url);
    assert.equal(anonymous.status, 401);
    assert.match(anonymous.headers.get('www-authenticate') ?? '', /Basic/);
    const as = (password: string) => ({ Authorization: `Basic ${Buffer.from(`bi:${password}`).toString('base64')}` });
    assert.equal((await fetch(url, { headers: as('wrong') })).status, 401);
    assert.ok((await json(url, as('correct horse'))).value.length > 60);
    program.child.kill('SIGTERM');
    assert.equal(await program.ended, 0, program.output());
  });

  it('exit codes tell a clean load, a rejected row, a refused file and a missing one apart', async () => {
    const environment = base();
    const files = folder();
    const put = (name: string, text: string): string => {
      const file = path.join(files, name);
      writeFileSync(file, text);
      return file;
    };
    const good = put('raw-cases-1750000000.csv', exportFile('tracebuzz/cases', [{ CaseId: 1 }]));
    const bad = put('raw-cases-1750000001.csv', exportFile('tracebuzz/cases', [{ CaseId: 2 }, { CaseId: 'two' }]));
    const odd = put('odd.csv', 'a,b\n1,2\n');
    assert.equal((await run(['ingest', good], environment)).code, 0);
    const again = await runInProcess(['ingest', good], environment);
    assert.deepEqual([again.code, /not loaded again: it lies there as load \d+ took it/.test(again.output)], [0, true]);
    assert.equal((await run(['ingest', bad], environment)).code, 2);
    for (const [words, code] of [
      [['ingest', odd], 2],
      [['ingest', path.join(files, 'none.csv')], 1],
      [['status'], 2],
    ] as const) {
      const ended = await runInProcess(words, environment);
      assert.equal(ended.code, code, ended.output);
    }
  });

  it('a download that SIGTERM meets is whole or visibly broken off', async () => {
    const environment = base();
    const file = path.join(folder(), 'raw-cases-1750000500.csv');
    const rows = Array.from({ length: 15_000 }, (_, n) => ({ CaseId: n + 10, ExternalId: `${n} ${'x'.repeat(1000)}` }));
    writeFileSync(file, exportFile('tracebuzz/cases', rows));
    assert.equal((await run(['ingest', file], environment)).code, 0);
    for (const [seconds, expected] of [
      // So long that the test would not end if the client's kept connection had to be waited for.
      ['600', 'whole'],
      ['0', 'broken'],
    ] as const) {
      const program = await serve({
        ...environment,
        SHUTDOWN_TIMEOUT: seconds,
        PAGE_SIZE: '1000000',
        LOG_LEVEL: 'info',
      });
      const reply = await fetch(`${program.root}TracebuzzCases?$filter=CaseId ge 10`, {
        headers: { 'Accept-Encoding': 'identity' },
      });
      const reader = (reply.body ?? new ReadableStream()).getReader();
      const chunks = [(await reader.read()).value as Uint8Array];
      program.child.kill('SIGTERM');
      await program.printed(/"event":"stopping"/);
      if (expected === 'broken') {
        await program.ended;
      }
      let outcome: string;
      try {
        for (let part = await reader.read(); !part.done; part = await reader.read()) {
          chunks.push(part.value as Uint8Array);
        }
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Collection;
        outcome = body.value.length === 15_000 ? 'whole' : `cut to ${body.value.length} rows`;
      } catch (error) {
        outcome = error instanceof SyntaxError ? `closed as if whole: ${error.message}` : 'broken';
      }
      assert.equal(outcome, expected);
      assert.equal(await program.ended, 0, program.output());
    }
  });

  it('tells which of its works on a schedule has failed', async () => {
    const environment = { ...base(), LOG_LEVEL: 'info' };
    const drop = path.join(environment.DATA_DIR, 'drop');
    writeFileSync(drop, 'no folder');
    const program = await serve({ ...environment, DROP_DIR: drop });
    await program.printed(/"event":"scan-failed","work":"drop folder","reason":"[^"]/);
    program.child.kill('SIGTERM');
    assert.equal(await program.ended, 0, program.output());
  });

  it('ends after the file at hand when told to stop, and goes on with the rest at the next start', async () => {
    const environment = { ...base(), LOG_LEVEL: 'info' };
    const drop = path.join(environment.DATA_DIR, 'drop');
    mkdirSync(drop, { recursive: true });
    writeFileSync(path.join(drop, 'raw-cases-1749999999.csv'), exportFile('tracebuzz/cases', [{ CaseId: 90_000 }]));
    const count = 6;
    for (let n = 0; n < count; n++) {
      const rows = Array.from({ length: 300 }, (_, row) => ({ ResultId: 100_000 + n * 300 + row }));
      writeFileSync(path.join(drop, `raw-results-${1_750_000_000 + n}.csv`), exportFile('tracebuzz/results', rows));
    }
    assert.equal((await runInProcess(['migrate'], environment)).code, 0);
    // What the second file writes to is held until the program was told to stop.
    const client = new pg.Client({ connectionString: database.connectionString });
    await client.connect();
    await client.query('BEGIN; LOCK TABLE feed."TracebuzzResults" IN SHARE MODE');
    const loaded = (text: string): number => (text.match(/"outcome":"loaded"/g) ?? []).length;
    const first = await serve(environment);
    await first.printed(/"outcome":"loaded"/);
    await until('the second file is at hand', async () => {
      const { rows } = await client.query('SELECT FROM pg_locks WHERE NOT granted');
      return rows.length > 0;
    });
    first.child.kill('SIGTERM');
    await first.printed(/"event":"stopping"/);
    await client.query('ROLLBACK');
    await client.end();
    assert.equal(await first.ended, 0, first.output());
    assert.equal(loaded(first.output()), 2, 'it ended after the file at hand');
    const second = await serve(environment);
    await until('the rest is loaded', () => 2 + loaded(second.output()) === 1 + count);
    const rows = await json(`${second.root}TracebuzzResults?$count=true&$top=0&$filter=ResultId ge 100000`);
    assert.equal(rows['@odata.count'], count * 300);
    second.child.kill('SIGTERM');
    await second.ended;
  });
});
