import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { gunzipSync } from 'node:zlib';
import { freePort } from '../../src/embedded/address.ts';
import { gateway, type Program, run as runProgram } from '../e2e/support/program.ts';
import { shopMetadata } from '../sharing/gateways.ts';
import { startNginx } from '../support/nginx.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const fetched = path.join(process.env['TMPDIR'] ?? '/tmp', 'gateway-proxies');

/** Where a program is: in the path, or where `scripts/fetch-proxies.sh` put it; null: it is not there. */
function programOf(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin'];
  const places = [...folders, path.join(fetched, 'usr/sbin'), path.join(fetched, 'usr/bin')];
  return places.map((folder) => path.join(folder, name)).find((file) => existsSync(file)) ?? null;
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** What a client of the proxy sees. */
interface Client {
  readonly root: string;
  ask(url: string, options?: https.RequestOptions & { readonly send?: string }): Promise<Reply>;
}

const openssl = programOf('openssl');

/** The configuration of the repository with the ports and the certificate of the test in it. */
const proxies: readonly {
  readonly name: string;
  readonly start: (folder: string, ports: { readonly own: number; readonly port: number }) => ChildProcess;
}[] = [
  {
    name: 'nginx',
    start: (folder, { own, port }) => {
      const site = readFileSync('deploy/nginx/odata-gateway.conf', 'utf8')
        .replace('127.0.0.1:8080', `127.0.0.1:${port}`)
        .replace('listen 443 ssl', `listen 127.0.0.1:${own} ssl`)
        .replace('server_name feed.example.com', 'server_name localhost')
        .replace('/etc/ssl/certs/feed.example.com.pem', path.join(folder, 'cert.pem'))
        .replace('/etc/ssl/private/feed.example.com.key', path.join(folder, 'key.pem'));
      assert.ok(!site.includes('/etc/ssl'));
      return startNginx(folder, site);
    },
  },
  {
    name: 'caddy',
    start: (folder, { own, port }) => {
      const file = readFileSync('deploy/caddy/Caddyfile', 'utf8')
        .replace('127.0.0.1:8080', `127.0.0.1:${port}`)
        .replace('feed.example.com {', `https://localhost:${own} {\n\ttls ${folder}/cert.pem ${folder}/key.pem`);
      writeFileSync(path.join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${file}`);
      const environment = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
      const args = ['run', '--config', path.join(folder, 'Caddyfile'), '--adapter', 'caddyfile'];
      return spawn(programOf('caddy') ?? '', args, { stdio: 'ignore', env: environment });
    },
  },
];

for (const { name, start } of proxies) {
  const there = programOf(name) !== null && openssl !== null;
  const run = there ? describe : describe.skip;
  run(`A gateway behind ${name}, TLS and a path${there ? '' : ' (not here: scripts/fetch-proxies.sh)'}`, () => {
    let folder: string;
    let proxy: ChildProcess;
    let program: Program;
    let database: TestDatabase;
    let key: string;
    let client: Client;

    before(async () => {
      folder = mkdtempSync(path.join(os.tmpdir(), `gateway-${name}-`));
      chmodSync(folder, 0o755);
      const certificate = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
      const files = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', 'key.pem', '-out', 'cert.pem'];
      execFileSync(openssl ?? '', [...certificate, ...files], { cwd: folder, stdio: 'ignore' });
      const [own, port] = [await freePort(), await freePort()];
      const publicUrl = `https://localhost:${own}/warehouse`;
      database = await testDatabase();
      const made = await runProgram(['hash-password', '--ingest', 'crm'], {});
      key = /^key .*: (\S+)$/m.exec(made.output)?.[1] ?? '';
      writeFileSync(path.join(folder, 'keys'), `${/^line .*: (\S+)$/m.exec(made.output)?.[1]}\n`);
      program = gateway(['serve'], {
        ...{ PUBLIC_URL: publicUrl, PAGE_SIZE: '2', SAMPLES: 'off', DATABASE_URL: database.connectionString },
        ...{ METADATA_DIR: shopMetadata(folder), DATA_DIR: path.join(folder, 'data') },
        ...{ INGEST_KEYS_FILE: path.join(folder, 'keys'), PORT: String(port) },
      });
      await program.printed(/https:\/\/localhost:\d+\/warehouse\/odata\//);
      proxy = start(folder, { own, port });
      const ca = readFileSync(path.join(folder, 'cert.pem'));
      client = { root: `${publicUrl}/odata/`, ask: (url, options) => ask(url, { ca, ...options }) };
      await answering(client, () => (proxy.exitCode === null ? null : `${name} ended:\n${errorsIn(folder)}`));
    });
    after(async () => {
      proxy.kill('SIGTERM');
      await new Promise((resolve) => (proxy.exitCode === null ? proxy.once('exit', resolve) : resolve(null)));
      program.child.kill('SIGTERM');
      await program.ended;
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    });

    it('passes uploads on, however large, and says what became of them', async () => {
      const rows = Array.from({ length: 6 }, (_, index) => `k${index},${'t'.repeat(index === 0 ? 3_000_000 : 2)}`);
      const text = `Id,Title\na/b,slash\n${rows.join('\n')}\n"it's %2F, ä",odd\n`;
      const { origin } = new URL(client.root);
      const send = (headers: Readonly<Record<string, string>>) =>
        client.ask(`${origin}/warehouse/ingest/acme/things.csv`, { method: 'PUT', headers, send: text });
      const sent = await send({ Authorization: `Bearer ${key}` });
      assert.equal(sent.status, 200, sent.body.toString());
      assert.match(sent.body.toString(), /"inserted": ?8/);
      assert.equal((await send({})).status, 401);
    });

    it('gives links that lead back to it, over all pages', async () => {
      const rows: unknown[] = [];
      let next: string | undefined = `${client.root}AcmeThings?$select=ThingId`;
      while (next !== undefined) {
        assert.ok(next.startsWith(client.root), next);
        const { status, body } = await client.ask(next);
        assert.equal(status, 200, body.toString());
        const page = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>;
        assert.match(String(page['@odata.context']), new RegExp(`^${client.root}\\$metadata#AcmeThings`));
        rows.push(...(page['value'] as unknown[]));
        next = page['@odata.nextLink'] as string | undefined;
      }
      assert.equal(rows.length, 8);
    });

    it('passes paths on as they were written: slashes, quotes and percent signs in keys', async () => {
      for (const [key, title] of [
        ['a%2Fb', 'slash'],
        ["it''s%20%252F%2C%20%C3%A4", 'odd'],
      ] as const) {
        const { status, body } = await client.ask(`${client.root}AcmeThings('${key}')`);
        assert.equal(status, 200, body.toString());
        assert.equal((JSON.parse(body.toString()) as { Title: string }).Title, title);
      }
    });

    it('keeps strong ETags and the compression of the gateway', async () => {
      const headers = { 'Accept-Encoding': 'gzip' };
      for (const document of ['$metadata', 'AcmeThings']) {
        const first = await client.ask(client.root + document, { headers });
        const etag = String(first.headers['etag']);
        assert.match(etag, /^"/, document);
        const again = await client.ask(client.root + document, { headers: { ...headers, 'If-None-Match': etag } });
        assert.equal(again.status, 304, document);
        if (document === '$metadata') {
          assert.equal(first.headers['content-encoding'], 'gzip');
          assert.match(gunzipSync(first.body).toString(), /AcmeThings/);
        }
      }
    });

    it('takes batches with addresses of its own, queries in the body, and long addresses', async () => {
      const requests = [
        { id: '1', method: 'get', url: `${client.root}AcmeThings?$top=1` },
        { id: '2', method: 'get', url: 'AcmeThings/$count' },
        { id: '3', method: 'get', url: '/warehouse/odata/AcmeThings/$count' },
      ];
      const batch = await client.ask(`${client.root}$batch`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        send: JSON.stringify({ requests }),
      });
      const { responses } = JSON.parse(batch.body.toString()) as { responses: readonly { status: number }[] };
      assert.deepEqual(
        responses.map(({ status }) => status),
        [200, 200, 200],
      );
      const query = await client.ask(`${client.root}AcmeThings/$query`, {
        method: 'POST',
        headers: { 'Content-Type': 'text/plain' },
        send: "$filter=Title eq 'slash'",
      });
      assert.equal(query.status, 200, query.body.toString());
      const many = Array.from({ length: 600 }, (_, index) => `'key-${index}'`).join(',');
      const long = await client.ask(`${client.root}AcmeThings?$filter=${encodeURIComponent(`ThingId in (${many})`)}`);
      assert.equal(long.status, 200, long.body.toString().slice(0, 300));
    });

    it('shows neither metrics nor what stands beside the path', async () => {
      const { origin } = new URL(client.root);
      for (const hidden of ['/warehouse/metrics', '/odata/', '/']) {
        const { status, body } = await client.ask(`${origin}${hidden}`);
        assert.ok(status === 404 || !body.toString().includes('AcmeThings'), hidden);
      }
    });

    it('keeps no reply on its disk', () => {
      const kept = existsSync(path.join(folder, 'proxy')) ? readdirSync(path.join(folder, 'proxy')) : [];
      assert.deepEqual(kept, []);
    });
  });
}

function ask(
  url: string,
  { send = '', ...options }: https.RequestOptions & { readonly send?: string },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = https.request(url, { agent: false, ...options }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () =>
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks) }),
      );
      reply.on('error', reject);
    });
    request.on('error', reject);
    request.end(send);
  });
}

async function answering(client: Client, ended: () => string | null): Promise<void> {
  await until('the proxy answers', async () => {
    assert.equal(ended(), null);
    return (await client.ask(client.root).catch(() => null))?.status === 200;
  });
}

const errorsIn = (folder: string): string =>
  existsSync(path.join(folder, 'error.log')) ? readFileSync(path.join(folder, 'error.log'), 'utf8') : '';
