import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { catalogue, exportFile, useFeed } from './support/feed.ts';

/** What is no row, between, before and behind the rows of a file. */
const clutter: readonly (readonly [what: string, lines: (header: string) => string])[] = [
  ['A2 an emptied row', (header) => `${header.replaceAll(/[^,]/g, '')}\n`],
  ['A2 an emptied row of a narrower sheet', () => ',,,\n'],
  ['A2 quoted empties and blanks', (header) => `${header.split(',').fill('" "').join(',')}\n`],
  ['A2 null words', (header) => `${header.split(',').fill('NULL').join(',').slice(0, 9)}\n`],
  ['A4 the header again', (header) => `${header}\n`],
  ['A13 padding', () => '\0\0\0\u001a'],
  ['A2 the rule that sqlcmd draws', (header) => `${header.replaceAll(/[^,]/g, '-')}\r\n`],
  ['A2 the count that query tools write', () => '\n(2 rows affected)\n'],
  ['A2 the count in German', () => '(2 Zeilen betroffen)\r\n'],
  ['A2 empty formulas', (header) => `${header.split(',').fill('"="""""').join(',')}\n`],
];

/** An export of each write mode: a first file with two rows, and a second one with one of them. */
const modes = [
  [
    'upsert',
    'tracebuzz/notes',
    { CreatedAt: 1750063900, UserId: 1, Note: 'a' },
    { CreatedAt: 1750063900, UserId: 2, Note: 'b' },
    'TracebuzzNotes',
    2,
  ],
  ['snapshot', 'tracebuzz/labels', { LabelId: 1, Name: 'a' }, { LabelId: 2, Name: 'b' }, 'TracebuzzLabels', 1],
  [
    'restate',
    'tracebuzz/agent-statistics',
    { RowDate: '2026-01-01', AgentId: 1 },
    { RowDate: '2026-01-01', AgentId: 2 },
    'TracebuzzAgentStatistics',
    1,
  ],
  [
    'delete-insert',
    'sparkcentral/contact-attributes',
    { ContactProfileId: 'cp-1', AttributeId: 'x1', AttributeName: 'a' },
    { ContactProfileId: 'cp-1', AttributeId: 'x2', AttributeName: 'b' },
    'SparkcentralContactAttributes',
    1,
  ],
] as const;

const nullTokensOf = (name: string): readonly string[] =>
  catalogue.exports.find((one) => `${one.source}/${one.name}` === name)?.files.nullTokens ?? [];

