import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const executable = fileURLToPath(new URL('../../bin/gateway.mjs', import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

/** The product's metadata, whose feed is played by the sandbox under an address of its own. */
describe('the archive as a program', function () {
  this.timeout(600_000);
  let sandbox: Sandbox;
  let database: TestDatabase;
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'gateway-archive-'));

  before(async () => {
    sandbox = await startSandbox(catalogueOf(metadataFolder), 'buzzeasy', { rows: 60, seed: 3 });
    database = await testDatabase();
  });
  after(async () => {
    await sandbox?.close();
    await database?.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  function start(args: readonly string[], more: Readonly<Record<string, string>> = { BUZZEASY_URL: sandbox.url }): Run {
    const environment = {
      DATA_DIR: dataDir,
      DATABASE_URL: database.connectionString,
      SAMPLES: 'off',
      LOG_LEVEL: 'warn',
    };
    const child = spawn(process.execPath, [executable, ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...environment, ...more },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    return { child, output: () => output, ended: new Promise((resolve) => child.once('close', resolve)) };
  }

  async function run(args: readonly string[], more?: Readonly<Record<string, string>>): Promise<string> {
    const one = start(args, more);
    assert.equal(await one.ended, 0, one.output());
    return one.output();
  }

  async function served(more: Readonly<Record<string, string>>, work: (root: string) => Promise<void>): Promise<void> {
    const one = start(['serve'], { ...more, PORT: '0' });
    try {
      for (;;) {
        const [, root] = /(http:\/\/127\.0\.0\.1:\d+\/odata\/)/.exec(one.output()) ?? [];
        if (root !== undefined) {
          await work(root);
          return;
        }
        assert.equal(one.child.exitCode, null, one.output());
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } finally {
      one.child.kill('SIGTERM');
      await one.ended;
    }
  }

  const ask = async (url: string): Promise<readonly [number, string]> => {
    const reply = await fetch(url);
    return [reply.status, await reply.text()];
  };

  it('copies, goes on after a kill, serves with and without the feed, and lets go', async () => {
    assert.match(
      await run(['archive', 'buzzeasy', '--dry-run']),
      /BuzzeasyCalls: by startedAtUTC, not copied yet, served as both/,
    );
    const killed = start(['archive', '--once']);
    await new Promise((resolve) => setTimeout(resolve, 6000));
    killed.child.kill('SIGKILL');
    await killed.ended;
    const all = await run(['archive', '--once']);
    assert.match(all, /BuzzeasyCalls: \d+ rows looked at, \d+ new, 0 changed/);
    assert.doesNotMatch(all, /[A-Z]\w+Refused|Unavailable/);
    assert.match(await run(['archive', '--dry-run']), /BuzzeasyConversations: compared whole, copied at 20/);
    assert.match(
      await run(['archive', '--once', '--set', 'BuzzeasyCalls']),
      /BuzzeasyCalls: \d+ rows looked at, 0 new, 0 changed/,
    );
    const groups = 'BuzzeasyCalls?$apply=groupby((channelType),aggregate($count as n))';
    let counted = '';
    await served({ BUZZEASY_URL: sandbox.url }, async (root) => {
      const [status, text] = await ask(`${root}${groups}`);
      assert.equal(status, 200, text);
      counted = text.replaceAll(root, '');
    });
    await served({}, async (root) => {
      const [status, text] = await ask(`${root}${groups}`);
      assert.equal(status, 200, text);
      assert.equal(text.replaceAll(root, ''), counted);
    });
    assert.match(
      await run(['explain', 'BuzzeasyCalls?$top=1']),
      /Statement: [\s\S]*FROM\s+"gateway_archive"."BuzzeasyCalls"/,
    );
    assert.match(await run(['archive', 'buzzeasy', '--forget']), /Let go: .*BuzzeasyCalls/);
    await served({}, async (root) => assert.equal((await ask(`${root}BuzzeasyCalls`))[0], 404));
  });
});
