import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import { migrate } from '../../../src/warehouse/migrate.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { signInStates } from '../../../src/warehouse/sign-ins.ts';
import { joinedGateway } from '../../http/cross-source/joined-gateway.ts';
import { powerQueryHeaders } from '../../http/power-query.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { testDatabase } from '../../support/postgres.ts';
import { TokenServer } from '../../support/servers/token-server.ts';
import { guardedFeed } from './guarded-feed.ts';

const program = fileURLToPath(new URL('renewing-process.ts', import.meta.url));

describe('sign-ins over days and processes', () => {
  it('a day of scheduled refresh, with tokens that end again and again: no request fails', async () => {
    const sandbox = await startSandbox(catalogueOf(metadataFolder), 'buzzeasy', { rows: 50, seed: 1 });
    const server = await TokenServer.start();
    server.clients.set('gateway', { id: 'gateway', secret: 'of the client', certificate: null });
    server.lifetime = 3;
    const feed = await guardedFeed(sandbox.url, (header) => server.accepts(header));
    const folder = await mkdtemp(path.join(os.tmpdir(), 'day-'));
    await writeFile(path.join(folder, 'secret'), 'of the client');
    const gateway = await joinedGateway({
      settings: { pageSize: 10 },
      environment: {
        ...{ BUZZEASY_URL: feed.url, BUZZEASY_SIGN_IN: 'client-credentials', BUZZEASY_CLIENT_ID: 'gateway' },
        ...{ BUZZEASY_ISSUER: server.issuer('v2'), BUZZEASY_SCOPE: 'https://feed.example/.default' },
        BUZZEASY_CLIENT_SECRET_FILE: path.join(folder, 'secret'),
      },
    });
    try {
      let requests = 0;
      const ask = async (url: string): Promise<string> => {
        const reply = await fetch(new URL(url, gateway.root), { headers: powerQueryHeaders });
        const text = await reply.text();
        assert.equal(reply.status, 200, `${url}: ${text}`);
        requests += 1;
        return text;
      };
      while (server.tokenCalls.length < 6) {
        await ask('');
        await ask('$metadata');
        for (const set of ['BuzzeasyCalls', 'BuzzeasyAgents', 'BuzzeasyWorkitems']) {
          for (let next: string | undefined = set; next !== undefined; ) {
            next = (JSON.parse(await ask(next)) as { '@odata.nextLink'?: string })['@odata.nextLink'];
          }
        }
        // A token that is taken back is renewed by the next request.
        if (server.tokenCalls.length === 3) {
          server.revokeTokens();
        }
      }
      assert.ok(requests > 50);
      const told = JSON.stringify(gateway.observed) + JSON.stringify(gateway.log);
      assert.ok(!/access\.|of the client/.test(told));
    } finally {
      await gateway.close();
      await feed.close();
      await server.close();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  for (const kills of [false, true]) {
    it(`several processes renew one sign-in${kills ? ', and are killed while they do' : ' at a server that takes a token once'}`, async () => {
      const home = await testDatabase();
      const database = await openDatabase({ connection: home.connectionString });
      await migrate(database);
      const folder = await mkdtemp(path.join(os.tmpdir(), 'renewing-'));
      const file = path.join(folder, 'token');
      const server = await TokenServer.start();
      server.clients.set('gateway', { id: 'gateway', secret: null, certificate: null });
      server.delay = 5;
      // A kill between the server's reply and the commit loses the new token, whatever a client does: only servers that still take the one before, as
      // Microsoft Entra does, let such a gateway go on.
      server.strictReuse = !kills;
      await writeFile(file, server.signedIn('gateway'));
      const running = new Set<ChildProcess>();
      const errors: string[] = [];
      let tokens = 0;
      const start = (): ChildProcess => {
        const child = spawn(process.execPath, [
          '--import',
          'tsx',
          program,
          home.connectionString,
          server.issuer('v2'),
          file,
        ]);
        running.add(child);
        child.stdout.on('data', (chunk: Buffer) => {
          tokens += chunk.toString().split('\n').length - 1;
        });
        child.stderr.on('data', (chunk: Buffer) => void errors.push(chunk.toString()));
        child.once('close', () => running.delete(child));
        return child;
      };
      try {
        const children = [start(), start(), start()];
        let killed = 0;
        while (tokens < 300 || (kills && killed < 12)) {
          await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 300));
          assert.deepEqual(errors, []);
          if (kills && tokens > killed * 20) {
            const [victim = assert.fail()] = children.splice(0, 1);
            victim.kill('SIGKILL');
            killed += 1;
            children.push(start());
          }
        }
        assert.deepEqual(errors, []);
        assert.equal((await signInStates(database))[0]?.ended, null);
        assert.ok(server.tokenCalls.length > 20);
      } finally {
        for (const child of running) {
          child.kill('SIGKILL');
        }
        await server.close();
        await database.close();
        await home.drop();
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
});
