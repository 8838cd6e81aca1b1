import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { connect as connectPlain } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { connect, type PeerCertificate, type SecureVersion } from 'node:tls';
import { after, before } from 'mocha';
import { tlsFault, tlsFiles } from '../../../src/http/edge/tls-files.ts';
import { healthRoutes, type UnreadyPart } from '../../../src/http/operations/health.ts';
import { putInPlace } from '../../support/put-in-place.ts';
import { selfSigned } from '../../support/servers/certificate.ts';
import { until } from '../../support/until.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

describe('a listener with a certificate of its own', () => {
  let folder = '';
  let feed: TestServer;
  const told: (string | null)[] = [];
  let missing: UnreadyPart | null = null;
  const files = () => ({ certificate: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') });
  const write = ({ cert, key }: { readonly cert: string; readonly key: string }): void => {
    putInPlace(files().key, key);
    putInPlace(files().certificate, cert);
  };
  const first = selfSigned({ days: 2 });
  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-tls-'));
    write(first);
    const observe = ({ fault }: { fault?: string | null }): void => void told.push(fault ?? null);
    feed = await startTestServer({
      rows: `INSERT INTO feed."Agents" ("Id", "Name") VALUES (1, 'Ann'), (2, 'Bob')`,
      settings: { pageSize: 1 },
      tls: tlsFiles(files(), observe as never, 20),
      beside: (app) => healthRoutes(app, { unready: async () => missing }),
    });
  });
  after(async () => {
    await feed.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const hello = (version?: SecureVersion): Promise<PeerCertificate> =>
    new Promise((resolve, reject) => {
      const versions =
        version === undefined ? {} : { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' };
      const socket = connect({ port: feed.port, host: '127.0.0.1', rejectUnauthorized: false, ...versions }, () => {
        resolve(socket.getPeerCertificate());
        socket.end();
      });
      socket.on('error', reject);
    });
  const read = (): Promise<string> =>
    new Promise((resolve, reject) => {
      get({ port: feed.port, path: '/odata/Agents', rejectUnauthorized: false, agent: false }, (reply) => {
        let body = JSON.stringify(reply.headers);
        reply.on('data', (part: Buffer) => {
          body += part.toString();
        });
        reply.on('end', () => resolve(body));
      }).on('error', reject);
    });

  it('serves over TLS 1.2 and 1.3, with links that say so, and speaks no older version', async () => {
    const body = await read();
    assert.match(body, /strict-transport-security/);
    assert.match(body, new RegExp(`"@odata.nextLink":"https://localhost:${feed.port}/odata/Agents\\?`));
    await hello('TLSv1.2');
    await hello('TLSv1.3');
    await assert.rejects(hello('TLSv1.1'));
  });

  it('ends a connection that speaks plain HTTP, and serves on', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connectPlain(feed.port, '127.0.0.1', () =>
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
      );
      let text = '';
      socket.on('data', (part) => {
        text += part.toString();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(text));
    });
    assert.doesNotMatch(answer, /HTTP/);
    assert.match(await read(), /Ann/);
  });

  it('is asked by the health check of the container over TLS, whatever name the certificate is for', async () => {
    const check = (environment: Readonly<Record<string, string>>): Promise<number | null> =>
      new Promise((resolve) => {
        const env = { PORT: String(feed.port), HOST: '0.0.0.0', ...environment };
        spawn(process.execPath, ['bin/health-check.mjs'], { env, stdio: 'ignore' }).once('exit', resolve);
      });
    assert.equal(await check({ TLS_CERT_FILE: files().certificate }), 0);
    missing = 'database';
    assert.equal(await check({ TLS_CERT_FILE: files().certificate }), 1);
    missing = null;
    assert.equal(await check({}), 1, 'nothing answers over plain HTTP');
    assert.equal(await check({ TLS_CERT_FILE: 'x', PORT: '1' }), 1);
  });

  it('takes over files that change; a pair that does not belong together changes nothing and is told', async () => {
    const before = (await hello()).fingerprint256;
    const other = selfSigned({ days: 3 });
    write({ cert: other.cert, key: first.key });
    await until('the fault is told', () => told.length === 1);
    assert.match(told[0] ?? '', /no certificate with its key/);
    assert.equal((await hello()).fingerprint256, before);
    write(other);
    await until('the new one is taken', () => told.length === 2);
    assert.equal(told[1], null);
    assert.notEqual((await hello()).fingerprint256, before);
    assert.match(await read(), /Ann/);
    assert.match(tlsFault({ certificate: path.join(folder, 'none'), key: files().key }) ?? '', /none/);
  });
});
