import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { testDatabase } from '../../support/postgres.ts';
import { TokenServer } from '../../support/servers/token-server.ts';
import { guardedFeed } from './guarded-feed.ts';

const executable = fileURLToPath(new URL('../../../bin/gateway.mjs', import.meta.url));

describe('a tenant connected by one command', () => {
  it('gateway connect, then two gateways that share the sign-in, one of them killed: rows all the way, no secret anywhere', async () => {
    const home = await testDatabase();
    const folder = await mkdtemp(path.join(os.tmpdir(), 'connected-'));
    const sandbox = await startSandbox(catalogueOf(metadataFolder), 'buzzeasy', { rows: 5, seed: 1 });
    const server = await TokenServer.start();
    server.clients.set('gateway', { id: 'gateway', secret: null, certificate: null });
    server.interval = 0.2;
    server.lifetime = 4;
    const feed = await guardedFeed(sandbox.url, (header) => server.accepts(header));
    await writeFile(path.join(folder, 'key'), 'k'.repeat(64));
    const running = new Set<ChildProcess>();
    let written = '';
    const program = (command: string, name: string, more: readonly string[] = []) => {
      const child = spawn(process.execPath, [executable, command, ...more], {
        env: {
          ...{ PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'debug', SAMPLES: 'off', PORT: '0' },
          ...{ DATABASE_URL: home.connectionString, DATA_DIR: path.join(folder, name) },
          ...{ SIGN_IN_KEY_FILE: path.join(folder, 'key'), BUZZEASY_URL: feed.url, BUZZEASY_SIGN_IN: 'device-code' },
          ...{ BUZZEASY_ISSUER: server.issuer('v2'), BUZZEASY_CLIENT_ID: 'gateway' },
          BUZZEASY_SCOPE: 'https://feed.example/user_impersonation',
        },
      });
      running.add(child);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          written += chunk.toString();
        });
      }
      const ended = new Promise<number | null>((resolve) =>
        child.once('close', (code) => {
          running.delete(child);
          resolve(code);
        }),
      );
      const shows = async (pattern: RegExp): Promise<string> => {
        for (;;) {
          const found = pattern.exec(output)?.[1];
          if (found !== undefined) {
            return found;
          }
          assert.equal(child.exitCode, null, output);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      return { child, ended, shows, output: () => output };
    };
    const address = / {2}(http:\/\/127\.0\.0\.1:\d+\/odata\/)/;
    try {
      const before = program('serve', 'a');
      const first = await before.shows(address);
      const refused = await fetch(`${first}BuzzeasyCalls`);
      assert.equal(refused.status, 502);
      assert.match(await refused.text(), /Nobody has signed in .*gateway connect buzzeasy/);
      const connecting = program('connect', 'c', ['buzzeasy']);
      server.decide(await connecting.shows(/enter the code {2}(\S+)/), 'approved');
      assert.equal(await connecting.ended, 0, connecting.output());
      const second = program('serve', 'b');
      let roots = [first, await second.shows(address)];
      const rows = (root: string): Promise<Response> => fetch(`${root}BuzzeasyCalls?$top=2`);
      while ((await rows(first)).status !== 200) {
        // It remembers for a moment that nobody had signed in.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const { length: calls } = server.tokenCalls;
      const until = Date.now() + 60_000;
      let killed = false;
      while (server.tokenCalls.length < calls + 6) {
        assert.ok(Date.now() < until, 'tokens are not renewed');
        for (const root of roots) {
          const reply = await rows(root);
          assert.equal(reply.status, 200, await reply.text());
        }
        if (!killed && server.tokenCalls.length >= calls + 3) {
          killed = true;
          before.child.kill('SIGKILL');
          await before.ended;
          roots = roots.slice(1);
          roots.push(await program('serve', 'a').shows(address));
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      // Gateways note each 20 s what they see of feeds; one that was killed with a note of its own is believed for a minute.
      let said = '';
      for (const patience = Date.now() + 90_000; Date.now() < patience; ) {
        const status = program('status', 'a');
        await status.ended;
        said = status.output();
        if (!/sign-?(?:ed )?in/.test(said)) {
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      assert.ok(!/sign-?(?:ed )?in/.test(said), said);
      assert.ok(!/refresh\.[0-9a-f]{12}|access\.[\w-]{20}|k{40}/.test(written));
      assert.ok(server.calls.every((call) => !/refresh\.|access\./.test(call.path)));
    } finally {
      for (const child of running) {
        child.kill('SIGKILL');
      }
      await feed.close();
      await server.close();
      await sandbox.close();
      await home.drop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
