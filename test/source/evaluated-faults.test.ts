import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { messages, rows } from '../sql/apply-rows.ts';
import { until } from '../support/until.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';

interface Refusal {
  readonly error: { readonly code: string; readonly message: string; readonly target?: string };
}

/** What may go wrong, or be too much, with rows of a feed that are worked out here: before the first byte, and nothing stays. */
describe('rows of a feed that cannot be worked out here', () => {
  let gateway: EvaluatedGateway;
  before(async () => {
    gateway = await evaluatedGateway({
      rows: `${rows}${messages}`,
      pageSize: 3,
      proxied: ['Cases', 'Messages'],
      beside: rows,
      evaluation: { rows: 8, bytes: 100_000 },
      // One connection for stored reads, one for what is worked out.
      database: { readers: 1, writers: 1, evaluators: 1, patience: 1000 },
    });
  });
  after(() => gateway.close());
  afterEach(() => {
    gateway.onRequest = null;
    gateway.asked.length = 0;
  });

  const sums = 'Cases?$apply=aggregate(Cost with sum as T)';
  const get = (request: string, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(request.replaceAll('+', '%2B'), gateway.evaluated.root), init);

  async function refused(request: string, status: number, code: string): Promise<Refusal['error']> {
    const reply = await get(request);
    const text = await reply.text();
    assert.equal(reply.status, status, text);
    const { error } = JSON.parse(text) as Refusal;
    assert.equal(error.code, code, text);
    return error;
  }

  /** Tables of nobody, and transactions that were not ended. */
  async function left(): Promise<unknown> {
    const { rows: found } = await gateway.evaluated.client.query(
      `SELECT (SELECT count(*)::int FROM pg_class WHERE relname LIKE 'twin%') AS tables,
        (SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'gateway evaluator' AND state <> 'idle') AS working
       FROM pg_database WHERE datname = current_database()`,
    );
    return found[0];
  }

  async function nothingLeft(): Promise<void> {
    await until('nothing is left', async () => JSON.stringify(await left()) === '{"tables":0,"working":0}');
  }

  async function works(): Promise<void> {
    const { evaluated, stored } = gateway;
    assert.deepEqual(await gateway.rows(evaluated, sums), await gateway.rows(stored, sums));
    await nothingLeft();
  }

  it('more rows than may be fetched are refused, and the set to narrow is named', async () => {
    const all = 'Messages?$apply=groupby((Case/Priority),aggregate($count as N))';
    const error = await refused(all, 400, 'LimitExceeded');
    assert.match(error.message, /more than 8 rows of (Cases|Messages).*narrow .* \$filter/);
    // What the feed itself leaves out counts for nothing.
    const some = 'Messages?$apply=filter(CaseId eq 10)/groupby((Case/Priority),aggregate($count as N))';
    assert.deepEqual(await gateway.rows(gateway.evaluated, some), await gateway.rows(gateway.stored, some));
    await works();
  });

  it('a feed that breaks off, is down or refuses is an error reply, never a part of the rows', async () => {
    gateway.onRequest = (request, response) => {
      if (!String(request.url).includes('skiptoken')) {
        return false;
      }
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write('{"value":[{"Id":40,"Cost":null},', () => response.destroy());
      return true;
    };
    await refused(sums, 503, 'UpstreamUnavailable');
    gateway.onRequest = (_request, response) => {
      response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":{"message":"No."}}');
      return true;
    };
    await refused(sums, 502, 'UpstreamRefused');
    gateway.onRequest = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"value":[{"Id":1,"Cost":"much"}]}');
      return true;
    };
    await refused(sums, 502, 'UpstreamRefused');
    gateway.onRequest = null;
    await works();
  });

  for (const status of [501, 400]) {
    it(`a filter that the feed refuses with ${status} is left to this gateway`, async () => {
      gateway.onRequest = (request, response) => {
        const refuses = String(request.url).includes('filter');
        if (refuses) {
          const body = '{"error":{"message":"No filters."}}';
          response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
        }
        return refuses;
      };
      for (const request of [
        'Cases?$apply=filter(Cost gt 2)/aggregate(Cost with sum as T)',
        'Cases?$filter=Cost gt 2',
      ]) {
        assert.deepEqual(await gateway.rows(gateway.evaluated, request), await gateway.rows(gateway.stored, request));
      }
      assert.deepEqual(
        gateway.asked.map((url) => url.includes('$filter')),
        [true, false, false, true, true, false, false],
        gateway.asked.join('\n'),
      );
      await refused('Cases(7)?$select=Nothing', 400, 'UnknownProperty');
    });
  }

  /** Answers as long as `refuses` does not give a status. */
  const limited = (refuses: (url: string) => number | null): void => {
    gateway.onRequest = (request, response) => {
      const status = refuses(decodeURIComponent(String(request.url)));
      if (status !== null) {
        response.writeHead(status, { 'Content-Type': 'application/json' }).end('{"error":{"message":"Not so."}}');
      }
      return status !== null;
    };
  };
  const same = async (request: string): Promise<void> =>
    assert.deepEqual(await gateway.rows(gateway.evaluated, request), await gateway.rows(gateway.stored, request));
  const members = (url: string): number =>
    Math.max(
      url.split(' eq ').length - 1,
      ...[...url.matchAll(/ in \(([^)]*)/g)].map(([, list = '']) => list.split(',').length),
    );

  it('a list that the feed finds too long is asked for in parts, and what it takes is learned', async () => {
    limited((url) => (members(url) > 2 ? 400 : null));
    const some = 'Cases?$filter=Id in (40,10,20,30,7) and Cost ne 5&$orderby=Id desc&$select=Id,Title&$count=true';
    await same(some);
    await same('Cases?$filter=Id eq 40 or Id eq 10 or Id eq 99&$select=Id');
    await same('Cases/$count?$filter=Id in (10,20,30)');
    assert.ok(!gateway.asked.some((url) => !url.includes('filter')), gateway.asked.join('\n'));
    gateway.asked.length = 0;
    await same(some);
    assert.deepEqual(
      gateway.asked.map((url) => members(url) > 2),
      [true, false, false, false],
      gateway.asked.join('\n'),
    );
  });

  for (const status of [400, 404, 414, 431, 500]) {
    it(`an order, a part of the rows or a count that the feed refuses with ${status} is worked out here`, async () => {
      limited((url) => (/orderby|skip=|top=|count/.test(url) ? status : null));
      for (const request of ['$orderby=Cost desc,Id', '$skip=1&$orderby=Id', '$top=2&$orderby=Id', '$count=true']) {
        await same(`Cases?$select=Id&${request}`);
      }
      await same('Cases/$count');
    });
  }

  it('an address that is too long for the feed is not sent; a key that it takes for wrong is told', async () => {
    const many = Array.from({ length: 700 }, (_, at) => at * 10).join();
    await same(`Cases?$filter=Id in (${many})&$select=Id`);
    limited((url) => (url.includes('(') ? 400 : null));
    await refused('Cases(7)', 502, 'UpstreamRefused');
  });

  it('a feed that refuses all is told with what it said of the request as it was', async () => {
    gateway.onRequest = (request, response) => {
      const message = String(request.url).includes('top') ? 'first' : 'second';
      response.writeHead(400, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error: { message } }));
      return true;
    };
    assert.match((await refused('Cases?$top=1', 502, 'UpstreamRefused')).message, /first/);
  });

  it('a row that two pages have is there once', async () => {
    gateway.onRequest = (request, response) => {
      const last = String(request.url).includes('skiptoken');
      const next = last ? '' : `,"@odata.nextLink":"Cases?$skiptoken=x"`;
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(`{"value":[{"Id":1,"Cost":2},{"Id":${last ? 3 : 2},"Cost":${last ? 16 : 4}}]${next}}`);
      return true;
    };
    const reply = await get(sums);
    const { value } = (await reply.json()) as { value: readonly { readonly T: number }[] };
    assert.deepEqual(
      value.map(({ T }) => T),
      [22],
    );
  });

  it('a silent feed holds no connection that stored reads need, and who hangs up leaves nothing', async () => {
    const held: ServerResponse[] = [];
    gateway.onRequest = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      held.push(response);
      return response.write('{"value":[{"Id":1,"Cost":2},');
    };
    const client = new AbortController();
    const asked = get(sums, { signal: client.signal });
    await until('the feed is asked', () => held.length > 0);
    // The table is seen by its own transaction alone.
    await until('a connection waits for rows', async () => JSON.stringify(await left()) === '{"tables":0,"working":1}');
    const agents = await get('Agents?$select=Id&$count=true');
    assert.equal(agents.status, 200);
    await agents.text();
    // The only connection of its kind is in use.
    await refused(sums, 503, 'Busy');
    client.abort();
    await assert.rejects(asked);
    await nothingLeft();
    for (const response of held) {
      response.destroy();
    }
    gateway.onRequest = null;
    await works();
  });

  it('the reply is one page, without ETag or delta link; HEAD has its head, and a token is refused', async () => {
    const query = 'Cases?$compute=Cost mul 2 as X&$select=Id,X';
    const headers = { Prefer: 'odata.maxpagesize=1, odata.track-changes' };
    const reply = await get(query, { headers });
    const body = (await reply.json()) as Record<string, unknown>;
    assert.deepEqual(Object.keys(body), ['@odata.context', 'value']);
    assert.equal((body['value'] as unknown[]).length, 4);
    assert.equal(reply.headers.get('etag'), null);
    assert.equal(reply.headers.get('preference-applied'), null);
    const head = await get(query, { method: 'HEAD', headers });
    assert.equal(head.status, 200);
    for (const name of ['content-type', 'odata-version', 'vary', 'cache-control']) {
      assert.equal(head.headers.get(name), reply.headers.get(name), name);
    }
    gateway.asked.length = 0;
    for (const path of [query, '$crossjoin(Cases,Agents)', 'Cases/$count?$search=x']) {
      assert.equal((await get(path, { method: 'HEAD' })).status, 200);
    }
    // One page of each set, whose rows are not read.
    assert.equal(gateway.asked.length, 3, gateway.asked.join('\n'));
    assert.equal((await get('Cases(10)?$compute=1 as X', { method: 'HEAD' })).status, 200);
    assert.equal((await get('Cases(99)?$compute=1 as X', { method: 'HEAD' })).status, 404);
    limited(() => 503);
    assert.equal((await get(query, { method: 'HEAD' })).status, 503);
    gateway.onRequest = null;
    await refused(`${query}&$skiptoken=abc`, 400, 'InvalidSkipToken');
    await nothingLeft();
  });

  it('a path that begins in no row is 404, as of stored sets', async () => {
    await refused('Cases(99)/Messages?$compute=Length mul 2 as X', 404, 'EntityNotFound');
    await refused('Cases(99)?$compute=Cost mul 2 as X', 404, 'EntityNotFound');
  });
});
