import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { metadataFolder, type TestGateway, testGateway } from '../support/gateway.ts';

/** A vendor nobody has heard of, as an operator would write it down: one file, no code. */
const metadata = `
source:
  name: parkeerwacht
  title: Parkeerwacht
  kind: files
  prefix: Parkeer
  description: Parking permits, exported every night.
  files:
    timeZone: Europe/Amsterdam
    nullTokens: ['-']
    delimiters: [';']
    dateTimePatterns: ['dd-MM-yyyy HH:mm']
set: Permits
title: Permits
description: One row for each permit.
files:
  - { name: '^permits-\\d{8}\\.csv$', example: 'permits-20261101.csv' }
key: [PermitNumber]
write: { mode: upsert, winner: ChangedAt }
properties:
  PermitNumber:
    { type: Int64, header: Permit no., personalData: none, description: Number of the permit., example: '9007199254740993' }
  Holder:
    { type: String, header: Houder, aliases: [Holder], personalData: direct, description: Who may park., example: 'Zoë' }
  PaidAmount:
    { type: Decimal, precision: 12, scale: 2, header: Betaald, personalData: none, description: Euros., example: '12.50' }
  IsValid:
    { type: Boolean, header: Geldig, personalData: none, description: Whether it holds today., example: 'yes' }
  ChangedAt:
    { type: DateTimeOffset, header: Gewijzigd, personalData: none, description: Last change., example: '01-07-2026 10:30' }
unify:
  Conversations:
    id: PermitNumber
    columns:
      Channel: "'Email'"
      StartedAt: ChangedAt
      Status: "case(IsValid eq true: 'Open', true: 'Closed')"
    absent: { HandleSeconds: A permit is not handled. }
`;

describe('a source never seen before is one file in the metadata folder', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-one-file-'));
  const file = path.join(folder, 'permits-20261101.csv');
  let gateway: TestGateway;

  before(async () => {
    cpSync(metadataFolder, path.join(folder, 'metadata'), { recursive: true });
    mkdirSync(path.join(folder, 'metadata', 'parkeerwacht'));
    writeFileSync(path.join(folder, 'metadata', 'parkeerwacht', 'permits.yaml'), metadata);
    gateway = await testGateway(path.join(folder, 'metadata'));
  });
  after(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('its file is recognised, loaded and read back typed', async () => {
    writeFileSync(
      file,
      'Permit no.;Houder;Betaald;Geldig;Gewijzigd\r\n' +
        '9007199254740993;"Zoë ""de Snelle""";12.50;yes;01-07-2026 10:30\r\n' +
        '2;-;0;no;01-01-2026 10:30\r\n' +
        'three;Piet;1;no;01-01-2026 10:30\r\n',
    );
    const result = await loadFile(gateway, file);
    assert.ok(result.state === 'loaded', JSON.stringify(result));
    assert.deepEqual(
      { read: result.counts.read, inserted: result.counts.inserted, rejected: result.counts.rejected },
      { read: 3, inserted: 2, rejected: 1 },
    );
    const reply = await gateway.get(
      'ParkeerPermits?$select=PermitNumber,Holder,PaidAmount,IsValid,ChangedAt&$orderby=PermitNumber desc',
    );
    assert.match(
      await reply.text(),
      /"PermitNumber":9007199254740993,"Holder":"Zoë \\"de Snelle\\"","PaidAmount":12\.50?,"IsValid":true,"ChangedAt":"2026-07-01T08:30:00Z"/,
    );
    const [reject] = await gateway.rows('LoadRejects?$select=Line,Property,RawText,Code');
    assert.deepEqual(reject?.['Property'], 'PermitNumber');
    assert.equal(reject?.['Line'], 4);
    assert.match(String(reject?.['RawText']), /^three;Piet;1;no;01-01-2026 10:30/);
  });

  it('its rows are part of the sets over all sources, and lead back to it', async () => {
    const query =
      "Conversations?$filter=Source eq 'parkeerwacht'&$orderby=SourceId&$select=ConversationKey,Channel,StartedAt,Status&$expand=ParkeerPermits($select=Holder)";
    assert.deepEqual(await gateway.rows(query), [
      {
        ...{ ConversationKey: 'parkeerwacht:2', Channel: 'Email', StartedAt: '2026-01-01T09:30:00Z', Status: 'Closed' },
        ParkeerPermits: { Holder: null },
      },
      {
        ...{
          ConversationKey: 'parkeerwacht:9007199254740993',
          Channel: 'Email',
          StartedAt: '2026-07-01T08:30:00Z',
          Status: 'Open',
        },
        ParkeerPermits: { Holder: 'Zoë "de Snelle"' },
      },
    ]);
  });

  it('is in the service document and in $metadata, with its description', async () => {
    const document = (await (await gateway.get('')).json()) as { value: { name: string }[] };
    assert.ok(document.value.some((entry) => entry.name === 'ParkeerPermits'));
    const xml = await (await gateway.get('$metadata')).text();
    assert.match(xml, /<EntitySet Name="ParkeerPermits"/);
    assert.match(xml, /Who may park\./);
  });
});
