import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { runInProcess } from '../e2e/remedies/command-line.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const executable = fileURLToPath(new URL('../../bin/gateway.mjs', import.meta.url));

interface Run {
  readonly child: ChildProcess;
  output: string;
  readonly ended: Promise<number | null>;
}

function gateway(args: readonly string[], environment: Readonly<Record<string, string>>): Run {
  const child = spawn(process.execPath, [executable, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  });
  const run: Run = {
    child,
    output: '',
    ended: new Promise((resolve) => child.once('close', resolve)),
  };
  child.stdout.on('data', (chunk: Buffer) => {
    run.output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    run.output += chunk.toString();
  });
  return run;
}

async function printed(run: Run, text: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = text.exec(run.output);
    if (found !== null) {
      return found;
    }
    if (run.child.exitCode !== null) {
      assert.fail(run.output);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

describe('the gateway as a program', () => {
  let database: TestDatabase;
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'gateway-serve-'));
  const base = () => ({
    DATA_DIR: dataDir,
    DATABASE_URL: database.connectionString,
    SAMPLES: 'off',
    LOG_LEVEL: 'warn',
  });
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.drop());

  it('serve prints the address, answers there, and ends well on SIGTERM', async () => {
    const run = gateway(['serve'], { ...base(), PORT: '0' });
    const [, address = ''] = await printed(run, /(http:\/\/127\.0\.0\.1:\d+\/odata\/)/);
    const body = (await (await fetch(address)).json()) as { value: unknown[] };
    assert.ok(body.value.length > 60);
    run.child.kill('SIGTERM');
    assert.equal(await run.ended, 0, run.output);
  });

  it('B11 what fails once it listens ends the program: nobody is left that answers and serves nothing', async () => {
    const metadata = path.join(dataDir, 'metadata');
    cpSync('metadata', metadata, { recursive: true });
    const server = {
      kind: 'ftp',
      host: '127.0.0.1',
      port: 1,
      user: 'u',
      password: { env: 'NONE' },
      schedule: '0 25 * * *',
    };
    writeFileSync(path.join(metadata, 'tracebuzz', 'deliveries.yaml'), JSON.stringify({ deliveries: [server] }));
    // No folder can be made for what is fetched.
    writeFileSync(path.join(dataDir, 'spool'), '');
    const run = gateway(['serve'], { ...base(), PORT: '0', METADATA_DIR: metadata });
    assert.equal(await run.ended, 1, run.output);
    assert.match(run.output, /The feed is ready/);
    assert.match(
      run.output,
      /warning: tracebuzz\/ftp: schedule "0 25 \* \* \*" is no cron expression: it is never asked\./,
    );
    rmSync(path.join(dataDir, 'spool'));
  });

  it('B11 a signal that comes twice at once, as where a whole group gets it, is one stop and no haste', async () => {
    const run = gateway(['serve'], { ...base(), PORT: '0' });
    await printed(run, /(http:\/\/127\.0\.0\.1:\d+\/odata\/)/);
    run.child.kill('SIGTERM');
    run.child.kill('SIGINT');
    run.child.kill('SIGTERM');
    assert.equal(await run.ended, 0, run.output);
  });

  it('B11 a stop while it starts does not wait for the start', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-early-'));
    const own = await testDatabase();
    const run = gateway(['serve'], {
      ...base(),
      DATA_DIR: folder,
      DATABASE_URL: own.connectionString,
      SAMPLES: 'on',
      PORT: '0',
    });
    await printed(run, /migrated/);
    run.child.kill('SIGTERM');
    assert.equal(await run.ended, 0, run.output);
    assert.doesNotMatch(run.output, /The feed is ready/);
    await own.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('B8 reading commands make nothing: no folder, no cluster, no table; they say that there is no warehouse', async () => {
    const nowhere = path.join(dataDir, 'nowhere');
    for (const command of ['status', 'rejects', 'replay']) {
      const { code, output } = await runInProcess([command], { DATA_DIR: nowhere });
      assert.equal(code, command === 'status' ? 2 : 1, output);
      assert.match(output, new RegExp(`^There is no warehouse in ${nowhere}: nothing was ever loaded there`));
    }
    const file = path.join(dataDir, 'odd.csv');
    writeFileSync(file, 'a,b\n1,2\n');
    for (const args of [['check'], ['inspect', file], ['--help']]) {
      await runInProcess(args, { DATA_DIR: nowhere });
    }
    assert.ok(!existsSync(nowhere));
    const empty = await testDatabase();
    const client = new pg.Client({ connectionString: empty.connectionString });
    await client.connect();
    const schemas = async () => (await client.query('SELECT nspname FROM pg_namespace ORDER BY 1')).rows;
    const before = await schemas();
    for (const command of ['status', 'rejects', 'replay']) {
      const { code, output } = await runInProcess([command], { ...base(), DATABASE_URL: empty.connectionString });
      assert.equal(code, command === 'status' ? 2 : 1, output);
      assert.match(output, /^There is no warehouse in the database of DATABASE_URL/);
    }
    assert.deepEqual(await schemas(), before);
    await client.end();
    await empty.drop();
  });

  const chatty: readonly (readonly [readonly string[], number])[] = [
    [['check'], 0],
    [['status'], 0],
    [['--help'], 0],
    [['inspect', 'nobody.csv'], 1],
    [['ingest', 'nobody.csv'], 2],
    [['sample', '--out', 'made', '--rows', '1'], 0],
    [['migrate'], 0],
  ];
  for (const [args, code] of chatty) {
    it(`A18 ${args[0]} whose reader left (| head -1) goes on in silence and keeps its exit code ${code}`, async () => {
      writeFileSync(path.join(dataDir, 'nobody.csv'), 'a,b\n1,2\n');
      const run = gateway(
        args.map((arg) => (/^(nobody|made)/.test(arg) ? path.join(dataDir, arg) : arg)),
        base(),
      );
      // The reading end is gone before the first line is written.
      run.child.stdout?.destroy();
      assert.equal(await run.ended, code, run.output);
      assert.doesNotMatch(run.output, /EPIPE| {4}at |program failed/);
    });
  }

  it('a used port is one clear message', async () => {
    const holder = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as AddressInfo;
    const run = gateway(['serve'], { ...base(), PORT: String(port) });
    assert.equal(await run.ended, 1, run.output);
    assert.match(run.output, new RegExp(`AddressInUse: Port ${port} of 127.0.0.1 is used`));
    assert.ok(!run.output.includes('    at '), run.output);
    holder.close();
  });

  it('B6 at start, and in check, every fault stands in one list: settings, exposure, credentials, metadata', async () => {
    const users = path.join(dataDir, 'users');
    const metadata = path.join(dataDir, 'metadata');
    mkdirSync(path.join(metadata, 'shop'), { recursive: true });
    writeFileSync(path.join(metadata, 'shop', 'source.yaml'), 'kind: nothing\n');
    writeFileSync(users, 'ann plain\n');
    const faulty = {
      PORT: 'x',
      HOST: '0.0.0.0',
      AUTH_BASIC_FILE: users,
      AUTH_KEY_FILE: path.join(dataDir, 'none'),
      METADATA_DIR: metadata,
    };
    for (const command of ['serve', 'check']) {
      const { code, output } = await runInProcess([command], { ...base(), ...faulty });
      assert.equal(code, 1, output);
      for (const text of [
        /PORT: /,
        /PUBLIC_URL: /,
        /AUTH_BASIC_FILE: \S+users, line 1/,
        /AUTH_KEY_FILE: \S+none cannot be read/,
        /source\.yaml/,
      ]) {
        assert.match(output, text, command);
      }
      assert.doesNotMatch(output, / {4}at |plain/);
    }
    const { code, output } = await runInProcess(['check'], { ...base(), AUTH_BASIC_FILE: users });
    assert.equal(code, 1);
    assert.match(output, /AUTH_BASIC_FILE: .*users, line 1[\s\S]*1 fault/);
  });

  const failures: readonly [readonly string[], Record<string, string>, number, RegExp][] = [
    [['serve'], { HOST: '0.0.0.0' }, 1, /no authentication is configured/],
    [['serve'], { PORT: 'x', PAGE_SIZE: '0' }, 1, /PORT: [^\n]*\n {2}PAGE_SIZE: /],
    [['serve'], { METADATA_DIR: '/nowhere' }, 1, /MetadataInvalid/],
    [['check'], {}, 0, /no fault/],
    [['nonsense'], {}, 64, /unknown command/],
    [['ingest'], {}, 64, /missing required argument/],
    [['--help'], {}, 0, /Exit codes/],
    [['inspect', '/nowhere.csv'], {}, 1, /FileUnreadable/],
    [['ingest', '/nowhere.csv'], {}, 1, /FileUnreadable/],
    // The file of nobody waits.
    [['status'], {}, 2, /^error: nobody\.csv was refused/m],
    [['migrate'], {}, 0, /up to date/],
  ];
  for (const [args, environment, code, text] of failures) {
    it(`${args.join(' ')} ${JSON.stringify(environment)} ends with ${code}`, async () => {
      const ended = await runInProcess(args, { ...base(), ...environment });
      assert.equal(ended.code, code, ended.output);
      assert.match(ended.output, text);
      assert.ok(!ended.output.includes('    at '), ended.output);
    });
  }
});
