import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'mocha';
import { erasureLines } from '../../../src/commands/erase.ts';
import type { GatewayError } from '../../../src/errors.ts';
import { scanDropFolder } from '../../../src/ingest/delivery/folder/drop-folder.ts';
import type { Erasure } from '../../../src/ingest/erase/erase-persons.ts';
import { erasePersons } from '../../../src/ingest/erase/erase-persons.ts';
import { KeptFileSweep } from '../../../src/ingest/erase/kept-file-sweep.ts';
import { loadFile } from '../../../src/ingest/load/load-file.ts';
import { replayRejects } from '../../../src/ingest/load/replay-rejects.ts';
import { rebuildSets } from '../../../src/ingest/rebuild/rebuild-sets.ts';
import { checkPersonalKey } from '../../../src/ingest/treat-stored/check-key.ts';
import { csv } from '../support/feed.ts';
import { dump } from './dump.ts';
import { asked, catalogue, header, useErasures } from './erasure-world.ts';

describe('a person who is erased', () => {
  const { feed, context, folders, loaded, load, erase, empty } = useErasures();
  const orders = () =>
    feed().rows(
      `SELECT "OrderId"::int AS id, "CustomerId" AS customer, "Name" AS name, "Phone" AS phone, "Note" AS note, "Agent" AS agent, "Extras" AS extras FROM feed."AcmeOrders" ORDER BY 1`,
    );
  const rows = [
    ['1', 'C-1', 'Jan Jansen', '+31 6 1234 5678', 'I am Jan Jansen', 'Bea Baas', '10', '@jan'],
    ['2', 'C-1', 'jan  JANSEN', '', 'Second; "quoted", text\nof two lines', 'Bea Baas', '20', ''],
    [
      '3',
      'C-2',
      'Pia Peters',
      '+31687654321',
      'Greetings to JAN JANSEN from Pia',
      'Jan Jansen',
      '30',
      'likes Jan Jansen',
    ],
    ['4', 'C-3', 'Kim Koster', '', 'Call 0031612345678', '', '40', ''],
    ['5', 'C-10', 'Jan Jansens', '', 'nobody', '', '50', '@kim'],
    ['6', 'C-1', 'Jan Jansen', '', 'x', '', 'many', ''],
    ['7', 'C-4', 'Lou Lamers', '', 'met Jan Jansen', '', 'many', ''],
  ];
  const persons = ['Jan Jansen', 'C-1', '0031 6 12345678'];

  it('is counted first, and nothing is changed', async () => {
    await load('orders 1.csv', csv([header, ...rows]));
    await checkPersonalKey(feed().database, catalogue, { needed: 'the test' });
    const before = await dump(feed().database);
    const counted = await erase(persons, true);
    equal(await dump(feed().database), before);
    deepEqual(Object.fromEntries(counted.sets), {
      AcmeCustomers: { removed: 1, emptied: 0 },
      AcmeOrders: { removed: 0, emptied: 4 },
    });
    equal(counted.rejects, 2);
    equal(counted.erasureId, null);
    deepEqual(
      counted.files.map(({ removed, emptied }) => [removed, emptied]),
      [[0, 6]],
    );
    deepEqual([...counted.others], []);
    const { others } = await erase(['C-1'], true);
    deepEqual(
      [...others].map(([name, values]) => [name, [...values]]),
      [['AcmeCustomers.City', ['jan  JANSEN']]],
    );
  });

  it('leaves rows, derived rows, rejects, drift and kept files, and nobody else does', async () => {
    const size = statSync(loaded('orders 1.csv')).size;
    const done = await erase(persons);
    notEqual(done.erasureId, null);
    deepEqual(await orders(), [
      { id: 1, customer: null, name: null, phone: null, note: null, agent: 'Bea Baas', extras: '{"Twitter":"@jan"}' },
      { id: 2, customer: null, name: null, phone: null, note: null, agent: 'Bea Baas', extras: null },
      { id: 3, customer: 'C-2', name: 'Pia Peters', phone: '+31687654321', note: null, agent: null, extras: null },
      { id: 4, customer: 'C-3', name: 'Kim Koster', phone: null, note: null, agent: null, extras: null },
      {
        id: 5,
        customer: 'C-10',
        name: 'Jan Jansens',
        phone: null,
        note: 'nobody',
        agent: null,
        extras: '{"Twitter":"@kim"}',
      },
    ]);
    deepEqual(
      (await feed().rows(`SELECT "Name" FROM feed."AcmeCustomers" ORDER BY 1`)).map((row) => row['Name']),
      ['C-10', 'C-2', 'C-3'],
    );
    const all = `${await dump(feed().database)}${readFileSync(loaded('orders 1.csv'), 'utf8')}`;
    ok(!/jan\s+jansen\b|C-1\b|12345678/i.test(all.replaceAll(/\S*[0-9a-f]{32}\S*/g, '')), all);
    equal(statSync(loaded('orders 1.csv')).size, size);
    const [row] = await feed().rows(
      `SELECT source, rows_removed::int AS removed, rows_emptied::int AS emptied, rejects::int, files::int FROM gateway.erasure`,
    );
    deepEqual(row, { source: null, removed: 1, emptied: 4, rejects: 2, files: 1 });
  });

  it('does not come back: by --again, replay, rebuild, the same bytes or a later file', async () => {
    const after = await orders();
    const rest = await feed().rows(`SELECT line::int, code, raw_text, state FROM gateway.reject ORDER BY 1`);
    deepEqual(rest, [
      { line: 8, code: 'INVALID_INTEGER', raw_text: '6,,,,,,many,', state: 'open' },
      { line: 9, code: 'INVALID_INTEGER', raw_text: '7,C-4,Lou Lamers,,,,many,', state: 'open' },
    ]);
    await rebuildSets({
      database: feed().database,
      catalogue,
      sets: ['AcmeOrders', 'AcmeCustomers'],
      folders: folders(),
    });
    deepEqual(await orders(), after);
    // The vendor sends the former bytes again: they are the file that was rewritten.
    const again = await loadFile(context(), feed().write('orders 1.csv', csv([header, ...rows])), asked);
    equal(again.state, 'duplicate');
    const anew = await loadFile(context(), feed().write('orders 1.csv', csv([header, ...rows])), {
      ...asked,
      again: true,
    });
    equal(anew.state, 'loaded');
    deepEqual(await orders(), after);
    const later = await load(
      'orders 2.csv',
      csv([header, ['8', 'C-1', 'Jan Jansen', '', 'hello', 'Bea Baas', '80', '@jan']]),
      { minute: 5 },
    );
    equal(later.state, 'loaded');
    deepEqual((await orders()).at(-1), {
      id: 8,
      customer: null,
      name: null,
      phone: null,
      note: null,
      agent: 'Bea Baas',
      extras: '{"Twitter":"@jan"}',
    });
    await replayRejects(context());
    ok(!/jan\s+jansen\b|C-1\b/i.test(await dump(feed().database)));
  });

  it('is refused without a key, without a name, and for a source that is none', async () => {
    const { personalKey: _, ...without } = catalogue;
    const options = { source: null, folders: [], dryRun: true };
    const code = (wanted: string) => (error: GatewayError) => error.code === wanted;
    await rejects(erasePersons(feed().database, without, { ...options, persons: ['x'] }), {
      code: 'PersonalKeyMissing',
      message: 'There is no key for personal data: gateway erase needs one',
    });
    await rejects(erasePersons(feed().database, catalogue, { ...options, persons: [' '] }), code('ErasureRefused'));
    await rejects(
      erasePersons(feed().database, catalogue, { ...options, persons: ['x'], source: 'no' }),
      code('ErasureRefused'),
    );
    // Loads must know whom they may not bring back.
    await rejects(
      loadFile(
        { catalogue: without, database: feed().database },
        feed().write('orders 9.csv', csv([header, ['9']])),
        asked,
      ),
      code('PersonalKeyMissing'),
    );
  });

  it('leaves files that the drop folder puts away later, and the reasons beside them', async () => {
    await empty();
    await load('orders 1.csv', csv([header, ...rows.slice(0, 1)]));
    await erase(['Jan Jansen', 'C-1']);
    const drop = path.join(feed().folder, 'drop');
    const text = csv([header, ...rows.slice(0, 3)]);
    feed().write('drop/acme/orders 2.csv', text, 5);
    feed().write(
      'drop/acme/orders 3.csv',
      csv([
        ['Order', 'Name'],
        ['1', 'Jan Jansen'],
      ]),
      6,
    );
    const { results } = await scanDropFolder(context(), drop, { settle: 0 });
    deepEqual(
      results.map(({ state }) => state),
      ['loaded', 'refused'],
    );
    for (const name of readdirSync(drop, { recursive: true, encoding: 'utf8' }).filter((one) => /csv/.test(one))) {
      const left = readFileSync(path.join(drop, name), 'utf8');
      ok(!/jan\s+jansen|C-1\b/i.test(left), left);
    }
    feed().write('drop/acme/orders 4.csv', text, 5);
    const again = await scanDropFolder(context(), drop, { settle: 0 });
    deepEqual(
      again.results.map(({ state }) => state),
      ['duplicate'],
    );
    ok(!/jan\s+jansen|C-1\b/i.test(readFileSync(path.join(drop, 'loaded/acme/orders 4.csv'), 'utf8')));
    // Whoever else puts files there.
    const sweep = new KeptFileSweep(context(), [drop]);
    const other = feed().write('drop/loaded/other.csv', text.replaceAll('1', '7').replaceAll('C-7', 'C-1'), 5);
    await sweep.look();
    ok(!/jan\s+jansen|C-1\b/i.test(readFileSync(other, 'utf8')));
    await rebuildSets({ ...context(), sets: ['AcmeOrders'], folders: [...folders(), drop] });
  });

  it('leaves a file in other encodings, and lines of a refused file of no export', async () => {
    await empty();
    const text = csv([header, ...rows.slice(0, 3)]).replaceAll('Pia', 'Zoë €');
    await load('utf16.csv', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]));
    await load('ansi.csv', Buffer.from(text.replaceAll('€', '\x80'), 'latin1'), { minute: 1 });
    mkdirSync(path.join(feed().folder, 'refused'), { recursive: true });
    feed().write('refused/what.csv', 'a;b\nJan Jansen;1\nPia;2\n');
    feed().write('refused/what.csv.reason.txt', 'FileUnknown\nline 2: "Jan Jansen" is no number\nline 3: x\n');
    const { files } = await erase(['Jan Jansen', 'C-1']);
    deepEqual(
      files.map((file) => path.basename(file.path)).sort(),
      ['ansi.csv', 'orders 1.csv', 'orders 2.csv', 'utf16.csv', 'what.csv', 'what.csv.reason.txt'].filter((name) =>
        files.some((file) => file.path.endsWith(name)),
      ),
    );
    equal(readFileSync(path.join(feed().folder, 'refused/what.csv'), 'utf8'), `a;b\n${' '.repeat(12)}\nPia;2\n`);
    for (const [name, encoding] of [
      ['utf16.csv', 'utf16le'],
      ['ansi.csv', 'latin1'],
    ] as const) {
      const left = readFileSync(loaded(name)).toString(encoding);
      ok(!/jan +jansen|C-1/i.test(left), left);
      ok(left.includes(encoding === 'latin1' ? 'Zoë \x80 Peters' : 'Zoë € Peters'), left);
    }
    const after = await orders();
    await rebuildSets({
      database: feed().database,
      catalogue,
      sets: ['AcmeOrders', 'AcmeCustomers'],
      folders: folders(),
    });
    deepEqual(await orders(), after);
  });

  it('is told to delta links: a new version, or an end where the key named the person', async () => {
    await empty();
    await load('orders 1.csv', csv([header, ...rows.slice(0, 3)]));
    const state = async () =>
      Object.fromEntries(
        (await feed().rows(`SELECT entity_set, version::int, epoch::text FROM gateway.set_versions`)).map((row) => [
          row['entity_set'],
          row,
        ]),
      );
    const before = await state();
    await erase(['C-1']);
    const after = await state();
    equal(before['AcmeOrders']?.['epoch'], after['AcmeOrders']?.['epoch']);
    ok(Number(after['AcmeOrders']?.['version']) > Number(before['AcmeOrders']?.['version']));
    notEqual(before['AcmeCustomers']?.['epoch'], after['AcmeCustomers']?.['epoch']);
    equal((await feed().rows(`SELECT FROM gateway.tombstones WHERE key::text LIKE '%C-1%'`)).length, 0);
    match(String((await feed().rows(`SELECT digest FROM gateway.erased_token`))[0]?.['digest']), /^[0-9a-f]{64}$/);
  });
});

