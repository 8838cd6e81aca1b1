import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { loadCatalogue, requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { beyondReaders } from '../../src/edm/reader-limits.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { replayRejects } from '../../src/ingest/load/replay-rejects.ts';
import { exportFile } from '../ingest/support/feed.ts';
import { metadataFolder, type TestGateway, testGateway } from '../support/gateway.ts';

const probe = `
source: { name: probe, title: Probe, description: Every type., kind: files, prefix: Probe }
set: Things
title: Things
description: Things.
key: [Id]
write: { mode: upsert }
properties:
  Id: { type: Int64, personalData: none, description: Number., example: '7' }
  Day: { type: Date, personalData: none, description: Day., example: '2025-06-16' }
  At: { type: DateTimeOffset, personalData: none, description: Moment., example: '2025-06-16T07:46:40Z' }
  Clock: { type: TimeOfDay, personalData: none, description: Clock., example: '10:15' }
  Lasts: { type: Duration, personalData: none, description: Duration., example: PT1H }
  Waits: { type: Duration, encoding: duration-seconds, personalData: none, description: Duration., example: '90' }
  Raw: { type: Binary, personalData: none, description: Bytes., example: aGVsbG8= }
  Price: { type: Decimal, personalData: none, description: Price., example: '4,5' }
  Open: { type: Boolean, personalData: none, description: Open., example: WAAR }
`;

interface Reject extends Record<string, unknown> {
  readonly line: number;
  readonly code: string;
  readonly header: string;
  readonly message: string;
}

describe('cells as files really have them', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-odd-cells-'));
  const metadata = path.join(folder, 'metadata');
  let gateway: TestGateway;
  let number = 0;

  before(async () => {
    cpSync(metadataFolder, metadata, { recursive: true });
    writeFileSync(path.join(metadata, 'probe.yaml'), probe);
    gateway = await testGateway(metadata);
  });
  after(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Loads rows of an export and gives the rejects; some files are all rejects, and meant. */
  async function load(name: string, text: string): Promise<readonly Reject[]> {
    number++;
    const file = path.join(folder, `${number}.csv`);
    writeFileSync(file, text);
    const [source = '', short = ''] = name.split('/');
    const result = await loadFile(gateway, file, { source, export: short, force: true });
    assert.ok(result.state === 'loaded', JSON.stringify(result));
    const { rows } = await gateway.database.query<Reject>(
      `SELECT line::int, code, header, message FROM gateway.reject WHERE load_id = $1 ORDER BY line`,
      [result.loadId],
    );
    return rows;
  }
  const rowsOf = (name: string, rows: readonly Readonly<Record<string, string>>[]): string =>
    exportFile(name, rows, gateway.catalogue);
  const things = (rows: readonly Readonly<Record<string, string>>[]) =>
    load('probe/probe', rowsOf('probe/probe', rows));
  const codes = (rejects: readonly Reject[]) => rejects.map(({ line, code, header }) => [line, code, header]);

  it('A5 a thousands point in a whole number is ambiguous, and the decimal mark of the metadata settles it', async () => {
    const header = 'ID,NAME,CATEGORY_ID,DESCRIPTION,WORDS,PROFILES,WEBSITES,PROFILE_INFO,LOCATION_ID';
    const rejects = await load('tracebuzz/labels', `${header}\n1.000,Duizend,,,,,,,\n7,Zeven,,,,,,,\n`);
    assert.deepEqual(codes(rejects), [[2, 'AMBIGUOUS_DECIMAL', 'ID']]);
    assert.match(rejects[0]?.message ?? '', /^"1\.000" is not clear: .*decimalMark/);
    assert.deepEqual(
      (await gateway.rows('TracebuzzLabels?$select=LabelId')).map((row) => row['LabelId']),
      [7],
    );
    // As docs/errors.md says: under `files` of the source, then `gateway replay`.
    const file = path.join(metadata, 'tracebuzz', 'source.yaml');
    const written = readFileSync(file, 'utf8');
    writeFileSync(file, written.replace('\nfiles:\n', '\nfiles:\n  decimalMark: ","\n'));
    const told = requireCatalogue(metadata, {});
    writeFileSync(file, written);
    const replayed = await replayRejects({ catalogue: told, database: gateway.database }, { export: 'labels' });
    assert.deepEqual(
      replayed.map((one) => one.replayed),
      [1],
    );
    assert.deepEqual(
      (await gateway.rows('TracebuzzLabels?$select=LabelId&$orderby=LabelId')).map((row) => row['LabelId']),
      [7, 1000],
    );
  });

  it("A7 a spreadsheet's day number is no time of 1970", async () => {
    const row = { RowDate: '2026-10-05', AgentId: '1' };
    const rejects = await load(
      'tracebuzz/agent-statistics',
      rowsOf('tracebuzz/agent-statistics', [
        { ...row, FirstLoginAt: '46300' },
        { ...row, FirstLoginAt: '46300.5' },
        { ...row, FirstLoginAt: '20261005' },
      ]),
    );
    assert.deepEqual(
      rejects.map(({ code, header }) => [code, header]),
      [
        ['INVALID_UNIX_TIME', 'FIRSTLOGIN'],
        ['INVALID_DATE_TIME', 'FIRSTLOGIN'],
        ['INVALID_UNIX_TIME', 'FIRSTLOGIN'],
      ],
    );
    assert.match(rejects[0]?.message ?? '', /a spreadsheet means 2026-10-05 by it/);
  });

  for (const ruined of ['1,24E+15', '1.24E+15', '1.24e15', '1E+15']) {
    it(`A8 long ids ruined by a spreadsheet are no keys and lead nowhere: ${ruined}`, async () => {
      const attribute = { AttributeId: 'a', AttributeName: 'n', AttributeValue: 'v' };
      const rejects = await load(
        'sparkcentral/contact-attributes',
        rowsOf('sparkcentral/contact-attributes', [
          { ...attribute, ContactProfileId: ruined },
          { ...attribute, ContactProfileId: ruined },
          { ...attribute, ContactProfileId: '12E5' },
        ]),
      );
      assert.deepEqual(codes(rejects), [
        [2, 'SCIENTIFIC_NOTATION', 'Contact Profile ID'],
        [3, 'SCIENTIFIC_NOTATION', 'Contact Profile ID'],
      ]);
      assert.match(
        rejects[0]?.message ?? '',
        /spreadsheet made of a long number: its last digits are lost\. Take the file as/,
      );
      const messages = await load(
        'sparkcentral/messages',
        rowsOf('sparkcentral/messages', [
          { MessageId: 'm1', ConversationId: ruined },
          { MessageId: ruined, ConversationId: 'c' },
          { MessageId: 'm2', ConversationId: 'c', Content: ruined },
        ]),
      );
      assert.deepEqual(
        messages.map(({ line, code }) => [line, code]),
        [
          [2, 'SCIENTIFIC_NOTATION'],
          [3, 'SCIENTIFIC_NOTATION'],
        ],
      );
    });
  }

  it('A9 what a Dutch spreadsheet writes for TRUE and FALSE', async () => {
    const row = { RowDate: '2026-10-06' };
    const rejects = await load(
      'tracebuzz/agent-statistics',
      rowsOf('tracebuzz/agent-statistics', [
        { ...row, AgentId: '1', IsClaimInbox: 'WAAR', IsBotUser: 'ONWAAR' },
        { ...row, AgentId: '2', IsClaimInbox: 'Misschien' },
      ]),
    );
    assert.deepEqual(codes(rejects), [[3, 'INVALID_BOOLEAN', 'CLAIMINBOX']]);
    assert.deepEqual(
      await gateway.rows(
        'TracebuzzAgentStatistics?$filter=RowDate eq 2026-10-06&$select=AgentId,IsClaimInbox,IsBotUser',
      ),
      [{ AgentId: 1, IsClaimInbox: true, IsBotUser: false }],
    );
  });

  it('A17 a cell that its type cannot hold costs its row, with line and column named, never its file', async () => {
    const rejects = await things([
      { Id: '1', Lasts: '-PT1H' },
      { Id: '2', Lasts: 'n/a' },
      { Id: '3', Waits: '1e5' },
      { Id: '4', Waits: '-.5' },
      { Id: '5', Raw: 'a\\b' },
      { Id: '6', Waits: '1e400' },
    ]);
    assert.deepEqual(codes(rejects), [
      [3, 'INVALID_DURATION', 'Lasts'],
      [6, 'INVALID_BINARY', 'Raw'],
      [7, 'OUT_OF_RANGE', 'Waits'],
    ]);
    for (const filter of [
      "Lasts eq duration'-PT1H'",
      "Waits eq duration'P1DT3H46M40S'",
      "Waits eq duration'-PT0.5S'",
    ]) {
      assert.equal((await gateway.rows(`ProbeThings?$filter=${filter}&$select=Id`)).length, 1, filter);
    }
  });

  it('A19 months, years and words are no durations', async () => {
    const cells = ['P1M', 'P1Y', 'P1W', 'P0.5Y', 'infinity', '1 day', '1 mon', 'PT1H30', '01:30:00', 'P1DT'];
    const rejects = await things(cells.map((Lasts, at) => ({ Id: String(10 + at), Lasts })));
    assert.deepEqual(
      rejects.map(({ code }) => code),
      cells.map(() => 'INVALID_DURATION'),
    );
  });

  it('A20 E2 base64 and base64url, padded or not, are bytes', async () => {
    const cells = ['aGVsbG8=', 'aGVsbG8', 'AQID', '+/+/', '-_-_', ''];
    assert.deepEqual(await things(cells.map((Raw, at) => ({ Id: String(30 + at), Raw }))), []);
    const rows = await gateway.rows('ProbeThings?$filter=Id ge 30 and Id lt 40&$orderby=Id&$select=Raw');
    assert.deepEqual(
      rows.map(({ Raw: raw }) => (raw === null ? null : Buffer.from(String(raw), 'base64').toString('hex'))),
      ['68656c6c6f', '68656c6c6f', '010203', 'fbffbf', 'fbffbf', null],
    );
  });

  it('A21 the years 1 to 9999 are loaded and found again', async () => {
    const rejects = await things([
      { Id: '40', Day: '0001-01-01', At: '0001-01-01T00:00:00Z' },
      { Id: '41', Day: '0099-12-31', At: '0001-01-01T00:00:00' },
      { Id: '42', Day: '9999-12-31', At: '9999-12-31T23:59:59.9999999Z' },
      { Id: '43', Day: '0000-12-31' },
      { Id: '44', At: '0001-01-01T00:00:00+01:00' },
    ]);
    assert.deepEqual(codes(rejects), [
      [5, 'INVALID_DATE', 'Day'],
      [6, 'INVALID_DATE_TIME', 'At'],
    ]);
    const found = async (filter: string) =>
      (await gateway.rows(`ProbeThings?$filter=Id ge 40 and ${filter}&$orderby=Id&$select=Id,Day,At`)).map((row) =>
        Object.values(row),
      );
    assert.deepEqual(await found('Day eq 0001-01-01'), [[40, '0001-01-01', '0001-01-01T00:00:00Z']]);
    assert.deepEqual(await found('At eq 0001-01-01T00:00:00Z'), [
      [40, '0001-01-01', '0001-01-01T00:00:00Z'],
      [41, '0099-12-31', '0001-01-01T00:00:00Z'],
    ]);
    assert.deepEqual(await found('Day eq 9999-12-31'), [[42, '9999-12-31', '9999-12-31T23:59:59.999999Z']]);
  });

  it('A22 seven and nine digits of a second are cut to the microsecond', async () => {
    const rejects = await things([
      { Id: '50', Clock: '10:15:00.0000000', At: '2026-01-01T10:15:00.0000000Z' },
      { Id: '51', Clock: '23:59:59.9999999', At: '2026-01-01T23:59:59.999999999Z' },
    ]);
    assert.deepEqual(rejects, []);
    assert.deepEqual(await gateway.rows('ProbeThings?$filter=Id ge 50 and Id lt 60&$orderby=Id&$select=Clock,At'), [
      { Clock: '10:15:00', At: '2026-01-01T10:15:00Z' },
      { Clock: '23:59:59.999999', At: '2026-01-01T23:59:59.999999Z' },
    ]);
  });

  it('A23 E10 offsets beyond every clock and decimals beyond every reader are rejected', async () => {
    const at = ['+25:00', '+01:75', '+14:01', '-14:30'].map((offset) => ({ At: `2026-01-01T00:00:00${offset}` }));
    const price = ['1e999', '1e28', '0.12345678901234567890123456789', '79228162514264337593543950336'].map(
      (Price) => ({
        Price,
      }),
    );
    const rejects = await things([...at, ...price].map((cells, number_) => ({ Id: String(60 + number_), ...cells })));
    assert.deepEqual(
      rejects.map(({ code }) => code),
      [...at.map(() => 'INVALID_DATE_TIME'), ...price.map(() => 'OUT_OF_RANGE')],
    );
    assert.deepEqual(
      await things([{ Id: '70', At: '2026-01-01T00:00:00+14:00', Price: '9999999999999999999999999999' }]),
      [],
    );
  });

  it('B10 an example is read as ingest reads cells', async () => {
    assert.deepEqual(loadCatalogue(metadata, {}).faults, []);
    assert.deepEqual(
      codes(
        await things([
          { Id: '80', Price: '4,5', Open: 'WAAR' },
          { Id: '81', Price: '4,500' },
        ]),
      ),
      [],
    );
    assert.deepEqual(await gateway.rows('ProbeThings?$filter=Price eq 4.5 and Id ge 80&$orderby=Id&$select=Id,Open'), [
      { Id: 80, Open: true },
      { Id: 81, Open: null },
    ]);
  });
});

describe('what check says of readers', () => {
  const catalogue = (facets: string) =>
    buildCatalogue(
      [
        {
          file: 'a.yaml',
          text: probe.replace(
            "Price: { type: Decimal, personalData: none, description: Price., example: '4,5' }",
            `Price: { type: Decimal, ${facets}, personalData: none, description: Price., example: '4' }`,
          ),
        },
      ],
      {},
    ).catalogue;

  it('E10 a Decimal of more than 28 digits is told', () => {
    const told = (facets: string) => beyondReaders(catalogue(facets)?.model ?? assert.fail());
    assert.deepEqual(told('precision: 28, scale: 2'), []);
    assert.deepEqual(told('scale: variable'), []);
    assert.deepEqual(told('precision: 38, scale: 10'), [
      'ProbeThings/Price has 38 digits; Power BI, Excel and other .NET readers hold 28',
    ]);
  });
});
