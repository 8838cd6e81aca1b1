import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import type { GatewayError } from '../../../src/errors.ts';
import { loadFile } from '../../../src/ingest/load/load-file.ts';
import { personalKey } from '../../../src/ingest/personal/personal-key.ts';
import { hashing } from '../../../src/ingest/personal/treatments.ts';
import { rebuildSets } from '../../../src/ingest/rebuild/rebuild-sets.ts';
import { checkPersonalKey } from '../../../src/ingest/treat-stored/check-key.ts';
import { treatStored } from '../../../src/ingest/treat-stored/treat-stored.ts';
import { provision } from '../../../src/warehouse/tables/provision.ts';
import { csv, useFeed } from '../support/feed.ts';
import { type Shop, shopCatalogue } from '../support/shop.ts';
import { dump } from './dump.ts';

const secret = personalKey('0123456789abcdef0123456789abcdef');
const hash = (text: string, exact = false) => hashing(secret, exact)(text);
const shop = (personalData: Shop['properties'][string], more: Shop['properties'] = {}): Catalogue => ({
  ...shopCatalogue({
    key: { type: 'String', personalData: 'pseudonym' },
    properties: {
      Name: { personalData: 'direct' },
      City: { personalData: 'indirect' },
      Note: { personalData: 'content' },
      Total: { type: 'Int64' },
      ...more,
    },
    customers: { Name: 'Name', City: 'City' },
    more: { personalData },
  }),
  personalKey: secret,
});

