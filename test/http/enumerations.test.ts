import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { type JoinedGateway, joinedGateway, judge } from './cross-source/joined-gateway.ts';

type Row = Record<string, unknown>;

/** The product's metadata, its proxied source played by the sandbox, which declares documented code lists as enumerations. */
describe('enumerations of a proxied feed over HTTP', () => {
  let gateway: JoinedGateway;
  let calls: readonly Row[];
  before(async () => {
    gateway = await joinedGateway();
    calls = (await gateway.json('BuzzeasyCalls')).value;
  });
  after(async () => gateway?.close());

  const filtered = async (filter: string): Promise<readonly Row[]> =>
    (await gateway.json(`BuzzeasyCalls?$filter=${encodeURIComponent(filter)}`)).value;

  it('are text in $metadata, for clients that know no enumerations', async () => {
    const document = await (await gateway.get('$metadata')).text();
    assert.doesNotMatch(document, /EnumType/);
    assert.match(document, /<Property Name="channelType" Type="Edm.String"/);
    const { model } = gateway.proxied.catalogue();
    const channelType = model.entityTypes.get('BuzzeasyCall')?.properties.get('channelType');
    assert.equal(channelType?.enumeration?.name, 'Sandbox.ChannelType');
  });

  it('are compared with literals in the namespace of the feed, in ours, and without a name', async () => {
    const expected = calls.filter((row) => row['channelType'] === 'Voice');
    assert.ok(expected.length > 0 && expected.length < calls.length);
    for (const literal of ["Sandbox.ChannelType'Voice'", "Gateway.ChannelType'Voice'", "'Voice'", "'0'"]) {
      assert.deepEqual(await filtered(`channelType eq ${literal}`), expected, literal);
    }
    assert.deepEqual(
      await filtered("channelType has Sandbox.ChannelType'Voice'"),
      calls.filter((row) => row['channelType'] !== null),
    );
    const others = calls.filter((row) => row['channelType'] !== 'Voice');
    assert.deepEqual(await filtered("channelType ne Sandbox.ChannelType'Voice'"), others);
    const count = await gateway.get("BuzzeasyCalls/$count?$filter=channelType in ('Voice',Sandbox.ChannelType'Email')");
    const both = calls.filter((row) => row['channelType'] === 'Voice' || row['channelType'] === 'Email');
    assert.equal(await count.text(), String(both.length));
  });

  it('are compared over a navigation, which may lead nowhere', async () => {
    const channels = (await gateway.json('BuzzeasyChannels')).value;
    const typeOf = (row: Row) => channels.find((one) => one['id'] === row['channelId'])?.['channelType'] ?? null;
    for (const type of ['Voice', 'Email', 'Viber']) {
      const expected = calls.filter((row) => typeOf(row) === type);
      assert.deepEqual(await filtered(`Channel/channelType eq '${type}'`), expected);
      const others = calls.filter((row) => typeOf(row) !== type);
      assert.deepEqual(await filtered(`Channel/channelType ne Gateway.ChannelType'${type}'`), others);
    }
    assert.ok(calls.some((row) => typeOf(row) === null));
    assert.deepEqual(
      await filtered("Channel/channelType has 'Voice'"),
      calls.filter((row) => typeOf(row) !== null),
    );
  });

  it('are asked of the feed where a stored set is filtered by them', async () => {
    const ids = calls.map((row) => String(row['id']));
    await judge(gateway.database, [
      ...ids.map((id, n): [number, string | null, null, number] => [n + 1, id, null, 0]),
      [1000, null, null, 0],
    ]);
    const judged = async (filter: string) =>
      (await gateway.json(`TracebuzzJudgements?$select=JudgementId&$filter=${encodeURIComponent(filter)}`)).value.map(
        (row) => row['JudgementId'],
      );
    const of = (keeps: (type: unknown) => boolean) =>
      calls.flatMap((row, n) => (keeps(row['channelType']) ? [n + 1] : []));
    assert.deepEqual(
      await judged("Call/channelType eq Gateway.ChannelType'Email'"),
      of((type) => type === 'Email'),
    );
    assert.deepEqual(
      await judged("Call/channelType has 'Email'"),
      of((type) => ['Email', 'Viber'].includes(String(type))),
    );
    assert.deepEqual(
      await judged("not (Call/channelType has 'Email')"),
      of((type) => ['Voice', 'Facebook', 'Webchat'].includes(String(type))),
    );
  });

  it('are joined with stored code lists in both directions', async () => {
    const lists = await gateway.json('BuzzeasyChannelTypes?$expand=ChannelTypeCalls($select=id)&$select=Code');
    for (const row of lists.value) {
      const expected = calls.filter((call) => call['channelType'] === row['Code']).map(({ id }) => ({ id }));
      assert.deepEqual(row['ChannelTypeCalls'], expected, String(row['Code']));
    }
    const found = await gateway.json('BuzzeasyCalls?$select=channelType&$expand=ChannelTypeLookup($select=Code)');
    assert.deepEqual(
      found.value.map((row) => (row['ChannelTypeLookup'] as Row | null)?.['Code'] ?? null),
      calls.map((row) => row['channelType']),
    );
  });

  it('are not asked for codes that a stored list has and the feed does not', async () => {
    await gateway.database.query(
      `INSERT INTO feed."BuzzeasyChannelTypes" ("Code", "Name") VALUES ('Carrier pigeon', 'x'), ('Telegraph', 'y')`,
    );
    const { value } = await gateway.json('BuzzeasyChannelTypes?$expand=ChannelTypeCalls($select=id)&$select=Code');
    const unknown = value.filter((row) => !calls.some((call) => call['channelType'] === row['Code']));
    assert.ok(unknown.some((row) => row['Code'] === 'Carrier pigeon'));
    const looked = await filtered("ChannelTypeLookup/Name ne 'Email'");
    assert.deepEqual(
      looked,
      calls.filter((row) => row['channelType'] !== 'Email'),
    );
    assert.deepEqual(await filtered("ChannelTypeLookup/Name eq 'x'"), []);
    assert.deepEqual(
      unknown.flatMap((row) => row['ChannelTypeCalls']),
      [],
    );
    assert.equal(
      value.flatMap((row) => row['ChannelTypeCalls']).length,
      calls.filter((row) => row['channelType'] !== null).length,
    );
  });

  it('E13 text that is no member equals no row, as text does', async () => {
    assert.deepEqual(await filtered("channelType eq 'Telegraph'"), []);
    assert.deepEqual(await filtered("channelType ne 'Telegraph'"), calls);
    assert.deepEqual(await filtered("channelType in ('Telegraph','')"), []);
  });

  const refused: readonly (readonly [query: string, naming: RegExp])[] = [
    ["BuzzeasyCalls?$filter=channelType eq Sandbox.Nothing'Voice'", /Sandbox\.ChannelType, not of Sandbox\.Nothing/],
    ["BuzzeasyCalls?$filter=channelType has 'Telegraph'", /'Telegraph' is no member of Sandbox\.ChannelType/],
    ["BuzzeasyChannelTypes?$filter=Code eq Sandbox.Nothing'Voice'", /no enumeration type 'Sandbox\.Nothing'/],
    ["BuzzeasyChannelTypes?$filter=Code has Sandbox.ChannelType'Voice'", /`has` asks a property of an enumeration/],
    ["TracebuzzCases(Sandbox.ChannelType'Voice')", /can only stand beside/],
  ];
  for (const [query, naming] of refused) {
    it(`${query} is 400 and says why`, async () => {
      const { error } = await gateway.json(query, 400);
      assert.equal(error.code, 'TypeMismatch');
      assert.match(error.message, naming);
    });
  }
});
