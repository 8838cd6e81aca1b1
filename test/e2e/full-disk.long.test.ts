import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { exportFile } from '../ingest/support/feed.ts';
import { run, serve, until, useFolders } from './support/program.ts';

const megabyte = 1024 * 1024;

describe('D6 a disk that fills up', function () {
  this.timeout(400_000);
  const folder = useFolders();
  let disk = '';
  before(function () {
    const mountPoint = mkdtempSync(path.join(os.tmpdir(), 'gateway-disk-'));
    disk = mountPoint;
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=200m,mode=755', 'tmpfs', mountPoint], {
      encoding: 'utf8',
    });
    if (mounted.error !== undefined || mounted.status !== 0) {
      const reason = mounted.error?.message ?? mounted.stderr.trim();
      console.log(`      not tried: a disk of its own needs the right to mount one (${reason})`);
      return this.skip();
    }
  });
  after(() => {
    spawnSync('umount', ['-l', disk]);
    rmdirSync(disk);
  });

  const freeMegabytes = (): number => {
    const { bavail, bsize } = statfsSync(disk);
    return Math.floor((bavail * bsize) / megabyte);
  };
  const ballast = () => path.join(disk, 'ballast');
  /** Leaves so much and no more. */
  const fillUp = (left: number): void => {
    rmSync(ballast(), { force: true });
    const room = freeMegabytes() - left;
    // In pieces: what does not fit is what is to be reached.
    for (let n = 0; n < room; n++) {
      writeFileSync(ballast(), Buffer.alloc(megabyte), { flag: 'a' });
    }
    if (left > 0) {
      return;
    }
    try {
      for (;;) {
        writeFileSync(ballast(), Buffer.alloc(4096), { flag: 'a' });
      }
    } catch {
      // Full to the last block.
    }
  };

  it('loads wait and reading goes on; PostgreSQL stops and comes back; all is told with space and path, and resumes', async () => {
    const dataDir = path.join(disk, 'data');
    const drop = folder();
    const environment = {
      DATA_DIR: dataDir,
      DROP_DIR: drop,
      SAMPLES: 'off',
      LOG_LEVEL: 'info',
      INGEST_SCHEDULE: '* * * * * *',
    };
    const count = async (root: string): Promise<number> => {
      const reply = await fetch(`${root}TracebuzzCases?$top=0&$count=true`);
      const body = (await reply.json()) as { '@odata.count'?: number };
      return reply.status === 200 ? (body['@odata.count'] ?? -1) : -reply.status;
    };
    const put = (name: string, first: number, rows: number): void => {
      const text = () => randomBytes(3000).toString('base64');
      const cells = Array.from({ length: rows }, (_, n) => ({
        CaseId: first + n,
        ExternalId: rows > 10 ? text() : 'x',
      }));
      writeFileSync(path.join(drop, `.${name}`), exportFile('tracebuzz/cases', cells));
      spawnSync('mv', [path.join(drop, `.${name}`), path.join(drop, name)]);
    };
    const program = await serve(environment);
    put('raw-cases-1750000000.csv', 1, 3);
    await until('the first file is loaded', async () => (await count(program.root)) === 3, 60_000);

    // The disk fills during a load: 10 MB of text, kept twice until it is merged, where 8 MB are left above what must be.
    fillUp(72);
    put('raw-cases-1750000100.csv', 100, 2500);
    const told = new RegExp(
      `No space is left on the disk of ${dataDir}/postgres \\(\\d+ MB of 200 MB free\\): free at least`,
    );
    await program.printed(new RegExp(`"event":"scan-failed","work":"drop folder","reason":"[^\\n]*${told.source}`));
    assert.equal(await count(program.root), 3, 'what was there is served');
    assert.ok(existsSync(path.join(drop, 'raw-cases-1750000100.csv')), 'the file waits');

    // And to the last byte: PostgreSQL itself ends. With no room for a start, the gateway stays and waits.
    fillUp(0);
    process.kill(
      Number(readFileSync(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]),
      'SIGKILL',
    );
    await program.printed(new RegExp(`"event":"database","state":"down","message":"[^\\n]*${told.source}`));
    assert.equal((await fetch(`${program.root}$metadata`)).status, 200);
    const reply = await fetch(`${program.root}TracebuzzCases`);
    const body = await reply.text();
    assert.equal(reply.status, 503, body);
    assert.ok(reply.headers.get('retry-after') !== null);

    // Somebody frees space, and touches nothing else.
    rmSync(ballast());
    await program.printed(/"event":"database","state":"up"/);
    await until('the file that waited is loaded', async () => (await count(program.root)) === 2503, 90_000);
    program.child.kill('SIGTERM');
    assert.equal(await program.ended, 0, program.output());

    // A start on a full disk says so too, and the one after it is as any other.
    fillUp(0);
    const refused = await run(['serve'], { ...environment, PORT: '0' });
    assert.equal(refused.code, 1);
    assert.match(refused.output, told);
    assert.doesNotMatch(refused.output, / {4}at /);
    const fresh = await run(['serve'], { ...environment, DATA_DIR: path.join(disk, 'fresh'), PORT: '0' });
    assert.equal(fresh.code, 1);
    assert.match(fresh.output, /StorageFull: No space is left on the disk of \S+fresh\/postgres/);
    rmSync(ballast());
    const again = await serve(environment);
    assert.equal(await count(again.root), 2503);
    again.child.kill('SIGTERM');
    assert.equal(await again.ended, 0, again.output());
  });
});
