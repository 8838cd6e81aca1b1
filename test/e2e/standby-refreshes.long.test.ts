import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../src/embedded/address.ts';
import { quickLine } from '../http/signing-in.ts';
import { shopMetadata } from '../sharing/gateways.ts';
import { nginx } from '../support/nginx.ts';
import { hostList, type StandbyCluster, startStandbys } from '../support/standby.ts';
import { BrokenReply, type LoadBalancer, loadBalancer, withoutNginx } from './support/load-balancer.ts';
import { gateway, type Program, until, useFolders } from './support/program.ts';
import { type Get, type Things, TrackedCopy, wholeSet } from './support/refreshes.ts';

const minutes = Number(process.env['MINUTES'] ?? 6);
const run = nginx === null ? describe.skip : describe;

const things = 60_000;
/** New rows of one load, which changes half as many others. */
const perLoad = 200;
/** Times that a standby dies, and a gateway is restarted. */
const rounds = 10;
const credentials = `Basic ${Buffer.from('ann:a password of ann').toString('base64')}`;
const keyOf = (number: number): string => `k${String(number).padStart(6, '0')}`;

/** Places in the order of what happened. */
interface Span {
  readonly from: number;
  readonly to: number;
}

run(`Three gateways that read two standbys, refreshed for ${minutes} minutes${withoutNginx}`, function () {
  this.timeout((minutes + 20) * 60_000);
  const folder = useFolders();
  let cluster: StandbyCluster | null = null;
  let balancer: LoadBalancer | null = null;
  afterEach(async () => {
    await balancer?.close();
    await cluster?.close();
  });

  it('no request fails but replies that a killed standby had begun, and no row is missing or doubled', async () => {
    cluster = await startStandbys(2, async () => {});
    const { primary, standbys, ask: askPrimary } = cluster;
    balancer = await loadBalancer(folder(), credentials);
    const { ports, publicUrl, ask } = balancer;
    const shared = folder();
    const metadata = shopMetadata(shared);
    const users = path.join(shared, 'users');
    writeFileSync(users, `${quickLine('ann', 'a password of ann')}\n`, { mode: 0o600 });
    const drop = path.join(shared, 'drop', 'acme');
    mkdirSync(drop, { recursive: true });
    const scraped = [await freePort(), await freePort(), await freePort()];
    const begin = async (index: number): Promise<Program> => {
      const program = gateway(['serve'], {
        ...{ DATABASE_URL: primary, READ_DATABASE_URL: hostList(standbys), METADATA_DIR: metadata, DATA_DIR: folder() },
        ...{ DROP_DIR: path.dirname(drop), SAMPLES: 'off', AUTH_BASIC_FILE: users, TRUST_PROXY: '127.0.0.1' },
        ...{ PORT: String(ports[index]), METRICS_PORT: String(scraped[index]), PUBLIC_URL: publicUrl },
        ...{ DRAIN_SECONDS: '2', INGEST_SCHEDULE: '*/2 * * * * *' },
      });
      await program.printed(/The feed is ready/);
      return program;
    };
    const programs = await Promise.all(ports.map((_, index) => begin(index)));
    const loaded = (files: number): Promise<void> =>
      until('what was put down is loaded', async () => {
        const [load] = await askPrimary(`SELECT count(*)::int AS n FROM gateway.load WHERE state = 'loaded'`);
        return load?.['n'] === files;
      });
    const put = (name: string, rows: readonly (readonly [string, string])[]): void =>
      writeFileSync(path.join(drop, name), `Id,Title\n${rows.map((row) => row.join()).join('\n')}\n`);
    const all = Array.from({ length: things }, (_, number) => [keyOf(number), 't'.repeat(200)] as const);
    put('things-0.csv', all);
    await loaded(1);
    await balancer.start();

    let over = false;
    let happened = 0;
    const moment = (): number => ++happened;
    const counts = new Map<string, number>();
    const failures: string[] = [];
    const broken: Span[] = [];
    const kills: Span[] = [];
    const get: Get = async (url, headers = {}) => {
      for (;;) {
        const from = moment();
        try {
          const { status, body } = await ask(url, { headers: { Authorization: credentials, ...headers } });
          assert.equal(status, 200, body.slice(0, 300));
          counts.set('requests', (counts.get('requests') ?? 0) + 1);
          return body;
        } catch (error) {
          if (!(error instanceof BrokenReply)) {
            throw error;
          }
          // It succeeds when it is asked for again.
          broken.push({ from, to: moment() });
        }
      }
    };
    /** Does it again and again until all is over. */
    const again = async (name: string, work: () => Promise<void>): Promise<void> => {
      while (!over) {
        try {
          await work();
          counts.set(name, (counts.get(name) ?? 0) + 1);
        } catch (error) {
          failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        }
        await pause(50);
      }
    };
    const complete = (rows: Things): void => {
      const found = [...rows.keys()].filter((key) => key.startsWith('k'));
      assert.equal(found.length, things);
    };
    const extraction = async (): Promise<void> => complete(await wholeSet(get, 'AcmeThings?$orderby=ThingId'));
    /** One reply is of one moment: it has loads from the first on, each whole. */
    const wholeLoads = async (): Promise<void> => {
      const rows = await wholeSet(get, `AcmeThings?$filter=startswith(ThingId,'load-')&$orderby=ThingId`);
      const loads = new Map<string, number>();
      for (const key of rows.keys()) {
        loads.set(key.slice(0, 9), (loads.get(key.slice(0, 9)) ?? 0) + 1);
      }
      const wanted = [...loads.keys()].map((_, index) => [loadName(index + 1), perLoad]);
      assert.deepEqual([...loads], wanted);
    };
    const copies = [1, 2].map(() => new TrackedCopy(get, 'AcmeThings'));
    let files = 1;
    const load = async (): Promise<void> => {
      const name = loadName(files);
      const rows = Array.from(
        { length: perLoad },
        (_, row) => [`${name}-${String(row).padStart(3, '0')}`, name] as const,
      );
      const changed = Array.from(
        { length: perLoad / 2 },
        (_, row) => [keyOf((files * 397 + row * 101) % things), name] as const,
      );
      put(`things-${files}.csv`, [...rows, ...changed]);
      files += 1;
      await pause(Math.min(60_000, (minutes * 60_000) / 6));
    };
    const clients = [
      ...[again('refresh', extraction), again('refresh', extraction), again('loads in one reply', wholeLoads)],
      ...copies.map((copy) => again('refresh by delta link', () => copy.refresh())),
      ...[again('entity', async () => void (await get(`AcmeThings('${keyOf(7)}')`))), again('load', load)],
    ];
    const goOn = async (): Promise<void> => {
      const sofar = new Map(counts);
      const went = (): boolean =>
        [...sofar].every(([name, count]) => name === 'load' || (counts.get(name) ?? 0) > count);
      await until('all went on', went);
    };
    const reads = new Map<string, number>();
    let lag = 0;
    const scrape = async (index: number, ends: boolean): Promise<void> => {
      const text = await (await fetch(`http://127.0.0.1:${scraped[index]}/metrics`)).text();
      for (const [, name = '', standby = '', value = ''] of text.matchAll(
        /^gateway_standby_(reads_total|reads_handed_on_total)\{standby="(\d)"\} (\d+)$/gm,
      )) {
        const key = `${name.replace('_total', '')} ${standby}`;
        reads.set(key, (reads.get(key) ?? 0) + (ends ? Number(value) : 0));
      }
      for (const [, value = ''] of text.matchAll(/^gateway_standby_lag_seconds\{standby="\d"\} ([\d.]+)$/gm)) {
        lag = Math.max(lag, Number(value));
      }
    };
    const allRead = (): Promise<void> =>
      until('all gateways read both standbys', async () => {
        const states = await Promise.all(
          ports.map(async (port) => {
            const reply = await fetch(`http://127.0.0.1:${port}/health/ready`);
            const { standbys: told = [] } = (await reply.json()) as {
              standbys?: readonly { readonly state: string }[];
            };
            return told.map(({ state }) => state).join();
          }),
        );
        return states.every((state) => state === 'current,current');
      });

    await until('everything was asked', () => counts.size === 6);
    const started = Date.now();
    for (let round = 0; round < rounds; round++) {
      await allRead();
      const standby = standbys[round % 2] ?? assert.fail();
      const from = moment();
      await standby.kill();
      kills.push({ from, to: moment() });
      await goOn();
      await standby.restart();
      await allRead();
      const index = round % 3;
      await scrape(index, true);
      const program = programs[index] ?? assert.fail();
      program.child.kill('SIGTERM');
      assert.equal(await program.ended, 0, program.output());
      programs[index] = await begin(index);
      await goOn();
      for (const one of [0, 1, 2]) {
        await scrape(one, false);
      }
      const next = started + ((round + 1) * minutes * 60_000) / rounds;
      await pause(Math.max(0, next - Date.now()));
    }
    over = true;
    await Promise.all(clients);

    const told = programs.map((program) => program.output().slice(-3000)).join('\n');
    assert.deepEqual(failures.slice(0, 5), [], told);
    const unexplained = broken.filter(({ from, to }) => !kills.some((kill) => from <= kill.to && to >= kill.from));
    assert.deepEqual(unexplained, [], 'only what had begun on a standby that was killed');
    await loaded(files);
    for (const standby of standbys) {
      await standby.caughtUp();
    }
    const rows = await askPrimary('SELECT "ThingId" AS id, "Title" AS title FROM feed."AcmeThings" ORDER BY 1');
    assert.equal(rows.length, things + (files - 1) * perLoad);
    const stored = new Map(rows.map(({ id, title }) => [String(id), String(title)]));
    assert.deepEqual(await wholeSet(get, 'AcmeThings?$orderby=ThingId'), stored);
    for (const copy of copies) {
      await copy.refresh();
      assert.deepEqual(copy.rows, stored);
    }
    for (const [index, program] of programs.entries()) {
      await scrape(index, true);
      program.child.kill('SIGTERM');
      assert.equal(await program.ended, 0, program.output());
      assert.doesNotMatch(program.output(), /"level":50/, 'no alarm');
    }
    for (const name of ['reads 1', 'reads 2', 'reads_handed_on 1', 'reads_handed_on 2']) {
      assert.ok(reads.has(name), name);
    }
    assert.ok((reads.get('reads 1') ?? 0) > 0 && (reads.get('reads 2') ?? 0) > 0);
    console.info(
      `      ${JSON.stringify(Object.fromEntries([...counts, ...reads]))}, ${kills.length} kills and as many restarts of gateways, ${broken.length} replies broken off, none failed, standbys at most ${lag} s behind`,
    );
  });
});

const loadName = (number: number): string => `load-${String(number).padStart(4, '0')}`;
