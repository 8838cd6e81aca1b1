import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { hashKey } from '../../src/sign-in/files/credentials.ts';
import { casesFile } from '../ingest/support/drop.ts';
import { csv } from '../ingest/support/feed.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { run, serve, until, useFolders } from './support/program.ts';

/** curl, as a sender uses it: its output, with the status behind it. */
const curl = (...args: readonly string[]): Promise<string> =>
  new Promise((resolve) =>
    execFile('curl', ['-sS', '-w', '\n%{http_code}', ...args], (_, out, err) => resolve(out + err)),
  );

describe('uploads with curl', () => {
  const folder = useFolders();
  let database: TestDatabase;
  before(async function () {
    if (spawnSync('curl', ['--version']).status !== 0) {
      this.skip();
    }
    database = await testDatabase();
  });
  after(() => database?.drop());

  it('are off until there are keys, have a limit that can be raised, outlive a kill of both sides, and are found by rebuild', async () => {
    const dataDir = folder();
    const environment = { DATA_DIR: dataDir, DATABASE_URL: database.connectionString, SAMPLES: 'off', PORT: '0' };
    const file = path.join(dataDir, 'cases.csv');
    const rows = Array.from({ length: 30_000 }, (_, n) => [String(n + 1), 'x'.repeat(40)]);
    writeFileSync(file, csv([['case_id', 'title'], ...rows]));
    const { name, text } = casesFile(5000);
    const whole = path.join(dataDir, name);
    writeFileSync(whole, text);
    const size = statSync(whole).size;

    let gateway = await serve(environment);
    let to = new URL('/ingest/tracebuzz/', gateway.root).href;
    const off = await curl('-T', whole, to);
    assert.match(off, /UploadsOff.*INGEST_KEYS_FILE[\s\S]*404$/);
    gateway.child.kill('SIGTERM');
    assert.equal(await gateway.ended, 0);

    // What the remedy says to type.
    const made = await run(['hash-password', '--ingest', '--source', 'tracebuzz', 'crm'], {});
    const [, key = ''] = /key \(shown once\): (\S+)/.exec(made.output) ?? [];
    const keys = path.join(dataDir, 'keys');
    writeFileSync(keys, /line for INGEST_KEYS_FILE: (.*)/.exec(made.output)?.[1] ?? '');
    const bearer = ['-H', `Authorization: Bearer ${key}`];

    gateway = await serve({ ...environment, INGEST_KEYS_FILE: keys, UPLOAD_MAX_MB: '1' });
    to = new URL('/ingest/tracebuzz/', gateway.root).href;
    assert.match(await curl('-T', file, ...bearer, to), /UploadTooLarge.*UPLOAD_MAX_MB[\s\S]*413$/);
    // Slow enough that nobody is done before both are killed.
    const sender = spawn('curl', ['-sS', '-T', whole, '--limit-rate', '20K', ...bearer, to]);
    const parts = path.join(dataDir, 'uploads', 'parts');
    const arrived = (): number => {
      const part = !existsSync(parts)
        ? undefined
        : readdirSync(parts, { encoding: 'utf8' }).find((one) => one.endsWith('.part'));
      return part === undefined ? 0 : statSync(path.join(parts, part)).size;
    };
    await until('some of it is here', () => arrived() > 0);
    sender.kill('SIGKILL');
    gateway.child.kill('SIGKILL');
    await gateway.ended;

    gateway = await serve({ ...environment, INGEST_KEYS_FILE: keys });
    to = new URL('/ingest/tracebuzz/', gateway.root).href;
    assert.match(await curl('-T', file, ...bearer, to), /422$/, 'not too large any more');
    const asked = await curl('-i', '-X', 'PUT', '-H', `Content-Range: bytes */${size}`, ...bearer, to + name);
    const at = Number(/^Range: bytes=0-(\d+)/m.exec(asked)?.[1]) + 1;
    assert.ok(at > 0 && at < size, asked);
    const done = await curl('-C', String(at), '-T', whole, ...bearer, to);
    assert.match(done, /"outcome":"loaded".*"read":5000,[\s\S]*200$/);
    assert.equal(readFileSync(path.join(dataDir, 'uploads', 'loaded', 'tracebuzz', name), 'utf8'), text);
    assert.equal((await fetch(new URL('/health/ready', gateway.root))).status, 200);
    gateway.child.kill('SIGTERM');
    assert.equal(await gateway.ended, 0);
    const rebuilt = await run(['rebuild', 'TracebuzzCases'], environment);
    assert.deepEqual([rebuilt.code, /1 file: 5000 rows/.test(rebuilt.output)], [0, true], rebuilt.output);
  });

  it('find a full disk: refused before they are sent, or nothing of them is kept, and a small one is loaded', async function () {
    const dataDir = folder();
    const small = path.join(dataDir, 'small');
    mkdirSync(small);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=80m', 'tmpfs', small]).status !== 0) {
      return this.skip();
    }
    try {
      const keys = path.join(dataDir, 'keys');
      writeFileSync(keys, `crm:${hashKey('good')}\n`);
      const environment = { DATA_DIR: dataDir, DATABASE_URL: database.connectionString, SAMPLES: 'off', PORT: '0' };
      const gateway = await serve({ ...environment, INGEST_KEYS_FILE: keys, UPLOAD_DIR: small });
      const send = (file: string, ...more: readonly string[]) =>
        curl('-T', file, ...more, '-H', 'Authorization: Bearer good', new URL('/ingest/tracebuzz/', gateway.root).href);
      const large = path.join(dataDir, 'large.csv');
      writeFileSync(large, Buffer.alloc(100_000_000, 'x'));
      assert.match(await send(large), /StorageFull[\s\S]*503$/);
      assert.match(await send(large, '-H', 'Transfer-Encoding: chunked'), /StorageFull[\s\S]*503$/);
      assert.deepEqual(
        readdirSync(small, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
        [],
      );
      const { name, text } = casesFile(3);
      writeFileSync(path.join(dataDir, name), text);
      assert.match(await send(path.join(dataDir, name)), /"outcome":"loaded"[\s\S]*200$/);
      gateway.child.kill('SIGTERM');
      assert.equal(await gateway.ended, 0);
    } finally {
      spawnSync('umount', ['-l', small]);
    }
  });
});
