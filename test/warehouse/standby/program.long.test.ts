import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gateway, until } from '../../e2e/support/program.ts';
import { type StandbyPair, startStandbyPair } from '../../support/standby.ts';

/** The program itself, as an operator runs it. */
describe('gateway serve with READ_DATABASE_URL', () => {
  let pair: StandbyPair;
  let dataDir: string;
  before(async () => {
    pair = await startStandbyPair(async () => {});
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'gateway-standby-'));
  });
  after(async () => {
    await pair.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('every command says in one sentence that DATABASE_URL names a standby', async () => {
    const environment = { DATABASE_URL: pair.standby, DATA_DIR: dataDir, PORT: '0' };
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

  it('reads there, says how it is, and serves on while it is lost', async () => {
    const program = gateway(['serve'], {
      ...{ DATABASE_URL: pair.primary, READ_DATABASE_URL: pair.standby, DATA_DIR: dataDir, PORT: '0' },
      ...{ SAMPLES: 'off', LOG_LEVEL: 'debug', INGEST_SCHEDULE: '0 0 1 1 *' },
    });
    const [, root = ''] = await program.printed(/^ *(http:\/\/\S+\/odata\/)$/m);
    const ready = async (): Promise<{ readonly standbys?: readonly { readonly state: string }[] }> => {
      const reply = await fetch(new URL('/health/ready', root));
      assert.equal(reply.status, 200);
      return (await reply.json()) as { readonly standbys?: readonly { readonly state: string }[] };
    };
    const state = async (): Promise<string | undefined> => (await ready()).standbys?.[0]?.state;
    const serverOf = async (query: string): Promise<string | undefined> => {
      const reply = await fetch(new URL(query, root));
      assert.equal(reply.status, 200, await reply.text());
      return reply.headers.get('X-Read-Server')?.split(';')[0];
    };
    await until('it is read', async () => (await state()) === 'current');
    assert.equal(await serverOf('TracebuzzCases'), 'standby 1');
    assert.equal(await serverOf('Loads'), 'primary');
    assert.equal(await serverOf('SourceFreshness'), 'primary');
    await pair.kill();
    assert.equal(await serverOf('TracebuzzCases'), 'primary');
    await until('it is lost', async () => (await state()) === 'lost');
    await pair.restart();
    await until('it is read again', async () => (await state()) === 'current');
    assert.equal(await serverOf('TracebuzzCases'), 'standby 1');
    program.child.kill('SIGTERM');
    assert.equal(await program.ended, 0);
  });
});
