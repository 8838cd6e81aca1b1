import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { selfSigned } from '../../support/servers/certificate.ts';
import { TokenServer } from '../../support/servers/token-server.ts';
import { serve } from '../tenant.ts';
import { json } from '../told-feed.ts';
import { type GuardedFeed, guardedFeed } from './guarded-feed.ts';

const executable = fileURLToPath(new URL('../../../bin/gateway.mjs', import.meta.url));
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const metadata = `<?xml version="1.0"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Feed" xmlns="http://docs.oasis-open.org/odata/ns/edm"><EntityType Name="Thing"><Key><PropertyRef Name="id"/></Key>
<Property Name="id" Type="Edm.Int32" Nullable="false"/></EntityType><EntityContainer Name="Default"><EntitySet Name="Things" EntityType="Feed.Thing"/>
</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>`;

interface Kind {
  /** Below `signIn` of its source. */
  readonly settings: readonly string[];
  /** What the feed takes in place of a token of the server. */
  readonly header?: string;
  /** What the token endpoint was asked with, apart from the assertion itself. */
  readonly form?: Readonly<Record<string, string>>;
}

/** One program, with a feed for each way to sign in that needs no person, as an operator sets it up. */
describe('a program that signs in at its feeds', () => {
  let folder: string;
  let home: TestDatabase;
  let server: TokenServer;
  let behind: Awaited<ReturnType<typeof serve>>;
  let child: ChildProcess;
  let output = '';
  let root = '';
  const feeds = new Map<string, GuardedFeed>();
  const refused = new Set<string>();
  const kinds = new Map<string, Kind>();

  const inFolder = async (name: string, text: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, text);
    return file;
  };

  async function describeKinds(): Promise<void> {
    const { key, cert } = selfSigned({ kind: 'rsa' });
    server.clients.set('with-secret', { id: 'with-secret', secret: 's3cret~of~client', certificate: null });
    server.clients.set('with-certificate', { id: 'with-certificate', secret: null, certificate: cert });
    const secret = `clientSecret: { file: ${await inFolder('secret', 's3cret~of~client\n')} }`;
    const certificate = `certificate: { file: ${await inFolder('both.pem', `${cert}${key}`)} }`;
    const [alone, itsKey] = [await inFolder('cert.pem', cert), await inFolder('key.pem', key)];
    const apart = [`certificate: { file: ${alone} }`, `privateKey: { file: ${itsKey} }`];
    const [v1, v2] = [`issuer: ${server.issuer('v1')}`, `issuer: ${server.issuer('v2')}`];
    const [resource, scope] = ['https://feed.example', 'https://feed.example/.default'];
    const [targetV1, targetV2] = [`resource: ${resource}`, `scope: ${scope}`];
    const kind = 'kind: client-credentials';
    const grant = { grant_type: 'client_credentials' };
    const [bySecret, byCertificate] = [
      { ...grant, client_id: 'with-secret', client_secret: 's3cret~of~client' },
      { ...grant, client_id: 'with-certificate', client_assertion_type: assertionType },
    ];
    const [secretId, certificateId] = ['clientId: with-secret', 'clientId: with-certificate'];
    const password = await inFolder('password', 'p4ss:wörd\n');
    const token = await inFolder('token', 't0ken.of.a.file\n');
    const all: Record<string, Kind> = {
      'secret-v1': { settings: [kind, v1, secretId, secret, targetV1], form: { ...bySecret, resource } },
      'secret-v2': { settings: [kind, v2, secretId, secret, targetV2], form: { ...bySecret, scope } },
      'certificate-v1': {
        settings: [kind, v1, certificateId, certificate, targetV1],
        form: { ...byCertificate, resource },
      },
      'certificate-v2': { settings: [kind, v2, certificateId, ...apart, targetV2], form: { ...byCertificate, scope } },
      password: {
        settings: ['kind: basic', 'user: reader', `password: { file: ${password} }`],
        header: `Basic ${Buffer.from('reader:p4ss:wörd').toString('base64')}`,
      },
      token: { settings: ['kind: bearer', `token: { file: ${token} }`], header: 'Bearer t0ken.of.a.file' },
    };
    for (const [name, one] of Object.entries(all)) {
      kinds.set(name, one);
    }
  }

  const setOf = (name: string): string => `${name.replaceAll('-', '')}Things`;

  async function writeMetadata(): Promise<string> {
    const sources = path.join(folder, 'metadata');
    for (const [name, { settings, header }] of kinds) {
      const accepts = (given = ''): boolean => (header === undefined ? server.accepts(given) : given === header);
      const feed = await guardedFeed(behind.url, (given) => accepts(given) && !refused.has(given ?? ''));
      feeds.set(name, feed);
      await mkdir(path.join(sources, name), { recursive: true });
      const upstream = [`url: ${feed.url}service/`, 'signIn:', ...settings.map((line) => `  ${line}`)];
      const top = [
        `title: ${name}`,
        'kind: odata',
        `prefix: ${name.replaceAll('-', '')}`,
        'description: Signed in at.',
      ];
      const text = [...top, 'upstream:', ...upstream.map((line) => `  ${line}`)];
      await writeFile(path.join(sources, name, 'source.yaml'), `${text.join('\n')}\n`);
    }
    return sources;
  }

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'signs-in-'));
    home = await testDatabase();
    server = await TokenServer.start();
    behind = await serve((request, response) => {
      if (request.url?.endsWith('$metadata') === true) {
        response.writeHead(200, { 'Content-Type': 'application/xml' }).end(metadata);
        return;
      }
      json(response, '{"value":[{"id":1},{"id":2}]}');
    });
    await describeKinds();
    child = spawn(process.execPath, [executable, 'serve'], {
      env: {
        ...{ PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'debug', SAMPLES: 'off', PORT: '0' },
        ...{ DATABASE_URL: home.connectionString, DATA_DIR: path.join(folder, 'data') },
        METADATA_DIR: await writeMetadata(),
      },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    while (root === '') {
      assert.equal(child.exitCode, null, output);
      await new Promise((resolve) => setTimeout(resolve, 20));
      root = / {2}(http:\/\/127\.0\.0\.1:\d+\/odata\/)/.exec(output)?.[1] ?? '';
    }
  });

  after(async () => {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await ended;
    for (const feed of feeds.values()) {
      await feed.close();
    }
    await behind.close();
    await server.close();
    await home.drop();
    await rm(folder, { recursive: true, force: true });
  });

  async function rows(name: string): Promise<unknown> {
    const reply = await fetch(`${root}${setOf(name)}`);
    assert.equal(reply.status, 200, `${name}: ${await reply.clone().text()}`);
    return ((await reply.json()) as { readonly value: unknown }).value;
  }

  it('with a secret or a certificate, for a scope or a resource, by password and by token: rows come', async () => {
    for (const [name, { form, header }] of kinds) {
      assert.deepEqual(await rows(name), [{ id: 1 }, { id: 2 }], name);
      assert.ok(header === undefined || feeds.get(name)?.seen.at(-1) === header, name);
      const asked = server.tokenCalls.map((call) => {
        const { client_assertion: _, ...others } = call.form;
        return JSON.stringify(Object.entries(others).toSorted());
      });
      assert.ok(form === undefined || asked.includes(JSON.stringify(Object.entries(form).toSorted())), name);
    }
    assert.ok(server.tokenCalls.every(({ status }) => status === 200));
  });

  it('a token that the feed refuses is renewed, and the request does not fail', async () => {
    for (const [name, { form }] of kinds) {
      if (form !== undefined) {
        const feed = feeds.get(name) ?? assert.fail();
        await rows(name);
        const before = feed.seen.at(-1) ?? assert.fail();
        refused.add(before);
        assert.deepEqual(await rows(name), [{ id: 1 }, { id: 2 }], name);
        assert.notEqual(feed.seen.at(-1), before, name);
      }
    }
  });

  it('a password that the feed refuses is 502 without a prompt for whoever reads, and tried again', async () => {
    const feed = feeds.get('password') ?? assert.fail();
    refused.add(feed.seen.at(-1) ?? '');
    const reply = await fetch(`${root}${setOf('password')}`);
    assert.equal(reply.status, 502);
    assert.match(await reply.text(), /does not accept the credentials of the gateway \(401\)/);
    assert.equal(reply.headers.get('www-authenticate'), null);
    refused.clear();
    assert.deepEqual(await rows('password'), [{ id: 1 }, { id: 2 }]);
  });

  it('nothing of it is in the log', () => {
    const { seen } = feeds.get('password') ?? assert.fail();
    const secrets = [
      's3cret~of~client',
      'p4ss:w',
      't0ken.of',
      'PRIVATE KEY',
      'access.',
      'eyJ',
      seen.at(-1)?.slice(6) ?? '',
    ];
    for (const secret of secrets) {
      assert.ok(secret.length > 2 && !output.includes(secret), secret);
    }
  });
});
