import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { quickLine } from '../http/signing-in.ts';
import { shopMetadata } from '../sharing/gateways.ts';
import { nginx } from '../support/nginx.ts';
import { useDatabases } from '../support/postgres.ts';
import { type LoadBalancer, loadBalancer, type Reply, withoutNginx } from './support/load-balancer.ts';
import { gateway, type Program, until, useFolders } from './support/program.ts';

const run = nginx === null ? describe.skip : describe;

const things = 60_000;
const credentials = `Basic ${Buffer.from('ann:a password of ann').toString('base64')}`;

run(`Three gateways behind nginx, restarted one after the other${withoutNginx}`, function () {
  this.timeout(15 * 60_000);
  const folder = useFolders();
  const connect = useDatabases();
  let balancer: LoadBalancer | null = null;
  afterEach(() => balancer?.close());

  it('no request fails, no row is missing or twice, sessions and replies for later go on, and loads are taken in', async () => {
    const connectionString = await connect();
    const shared = folder();
    const metadata = shopMetadata(shared);
    const users = path.join(shared, 'users');
    writeFileSync(users, `${quickLine('ann', 'a password of ann')}\n`, { mode: 0o600 });
    const drop = path.join(shared, 'drop');
    mkdirSync(path.join(drop, 'acme'), { recursive: true });
    balancer = await loadBalancer(folder(), credentials);
    const { ports, publicUrl, ask } = balancer;
    const begin = async (port: number): Promise<Program> => {
      const program = gateway(['serve'], {
        ...{
          DATABASE_URL: connectionString,
          METADATA_DIR: metadata,
          DATA_DIR: folder(),
          DROP_DIR: drop,
          SAMPLES: 'off',
        },
        ...{ AUTH_BASIC_FILE: users, PORT: String(port), PUBLIC_URL: publicUrl },
        ...{ TRUST_PROXY: '127.0.0.1', DRAIN_SECONDS: '2', PAGE_SIZE: '5000', INGEST_SCHEDULE: '*/2 * * * * *' },
      });
      await program.printed(/The feed is ready/);
      return program;
    };
    const programs = await Promise.all(ports.map(begin));
    const client = new pg.Client({ connectionString });
    client.on('error', () => {});
    await client.connect();
    await client.query(
      `INSERT INTO feed."AcmeThings" ("ThingId", "Title") SELECT 'k' || lpad(g::text, 6, '0'), repeat('t', 200) FROM generate_series(1, ${things}) g`,
    );
    await balancer.start();

    let over = false;
    const counts = new Map<string, number>();
    const failures: string[] = [];
    /** Does it again and again until all is over. */
    const again = async (name: string, work: () => Promise<void>): Promise<void> => {
      while (!over) {
        try {
          await work();
          counts.set(name, (counts.get(name) ?? 0) + 1);
        } catch (error) {
          failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    };
    const fine = ({ status, body }: Reply): string => {
      assert.equal(status, 200, body.slice(0, 300));
      return body;
    };
    interface Page {
      readonly value: readonly { readonly ThingId: string }[];
      readonly '@odata.nextLink'?: string;
    }
    const extraction = async (): Promise<void> => {
      let last = '';
      let rows = 0;
      for (
        let next: string | undefined = `AcmeThings?$filter=startswith(ThingId,'k')&$orderby=ThingId`;
        next !== undefined;
      ) {
        const page = JSON.parse(fine(await ask(next))) as Page;
        for (const { ThingId } of page.value) {
          assert.ok(ThingId > last, 'in order, none twice');
          last = ThingId;
        }
        rows += page.value.length;
        next = page['@odata.nextLink'];
      }
      assert.equal(rows, things);
    };
    const one = async (): Promise<void> => void fine(await ask(`AcmeThings('k000007')`));
    const batch = async (): Promise<void> => {
      const send = JSON.stringify({ requests: [{ id: '1', method: 'GET', url: `AcmeThings('k000009')/Title` }] });
      const headers = { Authorization: credentials, 'Content-Type': 'application/json' };
      assert.match(fine(await ask('$batch', { method: 'POST', headers, send })), /"status": ?200/);
    };
    const later = async (): Promise<void> => {
      const headers = { Authorization: credentials, 'OData-MaxVersion': '4.01' };
      const taken = await ask(`AcmeThings?$top=3000&$filter=startswith(ThingId,'k')`, {
        headers: { ...headers, Prefer: 'respond-async' },
      });
      if (taken.status === 200) {
        // By a gateway that stops.
        assert.equal((JSON.parse(taken.body) as Page).value.length, 3000);
        return;
      }
      assert.equal(taken.status, 202, taken.body.slice(0, 200));
      const monitor = taken.headers.location ?? '';
      for (;;) {
        const reply = await ask(monitor, { headers });
        if (reply.status !== 202) {
          assert.equal((JSON.parse(fine(reply)) as Page).value.length, 3000);
          break;
        }
        await pause(20);
      }
      assert.equal((await ask(monitor, { method: 'DELETE', headers })).status, 204);
    };
    let cookie = '';
    const session = async (): Promise<void> => {
      if (cookie === '') {
        const begun = await ask('/warehouse/sign-in?with=password');
        assert.equal(begun.status, 303, begun.body.slice(0, 200));
        cookie = (begun.headers['set-cookie'] ?? [])
          .filter((set) => !set.includes('Max-Age=0'))
          .map((set) => set.split(';')[0])
          .join('; ');
      }
      const reply = await ask(`AcmeThings('k000008')`, { headers: { Cookie: cookie } });
      fine(reply);
    };
    let files = 0;
    const load = async (): Promise<void> => {
      files += 1;
      writeFileSync(
        path.join(drop, 'acme', `things-${files}.csv`),
        `Id,Title\nload-${files},one\nload-last,${files}\n`,
      );
      await pause(1000);
    };
    const clients = [
      ...[1, 2, 3].map(() => again('full extraction', extraction)),
      ...[1, 2, 3].map(() => again('entity', one)),
      ...[again('batch', batch), again('reply for later', later), again('session', session), again('load', load)],
    ];
    await until('everything was asked', () => counts.size === 6);
    for (let round = 0; round < 2; round++) {
      for (const [index, port] of ports.entries()) {
        const program = programs[index] ?? assert.fail();
        program.child.kill('SIGTERM');
        assert.equal(await program.ended, 0, program.output());
        programs[index] = await begin(port);
        const sofar = new Map(counts);
        await until('all went on', () => [...counts].every(([name, count]) => count > (sofar.get(name) ?? 0)));
      }
    }
    over = true;
    await Promise.all(clients);
    const told = programs.map((program) => program.output().slice(-3000)).join('\n');
    assert.deepEqual(failures.slice(0, 5), [], told);
    await until('all files are loaded', async () => {
      const { rows } = await client.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM feed."AcmeThings" WHERE "ThingId" LIKE 'load-%'`,
      );
      return rows[0]?.n === files + 1;
    });
    // Of a file whose gateway ended between its load and its move another one notes that its bytes are known.
    const { rows: loads } = await client.query<{ state: string; n: number }>(
      `SELECT state, count(*)::int AS n FROM gateway.load WHERE state <> 'duplicate' GROUP BY state`,
    );
    assert.deepEqual(loads, [{ state: 'loaded', n: files }], 'each file once, and no failure');
    console.info(`      ${JSON.stringify(Object.fromEntries(counts))}, no failure`);
    await client.end();
    for (const program of programs) {
      program.child.kill('SIGTERM');
      assert.equal(await program.ended, 0, program.output());
      assert.doesNotMatch(program.output(), /"level":50/, 'no alarm');
    }
  });
});
