import assert from 'node:assert/strict';
import type { ArchivePolicies } from '../../src/catalogue/archive-settings.ts';
import type { PersonalPolicy } from '../../src/catalogue/personal-data.ts';
import { archiveWorld, type Row, thingCatalogue, type World } from './world.ts';

const hour = 3_600_000;
const day = 24 * hour;

const policies = (
  byProperty: Readonly<Record<string, PersonalPolicy>>,
  byClass: Readonly<Record<string, PersonalPolicy>> = {},
): ArchivePolicies => ({
  byProperty: new Map(Object.entries(byProperty)),
  byClass: new Map(Object.entries(byClass)) as ArchivePolicies['byClass'],
  exact: new Set(),
});
const treated = (personal: ArchivePolicies) => thingCatalogue({ serve: 'both', personal });

describe('personal data of archived sets', () => {
  let world: World;
  before(async () => {
    world = await archiveWorld({ serve: 'both' });
  });
  afterEach(async () => {
    await world?.reset();
    assert.deepEqual(world?.defects ?? [], []);
  });
  after(async () => world?.close());

  const thing = (id: number, ago: number, text: string): void =>
    world.feed.put('FarThings', { id, at: new Date(world.clock.now.getTime() - ago).toISOString(), text });
  const texts = async (): Promise<readonly unknown[]> =>
    (await world.rows('FarThings?$orderby=id')).map((row: Row) => row['text']);
  const stored = async (text: string): Promise<boolean> => {
    const [found] = await world.ask<{ found: boolean }>(
      `SELECT EXISTS (SELECT FROM gateway_archive."FarThings" t WHERE t::text LIKE '%${text}%') AS found`,
    );
    return found?.found === true;
  };

  it('is treated before it is stored, and nobody sees it as the feed has it, not before the first copy either', async () => {
    thing(1, hour, 'Jan Jansen');
    thing(2, 20 * day, 'jan  jansen');
    thing(3, hour, 'Piet');
    world.feed.put('FarNames', { id: 'a', name: 'Ann' });
    await world.restart(treated(policies({ at: 'keep', text: 'hash' }, { content: 'drop' })));
    assert.deepEqual(await texts(), []);
    assert.deepEqual(await world.rows('FarNames'), []);
    assert.deepEqual(await world.copy(), ['copied', 'copied']);
    const [first, second, third] = await texts();
    assert.match(String(first), /^h_[0-9a-f]{32}$/);
    assert.equal(second, first);
    assert.notEqual(third, first);
    assert.equal(await stored('Jansen'), false);
    const [{ id, name } = {}] = await world.rows('FarNames');
    // The key of a set that no document names must have a value.
    assert.match(String(id), /^h_[0-9a-f]{32}$/);
    assert.equal(name, null);
    thing(4, 0, 'Jan Jansen');
    assert.equal((await texts())[3], first);
    world.feed.remove('FarNames', 'a');
    await world.copy({ whole: true });
    assert.equal((await world.rows('FarNames?$filter=PurgedAt ne null')).length, 1);
  });

  it('follows a policy that changes: what is stored is treated at once, and what may be shown again is read again', async () => {
    thing(1, hour, 'Jan Jansen');
    thing(2, 20 * day, 'Piet Pietersen');
    await world.restart(treated(policies({ text: 'keep' })));
    await world.copy();
    assert.deepEqual(await texts(), ['Jan Jansen', 'Piet Pietersen']);
    await world.restart(treated(policies({ text: 'mask' })));
    assert.equal(await stored('Jansen'), false);
    assert.deepEqual(await texts(), ['J** J*****', 'P*** P********']);
    await world.restart(treated(policies({ text: 'drop' })));
    assert.deepEqual(await texts(), [null, null]);
    await world.restart(treated(policies({ text: 'keep' })));
    await world.copy();
    assert.deepEqual(await texts(), ['Jan Jansen', 'Piet Pietersen']);
  });

  it('is not served at all where its archive cannot be read', async () => {
    thing(1, hour, 'Jan Jansen');
    const catalogue = treated(policies({ text: 'hash' }));
    await world.restart(catalogue);
    await world.copy();
    world.feed.url = 'https://other.example/odata/';
    await world.restart(catalogue);
    const reply = await world.get('FarThings');
    assert.equal(reply.status, 404);
    assert.match(await reply.text(), /served from its archive alone, since personal data is treated there/);
    assert.doesNotMatch(await (await world.get('$metadata')).text(), /"FarThings"/);
  });
});
