import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import { remakeDerived } from '../../src/ingest/derive/remake-derived.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { anchor, exportFile } from '../ingest/support/feed.ts';
import { metadataFolder, type TestGateway, testGateway } from '../support/gateway.ts';
import type { Row } from './support.ts';

describe('unified sets as a feed', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-unified-'));
  let gateway: TestGateway;
  let files = 0;

  const load = async (name: string, rows: readonly Row[]): Promise<void> => {
    files += 1;
    const [source = '', target = ''] = name.split('/');
    const file = path.join(folder, `${target}-${files}.csv`);
    writeFileSync(file, exportFile(name, rows));
    utimesSync(file, new Date(anchor + files * 60_000), new Date(anchor + files * 60_000));
    const result = await loadFile({ catalogue: gateway.catalogue, database: gateway.database }, file, {
      source,
      export: target,
    });
    assert.equal(result.state, 'loaded');
  };

  before(async () => {
    gateway = await testGateway(metadataFolder, { reportingTimeZone: 'Europe/Amsterdam' });
    const found = { CaseId: 1, Source: 13, IsOwn: 0 };
    // 25 October 2026 has 25 hours there, 29 March has 23.
    await load('tracebuzz/cases', [{ CaseId: 1 }]);
    await load('tracebuzz/results', [
      { ...found, ResultId: 1, FoundAt: Date.parse('2026-10-24T22:30:00Z') / 1000 },
      { ...found, ResultId: 2, FoundAt: Date.parse('2026-10-25T00:30:00Z') / 1000 },
      { ...found, ResultId: 3, FoundAt: Date.parse('2026-10-25T01:30:00Z') / 1000, IsOwn: 1 },
      { ...found, ResultId: 4, FoundAt: Date.parse('2026-10-25T23:30:00Z') / 1000 },
      { ...found, ResultId: 5, FoundAt: Date.parse('2026-03-29T00:30:00Z') / 1000 },
      { ...found, ResultId: 6, FoundAt: Date.parse('2026-03-29T01:30:00Z') / 1000 },
    ]);
    await load('sparkcentral/messages', [
      {
        MessageId: 'm1',
        ConversationId: 'a',
        Medium: 'Facebook',
        Direction: 'inbound',
        CreatedAt: '2026-10-25 10:00:00',
        LastUpdatedAt: '2026-10-25 10:00:00',
      },
    ]);
  });
  after(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('local days and hours are right across both clock changes', async () => {
    const rows = await gateway.rows(
      "Messages?$select=SourceId,LocalDate,LocalHour&$filter=Source eq 'tracebuzz'&$orderby=SourceId",
    );
    assert.deepEqual(
      rows.map(({ LocalDate: date, LocalHour: hour }) => [date, hour]),
      [
        ['2026-10-25', 0],
        ['2026-10-25', 2],
        ['2026-10-25', 2],
        ['2026-10-26', 0],
        ['2026-03-29', 1],
        ['2026-03-29', 3],
      ],
    );
  });

  it('messages per ISO week and channel over all sources are one request', async () => {
    const rows = await gateway.rows(
      'Messages?$apply=groupby((Date/IsoYear,Date/IsoWeek,Channel),aggregate($count as N))',
    );
    const sums = rows.map((row) => {
      const { IsoYear: year, IsoWeek: week } = row['Date'] as Readonly<Record<string, number>>;
      return `${year} ${week} ${String(row['Channel'])} ${String(row['N'])}`;
    });
    assert.deepEqual(sums.sort(), [
      '2026 13 WhatsApp 2',
      '2026 43 Facebook 1',
      '2026 43 WhatsApp 3',
      '2026 44 WhatsApp 1',
    ]);
  });

  it('leads to the row of the source, to the messages and to the day', async () => {
    const [row] = await gateway.rows(
      "Conversations?$filter=ConversationKey eq 'tracebuzz:1'&$select=Direction&$expand=TracebuzzCase($select=CaseId),Messages($select=SourceId;$orderby=SourceId;$top=2),Date($select=WeekdayName)",
    );
    assert.deepEqual(row, {
      Direction: 'Inbound',
      TracebuzzCase: { CaseId: 1 },
      Messages: [{ SourceId: '1' }, { SourceId: '2' }],
      Date: { WeekdayName: 'Sunday' },
    });
    const reply = await gateway.get("Conversations('tracebuzz:1')/SparkcentralConversation");
    assert.equal(reply.status, 204);
  });

  it('a delta link tells what changed, across sources', async () => {
    const first = await gateway.get('Messages?$select=SourceId', { prefer: 'odata.track-changes' });
    const { '@odata.deltaLink': link } = (await first.json()) as { readonly '@odata.deltaLink': string };
    await load('sparkcentral/messages', [
      {
        MessageId: 'm1',
        ConversationId: 'a',
        Medium: 'SMS',
        Direction: 'inbound',
        CreatedAt: '2026-10-25 10:00:00',
        LastUpdatedAt: '2026-10-26 10:00:00',
      },
      {
        MessageId: 'm2',
        ConversationId: 'a',
        Medium: 'SMS',
        Direction: 'outbound',
        CreatedAt: '2026-10-25 10:01:00',
        LastUpdatedAt: '2026-10-26 10:00:00',
      },
    ]);
    const rows = await gateway.rows(link);
    assert.deepEqual(rows.map(({ SourceId }) => SourceId).sort(), ['m1', 'm2']);
  });

  it('another reporting zone makes local columns anew before they are served', async () => {
    const { database, catalogue } = gateway;
    await remakeDerived(database, catalogue);
    const made = await remakeDerived(database, { ...catalogue, reportingTimeZone: 'Asia/Tokyo' });
    assert.ok(made.includes('Messages') && made.includes('Conversations'));
    const [row] = await gateway.rows("Messages?$filter=MessageKey eq 'tracebuzz:4'&$select=LocalDate,LocalHour");
    assert.deepEqual(row, { LocalDate: '2026-10-26', LocalHour: 8 });
  });

  it('stands first in the service document', async () => {
    const { value } = (await (await gateway.get('')).json()) as {
      readonly value: readonly { readonly name: string }[];
    };
    assert.deepEqual(
      value.slice(0, 4).map(({ name }) => name),
      ['AgentAccounts', 'AgentDays', 'Agents', 'Channels'],
    );
  });
});
