import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { exportFile } from '../ingest/support/feed.ts';
import type { TestGateway } from '../support/gateway.ts';

export type Cells = Readonly<Record<string, string | number | null>>;

const anchor = Date.UTC(2026, 0, 1);

/** Files of exports, written and loaded one after the other. */
export class Deliveries {
  readonly #feed: TestGateway;
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-delta-'));
  #files = 0;

  constructor(feed: TestGateway) {
    this.#feed = feed;
  }

  /** One file of an export, whose time is `minute` minutes after a fixed moment. */
  async load(name: string, rows: readonly Cells[], options: { minute?: number; name?: string } = {}) {
    this.#files += 1;
    const [source = '', exported = ''] = name.split('/');
    // A column of its own keeps files of the same rows from being the same bytes.
    const lines = exportFile(name, rows).trimEnd().split('\n');
    const serial = `SERIAL${' '.repeat(this.#files)}`;
    const text = lines.map((line, at) => (at === 0 ? `${line},${serial}` : `${line},`)).join('\n');
    const file = path.join(this.#folder, String(this.#files), options.name ?? 'delivery.csv');
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    const time = new Date(anchor + (options.minute ?? this.#files) * 60_000);
    utimesSync(file, time, time);
    const result = await loadFile(this.#feed, file, { source, export: exported, force: true });
    assert.ok(result.state === 'loaded', result.state === 'refused' ? result.error.message : result.state);
    return result.counts;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
