import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { mergeUpstreamModel } from '../../src/catalogue/compile/upstream/merge-upstream-model.ts';
import type { Enumeration, Model, Property } from '../../src/edm/model.ts';
import { readMetadata } from '../../src/edm/read-metadata.ts';
import { GatewayError } from '../../src/errors.ts';
import { type SampleRow, sampleRows } from '../../src/sandbox/sample-rows.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import type { UpstreamClient } from '../../src/upstream/client/upstream-client.ts';
import { connectUpstream } from '../../src/upstream/connect.ts';
import { askableKeys, keyedRequest } from '../../src/upstream/reading/fetch-by-keys.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { compileUpstreamUrl } from '../../src/upstream/url/compile-url.ts';
import { modelOf, property } from '../edm/small-model.ts';
import { planOf, readOptions, tenantCatalogue, tenantMap, tenantModel, tenantSource } from './tenant.ts';

const enumeration = (name: string, flags: boolean, members: Readonly<Record<string, bigint>>): Enumeration => ({
  name,
  flags,
  members: new Map(Object.entries(members)),
});

const direction = enumeration('Their.Direction', false, { Inbound: 0n, Outbound: 1n, Internal: 7n });
const media = enumeration('Their.Media', true, { Voice: 1n, Video: 2n, Chat: 4n, Both: 3n });

/** The tenant whose calls have a direction, and media that are flags. */
function model(): Model {
  const own = (name: string, of: Enumeration): Property => ({ ...property(name, 'Edm.String'), enumeration: of });
  const sets = [...tenantModel().entitySets.values()];
  return modelOf(
    sets.map((set) => {
      if (set.name !== 'FarCalls') {
        return set;
      }
      const added = [own('direction', direction), own('media', media)].map((one) => [one.name, one] as const);
      const { entityType } = set;
      return { ...set, entityType: { ...entityType, properties: new Map([...entityType.properties, ...added]) } };
    }),
  );
}

const size = { rows: 60, seed: 3 };

