import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { builtFiles } from '../../../src/commands/browser-console/built-files.ts';
import { consoleWorks } from '../../../src/commands/browser-console/console-works.ts';
import { readConfig } from '../../../src/config.ts';
import { consoleRoutes } from '../../../src/http/console/console-routes.ts';
import { putExpectations } from '../../../src/ingest/ledger/expectations.ts';
import { loadFile } from '../../../src/ingest/load/load-file.ts';
import { exportFile } from '../../ingest/support/feed.ts';
import { metadataFolder, type TestGateway, testGateway } from '../../support/gateway.ts';
import type { Row } from '../../unified/support.ts';

export interface LoadedConsole {
  readonly gateway: TestGateway;
  /** Address of the page, with its final slash. */
  readonly address: string;
  /** Monday of last week in the reporting zone, `2026-11-23`. */
  readonly monday: string;
  close(): Promise<void>;
}

export const zone = 'Europe/Amsterdam';

/** Conversations of last week: by day, counted from its Monday, and the code of their channel. */
const cases: readonly { readonly day: number; readonly source: number }[] = [
  ...[13, 13, 13, 6].map((source) => ({ day: 0, source })),
  ...[13, 6].map((source) => ({ day: 2, source })),
  ...[13].map((source) => ({ day: 6, source })),
];

/** The product's own metadata with a few rows of last week, one of which could not be taken in, a file of no known export, and the console over it. */
export async function loadedConsole(): Promise<LoadedConsole> {
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-console-'));
  const gateway = await testGateway(metadataFolder, {
    reportingTimeZone: zone,
    beside: (app, feed, database) => {
      const config = readConfig({ REPORTING_TIME_ZONE: zone });
      const proxied = { upstreams: new Map(), feeds: new Map() };
      const works = consoleWorks(
        { catalogue: feed.catalogue(), database },
        { config, access: { allows: () => true }, proxied, owner: database, requireSpace: () => {} },
      );
      consoleRoutes(app, feed, { ...works, files: () => built });
    },
  });
  await putExpectations(gateway.database, gateway.catalogue);
  const load = async (name: string, rows: readonly Row[], file: string): Promise<void> => {
    const [source = '', target = ''] = name.split('/');
    writeFileSync(path.join(folder, file), exportFile(name, rows));
    const context = { catalogue: gateway.catalogue, database: gateway.database };
    const result = await loadFile(context, path.join(folder, file), { source, export: target });
    assert.equal(result.state, 'loaded', JSON.stringify(result));
  };
  const now = Date.now();
  const weekday = (new Date(now).getUTCDay() + 6) % 7;
  const monday = new Date(now - (weekday + 7) * 86_400_000).toISOString().slice(0, 10);
  await load(
    'tracebuzz/cases',
    [...cases.map((_, index) => ({ CaseId: index + 1 })), { CaseId: 'seven' }],
    'cases.csv',
  );
  const at = (day: number): number => (Date.parse(`${monday}T10:00:00Z`) + day * 86_400_000) / 1000;
  const results = cases.map(({ day, source }, index) => ({
    ...{ CaseId: index + 1, ResultId: index + 1, Source: source, IsOwn: 0 },
    // No two begin at once, so that they have an order.
    ...{ FoundAt: at(day) + index },
  }));
  await load('tracebuzz/results', results, 'results.csv');
  const quarter = { RowDate: monday, ServiceId: 4, ServiceName: 'Webcare' };
  await load(
    'tracebuzz/service-statistics',
    [
      // A mean of the quarters' own shares would be 70 %.
      { ...quarter, Interval: '10:00', OfferedCount: 10, AcceptableCount: 9 },
      { ...quarter, Interval: '10:15', OfferedCount: 30, AcceptableCount: 15 },
    ],
    'service.csv',
  );
  writeFileSync(path.join(folder, 'mystery.csv'), 'Foo,Bar\n1,2\n');
  const context = { catalogue: gateway.catalogue, database: gateway.database };
  const stranger = await loadFile(context, path.join(folder, 'mystery.csv'), {});
  assert.equal(stranger.state, 'refused');
  return {
    gateway,
    address: gateway.root.replace(/odata\/$/, ''),
    monday,
    close: async () => {
      await gateway.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const built = builtFiles();
