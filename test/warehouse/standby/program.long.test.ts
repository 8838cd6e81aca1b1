import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gateway, until } from '../../e2e/support/program.ts';
import { hostList, type StandbyCluster, startStandbys } from '../../support/standby.ts';

/** The program itself, as an operator runs it. */
describe('gateway serve with READ_DATABASE_URL', () => {
  let cluster: StandbyCluster;
  let dataDir: string;
  before(async () => {
    cluster = await startStandbys(2, async () => {});
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'gateway-standby-'));
  });
  after(async () => {
    await cluster.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('every command says in one sentence that DATABASE_URL names a standby', async () => {
    const environment = { DATABASE_URL: cluster.standbys[0]?.url ?? '', DATA_DIR: dataDir, PORT: '0' };
    for (const args of [
      ['serve'],
      ['migrate'],
      ['status'],
      ['ingest', dataDir],
      ['backup', path.join(dataDir, 'b.zip')],
    ]) {
      const command = gateway(args, environment);
      assert.notEqual(await command.ended, 0, args.join(' '));
      const lines = command
        .output()
        .split('\n')
        .filter((line) => line.startsWith('DatabaseIsStandby'));
      assert.deepEqual(
        lines,
        [
          'DatabaseIsStandby: The server of DATABASE_URL is a standby, and nothing can be written there: name its primary.',
        ],
        `${args.join(' ')}: ${command.output()}`,
      );
    }
  });

  it('reads there, says how they are, and serves on while one is lost, and both', async () => {
    const program = gateway(['serve'], {
      ...{ DATABASE_URL: cluster.primary, READ_DATABASE_URL: hostList(cluster.standbys), DATA_DIR: dataDir, PORT: '0' },
      ...{ SAMPLES: 'off', LOG_LEVEL: 'debug', INGEST_SCHEDULE: '0 0 1 1 *' },
    });
    const [, root = ''] = await program.printed(/^ *(http:\/\/\S+\/odata\/)$/m);
    const ready = async (): Promise<{ readonly standbys?: readonly { readonly state: string }[] }> => {
      const reply = await fetch(new URL('/health/ready', root));
      assert.equal(reply.status, 200);
      return (await reply.json()) as { readonly standbys?: readonly { readonly state: string }[] };
    };
    const states = async (): Promise<string> => ((await ready()).standbys ?? []).map(({ state }) => state).join();
    const serverOf = async (query: string): Promise<string | undefined> => {
      const reply = await fetch(new URL(query, root));
      assert.equal(reply.status, 200, await reply.text());
      return reply.headers.get('X-Read-Server')?.split(';')[0];
    };
    const [first = assert.fail(), second = assert.fail()] = cluster.standbys;
    await until('both are read', async () => (await states()) === 'current,current');
    assert.equal(await serverOf('TracebuzzCases'), 'standby 1');
    assert.equal(await serverOf('Loads'), 'primary');
    assert.equal(await serverOf('SourceFreshness'), 'primary');
    await first.kill();
    assert.equal(await serverOf('TracebuzzCases'), 'standby 2');
    await until('one is lost', async () => (await states()) === 'lost,current');
    await second.kill();
    assert.equal(await serverOf('TracebuzzCases'), 'primary');
    await until('both are lost', async () => (await states()) === 'lost,lost');
    await first.restart();
    await until('one is read again', async () => (await states()) === 'current,lost');
    assert.equal(await serverOf('TracebuzzCases'), 'standby 1');
    await second.restart();
    await until('both are read again', async () => (await states()) === 'current,current');
    program.child.kill('SIGTERM');
    assert.equal(await program.ended, 0);
  });
});
