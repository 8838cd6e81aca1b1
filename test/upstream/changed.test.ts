import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { mergeUpstreamModel } from '../../src/catalogue/compile/upstream/merge-upstream-model.ts';
import { checkUpstream } from '../../src/commands/feeds/check-upstreams.ts';
import { metadataXml } from '../../src/edm/metadata-xml.ts';
import { modelChanges } from '../../src/edm/model-changes.ts';
import { httpListener } from '../../src/http/listener.ts';
import { openToAll } from '../../src/http/sign-in/authentication.ts';
import type { UpstreamEvent } from '../../src/observation/events/upstream.ts';
import { unobserved } from '../../src/observation/observe.ts';
import { everything } from '../../src/plan/grants.ts';
import { DataSources } from '../../src/source/data-sources.ts';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import { connectUpstream } from '../../src/upstream/connect.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { entitySet, entityType, modelOf, property } from '../edm/small-model.ts';
import { serve, tenantCatalogue, tenantModel, tenantSource } from './tenant.ts';
import { json } from './told-feed.ts';

/** The feed after a new version of its service. */
function laterModel() {
  const call = entityType(
    'Call',
    ['id'],
    [
      property('id', 'Edm.Int64', { nullable: false }),
      property('subject', 'Edm.String'),
      property('seconds', 'Edm.Decimal'),
      property('language', 'Edm.String'),
    ],
  );
  const day = entityType(
    'Day',
    ['day'],
    [property('day', 'Edm.Date', { nullable: false }), property('agentId', 'Edm.String')],
  );
  return modelOf([entitySet('Calls', call), entitySet('Days', day)]);
}

function earlierModel() {
  const call = entityType(
    'Call',
    ['id'],
    [
      property('id', 'Edm.Int64', { nullable: false }),
      property('subject', 'Edm.String'),
      property('seconds', 'Edm.Int32'),
    ],
  );
  const day = entityType(
    'Day',
    ['agentId', 'day'],
    [property('agentId', 'Edm.String', { nullable: false }), property('day', 'Edm.Date', { nullable: false })],
  );
  const agent = entityType('Agent', ['id'], [property('id', 'Edm.String', { nullable: false })]);
  return modelOf([entitySet('Calls', call), entitySet('Days', day), entitySet('Agents', agent)]);
}

describe('a proxied feed that declares something else', () => {
  it('every kind of change is a sentence, and none is none', () => {
    assert.deepEqual(modelChanges(earlierModel(), earlierModel()), []);
    assert.deepEqual(modelChanges(tenantModel(), tenantModel()), []);
    assert.deepEqual(modelChanges(earlierModel(), laterModel()), [
      'The set Agents is gone.',
      'The property seconds of Calls is Edm.Decimal, was Edm.Int32.',
      'The property language of Calls is new.',
      'The key of Days is day, was agentId, day.',
      'The property agentId of Days is Edm.String, was Edm.String, never null.',
    ]);
    const without = { ...tenantModel(), entitySets: new Map([...tenantModel().entitySets].slice(0, 1)) };
    assert.deepEqual(modelChanges(without, tenantModel()), ['The set FarAgents is new.', 'The set FarDays is new.']);
  });

  describe('is told, and $metadata has another ETag', () => {
    let dataDir: string;
    const open: { close(): Promise<unknown> }[] = [];
    let model = earlierModel();
    before(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'changed-'));
    });
    after(async () => {
      for (const one of open.reverse()) {
        await one.close();
      }
      await rm(dataDir, { recursive: true, force: true });
    });

    it('while the gateway runs, and at the next start', async () => {
      const server = await serve((_request, response) =>
        response.writeHead(200, { 'Content-Type': 'application/xml' }).end(metadataXml(model)),
      );
      open.push(server);
      const source = tenantSource({ url: server.url });
      const documented = tenantCatalogue(source);
      let served: Catalogue = documented;
      const events: UpstreamEvent[] = [];
      const connect = () =>
        connectUpstream({
          source,
          dataDir,
          catalogue: () => served,
          adopt: (read) => {
            const merged = mergeUpstreamModel(documented, source.name, read.model);
            served = merged.catalogue;
            return merged.differences.map(({ message }) => message);
          },
          observe: (event) => events.push(event),
        });
      const upstream = await connect();
      const app = httpListener({
        catalogue: () => served,
        capabilities: null,
        sources: new DataSources(
          { database: {} as Database, results: new ResultCache(), timeout: 1000 },
          new Map([[upstream.source, upstream]]),
        ),
        authentication: openToAll,
        grantsOf: () => everything,
        settings: { pageSize: 100, publicUrl: null },
        observe: unobserved,
      });
      await app.listen({ port: 0, host: '127.0.0.1' });
      open.push(app);
      const { port } = app.server.address() as AddressInfo;
      const metadata = (etag = '') =>
        fetch(`http://127.0.0.1:${port}/odata/$metadata`, { headers: etag === '' ? {} : { 'If-None-Match': etag } });
      const changes = () => events.filter(({ event }) => event === 'upstream-changed');
      const etag = (await metadata()).headers.get('etag') ?? assert.fail();
      await upstream.refresh();
      assert.equal((await metadata(etag)).status, 304);
      assert.deepEqual(changes(), []);
      model = laterModel();
      await upstream.refresh();
      const after = await metadata(etag);
      assert.equal(after.status, 200);
      assert.notEqual(after.headers.get('etag'), etag);
      assert.match(await after.text(), /Name="language"/);
      const [change] = changes();
      assert.ok(change?.event === 'upstream-changed' && change.count === 5);
      assert.match(change.message, /^The set Agents is gone\. .*The property language of Calls is new\./);
      await upstream.close();
      model = earlierModel();
      const again = await connect();
      open.push(again);
      assert.equal(changes().length, 2, 'compared with what an earlier run knew');
    });
  });
});

