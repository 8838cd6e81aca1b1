import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EntitySet } from '../../src/edm/model.ts';
import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const executable = fileURLToPath(new URL('../../bin/gateway.mjs', import.meta.url));
const catalogue = catalogueOf(metadataFolder);
const source = [...catalogue.sources.values()].find((one) => one.kind === 'odata') ?? assert.fail();
const urlVariable = source.upstream?.urlVariable ?? assert.fail();
const proxied = [...catalogue.model.entitySets.values()].filter(
  (set) => catalogue.sets.get(set.name)?.kind === 'upstream',
);

type Row = Record<string, unknown>;
type Page = { readonly value: readonly Row[]; readonly [name: string]: unknown };

interface Running {
  readonly child: ChildProcess;
  readonly root: string;
  readonly output: () => string;
  stop(signal: NodeJS.Signals): Promise<void>;
}

describe('proxied sets through the executable', () => {
  const folders: string[] = [];
  const running: Running[] = [];
  const databases: TestDatabase[] = [];

  const folder = (): string => {
    const made = mkdtempSync(path.join(os.tmpdir(), 'proxied-'));
    folders.push(made);
    return made;
  };

  function program(args: readonly string[], environment: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [executable, ...args], {
      env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'info', ...environment },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { child, ended, output: () => output };
  }

  async function serve(environment: Readonly<Record<string, string>>): Promise<Running> {
    const { child, ended, output } = program(['serve'], environment);
    let root: string | undefined;
    while (root === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      if (child.exitCode !== null) {
        assert.fail(output());
      }
      root = / {2}(http:\/\/127\.0\.0\.1:\d+\/odata\/)/.exec(output())?.[1];
    }
    const one: Running = {
      child,
      root,
      output,
      async stop(signal) {
        child.kill(signal);
        await ended;
      },
    };
    running.push(one);
    return one;
  }

  async function page(root: string, query: string, headers: Record<string, string> = {}): Promise<Page> {
    const reply = await fetch(new URL(query, root), { headers });
    const text = await reply.text();
    assert.equal(reply.status, 200, `${query}: ${text}`);
    return JSON.parse(text) as Page;
  }

  const text = async (root: string, query: string): Promise<string> => {
    const reply = await fetch(new URL(query, root));
    assert.equal(reply.status, 200, query);
    return reply.text();
  };

  async function all(root: string, query: string, size: number): Promise<{ rows: Row[]; pages: number }> {
    const rows: Row[] = [];
    let pages = 0;
    for (let next: string | undefined = query; next !== undefined; pages++) {
      const one: Page = await page(root, next, { Prefer: `odata.maxpagesize=${size}` });
      rows.push(...one.value);
      next = one['@odata.nextLink'] as string | undefined;
      if (next !== undefined) {
        assert.ok(next.startsWith(root), next);
      }
    }
    return { rows, pages };
  }

  /** The gateway that has the sandbox; the other one has it as its proxied feed. */
  let inner: Running;
  let outer: Running;
  const innerSettings: Record<string, string> = { PORT: '0' };
  const outerSettings: Record<string, string> = { PORT: '0', SAMPLES: 'off' };

  /**
   * The product's, with nothing archived: twenty minutes past an hour sets would begin to come from PostgreSQL. Sets over all
   * sources have a prefix: the gateway that is the feed would have two that a document could mean, `Agents` and `BuzzeasyAgents`.
   */
  function liveMetadata(): string {
    const metadata = folder();
    cpSync(metadataFolder, metadata, { recursive: true });
    for (const name of readdirSync(path.join(metadata, source.name))) {
      const file = path.join(metadata, source.name, name);
      writeFileSync(file, readFileSync(file, 'utf8').replace(/^archive:.*$/gm, ''));
    }
    const unified = path.join(metadata, 'unified', 'source.yaml');
    writeFileSync(unified, readFileSync(unified, 'utf8').replace(/^prefix: .*$/m, 'prefix: All'));
    return metadata;
  }

  before(async () => {
    const metadata = liveMetadata();
    for (const settings of [innerSettings, outerSettings]) {
      const database = await testDatabase();
      databases.push(database);
      const own = { DATABASE_URL: database.connectionString, DATA_DIR: folder() };
      Object.assign(settings, own, { METADATA_DIR: metadata });
    }
    inner = await serve(innerSettings);
    innerSettings['PORT'] = new URL(inner.root).port;
    outerSettings[urlVariable] = inner.root;
    outer = await serve(outerSettings);
  });
  after(async () => {
    for (const one of running) {
      if (one.child.exitCode === null && one.child.signalCode === null) {
        await one.stop('SIGTERM');
      }
    }
    for (const database of databases) {
      await database.drop();
    }
    for (const made of folders) {
      rmSync(made, { recursive: true, force: true });
    }
  });

  const literal = (set: EntitySet, row: Row, name: string): string => {
    const value = String(row[name]);
    return set.entityType.properties.get(name)?.type === 'Edm.String' ? `'${value.replaceAll("'", "''")}'` : value;
  };

  for (const set of proxied) {
    it(`${set.name}: rows, key, property, value, order, filter, count, navigation`, async () => {
      const { root } = inner;
      const { value: rows, '@odata.count': count } = await page(root, `${set.name}?$count=true`);
      assert.equal(rows.length, 60);
      assert.equal(count, 60);
      assert.equal(await text(root, `${set.name}/$count`), '60');
      const row = rows[7] ?? assert.fail();
      assert.deepEqual(Object.keys(row), [...set.entityType.properties.keys()]);
      const [first = ''] = set.entityType.key;
      const key = set.entityType.key.map((name) => `${name}=${literal(set, row, name)}`).join(',');
      const { '@odata.context': _, ...entity } = await page(root, `${set.name}(${key})`);
      assert.deepEqual(entity, row);
      assert.equal((await page(root, `${set.name}(${key})/${first}`)).value, row[first]);
      assert.equal(await text(root, `${set.name}(${key})/${first}/$value`), String(row[first]));
      const filter = set.entityType.key.map((name) => `${name} eq ${literal(set, row, name)}`).join(' and ');
      assert.deepEqual((await page(root, `${set.name}?$filter=${filter}`)).value, [row]);
      const sorted = rows.map((one) => String(one[first])).sort();
      const ordered = await page(root, `${set.name}?$orderby=${first} desc&$select=${first}&$top=5&$skip=2`);
      assert.deepEqual(
        ordered.value,
        sorted
          .reverse()
          .slice(2, 7)
          .map((value) => ({ [first]: value })),
      );
      for (const [name, navigation] of set.entityType.navigationProperties) {
        const [expanded] = (await page(root, `${set.name}?$filter=${filter}&$expand=${name}`)).value;
        const reply = await fetch(new URL(`${set.name}(${key})/${name}`, root));
        if (!navigation.collection && expanded?.[name] === null) {
          assert.equal(reply.status, 204, name);
        } else {
          const { '@odata.context': __, ...found } = (await reply.json()) as Row;
          assert.deepEqual(navigation.collection ? found['value'] : found, expanded?.[name], name);
        }
      }
    });
  }

  it('a gateway is a proxied feed of another: documented sets under their names, all rows, pages all the way', async () => {
    for (const { name } of proxied) {
      assert.deepEqual((await page(outer.root, name)).value, (await page(inner.root, name)).value, name);
    }
    const stored = `${source.prefix}TracebuzzCases`;
    const { rows, pages } = await all(outer.root, `${stored}?$select=CaseId&$orderby=CaseId desc`, 7);
    const expected = (await page(inner.root, 'TracebuzzCases?$select=CaseId&$orderby=CaseId desc')).value;
    assert.ok(expected.length > 20);
    assert.equal(pages, Math.ceil(expected.length / 7));
    assert.deepEqual(rows, expected);
    const some = await all(outer.root, `${stored}?$select=CaseId&$top=20&$skip=3`, 7);
    assert.equal(some.pages, 3);
    assert.equal(new Set(some.rows.map((row) => row['CaseId'])).size, 20);
  });

  it('check tells which set is which, and what differs from the documents', async () => {
    const { ended, output } = program(['check'], { [urlVariable]: inner.root, DATA_DIR: folder() });
    assert.equal(await ended, 0, output());
    for (const { name } of proxied) {
      assert.match(output(), new RegExp(`^ {2}${name} is ${name}$`, 'm'));
    }
    assert.match(output(), /The feed has a set "TracebuzzCases" that no document names/);
    const down = program(['check'], { [urlVariable]: 'http://127.0.0.1:9/', DATA_DIR: folder() });
    assert.equal(await down.ended, 0, down.output());
    assert.match(down.output(), /cannot be reached/);
  });

  it('the feed down: 503 with whole seconds in Retry-After; all else stays; it comes back without a restart', async () => {
    const documents = async () => [await text(outer.root, ''), await text(outer.root, '$metadata')] as const;
    const before = await documents();
    const [set] = proxied;
    assert.ok(set !== undefined);
    await inner.stop('SIGKILL');
    const unavailable = async (query: string): Promise<void> => {
      const reply = await fetch(new URL(query, outer.root));
      const body = (await reply.json()) as { error: { code: string } };
      assert.equal(reply.status, 503, query);
      assert.equal(body.error.code, 'UpstreamUnavailable');
      assert.match(reply.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    };
    await unavailable(set.name);
    await unavailable(`${set.name}/$count`);
    assert.deepEqual(await documents(), before);
    assert.deepEqual((await page(outer.root, 'TracebuzzCases?$top=1')).value, []);
    await outer.stop('SIGTERM');
    outer = await serve({ ...outerSettings, PORT: new URL(outer.root).port });
    assert.deepEqual(await documents(), before, 'the last good copy');
    await unavailable(set.name);
    assert.match(outer.output(), /"event":"upstream"[^\n]*"state":"down"/);
    inner = await serve(innerSettings);
    assert.equal((await page(outer.root, set.name)).value.length, 60);
  });

  it('before the first contact the documented model is served, and rows once the feed is there', async () => {
    await inner.stop('SIGTERM');
    const fresh = await serve({ ...outerSettings, PORT: '0', DATA_DIR: folder() });
    const { value } = await page(fresh.root, '');
    const names = new Set(value.map((one) => one['name']));
    for (const { name } of proxied) {
      assert.ok(names.has(name), name);
    }
    const metadata = await text(fresh.root, '$metadata');
    assert.ok(metadata.includes(`<EntitySet Name="${proxied[0]?.name}"`));
    assert.equal((await fetch(new URL(proxied[0]?.name ?? '', fresh.root))).status, 503);
    inner = await serve(innerSettings);
    assert.equal((await page(fresh.root, proxied[0]?.name ?? '')).value.length, 60);
  });
});
