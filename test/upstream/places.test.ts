import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { GatewayError } from '../../src/errors.ts';
import { noRestriction, onlyProperties } from '../../src/plan/model/make.ts';
import { Turns } from '../../src/warehouse/admission/turns.ts';
import { StrictFeed } from '../support/strict-feed.ts';
import { until } from '../support/until.ts';
import { planOf, readOptions } from './tenant.ts';
import { catalogue, fails, feeds, json, page } from './told-feed.ts';

describe('requests that a proxied feed gets at once', () => {
  const { connect } = feeds();
  const withPlaces = (places: Turns) => ({ connection: { places } });
  const settled = (holds: () => boolean) => until('it is so', holds);

  it('are as many as it is given places, first come first served, and all are answered', async () => {
    const places = new Turns(2);
    const waiting: (() => void)[] = [];
    const order: string[] = [];
    const upstream = await connect(
      (_request, response, url) => {
        order.push(url.searchParams.get('$top') ?? '');
        waiting.push(() => json(response, '{"value":[{"id":1}]}'));
      },
      {},
      '/service/',
      withPlaces(places),
    );
    const reads: Promise<unknown>[] = [];
    for (let at = 1; at <= 9; at++) {
      reads.push(page(upstream, `FarCalls?$select=id&$top=${at}`));
      await settled(() => places.taken + places.waiting === at);
    }
    for (let answered = 0; answered < 9; answered++) {
      await settled(() => waiting.length > 0);
      assert.ok(waiting.length <= 2, String(waiting.length));
      waiting.shift()?.();
    }
    await Promise.all(reads);
    assert.deepEqual(order, ['1', '2', '3', '4', '5', '6', '7', '8', '9']);
    assert.equal(places.taken, 0);
  });

  it('whoever hangs up leaves the queue, and whoever waits too long is told to come again', async () => {
    const places = new Turns(1);
    const upstream = await connect(() => undefined, {}, '/service/', withPlaces(places));
    const leave = new AbortController();
    const first = page(upstream, 'FarCalls', { signal: leave.signal });
    await settled(() => places.taken === 1);
    const abort = new AbortController();
    const gone = page(upstream, 'FarCalls', { signal: abort.signal });
    await settled(() => places.waiting === 1);
    abort.abort();
    await assert.rejects(gone);
    assert.equal(places.waiting, 0);
    const hasty = await connect(() => undefined, { timeoutSeconds: 0.3 }, '/service/', withPlaces(places));
    await assert.rejects(page(hasty, 'FarCalls'), fails('Busy', /busy with other requests/));
    leave.abort();
    await assert.rejects(first);
    await settled(() => places.taken === 0);
    await assert.rejects(page(hasty, 'FarCalls'), fails('UpstreamUnavailable', /in time/));
    assert.deepEqual([places.taken, places.waiting], [0, 0]);
  });

  it('a place is free again after whatever comes of a request', async () => {
    const places = new Turns(1);
    const feed = new StrictFeed({ Calls: [{ id: 1 }, { id: 2 }] });
    const upstream = await connect(feed.answer, {}, '/service/', withPlaces(places));
    const clientless = { signal: new AbortController().signal };
    for (const faults of [
      { status: 404 },
      { status: 400 },
      { status: 501 },
      { body: 'no JSON' },
      { body: '{}' },
      { body: '{"error":{"message":"failed"},"value":[]}' },
      { body: '{"value":[{"id":1}],"error":{"message":"failed"}}' },
      { contentType: 'text/html' },
      { body: '{"value":[{"id":1},{"id":nope}]}' },
      { cutAt: 70 },
      { next: () => 'http://elsewhere/x', nextFirst: true },
      { next: () => 'http://elsewhere/x' },
    ]) {
      // What breaks off before its first row is asked for once more.
      feed.faults.push(...('cutAt' in faults ? [faults, faults] : [faults]));
      await assert.rejects(page(upstream, 'FarCalls?$select=id', clientless));
      assert.equal(places.taken, 0, JSON.stringify(faults));
    }
    const reply = await upstream.read(planOf('FarCalls?$select=id', catalogue), readOptions());
    assert.ok(reply.kind === 'collection');
    assert.equal(places.taken, 1);
    reply.discard();
    assert.equal(places.taken, 0);
    assert.equal((await page(upstream, 'FarCalls?$select=id')).rows.length, 2);
  });

  it('nobody who reads slowly holds others up, and its own rows all come', async () => {
    const places = new Turns(1);
    const row = JSON.stringify({ id: 1, subject: 'x'.repeat(1000) });
    const body = `{"value":[${Array.from({ length: 6000 }, () => row).join(',')}]}`;
    const upstream = await connect(
      (_request, response, url) => json(response, url.searchParams.get('$top') === '1' ? '{"value":[{"id":7}]}' : body),
      {},
      '/service/',
      withPlaces(places),
    );
    const reply = await upstream.read(planOf('FarCalls?$select=id', catalogue), readOptions());
    assert.ok(reply.kind === 'collection');
    let rows = 0;
    for await (const _ of reply.objects) {
      rows += 1;
      if (rows === 10 || rows === 3000) {
        assert.deepEqual((await page(upstream, 'FarCalls?$select=id&$top=1')).rows, [{ id: 7 }]);
      }
    }
    assert.deepEqual([rows, places.taken], [6000, 0]);
  });

  it('a reply that needs a second request while its first one runs does not wait for itself', async () => {
    const places = new Turns(1);
    const answers: ServerResponse[] = [];
    const upstream = await connect(
      (_request, response, url) => {
        if (url.pathname.endsWith('Calls')) {
          return json(response, '{"value":[{"id":2}]}');
        }
        answers.push(response);
        response.writeHead(200, { 'Content-Type': 'application/json' });
        const rows = [1, 2, 3].map((id) => `{"id":"${id}","Calls":[],"Calls@odata.nextLink":"Calls?more"}`);
        return response.end(`{"value":[${rows.join(',')}]}`);
      },
      {},
      '/service/',
      withPlaces(places),
    );
    const { rows } = await page(upstream, 'FarAgents?$select=id&$expand=Calls($select=id)');
    assert.deepEqual(
      rows.map(({ Calls }) => Calls),
      [[{ id: 2 }], [{ id: 2 }], [{ id: 2 }]],
    );
    assert.equal(places.taken, 0);
  });

  it('are never more, whatever they are for, and whoever hangs up in between', async () => {
    const places = new Turns(2);
    const seen = { open: 0, most: 0 };
    const upstream = await connect(
      (_request, response, url) => {
        seen.open += 1;
        seen.most = Math.max(seen.most, seen.open);
        response.once('close', () => {
          seen.open -= 1;
        });
        setTimeout(() => tell(response, url), 2);
      },
      {},
      '/service/',
      { connection: { places, readsOptions: false } },
    );
    const set = catalogue.model.entitySets.get('FarCalls') ?? assert.fail();
    const id = set.entityType.properties.get('id') ?? assert.fail();
    const pages = async (query: string, signal: AbortSignal): Promise<void> => {
      for (let skipToken: string | null = null; ; ) {
        const { next } = await page(upstream, query, { skipToken, signal });
        if (next === null) {
          return;
        }
        skipToken = next;
      }
    };
    const keyed = async (signal: AbortSignal): Promise<void> => {
      const request = { set, properties: [id], keys: [['1'], ['2']], selection: onlyProperties(set, [id]) };
      for await (const _ of upstream.fetchByKeys({ ...request, restriction: noRestriction }, readOptions({ signal }))) {
      }
    };
    const kinds: readonly ((signal: AbortSignal) => Promise<unknown>)[] = [
      (signal) => pages('FarCalls?$select=id', signal),
      (signal) => pages('FarCalls?$select=id&$filter=id gt 0&$orderby=id&$count=true', signal),
      (signal) => pages('FarAgents?$select=id&$expand=Calls($select=id;$filter=id gt 0)', signal),
      (signal) => upstream.read(planOf('FarCalls/$count', catalogue), readOptions({ signal })),
      (signal) => upstream.read(planOf("FarAgents('a')", catalogue), readOptions({ signal })),
      keyed,
    ];
    const readers = Array.from({ length: 36 }, (_, at) => {
      const leaving = new AbortController();
      const reading = kinds[at % kinds.length]?.(leaving.signal).catch((error: unknown) => {
        assert.ok(leaving.signal.aborted || error instanceof GatewayError, String(error));
      });
      return { leaving, reading };
    });
    for (const { leaving } of readers.filter((_, at) => at % 4 === 0)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      leaving.abort();
    }
    await Promise.all(readers.map(({ reading }) => reading));
    await settled(() => seen.open === 0);
    assert.deepEqual([seen.most, places.taken, places.waiting], [2, 0, 0]);
    // Connections that nobody reads are none that others wait for.
    await page(upstream, 'FarCalls?$select=id');
  });
});

/** Rows over three pages, of agents with their calls behind links of their own, a count, or one row. */
function tell(response: ServerResponse, url: URL): void {
  if (url.pathname.endsWith('/$count')) {
    response.writeHead(200, { 'Content-Type': 'text/plain' }).end('3');
    return;
  }
  if (url.pathname.endsWith(')')) {
    json(response, '{"id":"a"}');
    return;
  }
  const isAgents = url.pathname.endsWith('Agents');
  const number = Number(url.searchParams.get('page') ?? 1);
  const row = isAgents ? '{"id":"a","Calls":[{"id":1}],"Calls@odata.nextLink":"Calls?page=3"}' : `{"id":${number}}`;
  const next = number < 3 ? `,"@odata.nextLink":"${isAgents ? 'Agents' : 'Calls'}?page=${number + 1}"` : '';
  json(response, `{"@odata.count":3,"value":[${row}]${next}}`);
}
