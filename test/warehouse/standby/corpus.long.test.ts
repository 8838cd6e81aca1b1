import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { openStandbys } from '../../../src/warehouse/standby/open-standbys.ts';
import { part } from '../../sql/compile-url.ts';
import { rules } from '../../sql/filter-rules.ts';
import { insertRows } from '../../sql/sample-rows.ts';
import { CatchUp, saidBy, sameDatabase } from '../../support/read-twice.ts';
import { startStandbyPair } from '../../support/standby.ts';
import { unhurried } from '../../support/unhurried.ts';
import { until } from '../../support/until.ts';
import { feedOn, withSmallModel } from './standby-feed.ts';

const root = path.resolve(import.meta.dirname, '../../..');
/** A primary and its standby: `DATABASE_URL` (its user a superuser) and `READ_DATABASE_URL`, else two servers of our own. */
const given = { primary: process.env['DATABASE_URL'] ?? '', standby: process.env['READ_DATABASE_URL'] ?? '' };
const isGiven = given.primary !== '' && given.standby !== '';

const goldens = readdirSync(path.join(root, 'test/sql/golden')).map((name) => {
  const [, url = ''] = /^-- GET ([^\n]+)$/m.exec(readFileSync(path.join(root, 'test/sql/golden', name), 'utf8')) ?? [];
  return url;
});
const filters = rules.flatMap(([filter]) => {
  const text = filter.includes('%2B') ? filter : part(filter);
  return [`Cases?$filter=${text}`, `Cases/$count?$filter=${text}`];
});

describe(`the read corpus on a standby${isGiven ? '' : ' (of our own; DATABASE_URL and READ_DATABASE_URL name another)'}`, () => {
  let servers: { readonly primary: string; readonly standby: string };
  let close = async (): Promise<void> => {};
  before(async () => {
    if (isGiven) {
      servers = given;
      return;
    }
    const pair = await startStandbyPair(async () => {});
    servers = pair;
    close = pair.close;
  });
  after(() => close());

  it('of the small model: every golden statement and every filter has the same bytes', async () => {
    const name = `t_corpus_${process.pid}`;
    const administrator = new pg.Client({ connectionString: servers.primary });
    await administrator.connect();
    await administrator.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
    const [primary, standby] = [servers.primary, servers.standby].map((server) => {
      const url = new URL(server);
      url.pathname = `/${name}`;
      return url.href;
    }) as [string, string];
    await withSmallModel(insertRows())(primary);
    const catchUp = new CatchUp(primary, servers.standby);
    await catchUp.wait();
    await catchUp.close();
    const settings = { ...unhurried, connection: primary };
    const alone = await openDatabase(settings);
    const database = await openStandbys(await openDatabase(settings), {
      ...{ database: settings, addresses: [sameDatabase(standby, primary)], maxLag: 60_000, every: 50 },
    });
    const [feed, plain] = [await feedOn(database, { pageSize: 3 }), await feedOn(alone, { pageSize: 3 })];
    try {
      await until('the standby is read', () => database.occupancy().standbys?.[0]?.state === 'current');
      const asked = [...goldens, ...filters];
      for (const url of asked) {
        const [there, here] = await Promise.all([feed.get(url), plain.get(url)]);
        assert.match(there.headers.get('X-Read-Server') ?? '', /^standby/, url);
        assert.deepEqual(await saidBy(there, feed.root), await saidBy(here, plain.root), url);
        assert.equal(there.headers.get('ETag'), here.headers.get('ETag'), url);
      }
      assert.ok(goldens.length > 50 && filters.length > 200, `${goldens.length} and ${filters.length}`);
    } finally {
      await feed.close();
      await plain.close();
      await database.close();
      await alone.close();
      await administrator.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await administrator.end();
    }
  });

  it('of the product: the conformance tests hold there, and all their replies are those of the primary', async function () {
    this.timeout(3_600_000);
    const files = readdirSync(path.join(root, 'test/conformance'))
      .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.long.test.ts'))
      .map((name) => `test/conformance/${name}`);
    const mocha = path.join(root, 'node_modules/mocha/bin/mocha.js');
    const child = spawn(process.execPath, [mocha, '--reporter', 'dot', ...files], {
      cwd: root,
      env: { ...process.env, TEST_DATABASE_URL: servers.primary, READ_DATABASE_URL: servers.standby },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let told = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        told += chunk.toString('utf8');
      });
    }
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    assert.equal(code, 0, told);
    const [, compared = '0'] = /(\d+) replies compared/.exec(told) ?? [];
    assert.ok(Number(compared) > 1000, told);
  });
});