describe('gateway check --upstream', () => {
  const checked = async (answers: (set: string, query: string) => string | number) => {
    const server = await serve((request, response) => {
      const path = (request.url ?? '').replace('/service/', '');
      if (path === '$metadata') {
        return void response.writeHead(200, { 'Content-Type': 'application/xml' }).end(metadataXml(earlierModel()));
      }
      asked.push(decodeURIComponent(path));
      const [set = '', query = ''] = decodeURIComponent(path).split('?');
      const answer = answers(set, query);
      json(
        response,
        typeof answer === 'string' ? answer : '{"error":{"message":"Not for you."}}',
        typeof answer === 'string' ? 200 : answer,
      );
    });
    const source = tenantSource({ url: server.url });
    const context = { catalogue: tenantCatalogue(source), environment: {}, secrets: [], store: null };
    try {
      return {
        plain: await checkUpstream(source, context),
        rows: await checkUpstream(source, { ...context, asksRows: true }),
        url: server.url,
      };
    } finally {
      await server.close();
    }
  };
  const asked: string[] = [];
  beforeEach(() => asked.splice(0));

  /** One call, which no condition leaves; `reads`: the feed reads conditions. */
  const calls = (reads: boolean) => (set: string, query: string) =>
    set === 'Calls/$count'
      ? '0'
      : set !== 'Calls' || (reads && query.includes('$filter'))
        ? `{${query.includes('$count=true') ? '"@odata.count":0,' : ''}"value":[]}`
        : '{"value":[{"id":1,"subject":null,"seconds":4}]}';

  it('asks each set for a row with all that it declares, and tries its options', async () => {
    const { plain, rows } = await checked(calls(true));
    assert.deepEqual([plain.faults, rows.faults], [0, 0]);
    assert.deepEqual(rows.lines, plain.lines);
    assert.deepEqual(asked, [
      'Calls?$select=id,subject,seconds&$top=1',
      'Calls?$select=id&$orderby=id&$top=2',
      'Calls?$select=id&$top=1',
      'Calls?$select=id&$filter=id eq null&$top=1',
      'Calls/$count?$filter=id eq null',
      'Calls?$select=id&$filter=id eq null&$count=true&$top=1',
      ...['Agents?$select=id&$top=1', 'Agents?$select=id&$orderby=id&$top=2', 'Agents?$select=id&$top=1'],
      'Days?$select=agentId,day&$top=1',
      'Days?$select=agentId,day&$orderby=agentId,day&$top=2',
      'Days?$select=agentId,day&$top=1',
    ]);
  });

  it('options that a set passes over are told, and no fault: the gateway does them', async () => {
    const { plain, rows } = await checked(calls(false));
    assert.equal(rows.faults, 0);
    assert.deepEqual(
      rows.lines.filter((line) => !plain.lines.includes(line)),
      ['  FarCalls: it does not show that it reads $filter; such rows are worked out here'],
    );
  });

  it('what is refused, and values of another type than declared, are faults', async () => {
    const { plain, rows } = await checked((set) =>
      set === 'Calls' ? '{"value":[{"id":1,"subject":null,"seconds":"four"}]}' : set === 'Days' ? 400 : '{"value":[]}',
    );
    assert.deepEqual([plain.faults, rows.faults], [0, 2]);
    const faults = rows.lines.filter((line) => line.includes('fault:'));
    assert.match(faults[0] ?? '', /^ {2}fault: FarCalls: .*seconds/);
    assert.match(faults[1] ?? '', /^ {2}fault: FarDays: .*status 400: Not for you/);
  });

  it('a feed that does not answer is a fault there, and told without', async () => {
    const source = tenantSource({ url: 'http://127.0.0.1:9/' });
    const context = { catalogue: tenantCatalogue(source), environment: {}, secrets: [], store: null };
    assert.equal((await checkUpstream(source, context)).faults, 0);
    const { faults, lines } = await checkUpstream(source, { ...context, asksRows: true });
    assert.equal(faults, 1);
    assert.match(lines.at(-1) ?? '', /cannot be reached/);
  });
});
