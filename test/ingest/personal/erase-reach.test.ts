import { deepEqual, doesNotMatch, equal, match, ok, rejects } from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, it } from 'mocha';
import { takenFolders } from '../../../src/commands/serving/kept-folders.ts';
import { readConfig } from '../../../src/config.ts';
import { erasePersons } from '../../../src/ingest/erase/erase-persons.ts';
import { KeptFileSweep } from '../../../src/ingest/erase/kept-file-sweep.ts';
import { loadFile } from '../../../src/ingest/load/load-file.ts';
import { rebuildSets } from '../../../src/ingest/rebuild/rebuild-sets.ts';
import { csv } from '../support/feed.ts';
import { dump } from './dump.ts';
import { asked, catalogue, header, useErasures } from './erasure-world.ts';

describe('how far erasing a person reaches', () => {
  const { feed, context, folders, loaded, load, erase, empty } = useErasures();
  const jan = (note: string): string[] => ['1', 'C-1', 'Jan Jansen', '', note, '', '10', ''];
  const pia = ['2', 'C-2', 'Pia Peters', '', 'x', '', '20', ''];
  const named = /jan\s+jansen/i;
  const lie = (below: string): string => readFileSync(path.join(feed().folder, below), 'utf8');

  it('to files that came as uploads, as to those of the drop folder', () => {
    const config = readConfig({ DATA_DIR: '/data', DROP_DIR: '/drop' });
    deepEqual(
      takenFolders(config).map((folder) => folder.replaceAll(path.sep, '/')),
      ['/drop/loaded', '/drop/refused', '/data/uploads/loaded', '/data/uploads/refused'],
    );
  });

  it('to two files of one moment that differ in nothing else: they stay two loads', async () => {
    await empty();
    await load('orders 1.csv', csv([header, jan('is open'), pia]));
    await load('orders 2.csv', csv([header, jan('is done'), pia]));
    const { files } = await erase(['Jan Jansen', 'C-1']);
    equal(files.length, 2);
    equal(lie('loaded/orders 1.csv'), lie('loaded/orders 2.csv'));
    const loads = () => feed().rows(`SELECT file_name, state FROM gateway.load ORDER BY load_id`);
    const before = await loads();
    equal(before.length, 2);
    const again = await loadFile(context(), feed().write('orders 1.csv', csv([header, jan('is open'), pia])), asked);
    equal(again.state, 'duplicate');
    const [set] = await rebuildSets({ ...context(), sets: ['AcmeOrders'], folders: folders() });
    deepEqual([set?.files, set?.rows], [2, 4]);
  });

  it('to queries of the audit that mention the person, and to no others', async () => {
    await empty();
    await load('orders 1.csv', csv([header, pia]));
    const queries = [`$filter=Note eq 'Jan Jansen'`, `$search="jan jansen"`, `$filter=Note eq 'Pia'`, ''];
    for (const query of queries) {
      await feed().database.query(
        `INSERT INTO gateway.audit_event (request_id, at, name, address, method, path, query, status, milliseconds, agent) VALUES ('r', now(), 'reader', '::1', 'GET', 'AcmeOrders', $1, 200, 1, '')`,
        [query],
      );
    }
    const { audited } = await erase(['Jan Jansen', 'C-1']);
    equal(audited, 2);
    const rows = await feed().rows(`SELECT query FROM gateway.audit_event ORDER BY event_id`);
    deepEqual(
      rows.map(({ query }) => query),
      ['?', '?', queries[2], ''],
    );
  });

  it('to the key of a rejected row whose text is not kept', async () => {
    await empty();
    await load('orders 1.csv', csv([header, pia]));
    await feed().database.query(
      `INSERT INTO gateway.reject (load_id, line, byte_start, byte_end, code, message, key, holds, state) SELECT max(load_id), 7, 0, 1, 'INVALID_INTEGER', 'x', '["C-1"]', '{}', 'open' FROM gateway.load`,
    );
    const target = catalogue.exports.find((one) => one.name === 'orders');
    ok(target !== undefined);
    // As if the number of the customer named the row.
    const keyed = {
      ...catalogue,
      model: {
        ...catalogue.model,
        entitySets: new Map(
          [...catalogue.model.entitySets].map(([name, set]) =>
            name === 'AcmeOrders'
              ? [name, { ...set, entityType: { ...set.entityType, key: ['CustomerId'] } }]
              : [name, set],
          ),
        ),
      },
    };
    const { rejects: count } = await erasePersons(feed().database, keyed, {
      ...{ persons: ['C-1'], source: null, folders: [], dryRun: false },
    });
    equal(count, 1);
    deepEqual(await feed().rows(`SELECT key, holds, state, reason FROM gateway.reject`), [
      { key: null, holds: null, state: 'dismissed', reason: 'The row was of a person who was erased.' },
    ]);
  });

  it('to the first line of a file without its header: in the file, its reason and the ledger', async () => {
    await empty();
    const text = csv([jan('x'), pia]);
    const refused = await loadFile(context(), feed().write('what.csv', text), { below: 'acme/what.csv' });
    ok(refused.state === 'refused' && refused.error.code === 'FileUnknown');
    match(refused.error.message, named);
    feed().write('refused/acme/what.csv', `\ufeff${text}`);
    feed().write('refused/acme/what.csv.reason.txt', `FileUnknown\n\n${refused.error.message}\n`);
    const done = await erasePersons(feed().database, catalogue, {
      // Of a source, whose files these are by their folder alone.
      ...{ persons: ['Jan Jansen'], source: 'acme', folders: folders(), dryRun: false },
    });
    deepEqual([done.messages, done.files.length], [1, 2]);
    match(lie('refused/acme/what.csv'), /^\ufeff +\n2,C-2,Pia Peters/);
    doesNotMatch(lie('refused/acme/what.csv.reason.txt'), named);
    doesNotMatch(await dump(feed().database), named);
  });

  it('to files that are larger than a text may be, line by line, in whatever encoding', async () => {
    await empty();
    mkdirSync(path.join(feed().folder, 'refused'), { recursive: true });
    const line = `${'z'.repeat(99)}\n`;
    const around = line.repeat(6000);
    for (const [name, encode] of [
      ['big.txt', (text: string) => Buffer.from(text)],
      ['ansi.txt', (text: string) => Buffer.from(text.replace('x', '\x8a'), 'latin1')],
      ['big-le.txt', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
      ['big-be.txt', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ] as const) {
      writeFileSync(path.join(feed().folder, 'refused', name), encode(`${around}x Jan Jansen\r\n${around}Jan  Jansen`));
    }
    // A blank of two bytes whose halves are a line feed and a letter, and one whose lower half alone is a line feed.
    const odd = Buffer.from(`\ufeffa\u0a0a\u0a41\u410a Jan Jansen\nb`, 'utf16le');
    writeFileSync(path.join(feed().folder, 'refused', 'odd.txt'), odd);
    const { files } = await erase(['Jan Jansen']);
    equal(files.length, 5);
    const expected = `${around}${' '.repeat(12)}\r\n${around}${' '.repeat(11)}`;
    const left = (name: string): Buffer => readFileSync(path.join(feed().folder, 'refused', name));
    equal(left('big.txt').toString(), expected);
    equal(left('ansi.txt').toString('latin1'), expected);
    equal(left('big-le.txt').toString('utf16le'), `\ufeff${expected}`);
    equal(left('big-be.txt').swap16().toString('utf16le'), `\ufeff${expected}`);
    equal(left('odd.txt').toString('utf16le'), `\ufeff${' '.repeat(15)}\nb`);
  });

  it('to the end of what a program began that was killed before the files took their new bytes', async () => {
    await empty();
    await load('orders 1.csv', csv([header, jan('x'), pia]));
    chmodSync(loaded('orders 1.csv'), 0o640);
    const former = readFileSync(loaded('orders 1.csv'));
    await erase(['Jan Jansen', 'C-1']);
    const now = readFileSync(loaded('orders 1.csv'));
    equal(statSync(loaded('orders 1.csv')).mode & 0o777, 0o640);
    // As it lay there between the commit and the exchange.
    const sweep = new KeptFileSweep(context(), folders());
    const { createHash } = await import('node:crypto');
    const beside = `.${createHash('sha256').update('orders 1.csv').digest('hex').slice(0, 32)}.erasing`;
    renameSync(loaded('orders 1.csv'), loaded(beside));
    writeFileSync(loaded('orders 1.csv'), former);
    await sweep.look();
    deepEqual(readFileSync(loaded('orders 1.csv')), now);
    deepEqual(readdirSync(path.dirname(loaded('x'))), ['orders 1.csv']);
    // What is noted nowhere belongs to a program that is at work.
    writeFileSync(loaded(beside), 'half of');
    await sweep.look();
    ok(existsSync(loaded(beside)));
  });

  it('to folders that whoever erased does not reach: the gateway that has them looks at all of its files then', async () => {
    await empty();
    const own = path.join(feed().folder, 'own');
    const old = feed().write('own/acme/old.txt', 'first\nJan Jansen\nPia Peters\n');
    const sweep = new KeptFileSweep(context(), [own]);
    await load('orders 1.csv', csv([header, jan('x'), pia]));
    await sweep.look();
    await erase(['Pia Peters']);
    await new Promise((resolve) => setTimeout(resolve, 20));
    // A program that runs for a moment leaves what lay there to those that stay.
    const past = Date.now;
    Date.now = () => past() + 3 * 86_400_000;
    const later = new KeptFileSweep(context(), [own], { looksAtAll: false });
    Date.now = past;
    await later.look();
    match(readFileSync(old, 'utf8'), /Pia Peters/);
    await sweep.look();
    equal(readFileSync(old, 'utf8'), `first\nJan Jansen\n${' '.repeat(10)}\n`);
    await erasePersons(feed().database, catalogue, {
      persons: ['Jan Jansen'],
      source: 'acme',
      folders: [],
      dryRun: false,
    });
    await sweep.look();
    equal(readFileSync(old, 'utf8'), `first\n${' '.repeat(10)}\n${' '.repeat(10)}\n`);
  });

  it('to all other files where one of them cannot be written', async () => {
    await empty();
    await load('orders 1.csv', csv([header, jan('x'), pia]));
    await erase(['Jan Jansen', 'C-1']);
    const sweep = new KeptFileSweep(context(), folders());
    // A folder stands where the first would be written.
    const { createHash } = await import('node:crypto');
    const beside = `.${createHash('sha256').update('a.txt').digest('hex').slice(0, 32)}.erasing`;
    feed().write('loaded/a.txt', 'first\nJan Jansen\n');
    mkdirSync(path.join(loaded(beside), 'full'), { recursive: true });
    feed().write('loaded/b.txt', 'first\nJan Jansen\n');
    await rejects(sweep.look());
    doesNotMatch(lie('loaded/b.txt'), named);
  });
});
