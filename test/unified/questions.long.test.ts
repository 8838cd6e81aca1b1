import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DateTime } from 'luxon';
import { after, before, describe, it } from 'mocha';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { type SampleReport, writeSamples } from '../../src/samples/write-samples.ts';
import { metadataFolder, type TestGateway, testGateway } from '../support/gateway.ts';
import { ArchivedFeed } from './archived-feed.ts';

/** The days of metrics files of the samples are days of this zone. */
const zone = 'UTC';

type Cells = Readonly<Record<string, string>>;

const only = ['messages', 'resolved-conversations', 'agent-metrics', 'cases', 'results', 'labels', 'users'];
const order = { rows: 60, days: 3, seed: 7, only: [...only, 'service-statistics', 'agent-statistics'] };

/** Cells of a line of the samples: fields in quotes may hold anything. */
function linesOf(text: string): readonly (readonly string[])[] {
  const body = text.replace(/^\uFEFF/, '').replace(/^sep=.\r?\n/, '');
  const delimiter = /^[^\n]*?([,;])/.exec(body)?.[1] ?? ',';
  const lines: string[][] = [];
  let line: string[] = [];
  for (const [, quoted, plain = '', end] of body.matchAll(
    new RegExp(`(?:"((?:[^"]|"")*)"|([^"${delimiter}\\r\\n]*))(${delimiter}|\\r?\\n)`, 'g'),
  )) {
    line.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== delimiter) {
      lines.push(line);
      line = [];
    }
  }
  return lines.slice(1);
}

const platforms: Readonly<Record<string, string>> = {
  ...{ 1: 'Web', 2: 'Blog', 3: 'Twitter', 4: 'News', 5: 'Forum', 6: 'Facebook', 8: 'Instagram', 9: 'Google+' },
  ...{
    10: 'LinkedIn',
    11: 'Print',
    12: 'Broadcast',
    13: 'WhatsApp',
    14: 'Parley',
    15: 'Forum',
    16: 'Blog',
    17: 'YouTube',
  },
};
const local = (instant: DateTime): DateTime => instant.setZone(zone);
const unix = (text: string): DateTime => local(DateTime.fromSeconds(Number(text)));
const utc = (text: string): DateTime => local(DateTime.fromSQL(text, { zone: 'UTC' }));
const week = (at: DateTime): string => `${at.weekYear}-${at.weekNumber}`;