describe('stored rows after a policy changed', () => {
  const clear = shop({});
  const feed = useFeed(clear);
  const start = async (of: Catalogue) => {
    await checkPersonalKey(feed().database, of);
    await provision(feed().database, of);
    return treatStored(feed().database, of);
  };
  const header = ['OrderId', 'Name', 'City', 'Note', 'Total', 'Other'];
  const load = async (of: Catalogue, name: string, rows: readonly (readonly string[])[]) => {
    const path = feed().write(name, csv([header, ...rows]));
    const result = await loadFile({ catalogue: of, database: feed().database }, path, {
      source: 'acme',
      export: 'orders',
    });
    equal(result.state, 'loaded', JSON.stringify(result));
  };
  const orders = async () =>
    (
      await feed().rows(
        `SELECT "OrderId" AS id, "Name" AS name, "City" AS city, "Note" AS note, "Extras" AS extras FROM feed."AcmeOrders" ORDER BY "Total"`,
      )
    ).map((row) => Object.values(row));
  const customers = async () =>
    (await feed().rows(`SELECT "Name" AS name, "City" AS city FROM feed."AcmeCustomers" ORDER BY "City", "Name"`)).map(
      (row) => Object.values(row),
    );
  const strict = shop({ direct: 'hash', pseudonym: 'hash', indirect: 'mask', content: 'drop' });

  it('are what they would be had the policy been there from the start, with all that follows from them', async () => {
    await start(clear);
    await load(clear, 'orders 1.csv', [
      ['P-1', 'Jan Jansen', 'Utrecht', 'I am Jan', '1', 'jan@x'],
      ['P-2', 'Pia Peters', 'Zwolle', '', '2', ''],
      ['P-3', 'Kim Koster', 'Zwolle', 'Kim', 'many', 'x'],
    ]);
    await feed().rows(
      `INSERT INTO gateway.tombstones (entity_set, key, version) VALUES ('AcmeOrders', '{"OrderId":"P-0"}', 1)`,
    );
    ok((await dump(feed().database)).includes('Kim Koster'));
    const [before] = await feed().rows(
      `SELECT epoch::text, version::int FROM gateway.set_versions WHERE entity_set = 'AcmeOrders'`,
    );
    deepEqual(
      (await start(strict)).map(({ set, property, policy, rows }) => `${set}.${property} ${policy} ${rows}`).sort(),
      [
        'AcmeCustomers.City mask 2',
        'AcmeCustomers.Name hash 2',
        'AcmeOrders.City mask 2',
        'AcmeOrders.Extras drop 1',
        'AcmeOrders.Name hash 2',
        'AcmeOrders.Note drop 1',
        'AcmeOrders.OrderId hash 2',
      ],
    );
    deepEqual(await orders(), [
      [hash('P-1', true), hash('Jan Jansen', true), 'U******', null, null],
      [hash('P-2', true), hash('Pia Peters', true), 'Z*****', null, null],
    ]);
    deepEqual(await customers(), [
      [hash('Jan Jansen', true), 'U******'],
      [hash('Pia Peters', true), 'Z*****'],
    ]);
    const all = await dump(feed().database);
    ok(!/Jan|Pia|Kim|P-\d|jan@|Utrecht|Zwolle/.test(all), all);
    const [after] = await feed().rows(
      `SELECT epoch::text, version::int FROM gateway.set_versions WHERE entity_set = 'AcmeOrders'`,
    );
    ok(before?.['epoch'] !== after?.['epoch'] && Number(after?.['version']) > Number(before?.['version']));
    deepEqual(await start(strict), []);
    const stored = [
      await orders(),
      await customers(),
      await feed().rows(`SELECT line, code, message, raw_text FROM gateway.reject`),
    ];
    await rebuildSets({
      database: feed().database,
      catalogue: strict,
      sets: ['AcmeOrders', 'AcmeCustomers'],
      folders: [],
    });
    deepEqual(
      [
        await orders(),
        await customers(),
        await feed().rows(`SELECT line, code, message, raw_text FROM gateway.reject`),
      ],
      stored,
    );
    deepEqual(await start(strict), []);
  });

  it('say what cannot be undone, and which command does it', async () => {
    const half = shop({ direct: 'hash', pseudonym: 'hash', indirect: 'keep', content: 'keep', extras: 'keep' });
    deepEqual(
      (await start(half)).map(({ property, policy, rows, remains }) => [property, policy, rows, remains]).sort(),
      [
        ['City', 'keep', 0, ['mask']],
        ['City', 'keep', 0, ['mask']],
        ['Extras', 'keep', 0, ['drop']],
        ['Note', 'keep', 0, ['drop']],
      ],
    );
    await load(half, 'orders 2.csv', [['P-4', 'Lou Lamers', 'Breda', 'Lou', '4', '']]);
    deepEqual(
      (await orders()).map((row) => [row[2], row[3]]),
      [
        ['U******', null],
        ['Z*****', null],
        ['Breda', 'Lou'],
      ],
    );
    deepEqual(await start(half), []);
    await rebuildSets({ database: feed().database, catalogue: half, sets: ['AcmeOrders'], folders: [] });
    deepEqual(
      (await orders()).map((row) => [row[2], row[3]]),
      [
        ['Utrecht', 'I am Jan'],
        ['Zwolle', null],
        ['Breda', 'Lou'],
      ],
    );
  });

  it('are looked at again where a gateway with other metadata loaded in between', async () => {
    await start(strict);
    await load(clear, 'orders 3.csv', [['P-5', 'Mia Mulder', 'Assen', 'Mia', '5', '']]);
    ok((await dump(feed().database)).includes('Mia Mulder'));
    ok((await start(strict)).some(({ property, rows }) => property === 'Name' && rows === 1));
    ok(!(await dump(feed().database)).includes('Mia'));
  });

  it('keep their key: another one, and none, is refused with what to do', async () => {
    const check = async (catalogue: Catalogue): Promise<GatewayError | null> =>
      checkPersonalKey(feed().database, catalogue).then(
        () => null,
        (error: GatewayError) => error,
      );
    equal(await check(strict), null);
    const { personalKey: _, ...none } = strict;
    equal((await check(none))?.code, 'PersonalKeyMissing');
    equal((await check({ ...strict, personalKey: personalKey('another'.repeat(5)) }))?.code, 'PersonalKeyChanged');
    // Hashed rows are there, whatever the metadata says of new ones.
    equal((await check({ ...clear, personalKey: personalKey('another'.repeat(5)) }))?.code, 'PersonalKeyChanged');
    const stored = await feed().rows(`SELECT key_check FROM gateway.personal_key`);
    match(String(stored[0]?.['key_check']), /^[0-9a-f]{64}$/);
  });

  it('are refused where two keys come to the same', async () => {
    await feed().database.query(
      'DELETE FROM gateway.personal_policy; DELETE FROM feed."AcmeOrders"; DELETE FROM feed."AcmeCustomers"',
    );
    await start(clear);
    await load(clear, 'orders 4.csv', [
      ['Zoe\u0308', 'A', '', '', '1', ''],
      ['Zo\u00eb', 'B', '', '', '2', ''],
    ]);
    await rejects(start(strict), (error: GatewayError) => {
      match(error.message, /gateway rebuild AcmeOrders/);
      return error.code === 'ProvisionRefused';
    });
    equal((await orders()).length, 2);
  });
});