describe('enumerations of a proxied feed', () => {
  const documented = tenantCatalogue(tenantSource({}), model());
  const calls = sampleRows(documented, 'far', size).get('FarCalls') ?? [];
  let sandbox: Sandbox;
  let upstream: Upstream;
  let dataDir: string;
  let served: Catalogue = documented;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'enumeration-'));
    sandbox = await startSandbox(documented, 'far', size);
    const source = tenantSource({ url: sandbox.url });
    upstream = await connectUpstream({
      source,
      dataDir,
      catalogue: () => served,
      adopt: (read) => {
        served = mergeUpstreamModel(documented, 'far', read.model).catalogue;
        return [];
      },
    });
  });
  after(async () => {
    await upstream?.close();
    await sandbox?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const ofCalls = (name: string) => served.model.entitySets.get('FarCalls')?.entityType.properties.get(name);

  it('are read from $metadata with their members, and served as text', () => {
    assert.equal(upstream.state().failure, null);
    assert.deepEqual(ofCalls('direction')?.enumeration, { ...direction, name: 'Sandbox.Direction' });
    assert.deepEqual(ofCalls('media')?.enumeration, { ...media, name: 'Sandbox.Media' });
    assert.equal(ofCalls('media')?.type, 'Edm.String');
    assert.equal(ofCalls('state')?.enumeration, undefined);
  });

  it('have members without a value counted on, as CSDL says', () => {
    const read =
      readMetadata(`<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
      <Schema Namespace="N" xmlns="http://docs.oasis-open.org/odata/ns/edm">
        <EnumType Name="E"><Member Name="A"/><Member Name="B" Value="5"/><Member Name="C"/></EnumType>
        <EntityType Name="T"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Int32"/><Property Name="e" Type="N.E"/></EntityType>
        <EntityContainer Name="C"><EntitySet Name="Ts" EntityType="N.T"/></EntityContainer>
      </Schema></edmx:DataServices></edmx:Edmx>`);
    const found = read.model.entityTypes.get('T')?.properties.get('e')?.enumeration;
    assert.deepEqual(found, enumeration('N.E', false, { A: 0n, B: 5n, C: 6n }));
  });

  const bits = (row: SampleRow, of: Enumeration, name: string): bigint | null =>
    row[name] === null
      ? null
      : String(row[name])
          .split(',')
          .reduce((sum, member) => sum | (of.members.get(member) ?? 0n), 0n);
  const hasBits = (row: SampleRow, wanted: bigint): boolean | null => {
    const found = bits(row, media, 'media');
    return found === null ? null : (found & wanted) === wanted;
  };

  const filters: readonly (readonly [ours: string, theirs: string, keeps: (row: SampleRow) => boolean])[] = [
    [
      "direction eq Sandbox.Direction'Inbound'",
      "direction eq Sandbox.Direction'Inbound'",
      (row) => row['direction'] === 'Inbound',
    ],
    [
      "direction ne Small.Feed.Direction'Inbound'",
      "direction ne Sandbox.Direction'Inbound' or direction eq null",
      (row) => row['direction'] !== 'Inbound',
    ],
    ["'Outbound' eq direction", "Sandbox.Direction'Outbound' eq direction", (row) => row['direction'] === 'Outbound'],
    ["direction eq '7'", "direction eq Sandbox.Direction'7'", (row) => row['direction'] === 'Internal'],
    ['direction eq null', 'direction eq null', (row) => row['direction'] === null],
    [
      "direction gt Sandbox.Direction'Inbound'",
      "direction gt Sandbox.Direction'Inbound'",
      (row) => row['direction'] === 'Outbound' || row['direction'] === 'Internal',
    ],
    [
      "direction in ('Inbound',Sandbox.Direction'Internal') and id gt 3",
      "(direction eq Sandbox.Direction'Inbound' or direction eq Sandbox.Direction'Internal') and id gt 3",
      (row) => ['Inbound', 'Internal'].includes(String(row['direction'])) && Number(row['id']) > 3,
    ],
    ["media has Sandbox.Media'Video'", "media has Sandbox.Media'Video'", (row) => hasBits(row, 2n) === true],
    ["not (media has 'Video')", "not (media has Sandbox.Media'Video')", (row) => hasBits(row, 2n) === false],
    [
      "media has Sandbox.Media'Voice,Video' or id eq 1",
      "(media has Sandbox.Media'Voice,Video') or id eq 1",
      (row) => hasBits(row, 3n) === true || row['id'] === 1,
    ],
    ["media eq 'Voice,Video'", "media eq Sandbox.Media'Voice,Video'", (row) => bits(row, media, 'media') === 3n],
    ['isof(direction,Sandbox.Direction)', 'direction ne null', (row) => row['direction'] !== null],
    ['isof(subject,Sandbox.Direction)', 'false', () => false],
    // E13: the property is served as text, so any text may stand beside it; one that is no member equals no row's.
    ["direction eq 'inbound'", 'false', () => false],
    ["direction eq 'Inbound,Outbound'", 'false', () => false],
    // Texts are ordered as texts are, and not as the feed numbers its members.
    [
      "direction gt 'Inbound'",
      "direction eq Sandbox.Direction'Outbound' or direction eq Sandbox.Direction'Internal'",
      (row) => String(row['direction'] ?? '') > 'Inbound',
    ],
    [
      "'Internal' ge direction",
      "direction eq Sandbox.Direction'Inbound' or direction eq Sandbox.Direction'Internal'",
      (row) => row['direction'] !== null && 'Internal' >= String(row['direction']),
    ],
    ["direction lt 'A'", 'false', () => false],
    ["direction ne 'x' and id gt 3", 'true and id gt 3', (row) => Number(row['id']) > 3],
    [
      "direction in ('Inbound','x')",
      "direction eq Sandbox.Direction'Inbound'",
      (row) => row['direction'] === 'Inbound',
    ],
  ];

  const textOf = (query: string): string => {
    const { path, query: options } = compileUpstreamUrl(planOf(query, served), mapOf());
    return `${path}?${decodeURIComponent(options)}`;
  };
  const mapOf = () => {
    const { entitySets } = served.model;
    const theirs = new Map([...entitySets].map(([name, set]) => [name.replace('Far', ''), set]));
    const enumTypes = new Map([
      ['FarCall/direction', 'Sandbox.Direction'],
      ['FarCall/media', 'Sandbox.Media'],
    ]);
    return tenantMap({ model: { ...served.model, entitySets: theirs }, enumTypes });
  };

  for (const [ours, theirs, keeps] of filters) {
    it(`$filter=${ours}`, async () => {
      assert.equal(textOf(`FarCalls?$select=id&$filter=${ours}`), `Calls?$select=id&$filter=${theirs}`);
      const reply = await upstream.read(planOf(`FarCalls?$filter=${ours}`, served), readOptions());
      assert.ok(reply.kind === 'collection');
      const objects: string[] = [];
      for await (const object of reply.objects) {
        objects.push(object);
      }
      const expected = calls.filter(keeps);
      assert.deepEqual(JSON.parse(`[${objects.join(',')}]`), expected);
      if (theirs !== 'false') {
        assert.ok(expected.length > 0 && expected.length < calls.length);
      }
    });
  }

  const refused: readonly (readonly [filter: string, message: RegExp])[] = [
    ["direction eq Sandbox.Nothing'Inbound'", /the enumeration Sandbox\.Direction, not of Sandbox\.Nothing/],
    ["direction eq Sandbox.Media'Voice'", /the enumeration Sandbox\.Direction, not of Sandbox\.Media/],
    ["direction eq Sandbox.Direction'Sideways'", /'Sideways' is no member .* it has Inbound, Outbound, Internal/],
    ["media gt 'voice'", /'voice' is no member/],
    ["direction eq Sandbox.Direction'Inbound,Outbound'", /several members of Sandbox\.Direction/],
    ["subject eq Sandbox.Direction'Inbound'", /can only stand beside a property of that enumeration/],
    ["subject eq Sandbox.Nothing'Inbound'", /no enumeration type 'Sandbox\.Nothing'/],
    ["contains(subject,Sandbox.Direction'Inbound')", /can only stand beside/],
    ["Sandbox.Direction'Inbound' eq Sandbox.Direction'Inbound'", /can only stand beside/],
    ["subject has Sandbox.Media'Voice'", /`has` asks a property of an enumeration type, not the Edm\.String property/],
    ['media has 2', /behind `has` a member/],
    ['media has null', /behind `has` a member/],
    ["media has 'Smoke'", /'Smoke' is no member/],
  ];
  for (const [filter, message] of refused) {
    it(`$filter=${filter} is 400 and says why`, () => {
      assert.throws(
        () => planOf(`FarCalls?$filter=${filter}`, served),
        (error) => error instanceof GatewayError && error.status === 400 && message.test(error.message),
      );
    });
  }

  it('are not asked for keys of another source that are no members', () => {
    const set = served.model.entitySets.get('FarCalls') ?? assert.fail();
    const plan = planOf('FarCalls?$select=id', served);
    assert.ok(plan.kind === 'Collection');
    const { selection, restriction } = plan;
    const client = { root: new URL('http://feed.example/') } as UpstreamClient;
    const properties = [ofCalls('direction') ?? assert.fail()];
    const asked = (values: readonly string[]) => {
      const request = { set, properties, keys: values.map((value) => [value]), selection, restriction };
      const keys = askableKeys(request);
      const context = { client, map: mapOf() };
      return keys.length === 0
        ? null
        : decodeURIComponent(keyedRequest({ ...request, keys }, { metadata: 'minimal' }, context).path);
    };
    const inbound = "direction eq Sandbox.Direction'Inbound'";
    assert.equal(asked(['Inbound', 'Not a member']), `Calls?$select=id&$filter=${inbound}`);
    assert.equal(
      asked(['Inbound', 'Internal']),
      `Calls?$select=id&$filter=${inbound} or ${inbound.replace('Inbound', 'Internal')}`,
    );
    assert.equal(asked(['Not a member']), null);
  });
});