describe('what analysts ask over all sources, one request each', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-questions-'));
  let gateway: TestGateway;
  let report: SampleReport;

  /** The rows of an export that count, by the texts of its files alone: of a key those of the file that came last. */
  const rowsOf = (source: string, name: string, key: readonly string[]): readonly Cells[] => {
    const target = gateway.catalogue.exports.find((one) => one.source === source && one.name === name);
    const rows = new Map<string, Cells>();
    for (const { path: file } of report.files.filter(
      (one) => one.export === name && one.path.startsWith(`${source}/`),
    )) {
      for (const line of linesOf(readFileSync(path.join(folder, file), 'utf8'))) {
        const cells = Object.fromEntries((target?.columns ?? []).map(({ property }, at) => [property, line[at] ?? '']));
        const id = key.map((one) => cells[one]).join('|');
        // Of a row that says when it changed last, the later change counts.
        if ((rows.get(id)?.['LastUpdatedAt'] ?? '') <= (cells['LastUpdatedAt'] ?? '')) {
          rows.set(id, cells);
        }
      }
    }
    return [...rows.values()];
  };
  const inboxes = ['sparkcentral', 'hootsuite-inbox'];
  const results = () => rowsOf('tracebuzz', 'results', ['ResultId']);
  const conversations = () =>
    inboxes.flatMap((source) =>
      rowsOf(source, 'resolved-conversations', ['ConversationId']).map((row) => ({ ...row, source })),
    ) as readonly Cells[];
  /** Of the answer, a number for each group; nested properties by their path. */
  const answer = async (request: string, groups: readonly string[], value: string): Promise<Map<string, number>> => {
    const at = (row: unknown, one: string): string =>
      String(one.split('/').reduce((of: unknown, step) => (of as Record<string, unknown> | null)?.[step], row));
    const rows = await gateway.rows(request);
    return new Map(
      rows
        .map((row): [string, number] => [groups.map((one) => at(row, one)).join(' '), Number(row[value])])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  };
  const sums = (pairs: Iterable<readonly [string, number]>): Map<string, number> => {
    const found = new Map<string, number>();
    for (const [group, number] of pairs) {
      found.set(group, (found.get(group) ?? 0) + number);
    }
    return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  };

  before(async () => {
    gateway = await testGateway(metadataFolder, { reportingTimeZone: zone });
    const { files, rows } = await writeSamples(gateway.catalogue, folder, order);
    // Both inboxes tell the same days of the same agents, and some again as of the same time: one of them counts, which is tried elsewhere.
    const told = new Set<string>();
    const isFirst = ({ export: name, path: file }: SampleReport['files'][number]): boolean => {
      const period = `${name} ${/\d{14}/.exec(file)?.[0] ?? ''}`;
      const own = file.startsWith('sparkcentral');
      const first = name !== 'agent-metrics' || (own && !told.has(period));
      if (own) {
        told.add(period);
      }
      return first;
    };
    report = { files: files.filter(isFirst), rows };
    for (const { path: file } of report.files) {
      const { state } = await loadFile(gateway, path.join(folder, file), { directory: path.dirname(file) });
      assert.equal(state, 'loaded', file);
    }
  });
  after(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('messages per local day and channel', async () => {
    const wanted = sums([
      ...results().map((row): [string, number] => [
        `${row['FoundAt'] === '' ? 'null' : (unix(row['FoundAt'] ?? '').toISODate() ?? '')} ${row['Source'] === '' ? 'null' : (platforms[row['Source'] ?? ''] ?? 'Other')}`,
        1,
      ]),
      ...inboxes
        .flatMap((source) => rowsOf(source, 'messages', ['MessageId']))
        .map((row): [string, number] => [
          `${row['CreatedAt'] === '' ? 'null' : (utc(row['CreatedAt'] ?? '').toISODate() ?? '')} ${row['Medium'] ?? ''}`,
          1,
        ]),
    ]);
    assert.ok(wanted.size > 20);
    const request = 'Messages?$apply=groupby((LocalDate,Channel),aggregate($count as N))';
    assert.deepEqual(await answer(request, ['LocalDate', 'Channel'], 'N'), wanted);
  });

  it('the busiest hour', async () => {
    const times = [
      ...results().map((row) => (row['FoundAt'] === '' ? null : unix(row['FoundAt'] ?? ''))),
      ...inboxes
        .flatMap((source) => rowsOf(source, 'messages', ['MessageId']))
        .map((row) => (row['CreatedAt'] === '' ? null : utc(row['CreatedAt'] ?? ''))),
    ].filter((one) => one !== null);
    const wanted = sums(times.map(({ hour }) => [String(hour), 1]));
    const [[hour = '', count] = []] = await answer(
      'Messages?$apply=filter(LocalHour ne null)/groupby((LocalHour),aggregate($count as N))/topcount(1,N)',
      ['LocalHour'],
      'N',
    );
    assert.equal(count, Math.max(...wanted.values()));
    assert.equal(wanted.get(hour), count);
  });

  it('first response per team and ISO week', async () => {
    const cases = new Map(rowsOf('tracebuzz', 'cases', ['CaseId']).map((row) => [row['CaseId'] ?? '', row]));
    const told: [string, number][] = [];
    for (const [id, row] of cases) {
      const own = results().filter((one) => one['CaseId'] === id && one['FoundAt'] !== '');
      const times = (which: (one: Cells) => boolean) => own.filter(which).map((one) => Number(one['FoundAt']));
      const [first, spoke] = [Math.min(...times(() => true)), Math.min(...times((one) => one['IsOwn'] === '0'))];
      const person = (one: Cells): boolean => one['IsOwn'] === '1' && one['IsOwnedByExternalService'] !== '1';
      const replied = Math.min(...times((one) => person(one) && Number(one['FoundAt']) >= spoke));
      if (Number.isFinite(replied) && Number.isFinite(spoke)) {
        const queue = row['QueueId'] ?? '';
        const team = queue === '' || queue.startsWith('u_') ? 'null' : `tracebuzz:queue-${queue}`;
        told.push([`${team} ${week(unix(String(first)))}`, replied - spoke]);
      }
    }
    const newest = new Map<string, string>();
    for (const { source, ...row } of conversations()) {
      if (row['FirstResponseTimeSeconds'] !== '' && row['CreatedAt'] !== '') {
        const team = row['LastStatusChangeTeamId'] ?? '';
        newest.set(team, source ?? '');
        told.push([`${team} ${week(utc(row['CreatedAt'] ?? ''))}`, Number(row['FirstResponseTimeSeconds'])]);
      }
    }
    const found = await answer(
      'Conversations?$apply=filter(FirstResponseSeconds ne null and StartedAt ne null)/groupby((TeamKey,Date/IsoYear,Date/IsoWeek),aggregate(FirstResponseSeconds with sum as S))',
      ['TeamKey', 'Date/IsoYear', 'Date/IsoWeek'],
      'S',
    );
    const named = [...found].map(([group, sum]): [string, number] => {
      const [team = '', year = '', number = ''] = group.split(' ');
      // Of a team that both sources of the product know, the newer row is told of.
      const short = team.startsWith('tracebuzz:') || team === 'null' ? team : team.slice(team.indexOf(':') + 1);
      return [`${short} ${year}-${number}`, sum];
    });
    assert.deepEqual(
      sums(named),
      sums(told.map(([group, number]): [string, number] => [group.replace(/^ /, 'null '), number])),
    );
  });

  it('service level per inbox and quarter of an hour, weighted by what was offered', async () => {
    const rows = rowsOf('tracebuzz', 'service-statistics', ['RowDate', 'Interval', 'ServiceId']);
    for (const [ours, theirs] of [
      ['W', 'AcceptableCount'],
      ['O', 'OfferedCount'],
    ] as const) {
      const wanted = sums(
        rows.map((row) => [`tracebuzz:inbox-${row['ServiceId'] ?? ''} ${row['Interval'] ?? ''}`, Number(row[theirs])]),
      );
      const found = await answer(
        "TeamIntervals?$apply=filter(Source eq 'tracebuzz')/groupby((TeamKey,LocalTime),aggregate(WithinServiceLevel with sum as W,ServiceLevelOffered with sum as O))",
        ['TeamKey', 'LocalTime'],
        ours,
      );
      assert.deepEqual(new Map([...found].map(([key, sum]) => [key.replace(/\.0+$/, ''), sum])), wanted);
    }
  });

  it('handle time per agent over two vendors, who are one by their address', async () => {
    const addresses = new Map(
      rowsOf('tracebuzz', 'users', ['UserId']).map((row) => [row['UserId'] ?? '', row['Email'] ?? '']),
    );
    const metrics = agentMetrics();
    const theirs = new Map(
      metrics.flatMap(({ row }): [string, string][] =>
        row['UserEmailAddress'] === '' ? [] : [[row['UserId'] ?? '', row['UserEmailAddress'] ?? '']],
      ),
    );
    const wanted = sums([
      ...rowsOf('tracebuzz', 'agent-statistics', ['RowDate', 'AgentId'])
        .filter((row) => row['AgentId'] !== '-1')
        .map((row): [string, number] => [
          (addresses.get(row['AgentId'] ?? '') ?? '') || 'null',
          Number(row['TotalHandleSeconds']),
        ]),
      ...[...new Map(metrics.map((one) => [one.key, one])).values()].map(({ row }): [string, number] => [
        theirs.get(row['UserId'] ?? '') ?? 'null',
        Number(row['HandleTimeSeconds']),
      ]),
    ]);
    const found = await answer(
      'AgentDays?$apply=groupby((Agent/Email),aggregate(HandleSeconds with sum as S))',
      ['Agent/Email'],
      'S',
    );
    assert.deepEqual(found, wanted);
  });
  it('handle time per agent over a source of files and one that is archived', async () => {
    const { catalogue, database } = gateway;
    const metrics = [...new Map(agentMetrics().map((one) => [one.key, one.row])).values()];
    const addresses = [...new Set(metrics.map((row) => row['UserEmailAddress'] ?? '').filter((one) => one !== ''))];
    const feed = { catalogue, database };
    const archived = new ArchivedFeed(() => feed);
    const told: [string, number][] = metrics.map((row) => [
      (row['UserEmailAddress'] ?? '') || 'null',
      Number(row['HandleTimeSeconds']),
    ]);
    for (const [number, address] of [...addresses.slice(0, 5), 'nobody.else@example.com'].entries()) {
      const id = `agent${number}`;
      archived.put('Users', { id, Name: 'Somebody', emailAddress: address.toUpperCase() });
      for (const task of [1, 2, 3]) {
        const [active, after] = [task * 100 + number, task * 7];
        archived.put('Workitems', {
          ...{ id: `${id} ${task}`, agentId: id, startTimeUTC: `2026-03-0${task}T10:00:00Z`, result: 'Handled' },
          ...{ activeDurationInSeconds: active, wrapUpDuration: after, previewDuration: 1000 },
        });
        told.push([address, active + after]);
      }
    }
    await archived.copy('Users', 'Workitems');
    const found = await answer(
      "AgentDays?$apply=filter(Source in ('sparkcentral','buzzeasy'))/groupby((Agent/Email),aggregate(HandleSeconds with sum as S))",
      ['Agent/Email'],
      'S',
    );
    const lower = (pairs: Iterable<readonly [string, number]>) =>
      sums([...pairs].map(([address, number]): [string, number] => [address.toLowerCase(), number]));
    assert.deepEqual(lower(found), lower(told));
    assert.ok(found.size > 5);
    await archived.forget();
  });

  /** Of a day that is told again the later file counts. */
  const agentMetrics = () =>
    report.files
      .filter(({ export: name }) => name === 'agent-metrics')
      .flatMap(({ path: file }) => {
        const period = /(\d{14})\D{0,3}(\d{14})/.exec(file)?.[1] ?? '';
        const target = gateway.catalogue.exports.find((one) => one.name === 'agent-metrics');
        return linesOf(readFileSync(path.join(folder, file), 'utf8')).map((line) => {
          const row = Object.fromEntries((target?.columns ?? []).map(({ property }, at) => [property, line[at] ?? '']));
          return { key: `${period} ${row['UserId'] ?? ''}`, row };
        });
      });

  it('top reasons', async () => {
    const labels = new Map(rowsOf('tracebuzz', 'labels', ['LabelId']).map((row) => [row['LabelId'], row['Name']]));
    const wanted = sums([
      ...rowsOf('tracebuzz', 'cases', ['CaseId']).flatMap(({ ReasonLabelId: id }): [string, number][] =>
        (labels.get(id) ?? '') === '' ? [] : [[labels.get(id) ?? '', 1]],
      ),
      ...conversations().flatMap(({ ResolveReason: reason = '' }): [string, number][] =>
        reason === '' ? [] : [[reason, 1]],
      ),
    ]);
    const found = await answer(
      'Conversations?$apply=filter(Reason ne null)/groupby((Reason),aggregate($count as N))&$orderby=N desc',
      ['Reason'],
      'N',
    );
    assert.deepEqual(found, wanted);
  });

  it('CSAT by channel', async () => {
    const rated = conversations().filter((row) => row['CsatScore'] !== '');
    assert.ok(rated.every((row) => /^[1-5]$/.test(row['CsatScore'] ?? '')));
    const wanted = sums(rated.map((row) => [row['Medium'] ?? '', Number(row['CsatScore'])]));
    const request =
      'Conversations?$apply=filter(CsatScore ne null)/groupby((Channel),aggregate(CsatScore with sum as S,$count as N))';
    assert.deepEqual(await answer(request, ['Channel'], 'S'), wanted);
    assert.deepEqual(await answer(request, ['Channel'], 'N'), sums(rated.map((row) => [row['Medium'] ?? '', 1])));
  });

  it('the backlog at the end of each day', async () => {
    const started = new Map<string, number>();
    for (const { CaseId: id = '', FoundAt: at = '' } of results()) {
      if (id !== '' && at !== '') {
        started.set(id, Math.min(started.get(id) ?? Number.POSITIVE_INFINITY, Number(at)));
      }
    }
    const spans = [
      ...rowsOf('tracebuzz', 'cases', ['CaseId']).flatMap(({ CaseId: id = '', ClosedAt: closed = '' }) => {
        const at = started.get(id);
        const end = closed === '' ? null : (unix(closed).toISODate() ?? '');
        return at === undefined ? [] : [{ source: 'tracebuzz', from: unix(String(at)).toISODate() ?? '', to: end }];
      }),
      ...conversations().flatMap(({ source = '', CreatedAt: at = '', ResolvedAt: end = '', CurrentStatus: status }) => {
        const closed = status === 'Resolved' && end !== '';
        const known = at !== '' && (status !== 'Resolved' || end !== '');
        return known
          ? [
              {
                source: inboxes.includes(source) ? 'inbox' : source,
                from: utc(at).toISODate() ?? '',
                to: closed ? (utc(end).toISODate() ?? '') : null,
              },
            ]
          : [];
      }),
    ];
    const wanted = new Map<string, number>();
    for (const source of new Set(spans.map((one) => one.source))) {
      const own = spans.filter((one) => one.source === source);
      const days = own.flatMap(({ from, to }) => (to === null || to < from ? [from] : [from, to])).sort();
      for (let day = days[0] ?? ''; day <= (days.at(-1) ?? ''); ) {
        // A conversation that ended before it began, as made-up ones may, is in no backlog.
        const open = own.filter(({ from, to }) => from <= day && (to === null || (to > day && to >= from))).length;
        wanted.set(day, (wanted.get(day) ?? 0) + open);
        day = DateTime.fromISO(day, { zone: 'UTC' }).plus({ days: 1 }).toISODate() ?? '';
      }
    }
    const found = await answer(
      'TeamDays?$apply=filter(Backlog ne null)/groupby((LocalDate),aggregate(Backlog with sum as B))',
      ['LocalDate'],
      'B',
    );
    assert.deepEqual(found, new Map([...wanted].sort(([a], [b]) => (a < b ? -1 : 1))));
  });
});
