import { deepEqual, equal, match, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { buildCatalogue } from '../../../src/catalogue/compile/build-catalogue.ts';
import { faultText } from '../../../src/catalogue/compile/documents/fault.ts';
import { inspectFile } from '../../../src/ingest/load/inspect-file.ts';
import { replayRejects } from '../../../src/ingest/load/replay-rejects.ts';
import { personalKey } from '../../../src/ingest/personal/personal-key.ts';
import { hashing } from '../../../src/ingest/personal/treatments.ts';
import { csv, useFeed } from '../support/feed.ts';
import { type Shop, shopCatalogue, shopFiles } from '../support/shop.ts';
import { dump } from './dump.ts';

const secret = personalKey('0123456789abcdef0123456789abcdef');
const hash = (text: string, exact = false) => hashing(secret, exact)(text);
const withKey = (catalogue: Catalogue): Catalogue => ({ ...catalogue, personalKey: secret });

const shop: Shop = {
  key: { type: 'String', personalData: 'pseudonym' },
  properties: {
    Name: { personalData: 'direct' },
    Phone: { personalData: 'direct', policy: 'mask' },
    Born: { type: 'Date', personalData: 'indirect' },
    Note: { personalData: 'content' },
    Total: { type: 'Int64' },
  },
  more: { personalData: { direct: 'hash', pseudonym: 'hash', indirect: 'mask', content: 'drop', extras: 'drop' } },
};
const faultsOf = (one: Shop): readonly string[] => buildCatalogue(shopFiles(one), {}).faults.map(faultText);

describe('policies of personal data', () => {
  const rows = useFeed(withKey(shopCatalogue(shop)));
  it('are checked: what a property cannot take is told with what to do', () => {
    const properties = {
      Age: { type: 'Int64', personalData: 'direct' },
      Short: { maxLength: 20, personalData: 'direct' },
      Labels: { encoding: 'list', personalData: 'direct' },
      At: { type: 'DateTimeOffset', personalData: 'direct' },
      Needed: { nullable: false, personalData: 'content' },
      Flag: { type: 'Boolean', personalData: 'indirect' },
      Kept: { personalData: 'direct', policy: 'keep' },
    };
    const said = { direct: 'hash', content: 'drop', indirect: 'mask' };
    const found = faultsOf({ properties, write: { mode: 'upsert', winner: 'At' }, more: { personalData: said } });
    deepEqual(
      found.map((text) => text.replace(/^\S+ properties\./, '')),
      [
        'Age.personalData: A hash is a text and does not fit Int64. Give it type: String, or policy: drop or keep.',
        'Short.personalData: A hash has 34 characters, and maxLength is 20. Raise maxLength to 34 or leave it out.',
        'Labels.personalData: The members of a list cannot be told apart after hash. Give it policy: drop or keep.',
        'At.personalData: At decides as winner what becomes of rows, so it cannot be changed by hash. Give it policy: keep.',
        'Needed.personalData: Needed must have a value, so it cannot be dropped. Give it policy: hash where it is a text, or policy: keep.',
        'Flag.personalData: There is no mask of Boolean. Give it policy: drop or keep.',
      ],
    );
  });

  it('hold for the first line of a file without its header, which nobody knows: it is not quoted, a message instead of an export is', async () => {
    const feed = rows();
    const text = csv([['c-1', 'Jan Jansen', '+31612345678', '2000-01-01', 'hello', '5']]);
    const { refusal } = await inspectFile(feed.write('what.csv', text), feed.catalogue, {});
    equal(refusal?.code, 'FileUnknown');
    match(refusal?.message ?? '', /its first line, of 6 cells, is not shown: it may be a row with personal data/);
    ok(!refusal?.message.includes('Jan'));
    const { refusal: told } = await inspectFile(feed.write('what.csv', '502 Bad Gateway\n'), feed.catalogue, {});
    match(told?.message ?? '', /its first line is "502 Bad Gateway"$/);
  });

  it('are the same at both ends of a relation', () => {
    const files = shopFiles({ properties: { CustomerId: { references: 'People', personalData: 'pseudonym' } } });
    const people = {
      set: 'People',
      title: 'People',
      description: 'Of the test.',
      key: ['Id'],
      write: { mode: 'upsert' },
      properties: { Id: { type: 'String', personalData: 'pseudonym', description: 'x', example: '1' } },
    };
    const check = (ours: object, theirs: object): readonly string[] =>
      buildCatalogue(
        [
          ...files.filter(({ file }) => !file.endsWith('orders.yaml')),
          ...files
            .filter(({ file }) => file.endsWith('orders.yaml'))
            .map(({ file, text }) => ({ file, text: JSON.stringify({ ...JSON.parse(text), ...ours }) })),
          { file: 'acme/people.yaml', text: JSON.stringify({ ...people, ...theirs }) },
        ],
        {},
      ).faults.map(faultText);
    const hashed = { personalData: { pseudonym: 'hash' } };
    deepEqual(check({}, {}), []);
    deepEqual(check(hashed, hashed), []);
    deepEqual(check({ personalData: { pseudonym: 'drop' } }, hashed), []);
    match(
      check(hashed, {})[0] ?? '',
      /CustomerId is hashed, and AcmePeople\.Id, which it leads to, is kept: rows would not find each other\./,
    );
    equal(check({}, hashed).length, 1);
  });

  const catalogue = withKey(shopCatalogue(shop));
  const feed = useFeed(catalogue);

  it('leave nothing of a person in the whole database', async () => {
    const result = await feed().load(
      'orders 2.csv',
      csv([
        ['OrderId', 'Name', 'Phone', 'Born', 'Note', 'Total', 'Twitter'],
        ['P-1', 'Jan Jansen', '+31612345678', '1984-05-17', 'I am Jan Jansen', '1', '@jansen'],
        ['P-2', 'Pia "P" Peters', '+31687654321', '1990-01-31', 'Hi; Pia, here', 'many', '@peters'],
        ['P-3', 'Kim Koster', '+31600000000', 'yesterday', 'Kim', '3', ''],
        ['P-4', 'Lou Lamers'],
        ['', 'Mia Mulder', '', '', '', '5', ''],
        ['P-6', '', '', '', '', '6', ''],
        ['P-7', 'Ole', '', '', '', '7', ''],
        ['P-8', 'Ole', '', '', '', '8', ''],
        ['P-9', 'Ole', '', '', '', '9', ''],
      ]),
      { source: 'acme', export: 'orders' },
    );
    equal(result.state, 'loaded');
    const all = await dump(feed().database);
    // Digits enough that no time, hash or id in the dump can hold them by chance.
    ok(
      !/Jan|Pia|Peters|Kim|Koster|Lou|Mia|@jansen|61234567|68765432|"P-\d|\bP-\d\b|yesterday|1984-05|Ole/.test(all),
      all,
    );
    deepEqual(
      await feed().rows(
        `SELECT "OrderId", "Name", "Phone", "Born"::text, "Note", "Total"::int, "Extras" FROM feed."AcmeOrders" ORDER BY "Total" LIMIT 2`,
      ),
      [
        {
          OrderId: hash('P-1', true),
          Name: hash('jan  jansen'),
          Phone: '+*********78',
          Born: '1984-01-01',
          Note: null,
          Total: 1,
          Extras: null,
        },
        { OrderId: hash('P-6', true), Name: null, Phone: null, Born: null, Note: null, Total: 6, Extras: null },
      ],
    );
    deepEqual(await feed().rows(`SELECT line::int, code, message, raw_text FROM gateway.reject ORDER BY line`), [
      {
        line: 3,
        code: 'INVALID_INTEGER',
        message: '"many" is not a whole number',
        raw_text: `${hash('P-2', true)},${hash('Pia "P" Peters')},+*********21,1990-01-01,,many,`,
      },
      {
        line: 4,
        code: 'INVALID_DATE',
        message: 'The cell is not a date in a known form. It is personal data and not shown.',
        raw_text: null,
      },
      { line: 5, code: 'TOO_FEW_FIELDS', message: 'The row has 2 fields, the header 7.', raw_text: null },
      {
        line: 6,
        code: 'MISSING_VALUE',
        message: 'A cell is empty that must have a value. It is personal data and not shown.',
        raw_text: `,${hash('Mia Mulder')},,,,5,`,
      },
    ]);
    deepEqual(await feed().rows(`SELECT header, sample FROM gateway.drift`), [{ header: 'Twitter', sample: null }]);
  });

  it('are shown by inspect as a load treats them, which wants the key', async () => {
    const path = feed().write(
      'orders 3.csv',
      csv([
        ['OrderId', 'Name', 'Total'],
        ['P-1', 'Jan Jansen', 'x'],
      ]),
    );
    const asked = { source: 'acme', export: 'orders' };
    const { faults } = await inspectFile(path, catalogue, asked);
    deepEqual(
      faults.map(({ raw }) => raw),
      [`${hash('P-1', true)},${hash('Jan Jansen')},x`],
    );
    equal((await inspectFile(path, shopCatalogue(shop), asked)).refusal?.code, 'PersonalKeyMissing');
  });

  it('give the same rows when a reject is replayed as when its file is loaded again', async () => {
    const texted = withKey(
      shopCatalogue({
        ...shop,
        properties: { ...shop.properties, Total: { type: 'Int64', emptyAs: '0' } },
        more: { ...shop.more, fileDefaults: { nullTokens: ['many'] } },
      }),
    );
    const context = { catalogue: texted, database: feed().database };
    deepEqual(
      (await replayRejects(context)).map(({ tried, replayed }) => [tried, replayed]),
      [[2, 1]],
    );
    deepEqual(
      await feed().rows(
        `SELECT "Name", "Phone", "Born"::text FROM feed."AcmeOrders" WHERE "OrderId" = '${hash('P-2', true)}'`,
      ),
      [{ Name: hash('Pia "P" Peters'), Phone: '+*********21', Born: '1990-01-01' }],
    );
  });

  it('hold for any file: no cell of a personal column is anywhere in the database', async () => {
    let number = 0;
    const word = fc.stringMatching(/^[A-Z][a-z"; ,]{6,12}$/).map((text) => `Zq${text.trim()}`);
    const row = fc.tuple(word, word, word, fc.constantFrom('1', 'x', ''), word);
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 6 }), fc.boolean(), async (rows, ragged) => {
        const lines = rows.map(([id, name, note, total, extra]) => [id, name, note, total, extra]);
        const broken = ragged ? [[rows[0]?.[1] ?? '']] : [];
        await feed().load(
          `orders r${number++}.csv`,
          csv([['OrderId', 'Name', 'Note', 'Total', 'Other'], ...lines, ...broken]),
          { source: 'acme', export: 'orders', force: true },
        );
        const all = await dump(feed().database);
        ok(
          !all.includes('Zq'),
          all
            .split('\n')
            .filter((line) => line.includes('Zq'))
            .join('\n'),
        );
      }),
      { numRuns: 15 },
    );
  });
});
