import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import parse from 'parse-prometheus-text-format';
import { GatewayMetrics } from '../../src/commands/metrics/gateway-metrics.ts';
import { routeOf } from '../../src/commands/metrics/route.ts';
import { prepare } from '../../src/commands/migrate.ts';
import type { UnreadyPart } from '../../src/http/operations/health.ts';
import { operationsListener } from '../../src/http/operations/operations-listener.ts';
import { ingestPaths } from '../../src/ingest/delivery/paths/ingest-paths.ts';
import type { Observation } from '../../src/observation/observation.ts';
import { unobserved } from '../../src/observation/observe.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { casesFile } from '../ingest/support/drop.ts';
import { useFeed } from '../ingest/support/feed.ts';
import { type DatabaseGate, databaseGate } from '../support/database-gate.ts';
import { startTestServer, type TestServer } from './test-server.ts';

describe('metrics', () => {
  const feed = useFeed();
  let gate: DatabaseGate;
  let gated: Database;
  let server: TestServer;
  let metrics: GatewayMetrics;
  let operations: FastifyInstance;
  let port = 0;
  let part: UnreadyPart | null = 'starting';

  before(async () => {
    await prepare(feed().database, feed().catalogue, { observe: unobserved });
    gate = await databaseGate(feed().connectionString);
    gated = await openDatabase({ connection: gate.connectionString });
    metrics = new GatewayMetrics('1.2.3', { unready: async () => part });
    server = await startTestServer({
      rows: `INSERT INTO feed."Agents" ("Id", "Name") SELECT n, 'agent ' || n FROM generate_series(1, 5) AS n`,
      observe: metrics.observe,
      beside: (app) => metrics.serves(app.server, gated, 0),
    });
    operations = operationsListener('127.0.0.1', { unready: async () => part }, metrics);
    await operations.listen({ port: 0, host: '127.0.0.1' });
    port = (operations.server.address() as AddressInfo).port;
  });
  after(async () => {
    await operations.close();
    await server.close();
    await gated.close();
    await gate.close();
  });

  const ask = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers });

  /** Values by metric and labels, read by somebody else's parser. */
  async function scrape(): Promise<{
    value(name: string, labels?: Record<string, string>): number | null;
    names: readonly string[];
  }> {
    const reply = await ask('/metrics');
    assert.equal(reply.status, 200);
    assert.match(reply.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    // The parser joins histograms whatever their labels: their samples are read one by one.
    const families = parse((await reply.text()).replace(/^# TYPE (\S+) histogram$/gm, ''));
    return {
      names: families.map(({ name }) => name),
      value: (name, labels = {}) => {
        const samples = families.filter((one) => one.name === name).flatMap((one) => one.metrics);
        const wanted = JSON.stringify(Object.entries(labels).sort());
        const found = samples.find((one) => JSON.stringify(Object.entries(one.labels ?? {}).sort()) === wanted);
        return found?.value === undefined ? null : Number(found.value);
      },
    };
  }

  it('counts requests by kind and status, their rows and their bytes', async () => {
    const before = await scrape();
    for (const path of ['', '$metadata', 'Agents', 'Agents?$top=2', 'Nothing', 'Agents(1)', 'Agents(2)']) {
      await (await server.get(path)).text();
    }
    await (await fetch(new URL('/elsewhere/secret', server.root))).text();
    const after = await scrape();
    const grown = (name: string, labels?: Record<string, string>): number =>
      (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0);
    const requests = (route: string, status: number) =>
      grown('gateway_http_requests_total', { route, status: String(status) });
    assert.deepEqual(
      [
        requests('service', 200),
        requests('metadata', 200),
        requests('data', 200),
        requests('data', 404),
        requests('elsewhere', 404),
      ],
      [1, 1, 4, 1, 1],
    );
    assert.equal(grown('gateway_feed_rows_sent_total'), 5 + 2 + 1 + 1);
    assert.equal(grown('gateway_http_request_duration_seconds_count', { route: 'data' }), 5);
    assert.ok(grown('gateway_http_sent_bytes_total') > 2000);
    assert.ok(grown('gateway_http_received_bytes_total') > 200);
    assert.equal(after.value('gateway_info', { version: '1.2.3' }), 1);
    assert.ok((after.value('process_resident_memory_bytes') ?? 0) > 1_000_000);
    assert.ok((after.value('gateway_postgres_connections', { pool: 'owner', state: 'idle' }) ?? 0) >= 1);
    assert.equal(after.value('gateway_postgres_connection_waiters', { pool: 'reader' }), 0);
    assert.equal(after.value('gateway_large_reads', { state: 'waiting' }), 0);
  });

  it('counts files and rows by source, and tells how each export is; of nothing that cannot be asked', async () => {
    const labels = { source: 'tracebuzz', export: 'cases' };
    const { name, text } = casesFile(4);
    const broken = `${text}${text.trimEnd().split('\n').at(-1)?.replace(/^\d+/, 'x')}\n`;
    const paths = [
      feed().write(name, broken),
      feed().write('odd.csv', 'a,b\n1,2\n'),
      feed().write(`again-${name}`, broken),
    ];
    const results = [];
    for await (const { state } of ingestPaths(feed(), paths, { observe: metrics.observe })) {
      results.push(state);
    }
    assert.deepEqual(results, ['loaded', 'duplicate', 'refused']);
    const { value } = await scrape();
    const loads = (source: string, state: string) => value('gateway_loads_total', { source, state });
    assert.deepEqual([loads('tracebuzz', 'loaded'), loads('tracebuzz', 'duplicate'), loads('', 'refused')], [1, 1, 1]);
    const rows = (outcome: string) => value('gateway_load_rows_total', { source: 'tracebuzz', outcome });
    assert.deepEqual([rows('inserted'), rows('rejected'), rows('unchanged'), rows('read')], [4, 1, 0, null]);
    assert.equal(value('gateway_rejects_open', labels), 1);
    assert.equal(value('gateway_refused_files_open', { source: '', export: '' }), 1);
    assert.equal(value('gateway_export_late', { source: '', export: '' }), null);
    const age = value('gateway_export_last_load_age_seconds', labels);
    assert.ok(age !== null && age >= 0 && age < 3600);
    assert.equal(value('gateway_export_late', labels), 0);
    assert.equal(value('gateway_rejects_open', { source: 'sparkcentral', export: 'topic-metrics' }), 0);
    assert.equal(
      value('gateway_export_last_load_age_seconds', { source: 'sparkcentral', export: 'topic-metrics' }),
      null,
    );
  });

  it('leaves out what PostgreSQL does not give, and answers all the same', async () => {
    const own = new GatewayMetrics('1', { unready: async () => 'database' });
    own.serves(operations.server, gated);
    gate.set('refuses');
    const families = parse(await own.text());
    gate.set('open');
    const of = (name: string) => families.find((one) => one.name === name)?.metrics ?? [];
    assert.deepEqual(of('gateway_rejects_open'), []);
    assert.deepEqual(
      of('gateway_ready').map(({ value }) => value),
      ['0'],
    );
  });

  it('listens to waits, uploads, deliveries, works and feeds', async () => {
    const told: readonly Observation[] = [
      { event: 'turn-wait', milliseconds: 700 },
      { event: 'connection-wait', milliseconds: 30 },
      { event: 'upload', id: 'u', file: 'a/b.csv', status: 308, bytes: 50, milliseconds: 1, user: 'crm', error: null },
      { event: 'request-broken', id: 'r', reason: 'SlowReader' },
      { event: 'scan-failed', work: 'drop folder', reason: 'x' },
      { event: 'upstream', source: 'acme', state: 'down', message: 'x' },
      { event: 'upstream-answer', source: 'acme', status: 503, milliseconds: 20 },
      { event: 'upstream-answer', source: 'acme', status: null, milliseconds: 20 },
      { event: 'upstream-retry', source: 'acme', reason: '503', milliseconds: 300 },
      { event: 'upstream-circuit', source: 'acme', state: 'half-open' },
      { event: 'upstream-circuit', source: 'acme', state: 'open' },
      { event: 'delivery-round', delivery: 'acme/orders', outcome: 'done', found: 1, fetched: 1, waiting: 0 },
      { event: 'drop-folder', kind: 'no-mark', below: 'secret name.csv', message: 'x' },
    ];
    told.forEach(metrics.observe);
    const { value } = await scrape();
    assert.deepEqual(
      [
        value('gateway_read_turn_wait_seconds_count'),
        value('gateway_postgres_connection_wait_seconds_count'),
        value('gateway_uploads_total', { status: '308' }),
        value('gateway_upload_received_bytes_total'),
        value('gateway_http_broken_replies_total'),
        value('gateway_scheduled_work_failures_total', { work: 'drop folder' }),
        value('gateway_upstream_up', { source: 'acme' }),
        value('gateway_upstream_requests_total', { source: 'acme', status: '5xx' }),
        value('gateway_upstream_requests_total', { source: 'acme', status: 'none' }),
        value('gateway_upstream_retries_total', { source: 'acme', reason: '503' }),
        value('gateway_upstream_circuit', { source: 'acme', state: 'open' }),
        value('gateway_upstream_circuit', { source: 'acme', state: 'half-open' }),
        value('gateway_delivery_rounds_total', { delivery: 'acme/orders', outcome: 'done' }),
        value('gateway_drop_folder_notices_total', { kind: 'no-mark' }),
      ].map((one) => (one ?? 0) >= 1),
      [true, true, true, true, true, true, false, true, true, true, true, false, true, true],
    );
    assert.equal(value('gateway_upstream_up', { source: 'acme' }), 0);
  });

  it('a feed is up where it is asked, and its $metadata was read', async () => {
    const steps: readonly (readonly [Observation, number])[] = [
      [{ event: 'upstream', source: 'bee', state: 'ok', message: '' }, 1],
      [{ event: 'upstream-circuit', source: 'bee', state: 'open' }, 0],
      [{ event: 'upstream', source: 'bee', state: 'ok', message: '' }, 0],
      [{ event: 'upstream-circuit', source: 'bee', state: 'half-open' }, 0],
      [{ event: 'upstream-circuit', source: 'bee', state: 'closed' }, 1],
      [{ event: 'upstream', source: 'bee', state: 'down', message: 'gone' }, 0],
      [{ event: 'upstream-circuit', source: 'bee', state: 'open' }, 0],
      [{ event: 'upstream-circuit', source: 'bee', state: 'closed' }, 0],
      [{ event: 'upstream', source: 'bee', state: 'ok', message: '' }, 1],
    ];
    for (const [event, up] of steps) {
      metrics.observe(event);
      const { value } = await scrape();
      assert.equal(value('gateway_upstream_up', { source: 'bee' }), up, JSON.stringify(event));
    }
  });

  it('has names as Prometheus wants them, and nothing that a client wrote', async () => {
    await (await server.get('Agents?$filter=Name eq %27whisper%27')).text();
    const text = await (await ask('/metrics')).text();
    assert.doesNotMatch(text, /whisper|secret|elsewhere\//);
    for (const { name, type } of parse(text)) {
      if (name.startsWith('gateway_')) {
        assert.equal(/_total$/.test(name), type === 'COUNTER', name);
        assert.doesNotMatch(name, /milliseconds|_ms|kilobytes|minutes/, name);
      }
    }
    assert.deepEqual(['', '$metadata', '$batch', '~async', 'A', 'A(?)/B', '/x'].map(routeOf), [
      ...['service', 'metadata', 'batch', 'async', 'data', 'data', 'elsewhere'],
    ]);
  });

  it('is told on its own port with health, before and after the feed, and to nobody who was sent there by another name', async () => {
    part = 'starting';
    assert.equal((await ask('/health/ready')).status, 503);
    assert.equal((await ask('/health/live')).status, 200);
    part = null;
    assert.equal((await ask('/health/ready')).status, 200);
    assert.equal((await scrape()).value('gateway_ready'), 1);
    assert.equal((await ask('/odata/')).status, 404);
    assert.equal((await fetch(new URL('/metrics', server.root))).status, 404, 'not on the port of the feed');
    const status = await new Promise((resolve) =>
      http.get(
        { port, host: '127.0.0.1', path: '/metrics', headers: { Host: 'evil.example' }, agent: false },
        (reply) => {
          reply.resume();
          resolve(reply.statusCode);
        },
      ),
    );
    assert.equal(status, 421);
  });
});
