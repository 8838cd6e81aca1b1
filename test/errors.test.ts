import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'mocha';
import { type ErrorKind, errorCatalogue } from '../src/error-catalogue.ts';
import { rejectCodes } from '../src/ingest/csv/reject-codes.ts';
import { type LoadedFeed, loadedFeed } from './conformance/loaded-feed.ts';

const document = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');

/** The rows of a table of docs/errors.md: trimmed cells, the code without its backticks first. */
const rows = document
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .map(([code = '', ...cells]) => [code.replaceAll('`', ''), ...cells] as const);

const [errors, rejects] = [rows.filter((row) => row.length === 6), rows.filter((row) => row.length === 4)];

function sources(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.map((name) => readFileSync(path.join(folder, name), 'utf8'));
}

describe('docs/errors.md', () => {
  it('explains every code of the catalogue once, and no other', () => {
    assert.deepEqual(errors.map(([code]) => code).sort(), Object.keys(errorCatalogue).sort());
  });

  it('has the status, the recovery and the remedy that the catalogue has', () => {
    const stated = errors.map(([code, status, recovery, , remedy]) => [code, Number(status), recovery, remedy]);
    const actual = new Map(Object.entries(errorCatalogue));
    for (const [code, ...rest] of stated) {
      const kind = actual.get(String(code));
      assert.deepEqual(rest, [kind?.status, kind?.recovery, kind?.remedy], String(code));
    }
  });

  it('lets a file be refused for what is skippable alone, and all work wait for the database, its disk, and a server that is asked for files alone', () => {
    const kinds = Object.entries(errorCatalogue);
    const codesOf = (wanted: (kind: ErrorKind) => boolean): readonly string[] =>
      kinds.flatMap(([code, kind]) => (wanted(kind) ? [code] : [])).sort();
    assert.deepEqual(
      codesOf(({ recovery }) => recovery === 'skippable'),
      [
        ...['ContainerDamaged', 'ContainerTooLarge'],
        ...[
          'ExportUnknown',
          'FileAmbiguous',
          'FileEmpty',
          'FileJoined',
          'FileNotCsv',
          'FileUnknown',
          'HeaderDuplicate',
        ],
        ...[
          'HeaderMissing',
          'HeaderUnreadable',
          'MemberNotTaken',
          'MembersRefused',
          'PeriodInvalid',
          'PeriodMissing',
          'PeriodTooSmall',
          'SnapshotTooSmall',
        ],
        'TooManyRejects',
      ],
    );
    assert.deepEqual(
      codesOf(({ affects }) => affects === 'everything'),
      [
        ...['CertificateRefused', 'DatabaseUnavailable', 'DeliveryInvalid', 'DirectoryUnreadable', 'HostKeyMismatch'],
        ...['ListingCut', 'LoginRefused', 'ServerUnreachable', 'SpoolFull', 'StorageFull', 'TransferRefused'],
      ],
    );
    const retried = codesOf(({ recovery, status }) => recovery === 'retriable' && status >= 500);
    assert.ok(!retried.includes('Internal'), 'a file on which the program stumbles is not tried again for ever');
  });

  it('explains every code of a rejected row once, with its meaning, and no other', () => {
    assert.deepEqual(
      rejects.map(([code, meaning]) => [code, meaning]).sort(),
      Object.entries(rejectCodes)
        .map(([code, meaning]) => [code, meaning])
        .sort(),
    );
  });

  it('says when, what to do and gives an example for every code', () => {
    for (const [code, ...cells] of rows) {
      for (const cell of cells) {
        assert.ok(cell.length > 0, code);
      }
    }
  });
});

describe('error codes', () => {
  const folder = path.resolve(import.meta.dirname, '../src');
  const texts = sources(folder).filter(
    (text) => !text.includes('export const errorCatalogue') && !text.includes('export const rejectCodes'),
  );

  for (const code of [...Object.keys(errorCatalogue), ...Object.keys(rejectCodes)]) {
    it(`${code} is raised somewhere`, () => assert.ok(texts.some((text) => text.includes(`'${code}'`))));
  }

  describe('of the examples that are requests', () => {
    let feed: LoadedFeed;
    before(async () => {
      feed = await loadedFeed();
    });
    for (const [code, status, , , , example = ''] of errors) {
      const query = /^`GET ([^`]*)`$/.exec(example)?.[1];
      if (query !== undefined) {
        it(`${code}: ${query}`, () => feed.refused(query, { status: Number(status), code }));
      }
    }
  });
});
