import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadMetadata } from '../../src/edm/read-metadata.ts';
import { type SampleRow, sampleRows } from '../../src/sandbox/sample-rows.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { connectUpstream } from '../../src/upstream/connect.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { planOf, readOptions, tenantCatalogue, tenantSource } from './tenant.ts';

const size = { rows: 40, seed: 7 };

describe('the sandbox upstream, read through the gateway', () => {
  const documented = tenantCatalogue(tenantSource({}));
  const samples = sampleRows(documented, 'far', size);
  const calls = samples.get('FarCalls') ?? [];
  const agents = samples.get('FarAgents') ?? [];
  let sandbox: Sandbox;
  let upstream: Upstream;
  let dataDir: string;
  let read: ReadMetadata | null = null;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'sandbox-'));
    sandbox = await startSandbox(documented, 'far', size);
    const source = tenantSource({ url: sandbox.url });
    upstream = await connectUpstream({
      source,
      dataDir,
      catalogue: () => tenantCatalogue(source),
      adopt: (found) => {
        read = found;
        return [];
      },
    });
  });
  after(async () => {
    await upstream?.close();
    await sandbox?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function rowsOf(request: string): Promise<{ rows: SampleRow[]; count: string | null }> {
    const reply = await upstream.read(planOf(request, documented), readOptions());
    assert.equal(reply.kind, 'collection');
    if (reply.kind !== 'collection') {
      throw new Error();
    }
    const objects: string[] = [];
    for await (const object of reply.objects) {
      objects.push(object);
    }
    const rows = JSON.parse(`[${objects.join(',')}]`) as SampleRow[];
    return { rows, count: reply.count ?? reply.end().count };
  }

  it('declares the documented sets, types and navigations', () => {
    assert.equal(upstream.state().failure, null);
    assert.deepEqual([...(read?.model.entitySets.keys() ?? [])], ['Calls', 'Agents', 'Days']);
    const type = read?.model.entitySets.get('Calls')?.entityType;
    const ours = documented.model.entitySets.get('FarCalls')?.entityType;
    assert.deepEqual(type?.key, ['id']);
    assert.deepEqual(
      [...(type?.properties.values() ?? [])].map((one) => [one.name, one.type, one.collection]),
      [...(ours?.properties.values() ?? [])].map((one) => [one.name, one.type, one.collection]),
    );
    assert.deepEqual([...(type?.navigationProperties.keys() ?? [])], ['Agent']);
  });

  it('has its instants in the days that it is given, all of these', () => {
    const within = { from: '2026-11-16', days: 14 };
    const started = (sampleRows(documented, 'far', { ...size, within }).get('FarCalls') ?? [])
      .map((row) => String(row['startedAt']))
      .filter((text) => text !== 'null')
      .sort();
    assert.equal(started[0]?.slice(0, 10), '2026-11-16');
    assert.equal(started.at(-1)?.slice(0, 10), '2026-11-29');
    assert.equal(new Set(started.map((text) => text.slice(0, 10))).size, 14);
  });

  it('serves every row as it is', async () => {
    assert.deepEqual((await rowsOf('FarCalls')).rows, calls);
    assert.deepEqual((await rowsOf('FarAgents')).rows, agents);
  });

  const number = (value: unknown): number => Number(value);
  const instant = (text: unknown): number => (text === null ? Number.NaN : Date.parse(String(text)));
  const nameOf = (row: SampleRow): unknown => agents.find((agent) => agent['id'] === row['agentId'])?.['name'] ?? null;
  const predicates: readonly (readonly [filter: string, holds: (row: SampleRow) => boolean])[] = [
    ['seconds gt 400', (row) => row['seconds'] !== null && number(row['seconds']) > 400],
    [
      'seconds ge 100 and seconds lt 500',
      (row) => row['seconds'] !== null && number(row['seconds']) >= 100 && number(row['seconds']) < 500,
    ],
    [
      'isOutbound or seconds lt 200 and score gt 10',
      (row) =>
        row['isOutbound'] === true ||
        (row['seconds'] !== null && number(row['seconds']) < 200 && row['score'] !== null && number(row['score']) > 10),
    ],
    ['not isOutbound and seconds gt 100', (row) => row['isOutbound'] === false && number(row['seconds']) > 100],
    [
      'not (isOutbound and seconds gt 100)',
      (row) => row['isOutbound'] === false || row['seconds'] === null || number(row['seconds']) <= 100,
    ],
    ['subject eq null', (row) => row['subject'] === null],
    ['subject ne null', (row) => row['subject'] !== null],
    ["contains(subject,'7')", (row) => row['subject'] !== null && String(row['subject']).includes('7')],
    [
      "startswith(toupper(subject),'SUBJECT 1')",
      (row) => row['subject'] !== null && String(row['subject']).startsWith('subject 1'),
    ],
    ['startedAt ge 2026-01-05T10:00:00Z', (row) => instant(row['startedAt']) >= Date.UTC(2026, 0, 5, 10)],
    ['id in (3,5,99)', (row) => [3, 5].includes(number(row['id']))],
    ['seconds sub 100 sub 50 gt 0', (row) => row['seconds'] !== null && number(row['seconds']) - 150 > 0],
    [
      'hour(startedAt) eq 9',
      (row) => row['startedAt'] !== null && new Date(String(row['startedAt'])).getUTCHours() === 9,
    ],
    ["endswith(Agent/name,'1')", (row) => nameOf(row) !== null && String(nameOf(row)).endsWith('1')],
    ['Agent/name eq null', (row) => nameOf(row) === null],
  ];
  for (const [filter, holds] of predicates) {
    it(`$filter=${filter}`, async () => {
      const expected = calls.filter(holds);
      const { rows, count } = await rowsOf(`FarCalls?$filter=${filter}&$count=true`);
      assert.deepEqual(rows, expected);
      assert.equal(count, String(expected.length));
      const counted = await upstream.read(planOf(`FarCalls/$count?$filter=${filter}`, documented), readOptions());
      assert.deepEqual(counted, { kind: 'count', count: String(expected.length) });
    });
  }

  it('orders, skips, takes and selects', async () => {
    const sorted = calls.toSorted(
      (a, b) => number(b['seconds'] ?? -1) - number(a['seconds'] ?? -1) || number(a['id']) - number(b['id']),
    );
    const { rows, count } = await rowsOf(
      'FarCalls?$select=id,seconds&$orderby=seconds desc,id&$skip=3&$top=5&$count=true',
    );
    assert.deepEqual(
      rows,
      sorted.slice(3, 8).map((row) => ({ id: row['id'], seconds: row['seconds'] })),
    );
    assert.equal(count, '40');
  });

  it('reads by key, single and composite, and over navigations', async () => {
    const one = await upstream.read(planOf('FarCalls(3)?$select=id,subject', documented), readOptions());
    assert.ok(one.kind === 'entity');
    assert.deepEqual(JSON.parse(Buffer.from(one.json).toString()), { id: 3, subject: calls[2]?.['subject'] });
    const day = samples.get('FarDays')?.[4];
    const two = await upstream.read(
      planOf(`FarDays(agentId='${day?.['agentId']}',day=${day?.['day']})`, documented),
      readOptions(),
    );
    assert.ok(two.kind === 'entity');
    assert.deepEqual(JSON.parse(Buffer.from(two.json).toString()), day);
    assert.deepEqual(await upstream.read(planOf('FarCalls(999)', documented), readOptions()), { kind: 'absent' });
    const agent = agents.find((row) => calls.some((call) => call['agentId'] === row['id']));
    const { rows } = await rowsOf(`FarAgents('${agent?.['id']}')/Calls?$select=id&$filter=seconds gt 0`);
    assert.deepEqual(
      rows.map((row) => row['id']),
      calls
        .filter((call) => call['agentId'] === agent?.['id'] && number(call['seconds'] ?? 0) > 0)
        .map((call) => call['id']),
    );
  });

  it('expands in both directions', async () => {
    const { rows } = await rowsOf('FarCalls?$select=id&$expand=Agent($select=name)&$top=8');
    assert.deepEqual(
      rows,
      calls.slice(0, 8).map((call) => {
        const agent = agents.find((row) => row['id'] === call['agentId']);
        return { id: call['id'], Agent: agent === undefined ? null : { name: agent['name'] } };
      }),
    );
    const many = await rowsOf('FarAgents?$select=id&$expand=Calls($select=id;$orderby=id desc;$top=2)');
    assert.deepEqual(
      many.rows,
      agents.map((agent) => ({
        id: agent['id'],
        Calls: calls
          .filter((call) => call['agentId'] === agent['id'])
          .toReversed()
          .slice(0, 2)
          .map((call) => ({ id: call['id'] })),
      })),
    );
  });

  it('says 501 to what it cannot evaluate', async () => {
    await assert.rejects(rowsOf('FarAgents?$filter=Calls/any(c:c/id gt 5)'), { code: 'NotImplemented' });
  });

  it('is the same again for the same seed, and another for another', () => {
    assert.deepEqual(sampleRows(documented, 'far', size), samples);
    assert.notDeepEqual(sampleRows(documented, 'far', { ...size, seed: 8 }), samples);
  });

  it('fills joins with keys that exist', () => {
    const keys = new Set(agents.map((row) => row['id']));
    assert.equal(keys.size, agents.length);
    for (const call of calls) {
      assert.ok(call['agentId'] === null || keys.has(call['agentId'] ?? ''));
    }
  });
});
