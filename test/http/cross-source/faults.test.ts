import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { type JoinedGateway, joinedGateway, judge } from './joined-gateway.ts';

type Row = Record<string, unknown>;

/** What stands between the gateway and the sandbox, and may be in the way. */
interface Obstacle {
  /** Query strings of the requests that came through, decoded. */
  readonly asked: string[];
  change: (metadata: string) => string;
  /** Milliseconds before the head, and before each quarter of the second half of the body; infinite: nothing more comes. */
  wait: { head: number; body: number };
  /** Requests that are still answered; the others are cut in the middle of the body. */
  left: number;
}

describe('a proxied feed in trouble, seen through joins', () => {
  let sandbox: Sandbox;
  let front: Server;
  let gateway: JoinedGateway;
  let agents: readonly Row[];
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'faults-'));
  const obstacle: Obstacle = {
    asked: [],
    change: (metadata) => metadata,
    wait: { head: 0, body: 0 },
    left: Number.POSITIVE_INFINITY,
  };
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  before(async () => {
    sandbox = await startSandbox(catalogueOf(metadataFolder), 'buzzeasy', { rows: 60, seed: 1 });
    front = createServer(async (request, response) => {
      const url = request.url ?? '';
      const reply = await fetch(new URL(`.${url}`, sandbox.url));
      let body = await reply.text();
      if (url.includes('$metadata')) {
        body = obstacle.change(body);
      } else {
        obstacle.asked.push(decodeURIComponent(url));
        obstacle.left -= 1;
        if (obstacle.wait.head === Number.POSITIVE_INFINITY) {
          return undefined;
        }
        await pause(obstacle.wait.head);
      }
      response.writeHead(reply.status, { 'Content-Type': reply.headers.get('content-type') ?? '' });
      const half = Math.floor(body.length / 2);
      response.write(body.slice(0, half));
      if (obstacle.left < 0) {
        return response.destroy();
      }
      const wait = url.includes('$metadata') ? 0 : obstacle.wait.body;
      if (wait === Number.POSITIVE_INFINITY) {
        return undefined;
      }
      const quarter = Math.ceil((body.length - half) / 4);
      for (let at = half; wait > 0 && at < body.length; at += quarter) {
        await pause(wait);
        response.write(body.slice(at, at + quarter));
      }
      return response.end(wait > 0 ? '' : body.slice(half));
    });
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    // The calls of a business unit: a navigation that only the documents know.
    obstacle.change = (metadata) =>
      metadata
        .replace(/<NavigationProperty Name="(Calls|BusinessUnit)"[^>]*?(\/>|>.*?<\/NavigationProperty>)/gs, '')
        .replace(/<NavigationPropertyBinding Path="(Calls|BusinessUnit)"[^>]*\/>/g, '');
    const { port } = front.address() as AddressInfo;
    gateway = await joinedGateway({
      environment: { BUZZEASY_URL: `http://127.0.0.1:${port}/` },
      dataDir,
    });
    agents = (await gateway.json('BuzzeasyAgents')).value;
    await judge(
      gateway.database,
      Array.from({ length: 1500 }, (_, at) => [at + 1, null, String(agents[at % 60]?.['ID']), at % 9] as const),
    );
  });
  after(async () => {
    await gateway?.close();
    front?.close();
    front?.closeAllConnections();
    await sandbox?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  afterEach(() => {
    obstacle.left = Number.POSITIVE_INFINITY;
    obstacle.wait = { head: 0, body: 0 };
    // The feed is not left alone any longer.
    gateway.clock.at += 300_000;
  });

  it('a navigation that only the documents know is joined by key, one request for many rows', async () => {
    const { upstreams } = gateway.proxied;
    assert.equal(upstreams.get('buzzeasy')?.state().failure, null);
    const units = (await gateway.json('BuzzeasyBusinessUnits?$select=id')).value;
    const calls = (await gateway.json('BuzzeasyCalls?$select=id,businessUnitId')).value;
    const query = 'BuzzeasyBusinessUnits?$select=id&$expand=Calls($select=id;$count=true)';
    // The first one finds out what the feed takes.
    await gateway.json(query);
    obstacle.asked.length = 0;
    const expanded = (await gateway.json(query)).value;
    assert.equal(expanded.length, 60);
    assert.ok(obstacle.asked.length <= 4, obstacle.asked.join('\n'));
    assert.ok(!obstacle.asked.some((url) => url.includes('$expand')));
    for (const [index, unit] of expanded.entries()) {
      const own = calls.filter((call) => call['businessUnitId'] === units[index]?.['id']).map(({ id }) => ({ id }));
      assert.deepEqual(unit, { ...units[index], 'Calls@odata.count': own.length, Calls: own });
    }
    const call = calls.find((one) => one['businessUnitId'] !== null);
    const unit = await gateway.json(`BuzzeasyCalls('${call?.['id']}')/BusinessUnit?$select=id`);
    assert.equal(unit['id'], call?.['businessUnitId']);
    const mine = await gateway.json(`BuzzeasyBusinessUnits('${unit['id']}')/Calls?$select=id&$orderby=id`);
    const ids = calls.filter((one) => one['businessUnitId'] === unit['id']).map((one) => String(one['id']));
    assert.deepEqual(
      mine.value,
      ids.sort().map((id) => ({ id })),
    );
    const filtered = await gateway.json(
      `BuzzeasyCalls?$select=id&$filter=BusinessUnit/id eq '${unit['id']}'&$orderby=id`,
    );
    assert.deepEqual(filtered.value, mine.value, 'a filter over it too');
    // The feed cannot order by what it does not know: that is worked out here.
    const named = await gateway.json('BuzzeasyBusinessUnits?$select=id,name');
    const names = new Map(named.value.map(({ id, name }) => [id, String(name ?? '')]));
    const nameOf = (id: unknown): string => names.get(id) ?? '';
    const ordered = await gateway.json('BuzzeasyCalls?$orderby=BusinessUnit/name&$select=businessUnitId');
    const found = ordered.value.map(({ businessUnitId }) => nameOf(businessUnitId));
    assert.deepEqual(found, calls.map(({ businessUnitId }) => nameOf(businessUnitId)).sort());
  });

  it('each other end is asked for once in a reply', async () => {
    obstacle.asked.length = 0;
    const { value } = await gateway.json('TracebuzzJudgements?$select=JudgementId&$expand=Agent($select=ID)');
    assert.equal(value.length, 1500);
    for (const [at, row] of value.entries()) {
      assert.deepEqual(row['Agent'], { ID: agents[at % 60]?.['ID'] });
    }
    assert.ok(obstacle.asked.length <= 4, String(obstacle.asked.length));
  });

  it('down before the first byte: 503 with Retry-After', async () => {
    obstacle.left = 0;
    const reply = await gateway.get('TracebuzzJudgements?$expand=Agent');
    assert.equal(reply.status, 503, await reply.clone().text());
    assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/);
    const calls = await gateway.get('TracebuzzJudgements(1)/Agent');
    assert.equal(calls.status, 503);
  });

  it('down midway: the transfer breaks, it never ends as if it were whole', async () => {
    await judge(
      gateway.database,
      Array.from({ length: 3000 }, (_, at) => [2000 + at, null, `nobody-${at}`, 1] as const),
    );
    obstacle.left = 30;
    const reply = await gateway.get('TracebuzzJudgements?$expand=Agent');
    assert.equal(reply.status, 200);
    await assert.rejects(reply.text());
    assert.deepEqual(gateway.broken.splice(0), ['UpstreamUnavailable']);
  });

  it('silence is limited, a long transfer is not: the limit is 2 s here', async () => {
    const settings = gateway.proxied.catalogue().sources.get('buzzeasy')?.upstream ?? assert.fail();
    const { timeoutSeconds } = settings;
    // For this test alone: the others must not depend on how fast the machine is.
    Object.assign(settings, { timeoutSeconds: 2 });
    try {
      obstacle.wait = { head: 500, body: 500 };
      assert.equal((await gateway.json('BuzzeasyCalls')).value.length, 60);
      obstacle.wait = { head: Number.POSITIVE_INFINITY, body: 0 };
      assert.match((await gateway.json('BuzzeasyCalls', 503)).error.message, /in time/);
      obstacle.wait = { head: 0, body: Number.POSITIVE_INFINITY };
      const halted = await gateway.get('BuzzeasyCalls');
      if (halted.status === 200) {
        await assert.rejects(halted.text());
      } else {
        assert.equal(halted.status, 503);
      }
    } finally {
      Object.assign(settings, { timeoutSeconds });
    }
    gateway.broken.length = 0;
  });

  it('a model that cannot be taken in leaves the one before in service, and is told', async () => {
    const upstream = gateway.proxied.upstreams.get('buzzeasy');
    const before = obstacle.change;
    const metadata = await (await gateway.get('$metadata')).text();
    obstacle.change = () => '<not><metadata/></not>';
    await upstream?.refresh();
    assert.notEqual(upstream?.state().failure, null);
    assert.equal(await (await gateway.get('$metadata')).text(), metadata);
    assert.equal((await gateway.json('BuzzeasyAgents?$top=1')).value.length, 1);
    const readings = gateway.observed.filter((one) => one.event === 'upstream');
    assert.equal(readings.at(-1)?.state, 'down');
    obstacle.change = before;
    await upstream?.refresh();
    assert.equal(upstream?.state().failure, null);
  });
});
