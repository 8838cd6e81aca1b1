import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpListener } from '../../src/http/listener.ts';
import { openToAll } from '../../src/http/sign-in/authentication.ts';
import type { RequestRecord } from '../../src/observation/events/http.ts';
import { everything } from '../../src/plan/grants.ts';
import { DataSources } from '../../src/source/data-sources.ts';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { collect } from '../support/collect-events.ts';
import { catalogue, feeds, json } from './told-feed.ts';

/** No read of a proxied set comes near it. */
const noDatabase = new Proxy<Database>({} as Database, {
  get: (_, name) => assert.fail(`the database was asked for ${String(name)}`),
});

const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, at) => `{"id":${from + at},"subject":"row ${from + at}"}`).join(',');

describe('a told feed, served', () => {
  const { connect, open } = feeds();

  /** The whole gateway before one feed. */
  async function served(upstream: Upstream) {
    const log: RequestRecord[] = [];
    const app = httpListener({
      catalogue: () => catalogue,
      capabilities: null,
      sources: new DataSources(
        { database: noDatabase, results: new ResultCache(), timeout: 1000 },
        new Map([[upstream.source, upstream]]),
      ),
      authentication: openToAll,
      grantsOf: () => everything,
      settings: { pageSize: 100, publicUrl: null },
      observe: collect({ log }),
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    open.push(app);
    const { port } = app.server.address() as AddressInfo;
    return {
      log,
      get: (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}/odata/${path}`, init),
    };
  }

  it('HEAD asks the feed once and gives the page up before its rows; the head is that of GET', async () => {
    const answers: ServerResponse[] = [];
    let whole = false;
    const upstream = await connect((_, response) => {
      answers.push(response);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write(`{"value":[${rows(0, 3)}`);
      if (whole) {
        response.end(']}');
      }
    });
    const { get, log } = await served(upstream);
    // The feed leaves the count out: a GET asks for it apart.
    const query = 'FarCalls?$select=id,subject&$count=true';
    const head = await get(query, { method: 'HEAD' });
    assert.equal(head.status, 200);
    const [answer] = answers;
    assert.ok(answer);
    await (answer.closed ? undefined : once(answer, 'close'));
    assert.equal(answer.writableFinished, false, 'the feed was not read to its end');
    assert.equal(upstream.requests.length, 1, upstream.requests.join('\n'));
    whole = true;
    const reply = await get(query);
    const { value } = (await reply.json()) as { readonly value: readonly unknown[] };
    assert.equal(value.length, 3);
    for (const name of ['content-type', 'odata-version', 'cache-control', 'vary', 'etag', 'preference-applied']) {
      assert.equal(head.headers.get(name), reply.headers.get(name), name);
    }
    assert.deepEqual(
      log.map(({ method, rows: counted }) => [method, counted]),
      [
        ['HEAD', null],
        ['GET', 3],
      ],
    );
  });

  it('HEAD of what is not there is 404, as GET', async () => {
    const upstream = await connect((_, response) => response.writeHead(404).end());
    const { get } = await served(upstream);
    assert.equal((await get('FarCalls(1)', { method: 'HEAD' })).status, 404);
    assert.equal(upstream.requests.length, 1);
  });

  it('HEAD of $all asks no feed for rows', async () => {
    const upstream = await connect((_, response) => json(response, `{"value":[${rows(0, 3)}]}`));
    const { get } = await served(upstream);
    assert.equal((await get('$all', { method: 'HEAD' })).status, 200);
    assert.deepEqual(upstream.requests, []);
  });

  it('rows are counted for the log, of $all too, and of a page that the feed breaks off', async () => {
    const upstream = await connect((request, response) => {
      if (request.url?.includes('Calls') !== true) {
        return json(response, '{"value":[]}');
      }
      if (request.url.includes('skip')) {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        return response.write(`{"value":[${rows(0, 2)},`, () => setTimeout(() => response.destroy(), 50));
      }
      return json(response, `{"value":[${rows(0, 5)}]}`);
    });
    const { get, log } = await served(upstream);
    for (const query of ['FarCalls', '$all', 'FarCalls?$skip=1']) {
      await get(query).then(
        (reply) => reply.text().catch(() => ''),
        () => '',
      );
    }
    assert.deepEqual(
      log.map((record) => record.rows),
      [5, 5, 2],
    );
  });

  it('Server-Timing tells compiling the address and waiting for the feed apart, each once', async () => {
    const upstream = await connect((request, response) =>
      json(response, request.url?.includes('(') === true ? '{"subject":"row 1"}' : `{"value":[${rows(0, 3)}]}`),
    );
    const { get } = await served(upstream);
    for (const query of ['FarCalls', 'FarCalls(1)/subject']) {
      const reply = await get(query);
      const stages = (reply.headers.get('server-timing') ?? '').split(', ').map((stage) => stage.split(';')[0]);
      assert.deepEqual(stages, ['parse', 'bind', 'compile', 'feed', 'first'], query);
      await reply.body?.cancel();
    }
  });
});
