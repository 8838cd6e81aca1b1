import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'mocha';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { faultText } from '../../src/catalogue/compile/documents/fault.ts';
import { inspectFile } from '../../src/ingest/load/inspect-file.ts';
import { writeSamples } from '../../src/samples/write-samples.ts';

const named = 'personalData: none, description: A property.';
const metadata = (mark: string): string => `
source: { name: acme, title: Acme, description: Test., kind: files, prefix: Acme${mark === '' ? '' : `, files: { decimalMark: '${mark}' }`} }
set: Things
title: Things
description: Things.
key: [Id]
write: { mode: upsert }
properties:
  Id: { type: Int64, ${named}, example: '7' }
  Price: { type: Decimal, ${named}, example: '${mark === ',' ? '12,50' : '12.50'}' }
  Share: { type: Double, encoding: percentage, ${named}, example: '72' }
  Raw: { type: Binary, ${named}, example: aGVsbG8= }
  Lasts: { type: Duration, ${named}, example: P1DT2H3M4S }
  Waits: { type: Duration, encoding: duration-seconds, ${named}, example: '90' }
  Mark: { type: Guid, ${named}, example: 0b9f2a6e-4c1d-4e55-9a77-3f2d1c0b8a61 }
  Open: { type: Boolean, ${named}, example: WAAR }
  Day: { type: Date, ${named}, example: '2025-06-16' }
  At: { type: DateTimeOffset, ${named}, example: '2025-06-16T07:46:40Z' }
  Seen: { type: DateTimeOffset, encoding: unix-seconds, ${named}, example: '1750060000' }
  Clock: { type: TimeOfDay, ${named}, example: '10:15' }
`;

describe('samples of every type', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-cell-samples-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const mark of ['', '.', ',']) {
    it(`B10 are rows that a load takes, with the decimal mark ${mark || 'not stated'}`, async () => {
      const { catalogue, faults } = buildCatalogue([{ file: 'things.yaml', text: metadata(mark) }], {});
      assert.deepEqual(faults.map(faultText), []);
      assert.ok(catalogue);
      const directory = path.join(folder, `mark${mark}`);
      const report = await writeSamples(catalogue, directory, { rows: 30, days: 2, seed: 7 });
      assert.ok(report.files.length > 0);
      for (const file of report.files) {
        const inspection = await inspectFile(path.join(directory, file.path), catalogue);
        assert.deepEqual(inspection.faults, [], file.path);
        assert.ok(inspection.rows.accepted > 0);
      }
    });
  }
});
