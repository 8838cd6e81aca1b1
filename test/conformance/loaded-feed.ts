import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { feedCapabilities } from '../../src/http/capabilities.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { writeSamples } from '../../src/samples/write-samples.ts';
import { besideCitus } from '../citus/support/beside-citus.ts';
import { metadataFolder, type TestGateway, testGateway, valuesOf } from '../support/gateway.ts';
import { share } from '../support/lifetime.ts';

export type Row = Readonly<Record<string, unknown>>;

/**
 * The product's own metadata with sample exports loaded, over real HTTP; one for all files of a process. With CITUS_URL each `get` is asked of a copy on Citus as well,
 * and both have to say the same.
 */
export interface LoadedFeed extends TestGateway {
  /** All rows of a set as served without any option: what the tests compute their expectations from. */
  all(set: string): Promise<readonly Row[]>;
  /** The body of a 200 reply, as `valuesOf` gives it; with metadata=full as it is. */
  json(query: string, headers?: Readonly<Record<string, string>>): Promise<Row>;
  text(query: string, headers?: Readonly<Record<string, string>>): Promise<string>;
  /** Asserts the status, the code, that the message names `naming`, and exactly one OData-Version. */
  refused(query: string, expected: { status: number; code: string; naming?: string }): Promise<void>;
}

let loaded: Promise<LoadedFeed> | null = null;

/** Call it in `before`, with time for the first one; it is closed at the end of the run. */
export function loadedFeed(): Promise<LoadedFeed> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<LoadedFeed> {
  const gateway = await testGateway(metadataFolder, {}, feedCapabilities);
  share(gateway);
  const directory = mkdtempSync(path.join(tmpdir(), 'gateway-conformance-'));
  try {
    const { files } = await writeSamples(gateway.catalogue, directory, { rows: 24, days: 2, seed: 5 });
    for (const file of files) {
      const found = path.join(directory, file.path);
      const result = await loadFile(gateway, found, { directory: path.dirname(file.path) });
      assert.equal(result.state, 'loaded', file.path);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const asked = (await besideCitus(gateway)) ?? gateway;
  return { ...asked, ...asking(asked) };
}

function asking(gateway: TestGateway): Pick<LoadedFeed, 'all' | 'json' | 'text' | 'refused'> {
  const known = new Map<string, Promise<readonly Row[]>>();
  const text: LoadedFeed['text'] = async (query, headers = {}) => {
    const reply = await gateway.get(query, headers);
    const body = await reply.text();
    assert.equal(reply.status, 200, `${query}: ${body}`);
    return body;
  };
  return {
    text,
    json: async (query, headers) => {
      const body = await text(query, headers);
      const full = `${query} ${headers?.['Accept']}`.includes('metadata=full');
      return (full ? JSON.parse(body) : valuesOf(body)) as Row;
    },
    all(set) {
      const rows = known.get(set) ?? gateway.rows(set);
      known.set(set, rows);
      return rows;
    },
    async refused(query, { status, code, naming }) {
      const reply = await gateway.get(query);
      const body = await reply.text();
      assert.equal(reply.status, status, `${query}: ${body}`);
      assert.equal(reply.headers.get('odata-version'), '4.0', query);
      const { error } = JSON.parse(body) as { error: { code: string; message: string } };
      assert.equal(error.code, code, `${query}: ${error.message}`);
      if (naming !== undefined) {
        assert.ok(error.message.includes(naming), `${query}: ${error.message}`);
      }
    },
  };
}

/** The values of one property. */
export const column = (rows: readonly Row[], name: string): readonly unknown[] => rows.map((row) => row[name]);

/** Ascending: null first, text by code point. For `toSorted`, which is stable: ties keep load order. */
export function ascending(left: unknown, right: unknown): number {
  if (left === right) {
    return 0;
  }
  if (left === null || right === null) {
    return left === null ? -1 : 1;
  }
  if (typeof left === 'string' && typeof right === 'string') {
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  }
  return Number(left) < Number(right) ? -1 : 1;
}

export const by = (name: string) => (left: Row, right: Row) => ascending(left[name], right[name]);
export const byDescending = (name: string) => (left: Row, right: Row) => ascending(right[name], left[name]);

/** A text as OData writes it into a URL. */
export const quoted = (text: string): string => encodeURIComponent(`'${text.replaceAll("'", "''")}'`);
