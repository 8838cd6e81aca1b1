import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hashPasswordCommand } from '../../src/commands/hash-password.ts';
import { servingFaults, uploadSourceFaults } from '../../src/commands/serving/serving-faults.ts';
import { readConfig } from '../../src/config.ts';
import { authentication } from '../../src/http/sign-in/authentication.ts';
import { readUploadKeys, uploadKeys } from '../../src/http/upload/upload-keys.ts';
import { credentialFile, hashKey, readCredentials } from '../../src/sign-in/files/credentials.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';
import { openFiles, quickLine } from './signing-in.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-auth-'));
const basicFile = path.join(folder, 'basic');
const keyFile = path.join(folder, 'keys');
const key = 'k3y-of-power-bi';
const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

describe('http: authentication', () => {
  let feed: TestServer;
  const files = openFiles();
  before(async () => {
    writeFileSync(basicFile, `# people\n${quickLine('ann', 'pass:wörd')}\n\n`);
    writeFileSync(keyFile, `powerbi:${hashKey(key)}\n`);
    feed = await startTestServer({
      settings: { pageSize: 1 },
      rows: `INSERT INTO feed."Agents" ("Id", "Name") VALUES (1, 'Ann'), (2, 'Bob')`,
      authentication: authentication({ basic: files.passwords(basicFile), keys: files.keys(keyFile) }, 'api-key'),
    });
  });
  after(async () => {
    await feed.close();
    await files.close();
  });

  for (const where of ['', '$metadata', 'Agents', 'Nope', 'Agents?$filter=x']) {
    it(`rule 15: /${where} without credentials is 401 with one challenge`, async () => {
      const reply = await feed.get(where);
      assert.equal(reply.status, 401);
      assert.equal(reply.headers.get('www-authenticate'), 'Basic realm="gateway", charset="UTF-8"');
      assert.equal(reply.headers.get('odata-version'), '4.0');
      assert.equal(((await reply.json()) as { error: { code: string } }).error.code, 'Unauthorized');
    });
  }

  it('rule 15: an empty Bearer is challenged with Bearer', async () => {
    const reply = await feed.get('', { Authorization: 'Bearer' });
    assert.equal(reply.status, 401);
    assert.equal(reply.headers.get('www-authenticate'), 'Bearer realm="gateway"');
  });

  it('rule 18: root, $metadata and sets answer a bare GET with each kind of credential', async () => {
    const kinds: readonly [string, Record<string, string>][] = [
      ['', basic('ann', 'pass:wörd')],
      ['', { Authorization: `Bearer ${key}` }],
      ['', { 'api-key': key }],
      [`?api-key=${key}`, {}],
    ];
    for (const [query, headers] of kinds) {
      for (const where of ['', '$metadata', 'Agents']) {
        assert.equal((await feed.get(`${where}${query}`, headers)).status, 200);
      }
    }
    assert.deepEqual([...new Set(feed.log.slice(-12).map(({ user }) => user))], ['ann', 'powerbi']);
  });

  for (const [what, headers] of [
    ['a wrong password', basic('ann', 'pass:word')],
    ['an unknown user', basic('bob', 'pass:wörd')],
    ['a wrong key', { Authorization: `Bearer ${key}x` }],
    ['the key as a password', basic('powerbi', key)],
  ] as const) {
    it(`${what} is 401`, async () => assert.equal((await feed.get('', headers)).status, 401));
  }

  it('rule 18: the key stands in no link, no context and no log', async () => {
    const body = await (await feed.get(`Agents?api-key=${key}&$select=Id`)).text();
    assert.match(body, /nextLink/);
    assert.ok(!body.includes(key) && !body.includes('api-key'));
    assert.ok(!JSON.stringify(feed.log).includes(key));
  });

  it('a key that is withdrawn is refused at once', async () => {
    writeFileSync(keyFile, '# nobody any more\n');
    assert.equal((await feed.get('', { 'api-key': key })).status, 401);
    writeFileSync(keyFile, `powerbi:${hashKey(key)}\n`);
    assert.equal((await feed.get('', { 'api-key': key })).status, 200);
  });

  it('a malformed line is refused with file and line', () => {
    const file = path.join(folder, 'broken');
    writeFileSync(file, 'ann:plain-password\n');
    assert.throws(() => credentialFile(file), /broken, line 1/);
  });

  const bob = basic('bob', 'second pass');
  const bobs = (): string => `${quickLine('bob', 'second pass')}\n`;
  const broken: readonly [string, (good: string) => void][] = [
    ['a bad line', (good) => writeFileSync(basicFile, `${good}carl:plain text\n`)],
    ['a hash that cannot be computed', (good) => writeFileSync(basicFile, good.replace('ln=10', 'ln=30'))],
    ['a hash cut short', (good) => writeFileSync(basicFile, good.slice(0, -9))],
    ['no file', () => rmSync(basicFile)],
    [
      'a folder',
      () => {
        rmSync(basicFile);
        mkdirSync(basicFile);
      },
    ],
  ];
  for (const [what, damage] of broken) {
    it(`B6 ${what} while running: the last good list stays, the fault is told once, and then that it is good again`, async () => {
      const good = bobs();
      writeFileSync(basicFile, good);
      const told: (string | null)[] = [];
      const list = files.passwords(
        credentialFile(basicFile, {
          setting: 'AUTH_BASIC_FILE',
          observe: (one) => {
            if (one.event === 'credentials') {
              told.push(one.fault);
            }
          },
        }),
      );
      damage(good);
      for (let n = 0; n < 3; n++) {
        assert.equal(await list.check('bob', 'second pass', '127.0.0.1'), 'bob');
      }
      assert.equal(told.length, 1, String(told));
      assert.match(told[0] ?? '', /basic/);
      assert.ok(!told[0]?.includes('plain text') && !told[0]?.includes('scrypt'), 'no secret in the log');
      rmSync(basicFile, { recursive: true, force: true });
      writeFileSync(basicFile, `\uFEFF${good}`);
      assert.equal(await list.check('bob', 'second pass', '127.0.0.1'), 'bob');
      assert.deepEqual(told.slice(1), [null]);
    });
  }

  it('B6 over HTTP: a bad line costs nobody his access; the correction counts at once', async () => {
    const ann = `${quickLine('ann', 'pass:wörd')}\n`;
    writeFileSync(basicFile, ann);
    assert.equal((await feed.get('', basic('ann', 'pass:wörd'))).status, 200);
    writeFileSync(basicFile, `${ann}bob plain\n`);
    assert.equal((await feed.get('', basic('ann', 'pass:wörd'))).status, 200);
    assert.equal((await feed.get('', bob)).status, 401);
    writeFileSync(basicFile, `${ann}${bobs()}`);
    assert.equal((await feed.get('', bob)).status, 200);
    assert.deepEqual(feed.defects, []);
  });

  it('B6 all faults of a file are told at once', () => {
    const file = path.join(folder, 'many');
    writeFileSync(file, `a:b\nann:${hashKey('k')}\n\n#\nc\n`);
    const { lines, faults } = readCredentials(file);
    assert.deepEqual(
      [lines.map(({ name }) => name), faults.map((fault) => /line (\d)/.exec(fault)?.[1])],
      [['ann'], ['1', '5']],
    );
  });

  it('hash-password ends with Enter at a terminal', async () => {
    const lines: string[] = [];
    const asked: string[] = [];
    const input = (async function* () {
      yield 'correct horse\n';
      throw new Error('nobody types more');
    })();
    const print = (line: string) => void lines.push(line);
    assert.equal(
      await hashPasswordCommand('eve', { key: false, input, print, prompt: (text) => void asked.push(text) }),
      0,
    );
    const file = path.join(folder, 'typed');
    assert.match(asked.join(), /Password/);
    writeFileSync(file, `${lines[0]}\n`);
    assert.deepEqual(
      readCredentials(file).lines.map((line) => line.name),
      ['eve'],
    );
  });

  it('hash-password makes lines that fit', async () => {
    const lines: string[] = [];
    const print = (line: string) => void lines.push(line);
    const input = (async function* () {
      yield 'correct horse\n';
    })();
    assert.equal(await hashPasswordCommand('eve', { key: false, input, print }), 0);
    assert.equal(await hashPasswordCommand('bot', { key: true, input, print }), 0);
    const file = path.join(folder, 'made');
    writeFileSync(file, `${lines[0]}\n${lines[2]?.replace('line for AUTH_KEY_FILE: ', '')}\n`);
    const [passwords, keys] = [files.passwords(file), files.keys(file)];
    assert.equal(await passwords.check('eve', 'correct horse', '::1'), 'eve');
    assert.equal((await keys.find(lines[1]?.replace('key (shown once): ', '') ?? '', '::1'))?.name, 'bot');
  });

  it('hash-password makes keys for uploads, which may be of some sources alone', async () => {
    const lines: string[] = [];
    const input = (async function* () {})();
    const of = (options: object, name = 'crm') =>
      hashPasswordCommand(name, { key: false, input, print: (line) => void lines.push(line), ...options });
    assert.deepEqual([await of({ ingest: true, sources: ['acme', 'other'] }), await of({ ingest: true })], [0, 0]);
    const keys = path.join(folder, 'ingest');
    writeFileSync(
      keys,
      lines
        .map((line) => line.replace('line for INGEST_KEYS_FILE: ', ''))
        .join('\n')
        .replace(/^key.*$/gm, ''),
    );
    const find = uploadKeys(keys);
    const secrets = lines.flatMap((line) => /^key \(shown once\): (.*)/.exec(line)?.[1] ?? []);
    assert.deepEqual(
      secrets.map((secret) => find({ authorization: `Bearer ${secret}` })),
      [
        { name: 'crm', sources: ['acme', 'other'] },
        { name: 'crm', sources: null },
      ],
    );
    assert.deepEqual(
      [find({}), find({ authorization: 'Bearer x' }), find({ authorization: 'Basic x' })],
      [null, null, null],
    );
    assert.deepEqual(
      [
        await of({ ingest: true, key: true }),
        await of({ key: true, sources: ['acme'] }),
        await of({ sources: ['acme'] }),
      ],
      [64, 64, 64],
    );
  });

  it('a file of keys for uploads is held to its form, its sources and the keys for reading', () => {
    const hash = hashKey('same');
    const keys = path.join(folder, 'faulty');
    writeFileSync(keys, `a:${hash}:acme,\nb:scrypt$16384$8$1$x$y\nc:${hash}:\n:${hash}\n`);
    assert.equal(readUploadKeys(keys).faults.length, 4);
    writeFileSync(keys, `# people\n\ncrm:${hash}:acme, other\n`);
    assert.deepEqual(readUploadKeys(keys).lines[0]?.sources, ['acme', 'other']);
    const reading = path.join(folder, 'reading');
    writeFileSync(reading, `bi:${hash}\n`);
    const config = readConfig({ INGEST_KEYS_FILE: keys, AUTH_KEY_FILE: reading });
    assert.match(servingFaults(config).join(), /INGEST_KEYS_FILE: the key of crm stands in AUTH_KEY_FILE too/);
    assert.deepEqual(servingFaults(readConfig({ INGEST_KEYS_FILE: keys })), []);
    assert.equal(uploadSourceFaults(config, catalogueOf(metadataFolder)).length, 2);
  });
});