describe('what gateway erase prints', () => {
  const nothing: Erasure = {
    erasureId: null,
    sets: new Map(),
    rejects: 0,
    samples: 0,
    messages: 0,
    audited: 0,
    files: [],
    containers: [],
    others: new Map(),
  };

  it('is the count, what else is known there, and what to type', () => {
    deepEqual(erasureLines(nothing, '/drop'), [
      'Nothing of the person was found.',
      'Nothing was changed. To erase: the same command with --yes.',
    ]);
    const counted: Erasure = {
      ...nothing,
      sets: new Map([['Contacts', { removed: 1, emptied: 2 }]]),
      rejects: 3,
      samples: 1,
      files: [{ path: '/drop/loaded/a.csv', removed: 1, emptied: 0 }],
      containers: ['/drop/loaded/b.zip'],
      others: new Map([['Contacts.Id', new Set(['c-1', 'c-2'])]]),
    };
    deepEqual(erasureLines(counted, '/drop').slice(0, 4), [
      'Contacts: 1 rows to remove, 2 rows to empty of the person',
      'rejected rows: 3',
      'samples of unknown columns: 1',
      'loaded/a.csv: 1 rows to remove, 0 rows to empty of the person',
    ]);
    ok(erasureLines(counted, '/drop').includes('also known there, Contacts.Id: c-1, c-2'));
    const done = erasureLines({ ...counted, erasureId: '7' }, '/drop');
    equal(done[0], 'Contacts: 1 rows removed, 2 rows emptied of the person');
    match(done[4] ?? '', /^loaded\/b\.zip: a container/);
    match(done.at(-1) ?? '', /^Erased, and remembered as erasure 7: /);
    ok(!done.some((line) => line.includes('c-1')));
  });
});
