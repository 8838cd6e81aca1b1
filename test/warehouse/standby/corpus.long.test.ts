import assert from 'node:assert/strict';
import process from 'node:process';
import pg from 'pg';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { openStandbys } from '../../../src/warehouse/standby/open-standbys.ts';
import { insertRows } from '../../sql/sample-rows.ts';
import { runTestFiles } from '../../support/mocha-child.ts';
import { conformanceFiles, filters, goldens } from '../../support/read-corpus.ts';
import { CatchUp, saidBy, sameDatabase } from '../../support/read-twice.ts';
import { startStandbyPair } from '../../support/standby.ts';
import { unhurried } from '../../support/unhurried.ts';
import { until } from '../../support/until.ts';
import { feedOn, withSmallModel } from './standby-feed.ts';

/** A primary and its standby: `DATABASE_URL` (its user a superuser) and `READ_DATABASE_URL`, else two servers of our own. */
const given = { primary: process.env['DATABASE_URL'] ?? '', standby: process.env['READ_DATABASE_URL'] ?? '' };
const isGiven = given.primary !== '' && given.standby !== '';

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
    const { code, output } = await runTestFiles(conformanceFiles(), {
      TEST_DATABASE_URL: servers.primary,
      READ_DATABASE_URL: servers.standby,
    });
    assert.equal(code, 0, output);
    const [, compared = '0'] = /(\d+) replies compared/.exec(output) ?? [];
    assert.ok(Number(compared) > 1000, output);
  });
});