describe('What a person would not call a row', () => {
  const feed = useFeed();

  for (const [mode, name, first, second, set, left] of modes) {
    for (const [number, [what, lines]] of clutter.entries()) {
      // Where no word means null, NULL is a text.
      if (what === 'A2 null words' && !nullTokensOf(name).includes('NULL')) {
        continue;
      }
      it(`${what} is no row, and keeps nothing from being removed: ${mode}`, async () => {
        const [source = '', short = ''] = name.split('/');
        const options = { source, export: short, force: true };
        await feed().database.query(`TRUNCATE feed."${set}"; DELETE FROM gateway.reject; DELETE FROM gateway.load`);
        const whole = exportFile(name, [first, second]);
        await feed().load(`${mode} ${number} a.csv`, whole, { ...options, minute: 1 });
        const [header = '', row = ''] = exportFile(name, [first]).trimEnd().split('\n');
        const text = what.startsWith('A13')
          ? `${header}\n${row}\n${lines(header)}`
          : `${header}\n${lines(header)}${row}\n${lines(header)}`;
        const result = await feed().load(`${mode} ${number} b.csv`, text, { ...options, minute: 2 });
        assert.ok(result.state === 'loaded', JSON.stringify(result));
        assert.deepEqual([result.counts.read, result.counts.rejected], [1, 0]);
        assert.equal(
          result.message,
          what.startsWith('A4')
            ? '2 lines that repeat the header were passed over: several files seem to be joined to this one.'
            : null,
        );
        const rows = await feed().rows(`SELECT count(*)::int AS n FROM feed."${set}" WHERE _deleted_at IS NULL`);
        assert.deepEqual(rows, [{ n: left }]);
      });
    }
  }

  it('A2 all that reads rows out of files reads them by one sieve: load, inspect, rebuild', () => {
    const reading = (readdirSync('src', { recursive: true }) as string[])
      .filter(
        (name) => name.endsWith('.ts') && /\breadRows\(|\bidentifyExport\(/.test(readFileSync(`src/${name}`, 'utf8')),
      )
      .map((name) => path.basename(name));
    // An erasure looks at all records of a file, whether they are rows or not.
    const expected = ['data-rows.ts', 'erase-files.ts', 'identify-export.ts', 'identify-file.ts', 'read-records.ts'];
    assert.deepEqual(reading.sort(), expected);
  });

  it('A4 no contact is named like a header', async () => {
    const name = 'sparkcentral/contact-attributes';
    const [header = '', row = ''] = exportFile(name, [{ ContactProfileId: 'cp-9', AttributeId: 'x' }]).split('\n');
    await feed().load('joined.csv', `${header}\r\r\n${row}\r\r\n${header}\r\r\n${row}\r\r\n`, {
      source: 'sparkcentral',
      export: 'contact-attributes',
    });
    const rows = await feed().rows(
      `SELECT "ContactProfileId" AS id FROM feed."SparkcentralContactAttributes" WHERE "ContactProfileId" LIKE '%9%' OR "ContactProfileId" LIKE 'Contact%'`,
    );
    assert.deepEqual(rows, [{ id: 'cp-9' }]);
  });

  it('A4 a snapshot that passed over a header still says of older rows that they are gone', async () => {
    await feed().database.query(
      'TRUNCATE feed."TracebuzzLabels"; DELETE FROM gateway.reject; DELETE FROM gateway.load',
    );
    const [header = '', row = ''] = exportFile('tracebuzz/labels', [{ LabelId: 1, Name: 'kept' }]).split('\n');
    const options = { source: 'tracebuzz', export: 'labels' };
    await feed().load('newer.csv', `${header}\n${row}\n${header}\n`, { ...options, minute: 9 });
    await feed().load('older.csv', exportFile('tracebuzz/labels', [{ LabelId: 2, Name: 'gone' }]), {
      ...options,
      minute: 3,
    });
    const rows = await feed().rows(
      'SELECT "LabelId"::int AS id, _deleted_at IS NULL AS there FROM feed."TracebuzzLabels" ORDER BY 1',
    );
    assert.deepEqual(rows, [
      { id: 1, there: true },
      { id: 2, there: false },
    ]);
  });

  it('A11 a file that is no CSV is refused and noted with what it is', async () => {
    const result = await feed().load('labels.csv', '<html><title>502 Bad Gateway</title></html>');
    assert.ok(result.state === 'refused');
    const [noted] = await feed().rows(`SELECT state, message FROM gateway.load WHERE load_id = ${result.loadId}`);
    assert.equal(noted?.['state'], 'refused');
    assert.match(String(noted?.['message']), /^FileNotCsv: labels\.csv is no CSV file but an HTML page/);
  });

  it('A4 a file of several layouts is refused whole while it is read', async () => {
    const [header = '', row = ''] = exportFile('tracebuzz/labels', [{ LabelId: 77, Name: 'a' }]).split('\n');
    const moved = header.split(',').reverse().join(',');
    const result = await feed().load('two.csv', `${header}\n${row}\n${moved}\n${row}\n`, { source: 'tracebuzz' });
    assert.ok(result.state === 'refused', JSON.stringify(result));
    assert.equal(result.error.code, 'FileJoined');
    assert.deepEqual(await feed().rows('SELECT FROM feed."TracebuzzLabels" WHERE "LabelId" = 77'), []);
  });
});
