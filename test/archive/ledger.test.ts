import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { GatewayMetrics } from '../../src/commands/metrics/gateway-metrics.ts';
import { checkAlarms } from '../../src/ingest/ledger/alarms.ts';
import { archiveFigures } from '../../src/ingest/ledger/archive-figures.ts';
import { type TestGateway, testGateway } from '../support/gateway.ts';

describe('what is told of archives', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await testGateway();
    const record = `INSERT INTO gateway.archive (entity_set, source, feed, shape, complete, copied_at, failing_since, error_code, error_message) VALUES`;
    await gateway.database.query(`${record}
      ('BuzzeasyAgents', 'buzzeasy', 'https://feed.example/', '{}', true, now() - interval '90 seconds', NULL, NULL, NULL),
      ('BuzzeasyCalls', 'buzzeasy', 'https://feed.example/', '{}', true, now() - interval '2 days', now() - interval '1 minute', 'UpstreamUnavailable', 'It is away.'),
      ('BuzzeasyChats', 'buzzeasy', 'https://feed.example/', '{}', false, NULL, now() - interval '1 minute', 'ArchiveRefused', 'Another feed.')`);
    await gateway.database.query(
      `INSERT INTO gateway.archive_copy (entity_set, kind, from_time, rows_read, rows_inserted, rows_updated, rows_unchanged, rows_duplicate, rows_erased, rows_purged, rows_deleted)
       VALUES ('BuzzeasyCalls', 'window', '2026-01-05T08:00:00Z', 6, 3, 1, 1, 1, 2, 4, 5)`,
    );
  });
  after(() => gateway?.close());

  it('is in the feed: how each set is, and each copy', async () => {
    const sets = await gateway.rows('ArchivedSets?$select=EntitySet,Complete,ErrorCode&$filter=FailingSince ne null');
    assert.deepEqual(sets, [
      { EntitySet: 'BuzzeasyCalls', Complete: true, ErrorCode: 'UpstreamUnavailable' },
      { EntitySet: 'BuzzeasyChats', Complete: false, ErrorCode: 'ArchiveRefused' },
    ]);
    const [copy] = await gateway.rows('ArchiveCopies?$filter=RowsInserted gt 0');
    const { CopyId, CopiedAt, ...counts } = copy ?? {};
    assert.deepEqual(counts, {
      ...{ EntitySet: 'BuzzeasyCalls', Kind: 'window', FromTime: '2026-01-05T08:00:00Z', ToTime: null },
      ...{ RowsRead: 6, RowsInserted: 3, RowsUpdated: 1, RowsUnchanged: 1, RowsDuplicate: 1 },
      ...{ RowsErased: 2, RowsPurged: 4, RowsDeleted: 5 },
    });
    assert.equal((await gateway.get('ArchivedSets')).headers.get('etag'), null, 'nobody is told that it is as before');
  });

  it('is in the metrics', async () => {
    const metrics = new GatewayMetrics('1', { unready: async () => null });
    metrics.serves(createServer(), gateway.database, 0);
    metrics.observe({
      ...{ event: 'archive', source: 'buzzeasy', set: 'BuzzeasyCalls', outcome: 'failed', counts: null, reason: 'x' },
    });
    const text = await metrics.text();
    const value = (name: string, set: string): number =>
      Number(new RegExp(`^${name}\\{source="buzzeasy",set="${set}"\\} (.*)$`, 'm').exec(text)?.[1]);
    const age = value('gateway_archive_age_seconds', 'BuzzeasyCalls');
    assert.ok(age >= 172_800 && age < 180_000, String(age));
    assert.ok(Number.isNaN(value('gateway_archive_age_seconds', 'BuzzeasyChats')), 'it has none yet');
    assert.deepEqual(
      ['BuzzeasyAgents', 'BuzzeasyCalls', 'BuzzeasyChats'].map((set) => value('gateway_archive_failing', set)),
      [0, 1, 1],
    );
    assert.equal(value('gateway_archive_complete', 'BuzzeasyChats'), 0);
    assert.match(text, /^gateway_archive_copies_total\{source="buzzeasy",outcome="failed"\} 1$/m);
  });

  it('makes an alarm: at once where somebody must act, of a feed that is away after an hour; and one when it is over', async () => {
    const { database } = gateway;
    const alerts = async () => {
      const { rows } = await database.query<{ text: string }>(
        `SELECT concat_ws(' ', kind, source, details ->> 'set', details ->> 'code') AS text FROM gateway.alert ORDER BY alert_id`,
      );
      return rows.map(({ text }) => text);
    };
    await checkAlarms(database, ['buzzeasy']);
    await checkAlarms(database, ['buzzeasy']);
    const first = ['archive.failed buzzeasy BuzzeasyChats ArchiveRefused', 'signin.missing buzzeasy'];
    assert.deepEqual(await alerts(), first);
    await database.query(
      `UPDATE gateway.archive SET failing_since = failing_since - interval '1 hour' WHERE entity_set = 'BuzzeasyCalls'`,
    );
    await checkAlarms(database, ['buzzeasy']);
    const away = 'archive.failed buzzeasy BuzzeasyCalls UpstreamUnavailable';
    assert.deepEqual(await alerts(), [...first, away]);
    await database.query('UPDATE gateway.archive SET failing_since = NULL, error_code = NULL');
    await checkAlarms(database);
    assert.deepEqual((await alerts()).slice(3).sort(), [
      'archive.restored buzzeasy BuzzeasyCalls UpstreamUnavailable',
      'archive.restored buzzeasy BuzzeasyChats ArchiveRefused',
      'signin.restored buzzeasy',
    ]);
    assert.deepEqual(
      (await archiveFigures(database)).map(({ failing }) => failing),
      [null, null, null],
    );
  });
});
