import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { timeOfName } from '../../src/catalogue/name-time.ts';
import { GatewayError } from '../../src/errors.ts';
import { matchesRule } from '../../src/ingest/identify/identify-export.ts';
import { matchHeader } from '../../src/ingest/identify/match-header.ts';
import { fileTime, parsePeriod } from '../../src/ingest/identify/period.ts';
import { inspectFile } from '../../src/ingest/load/inspect-file.ts';
import { catalogue, exportFile } from './support/feed.ts';
import { shopCatalogue } from './support/shop.ts';

const folder = mkdtempSync(join(tmpdir(), 'gateway-identify-'));
after(() => rmSync(folder, { recursive: true }));

async function inspect(name: string, content: string | Buffer, options: Parameters<typeof inspectFile>[2] = {}) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return inspectFile(path, catalogue, options);
}

const exportOf = (name: string) => {
  const found = catalogue.exports.find((one) => `${one.source}/${one.name}` === name);
  if (found === undefined) {
    throw new Error(name);
  }
  return found;
};

describe('Identification', () => {
  it('knows every export by its documented header, with its source named', async () => {
    for (const target of catalogue.exports) {
      const text = exportFile(`${target.source}/${target.name}`, []);
      const found = await inspect('some file.csv', text, { source: target.source, period: '2026-01-01..2026-02-01' });
      equal(found.identified?.export.name, target.name, found.refusal?.message);
      equal(found.identified?.by, 'header');
      deepEqual([found.identified?.match.missing, found.identified?.match.unknown], [[], []]);
    }
  });

  it('recognises every documented and accepted header of every export, in every language', () => {
    let headers = 0;
    for (const target of catalogue.exports) {
      for (const column of target.columns) {
        for (const header of column.headers) {
          const [cell] = matchHeader(target, [header.text.toUpperCase()]).cells;
          equal(cell?.column?.property, column.property, `${target.name}: ${header.text}`);
          headers++;
        }
      }
    }
    equal(headers > 750, true, String(headers));
  });

  it('knows every French export by its header alone, with curly apostrophes and composed or decomposed accents', async () => {
    const french = catalogue.exports.filter((target) =>
      target.columns.some((column) => column.headers.some((header) => header.language === 'fr')),
    );
    ok(french.length >= 12, String(french.length));
    for (const target of french) {
      const header = target.columns.map(
        (column) => column.headers.find((one) => one.language === 'fr') ?? column.headers[0],
      );
      const line = header.map((one) => `"${one?.text ?? ''}"`).join(';');
      for (const text of [line, line.replaceAll("'", '\u2019').normalize('NFD')]) {
        const found = await inspect('fichier.csv', `${text}\r\n`, {
          source: target.source,
          period: '2026-01-01..2026-02-01',
        });
        equal(found.identified?.export.name, target.name, found.refusal?.message);
        deepEqual([found.identified?.match.missing, found.identified?.match.unknown], [[], []]);
      }
    }
  });

  it('tells open conversations from resolved ones, whose headers hold all of theirs', async () => {
    const open = await inspect('x.csv', exportFile('sparkcentral/open-conversations', []), { source: 'sparkcentral' });
    equal(open.identified?.export.name, 'open-conversations');
    const lines = exportFile('sparkcentral/resolved-conversations', []).trim().split(',');
    const cut = await inspect('x.csv', `${lines.filter((header) => header !== lines.at(-1)).join(',')}\n`, {
      source: 'sparkcentral',
    });
    equal(cut.refusal?.code, 'FileAmbiguous');
    match(
      cut.refusal?.message ?? '',
      /resolved-conversations .*open-conversations |open-conversations .*resolved-conversations /,
    );
  });

  it('refuses a file that fits two sources alike and names both, takes it with a folder', async () => {
    const text = exportFile('sparkcentral/team-metrics', []);
    const found = await inspect('x.csv', text, { period: '2026-01-01..2026-02-01' });
    equal(found.refusal?.code, 'FileAmbiguous');
    match(
      found.refusal?.message ?? '',
      /sparkcentral\/team-metrics.*hootsuite-inbox\/team-metrics|hootsuite-inbox\/team-metrics.*sparkcentral\/team-metrics/,
    );
    match(
      found.refusal?.message ?? '',
      /Say which it is: put it into the folder hootsuite-inbox or sparkcentral of the drop folder, or type: gateway ingest --source hootsuite-inbox x\.csv \(or --source sparkcentral\)$/,
    );
    const placed = await inspect('x.csv', text, { directory: 'export/team', period: '2026-01-01..2026-02-01' });
    equal(placed.identified?.export.source, 'sparkcentral');
    equal(placed.identified?.by, 'rule');
  });

  it('holds the folders of a rule against those above the file, and those below one that is named like the source', () => {
    const [orders] = shopCatalogue({
      properties: {},
      more: { files: [{ directory: '^visits/\\d+$', name: '^orders', example: 'visits/1/orders.csv' }] },
    }).exports;
    ok(orders !== undefined);
    const known = (path: string): boolean => matchesRule(orders, path);
    for (const path of ['visits/1/orders.csv', 'acme/visits/1/orders.csv', '/data/in/ACME/visits/1/orders.csv']) {
      ok(known(path), path);
    }
    for (const path of ['orders.csv', 'acme/orders.csv', 'other/visits/1/orders.csv', 'acme/old/visits/1/orders.csv']) {
      ok(!known(path), path);
    }
  });

  it('has a list for operators of the exports that need a folder or --source', async () => {
    const refused = new Set<string>();
    for (const { source, name } of catalogue.exports) {
      const found = await inspect('x.csv', exportFile(`${source}/${name}`, []));
      if (found.refusal?.code === 'FileAmbiguous') {
        refused.add(name);
      }
    }
    const documented =
      readFileSync('docs/ingest.md', 'utf8').match(/these exports do, in English: ([^.]+)\./)?.[1] ?? '';
    deepEqual(
      [...documented.matchAll(/`([^`]+)`/g)].map((found) => found[1]),
      [...refused].sort(),
    );
  });

  it('says of a file that fits two exports of one source what to type for each', async () => {
    const lines = exportFile('sparkcentral/resolved-conversations', []).trim().split(',');
    const cut = `${lines.filter((header) => header !== lines.at(-1)).join(',')}\n`;
    const found = await inspect('of may.csv', cut, { source: 'sparkcentral' });
    match(
      found.refusal?.message ?? '',
      /Say which it is: type: gateway ingest --source sparkcentral --export (resolved|open)-conversations "of may\.csv" \(or --source sparkcentral --export (open|resolved)-conversations\)$/,
    );
  });

  it('says of an empty file that it is empty, and takes it as what it is named', async () => {
    for (const text of ['', '\n', '\ufeff']) {
      const found = await inspect('x.csv', text);
      equal(found.refusal?.code, 'FileEmpty');
      match(
        found.refusal?.message ?? '',
        /^x\.csv is empty, it has not even a header, .* type: gateway ingest --source SOURCE --export EXPORT x\.csv$/,
      );
      const named = await inspect('x.csv', text, { source: 'tracebuzz', export: 'notes' });
      equal(named.identified?.export.name, 'notes');
    }
  });

  it('refuses a file whose folder says one source and whose header is exactly that of another', async () => {
    const text = exportFile('hootsuite-inbox/messages', []);
    const generic = { directory: 'export/message' };
    const found = await inspect('x.csv', text, generic);
    equal(found.refusal?.code, 'FileAmbiguous');
    match(
      found.refusal?.message ?? '',
      /sparkcentral\/messages.*unknown.*hootsuite-inbox\/messages \(\d+ of \d+ columns\)/,
    );
    const named = await inspect('x.csv', text, { ...generic, source: 'hootsuite-inbox' });
    equal(named.identified?.export.source, 'hootsuite-inbox');
    const own = await inspect('x.csv', exportFile('sparkcentral/messages', []), generic);
    equal(own.identified?.export.source, 'sparkcentral');
    const grown = await inspect(
      'x.csv',
      exportFile('sparkcentral/messages', []).replace('\n', ',New Column\n'),
      generic,
    );
    equal(grown.identified?.by, 'rule');
  });

  it('refuses a header that says a column twice, and one without its key', async () => {
    const header = exportFile('tracebuzz/cases', []).trim();
    const twice = await inspect('raw-cases-1750000000.csv', `${header},ID\n`);
    equal(twice.refusal?.code, 'HeaderDuplicate');
    const headless = await inspect('raw-cases-1750000000.csv', `${header.split(',').slice(1).join(',')}\n`);
    equal(headless.refusal?.code, 'HeaderMissing');
    match(headless.refusal?.message ?? '', /"Id"/);
  });

  it('finds a column by its place where the metadata says so', () => {
    const target = exportOf('sparkcentral/virtual-agent-metrics');
    const placed = target.columns.find((column) => column.position !== null);
    ok(placed !== undefined, 'the export has a column known by its place');
    const header = target.columns.map((column) =>
      column === placed ? 'nobody knows this' : (column.headers[0]?.text ?? ''),
    );
    const found = matchHeader(target, header);
    equal(found.cells.find((cell) => cell.byPosition)?.column, placed);
    deepEqual(found.missing, []);
    const doubled = target.columns.map((column) =>
      column === placed
        ? (target.columns[(placed?.position ?? 0) - 2]?.headers[0]?.text ?? '')
        : (column.headers[0]?.text ?? ''),
    );
    deepEqual(matchHeader(target, doubled).duplicates, []);
  });

  it('obeys an operator, and says what he could have meant', async () => {
    const wrong = await inspect('x.csv', 'a\n', { source: 'nobody' });
    equal(wrong.refusal?.code, 'ExportUnknown');
    const text = exportFile('hootsuite-inbox/team-metrics', []);
    const named = await inspect('x.csv', text, {
      source: 'hootsuite-inbox',
      export: 'team-metrics',
      period: '2026-01-01..2026-02-01',
    });
    equal(named.identified?.by, 'operator');
  });
});

describe('Encodings and layouts', () => {
  const header = exportFile('tracebuzz/labels', []).trim();
  const target = exportOf('tracebuzz/labels');
  const names = target.columns.map((column) => column.headers[0]?.text ?? '');
  const nameAt = target.columns.findIndex((column) => column.property === 'Name');
  const file = (delimiter: string, eol: string, name = 'Crème brûlée 😀'): string =>
    [
      names.join(delimiter),
      names.map((_, index) => (index === 0 ? '1' : index === nameAt ? `"${name}${eol}x"` : '')).join(delimiter),
      '',
    ].join(eol);

  for (const [name, bytes, encoding, delimiter] of [
    ['UTF-8', Buffer.from(file(',', '\n')), 'utf-8', ','],
    ['UTF-8 with a mark, semicolons, CRLF', Buffer.from(`\ufeff${file(';', '\r\n')}`), 'utf-8', ';'],
    ['tabs', Buffer.from(file('\t', '\n')), 'utf-8', '\t'],
    ['a sep= line', Buffer.from(`sep=;\r\n${file(';', '\r\n')}`), 'utf-8', ';'],
    ['a quoted sep= line after a mark', Buffer.from(`\ufeff"sep=|"\n${file('|', '\n')}`), 'utf-8', '|'],
    ['UTF-16LE', Buffer.from(`\ufeff${file(',', '\r\n')}`, 'utf16le'), 'utf-16le', ','],
    ['UTF-16BE', Buffer.from(`\ufeff${file(',', '\r\n')}`, 'utf16le').swap16(), 'utf-16be', ','],
    ['old Macintosh line ends', Buffer.from(file(',', '\r')), 'utf-8', ','],
  ] as const) {
    it(`reads ${name}`, async () => {
      const found = await inspect('raw-labels-1750000000.csv', bytes);
      equal(found.refusal, null);
      equal(found.encoding?.encoding, encoding);
      equal(found.identified?.layout.delimiter, delimiter);
      deepEqual(found.rows, { read: 1, accepted: 1, rejected: 0 });
    });
  }

  it('falls back to windows-1252, and keeps UTF-8 where only one row is damaged', async () => {
    const body = file(',', '\n', 'Crème €').replace('😀', '');
    const old = Buffer.from(body, 'latin1');
    old[old.indexOf(0xac)] = 0x80;
    const found = await inspect('raw-labels-1750000000.csv', old);
    deepEqual([found.encoding?.encoding, found.encoding?.basis], ['windows-1252', 'fallback']);
    const rows = Array.from({ length: 5 }, (_, index) =>
      names.map((_n, at) => (at === 0 ? String(index) : at === nameAt ? 'é😀' : '')).join(','),
    );
    const damaged = Buffer.concat([
      Buffer.from(`${header}\n${rows.join('\n')}\n`),
      Buffer.from([0x36, 0xc3]),
      Buffer.from(`${','.repeat(names.length - 1)}\n`),
    ]);
    const kept = await inspect('raw-labels-1750000000.csv', damaged);
    deepEqual([kept.encoding?.encoding, kept.encoding?.basis], ['utf-8', 'damaged']);
    deepEqual(kept.rows, { read: 6, accepted: 5, rejected: 1 });
    equal(kept.faults[0]?.code, 'INVALID_ENCODING');
  });
});

describe('Periods and file times', () => {
  it('reads a period in the zone of the source', () => {
    deepEqual(parsePeriod('2026-06-01..2026-07-01', 'Europe/Amsterdam'), {
      start: new Date('2026-05-31T22:00:00Z'),
      end: new Date('2026-06-30T22:00:00Z'),
    });
    for (const wrong of ['2026', '2026-02-01..2026-01-01', 'a..b', '2026-01-01..2026-02-01..2026-03-01']) {
      throws(
        () => parsePeriod(wrong, 'UTC'),
        (error) => error instanceof GatewayError && error.code === 'PeriodInvalid',
      );
    }
  });

  it('takes the time of a file from its name, else from the disk', () => {
    const modifiedAt = new Date('2020-01-01T00:00:00Z');
    const at = (target: string, name: string) => fileTime(exportOf(target), { name, modifiedAt }).toISOString();
    equal(at('tracebuzz/cases', 'raw-cases-1750060000.csv'), '2025-06-16T07:46:40.000Z');
    equal(
      at('sparkcentral/messages', '[1234][message][16062025000000][17062025000000][8b34dbc2-c05e].csv'),
      '2025-06-17T00:00:00.000Z',
    );
    equal(at('sparkcentral/messages', 'messages 2025-06-17.csv'), '2025-06-17T00:00:00.000Z');
    equal(at('sparkcentral/messages', 'messages.csv'), modifiedAt.toISOString());
    // Two files of one period differ only in when they were made.
    equal(
      at('sparkcentral/team-metrics', '[1][team][16062025000000][17062025000000][x].csv'),
      modifiedAt.toISOString(),
    );
  });

  it('takes the stamp that a rule picks out where files restate one period, else the disk', () => {
    const modifiedAt = new Date('2020-01-01T00:00:00Z');
    const [orders] = shopCatalogue({
      properties: { From: { type: 'DateTimeOffset', computed: { kind: 'period', bound: 'start' } } },
      more: {
        files: [
          {
            name: '^orders_\\d{8}_\\d{8}(?:_(?<stamp>\\d{14}))?',
            example: 'orders_20250601_20250701_20250702101500.csv',
          },
        ],
        period: { name: '(?<from>\\d{8})_(?<to>\\d{8})', format: 'yyyyMMdd' },
      },
    }).exports;
    ok(orders !== undefined);
    const at = (name: string) => fileTime(orders, { name, modifiedAt }).toISOString();
    equal(at('orders_20250601_20250701_20250702101500.csv'), '2025-07-02T10:15:00.000Z');
    equal(at('orders_20250601_20250701.csv'), modifiedAt.toISOString());
  });

  const named: readonly (readonly [name: string, time: string | null])[] = [
    ['orders-20250616.csv', '2025-06-15T22:00:00.000Z'],
    ['orders 2025-06-16.csv', '2025-06-15T22:00:00.000Z'],
    ['orders_2025_06_16.csv', '2025-06-15T22:00:00.000Z'],
    ['2025.06.16 orders.csv', '2025-06-15T22:00:00.000Z'],
    // The time of day behind it: of two files of one day the later one is the newer, however they come.
    ['orders-20250616_101500.csv', '2025-06-16T08:15:00.000Z'],
    ['orders-20250616-101500.csv', '2025-06-16T08:15:00.000Z'],
    ['orders_20250616T101500Z.csv', '2025-06-16T10:15:00.000Z'],
    ['orders_20250616T1015.csv', '2025-06-16T08:15:00.000Z'],
    ['orders_20250616_101500123.csv', '2025-06-16T08:15:00.123Z'],
    ['orders 2025-06-16 10.15.csv', '2025-06-16T08:15:00.000Z'],
    ['orders 2025-06-16T10:15:30.5.csv', '2025-06-16T08:15:30.000Z'],
    ['orders 2025-06-16T10:15:30.123Z.csv', '2025-06-16T10:15:30.123Z'],
    ['orders-2025-06-16-10-15-30.csv', '2025-06-16T08:15:30.000Z'],
    ['orders 202506161015.csv', '2025-06-16T08:15:00.000Z'],
    ['orders 20250616101500.csv', '2025-06-16T08:15:00.000Z'],
    ['orders 20250616101500123.csv', '2025-06-16T08:15:00.123Z'],
    ['orders 16062025101500.csv', '2025-06-16T08:15:00.000Z'],
    ['orders 1750061700123.csv', '2025-06-16T08:15:00.123Z'],
    // No time of day: the number of a part, another day, an hour that no day has.
    ['orders-20250616_0001.csv', '2025-06-15T22:00:00.000Z'],
    ['orders-20250616_256199.csv', '2025-06-15T22:00:00.000Z'],
    ['orders-20250616_240000.csv', '2025-06-15T22:00:00.000Z'],
    ['orders-20250616-20250617.csv', '2025-06-16T22:00:00.000Z'],
    ['orders-2025-06-16-2025-06-17.csv', '2025-06-16T22:00:00.000Z'],
    ['orders 20250616_101500 to 20250617_101500.csv', '2025-06-17T08:15:00.000Z'],
    // A word before it or behind it is no part of it; the digits of an id or a digest are no day.
    ['feed20250616.csv', '2025-06-15T22:00:00.000Z'],
    ['20250616export.csv', '2025-06-15T22:00:00.000Z'],
    ['trade1750061700.csv', '2025-06-16T08:15:00.000Z'],
    ['orders 4f20250616c1.csv', null],
    ['orders 20250616-1c1d-4e55-9a77-3f2d1c0b8a61.csv', null],
    ['orders 20251316.csv', null],
    ['orders 20250230.csv', null],
    ['orders 16062025.csv', null],
    ['orders 123456789.csv', null],
  ];
  for (const [name, time] of named) {
    it(`reads the time in ${name}`, () => {
      equal(timeOfName(name, 'Europe/Amsterdam')?.toISOString() ?? null, time);
    });
  }
});
