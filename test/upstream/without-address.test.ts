import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { type ConnectedUpstreams, connectUpstreams } from '../../src/commands/feeds/connect-upstreams.ts';
import { readConfig } from '../../src/config.ts';
import { feedCapabilities } from '../../src/http/capabilities.ts';
import { httpListener } from '../../src/http/listener.ts';
import { openToAll } from '../../src/http/sign-in/authentication.ts';
import { everything, wholeSets } from '../../src/plan/grants.ts';
import { visibleCatalogue } from '../../src/plan/visible.ts';
import { DataSources } from '../../src/source/data-sources.ts';
import { ResultCache } from '../../src/source/stored/result-cache.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { judgements } from '../http/cross-source/joined-gateway.ts';
import { metadataFolder } from '../support/gateway.ts';

/** No request here comes near it. */
const noDatabase = new Proxy<Database>({} as Database, {
  get: (_, name) => assert.fail(`the database was asked for ${String(name)}`),
});

describe('a proxied source without an address, samples off', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'unserved-'));
  const printed: string[] = [];
  let proxied: ConnectedUpstreams;
  let app: ReturnType<typeof httpListener>;
  let get: (query: string) => Promise<Response>;

  before(async () => {
    const metadataDir = path.join(folder, 'metadata');
    cpSync(metadataFolder, metadataDir, { recursive: true });
    writeFileSync(path.join(metadataDir, 'tracebuzz', 'judgements.yaml'), judgements);
    const config = readConfig({ DATA_DIR: path.join(folder, 'data'), METADATA_DIR: metadataDir, SAMPLES: 'off' });
    const surroundings = {
      ...{ config, environment: {}, progress: () => undefined, observe: () => undefined },
      print: (line: string) => void printed.push(line),
    };
    proxied = await connectUpstreams(surroundings, requireCatalogue(metadataDir, {}));
    app = httpListener({
      catalogue: proxied.catalogue,
      capabilities: feedCapabilities,
      sources: new DataSources({ database: noDatabase, results: new ResultCache(), timeout: 1000 }, proxied.upstreams),
      authentication: openToAll,
      grantsOf: () => everything,
      settings: config,
      observe: () => undefined,
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    get = (query) => fetch(`http://127.0.0.1:${port}/odata/${query}`);
  });
  after(async () => {
    await app?.close();
    await proxied?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has no sets in the service document and in $metadata, and nothing leads there', async () => {
    const { value } = (await (await get('')).json()) as { value: { name: string }[] };
    assert.deepEqual(
      value.filter(({ name }) => name.startsWith('Buzzeasy')),
      [],
    );
    assert.ok(value.some(({ name }) => name === 'TracebuzzJudgements'));
    const metadata = await (await get('$metadata')).text();
    assert.match(metadata, /EntitySet Name="TracebuzzJudgements"/);
    // Sets over all sources keep their columns, whose descriptions say what is absent: a report does not break by an address.
    const named = [...metadata.matchAll(/<(\w+) [^>]*?\b(?:Name|Type|EntityType|Path|Target)="[^"]*Buzzeasy[^>]*/g)];
    assert.deepEqual([...new Set(named.map(([, element]) => element))], ['Property']);
    assert.equal(proxied.upstreams.size, 0);
  });

  for (const query of [
    'BuzzeasyCalls',
    'BuzzeasyCalls/$count',
    "BuzzeasyCalls('1')/Agent",
    '$crossjoin(TracebuzzJudgements,BuzzeasyCalls)',
  ]) {
    it(`${query} is 404 with the variable to set, and nothing to wait for`, async () => {
      const reply = await get(query);
      const { error } = (await reply.json()) as { error: { code: string; message: string } };
      assert.deepEqual([reply.status, error.code], [404, 'ResourceNotFound']);
      assert.match(
        error.message,
        /'BuzzeasyCalls' is a set of Buzzeasy \(Graia CCaaS\), which has no address yet: set BUZZEASY_URL/,
      );
      assert.equal(reply.headers.get('retry-after'), null);
    });
  }

  it('other names are unknown as ever, and properties that led there, too', async () => {
    for (const [query, message] of [
      ['BuzzeasyNothing', /there is no entity set 'BuzzeasyNothing'/],
      ['TracebuzzJudgements?$expand=Agent', /Agent/],
    ] as const) {
      const reply = await get(query);
      const { error } = (await reply.json()) as { error: { message: string } };
      assert.ok([400, 404].includes(reply.status), String(reply.status));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /BUZZEASY_URL/);
    }
  });

  it('whoever may not see a set is not told of it', () => {
    const { withheld = new Map() } = visibleCatalogue(proxied.catalogue(), wholeSets(['BuzzeasyAgents']));
    assert.deepEqual([...withheld.keys()], ['BuzzeasyAgents']);
  });

  it('the start says so', () => {
    assert.deepEqual(printed, ['Buzzeasy (Graia CCaaS): BUZZEASY_URL is not set, so its sets are not served.']);
  });
});
