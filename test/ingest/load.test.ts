import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { inspectFile } from '../../src/ingest/load/inspect-file.ts';
import type { LoadResult } from '../../src/ingest/load/load-file.ts';
import { exportFile, useFeed } from './support/feed.ts';

function loaded(result: LoadResult): Extract<LoadResult, { state: 'loaded' }> {
  if (result.state === 'loaded') {
    return result;
  }
  throw new Error(`not loaded: ${result.state === 'refused' ? result.error.message : result.message}`);
}

function refused(result: LoadResult): Extract<LoadResult, { state: 'refused' }> {
  if (result.state === 'refused') {
    return result;
  }
  throw new Error(`not refused but ${result.state}`);
}

const caseRow = (id: number, more: Record<string, string | number> = {}) => ({ CaseId: id, ...more });

describe('Loading one file', () => {
  const feed = useFeed();

  it('loads typed rows, seconds as instants, 0 as null', async () => {
    const text = exportFile('tracebuzz/cases', [
      caseRow(1, { ClosedAt: '1750060000', ReasonAt: '0', QueueId: 'u_57' }),
      caseRow(2, { ServiceLevelExpiresAt: 'NULL' }),
    ]);
    const result = loaded(await feed().load('raw-cases-1750000000.csv', text));
    equal(result.identified.by, 'rule');
    deepEqual(result.counts, { read: 2, inserted: 2, updated: 0, unchanged: 0, rejected: 0, duplicate: 0, removed: 0 });
    deepEqual(
      await feed().rows(
        'SELECT "CaseId"::text, "ClosedAt"::text, "ReasonAt", "QueueId", "ServiceLevelExpiresAt", _line::int AS _line, _version::text FROM feed."TracebuzzCases" ORDER BY _row',
      ),
      [
        {
          CaseId: '1',
          ClosedAt: '2025-06-16 07:46:40+00',
          ReasonAt: null,
          QueueId: 'u_57',
          ServiceLevelExpiresAt: null,
          _line: 2,
          _version: '1',
        },
        {
          CaseId: '2',
          ClosedAt: null,
          ReasonAt: null,
          QueueId: null,
          ServiceLevelExpiresAt: null,
          _line: 3,
          _version: '1',
        },
      ],
    );
  });

  it('never loads the same bytes twice, under no name', async () => {
    const text = exportFile('tracebuzz/cases', [caseRow(10)]);
    loaded(await feed().load('raw-cases-1750000100.csv', text));
    const again = await feed().load('raw-cases-1750000100.csv', text);
    const renamed = await feed().load('raw-cases-1999999999.csv', text);
    equal(again.state, 'duplicate');
    equal(renamed.state, 'duplicate');
    const states = await feed().rows(
      `SELECT file_name, state FROM gateway.load WHERE sha256 = (SELECT sha256 FROM gateway.load WHERE file_name = 'raw-cases-1750000100.csv' LIMIT 1) ORDER BY load_id`,
    );
    deepEqual(
      states.map((row) => row['state']),
      ['loaded', 'duplicate', 'duplicate'],
    );
  });

  it('counts inserted, updated, unchanged, duplicate and rejected; a changed row alone gets a new version', async () => {
    const a = exportFile('tracebuzz/cases', [caseRow(20, { ExternalId: 'a' }), caseRow(21), caseRow(22)]);
    loaded(await feed().load('raw-cases-1750000200.csv', a));
    const b = exportFile('tracebuzz/cases', [
      caseRow(20, { ExternalId: 'b' }),
      caseRow(21),
      caseRow(23, { ExternalId: 'first' }),
      caseRow(23, { ExternalId: 'second' }),
      { CaseId: 'x' },
    ]);
    const result = loaded(await feed().load('raw-cases-1750000300.csv', b));
    deepEqual(result.counts, { read: 5, inserted: 1, updated: 1, unchanged: 1, rejected: 1, duplicate: 1, removed: 0 });
    const rows = await feed().rows(
      'SELECT "CaseId"::text AS id, "ExternalId" AS ext, _version::int - min(_version) OVER ()::int AS v FROM feed."TracebuzzCases" WHERE "CaseId" BETWEEN 20 AND 23 ORDER BY 1',
    );
    deepEqual(rows, [
      { id: '20', ext: 'b', v: 1 },
      { id: '21', ext: null, v: 0 },
      { id: '22', ext: null, v: 0 },
      { id: '23', ext: 'second', v: 1 },
    ]);
  });

  it('does not raise the version of a set when nothing changed', async () => {
    const version = async () =>
      (await feed().rows(`SELECT version::text FROM gateway.set_versions WHERE entity_set = 'TracebuzzCases'`))[0];
    const before = await version();
    const text = exportFile('tracebuzz/cases', [caseRow(22), caseRow(21)]);
    const result = loaded(await feed().load('raw-cases-1750000400.csv', text));
    equal(result.counts.unchanged, 2);
    deepEqual(await version(), before);
  });

  it('keeps rejected rows with line, byte range, exact raw text and reason', async () => {
    const header = exportFile('tracebuzz/labels', []).trim();
    const width = header.split(',').length;
    const pad = ','.repeat(width - 1);
    const text = `\ufeff${header}\r\n31${pad}\r\nabc${pad}\r\n"32"x${pad}\r\n33\r\n34${pad.slice(1)},"caf\u00e9 \ud83d\ude00\r\nline"\r\n`;
    const result = loaded(await feed().load('raw-labels-1750000000.csv', text));
    equal(result.counts.read, 5);
    equal(result.counts.rejected, 3);
    const bytes = readFileSync(result.path);
    const rejects = await feed().rows<{
      line: number;
      byte_start: string;
      byte_end: string;
      code: string;
      header: string | null;
      raw_text: string;
      message: string;
    }>(
      `SELECT line, byte_start::text, byte_end::text, code, header, raw_text, message FROM gateway.reject WHERE load_id = ${result.loadId} ORDER BY line`,
    );
    deepEqual(
      rejects.map((row) => [Number(row.line), row.code]),
      [
        [3, 'INVALID_INTEGER'],
        [4, 'TEXT_AFTER_QUOTE'],
        [5, 'TOO_FEW_FIELDS'],
      ],
    );
    for (const row of rejects) {
      equal(bytes.subarray(Number(row.byte_start), Number(row.byte_end)).toString('utf8'), row.raw_text);
    }
    match(rejects[0]?.message ?? '', /"abc" is not a whole number/);
  });

  it('D10 a column named as a part of every JavaScript object is a column like others', async () => {
    const [header = '', ...rest] = exportFile('tracebuzz/cases', [caseRow(41)]).split('\n');
    const text = [`${header},__proto__,constructor,toString`, `${rest[0] ?? ''},a,b,c`].join('\n');
    const result = loaded(await feed().load('raw-cases-1750000501.csv', text));
    deepEqual(
      result.drift.map((one) => one.header),
      ['__proto__', 'constructor', 'toString'],
    );
    deepEqual(await feed().rows(`SELECT "Extras" FROM feed."TracebuzzCases" WHERE "CaseId" = 41`), [
      { Extras: '{"__proto__":"a","constructor":"b","toString":"c"}' },
    ]);
  });

  it('keeps cells of unknown columns in Extras and reports the drift', async () => {
    const [header = '', ...rest] = exportFile('tracebuzz/cases', [caseRow(40)]).split('\n');
    const text = [`${header},NEW_ONE`, `${rest[0] ?? ''},hello`].join('\n');
    const result = loaded(await feed().load('raw-cases-1750000500.csv', text));
    deepEqual(result.drift, [{ header: 'NEW_ONE', kind: 'unknown', sample: 'hello' }]);
    deepEqual(await feed().rows(`SELECT "Extras" FROM feed."TracebuzzCases" WHERE "CaseId" = 40`), [
      { Extras: '{"NEW_ONE":"hello"}' },
    ]);
    deepEqual(await feed().rows(`SELECT header, kind, sample FROM gateway.drift WHERE load_id = ${result.loadId}`), [
      { header: 'NEW_ONE', kind: 'unknown', sample: 'hello' },
    ]);
  });

  it('A13 a header with U+0000 inside a name costs no file: the symbol for it stands in Extras, drift and ledger', async () => {
    const [header = '', ...rest] = exportFile('tracebuzz/cases', [caseRow(42)]).split('\n');
    const text = [`${header},\0NEW\0ONE\0`, `${rest[0] ?? ''},hello`].join('\n');
    const path = feed().write('raw-cases-1750000502.csv', text);
    const inspected = await inspectFile(path, feed().catalogue);
    deepEqual([inspected.refusal, inspected.identified?.match.unknown], [null, ['NEW␀ONE']]);
    const result = loaded(await feed().load('raw-cases-1750000502.csv', text));
    deepEqual(result.drift, [{ header: 'NEW␀ONE', kind: 'unknown', sample: 'hello' }]);
    deepEqual(await feed().rows(`SELECT "Extras" FROM feed."TracebuzzCases" WHERE "CaseId" = 42`), [
      { Extras: '{"NEW␀ONE":"hello"}' },
    ]);
    deepEqual(
      await feed().rows(
        `SELECT d.header, l.header ->> -1 AS last FROM gateway.load l JOIN gateway.drift d USING (load_id) WHERE load_id = ${result.loadId}`,
      ),
      [{ header: 'NEW␀ONE', last: 'NEW␀ONE' }],
    );
    const twice = [`${header},NEW\0ONE,NEW␀ONE`, `${rest[0] ?? ''},hello,again`].join('\n');
    equal(refused(await feed().load('raw-cases-1750000503.csv', twice)).error.code, 'HeaderDuplicate');
  });

  it('refuses an unknown file with the nearest exports, and notes it', async () => {
    const result = refused(await feed().load('mystery.csv', 'RESULT_ID,Foo,Bar\n1,2,3\n'));
    equal(result.error.code, 'FileUnknown');
    match(result.error.message, /no export is near it; .* tracebuzz\/notes \(1 of .*missing.*unknown "Foo" "Bar"/);
    const near = refused(await feed().load('mystery.csv', 'RESULT_ID,CASE_ID,Foo,Bar\n1,2,3,4\n'));
    match(near.error.message, /the nearest exports are [a-z-]+\/[a-z-]+ \([2-9] of /);
    deepEqual(await feed().rows(`SELECT state, source FROM gateway.load WHERE load_id = ${result.loadId}`), [
      { state: 'refused', source: null },
    ]);
  });

  it('refuses a period-less file without a period and takes it from the name or the operator', async () => {
    const text = exportFile('sparkcentral/team-metrics', [{ TeamId: '7', TeamName: 'Web' }]);
    const directory = 'export/team';
    equal(refused(await feed().load('teams.csv', text, { directory })).error.code, 'PeriodMissing');
    loaded(await feed().load('[1][team][01012026000000][02012026000000][x].csv', text, { directory }));
    loaded(
      await feed().load('teams.csv', `${text}8\n`.replace('8\n', '').concat('\n'), {
        directory,
        period: '2026-02-01..2026-03-01',
      }),
    );
    deepEqual(
      await feed().rows(
        `SELECT "TeamId", "PeriodStart"::text, "PeriodEnd"::text FROM feed."SparkcentralTeamMetrics" ORDER BY 2`,
      ),
      [
        { TeamId: '7', PeriodStart: '2026-01-01 00:00:00+00', PeriodEnd: '2026-01-02 00:00:00+00' },
        { TeamId: '7', PeriodStart: '2026-02-01 00:00:00+00', PeriodEnd: '2026-03-01 00:00:00+00' },
      ],
    );
    deepEqual(await feed().rows(`SELECT "TeamId", "Name" FROM feed."SparkcentralTeams"`), [
      { TeamId: '7', Name: 'Web' },
    ]);
  });

  it('an empty file and one with a header only are loads of no rows', async () => {
    const empty = loaded(await feed().load('raw-notes-1750000000.csv', ''));
    const headerOnly = loaded(await feed().load('raw-notes-1750000001.csv', exportFile('tracebuzz/notes', [])));
    equal(empty.counts.read + headerOnly.counts.read, 0);
    ok(empty.message?.includes('empty'));
  });

  it('maintains bridges and dimensions in the same transaction', async () => {
    const result = (id: number, labels: string, person: number) => ({ ResultId: id, Labels: labels, PersonId: person });
    loaded(
      await feed().load(
        'raw-results-1750000000.csv',
        exportFile('tracebuzz/results', [result(1, '[5][6]', 88), result(2, '', 89)]),
      ),
    );
    const bridge = () =>
      feed().rows(`SELECT "ResultId"::int AS r, "LabelId"::int AS l FROM feed."TracebuzzResultLabels" ORDER BY 1, 2`);
    deepEqual(await bridge(), [
      { r: 1, l: 5 },
      { r: 1, l: 6 },
    ]);
    loaded(
      await feed().load('raw-results-1750000001.csv', exportFile('tracebuzz/results', [result(1, '[6][7][x][7]', 90)])),
    );
    deepEqual(await bridge(), [
      { r: 1, l: 6 },
      { r: 1, l: 7 },
    ]);
    deepEqual(
      (
        await feed().rows(
          `SELECT "PersonId"::int AS p FROM feed."TracebuzzPersons" WHERE "PersonId" BETWEEN 80 AND 99 ORDER BY 1`,
        )
      ).map((row) => row['p']),
      [88, 89, 90],
    );
    deepEqual(await feed().rows(`SELECT key FROM gateway.tombstones WHERE entity_set = 'TracebuzzResultLabels'`), [
      { key: { ResultId: 1, LabelId: 5 } },
    ]);
  });

  it('two loads of the same bytes at once: one is loaded, one is a duplicate', async () => {
    const text = exportFile('tracebuzz/activities', [{ ActivityId: 1 }]);
    const results = await Promise.all(
      ['a', 'b', 'c'].map((name) => feed().load(`${name}.csv`, text, { source: 'tracebuzz', export: 'activities' })),
    );
    deepEqual(results.map((one) => one.state).sort(), ['duplicate', 'duplicate', 'loaded']);
  });

  it('loads of sets that feed the same dimension, at once, lose none of its members', async () => {
    const persons = (name: string, key: string, from: number) =>
      exportFile(
        `tracebuzz/${name}`,
        Array.from({ length: 50 }, (_, n) => ({ [key]: from + n, PersonId: from + n })),
      );
    const results = await Promise.all([
      feed().load('x.csv', persons('cases', 'CaseId', 5000), { source: 'tracebuzz', export: 'cases' }),
      feed().load('y.csv', persons('results', 'ResultId', 5025), { source: 'tracebuzz', export: 'results' }),
      feed().load('z.csv', persons('cases', 'CaseId', 5100), { source: 'tracebuzz', export: 'cases' }),
    ]);
    deepEqual([...new Set(results.map((one) => one.state))], ['loaded']);
    const [count] = await feed().rows(
      'SELECT count(*)::int AS n FROM feed."TracebuzzPersons" WHERE "PersonId" >= 5000',
    );
    equal(count?.['n'], 125);
  });

  it('of one key twice in a file the winner stays, with the last text an empty cell would have wiped', async () => {
    const row = (content: string, at: string) => ({ MessageId: 'k', Content: content, LastUpdatedAt: at });
    const text = exportFile('sparkcentral/messages', [
      row('first', '2026-01-01T00:00:00Z'),
      row('', '2026-01-03T00:00:00Z'),
      row('second', '2026-01-02T00:00:00Z'),
    ]);
    const result = loaded(await feed().load('k.csv', text, { source: 'sparkcentral', export: 'messages' }));
    equal(result.counts.duplicate, 2);
    deepEqual(
      await feed().rows(
        `SELECT "Content", "LastUpdatedAt"::text AS at FROM feed."SparkcentralMessages" WHERE "MessageId" = 'k'`,
      ),
      [{ Content: 'second', at: '2026-01-03 00:00:00+00' }],
    );
  });
});
