import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before } from 'mocha';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { loaderName } from '../../../src/embedded/address.ts';
import { type LoadOptions, type LoadResult, loadFile } from '../../../src/ingest/load/load-file.ts';
import type { Database, DatabaseRow } from '../../../src/warehouse/database.ts';
import { giveToLoader } from '../../../src/warehouse/loader-role.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { provisionedDatabase } from '../../support/made-databases.ts';
import { withoutUnified } from '../../support/without-unified.ts';

/** A provisioned database and a folder for files, for one `describe`. */
export interface Feed {
  readonly catalogue: Catalogue;
  readonly database: Database;
  readonly folder: string;
  readonly connectionString: string;
  /** Writes a file whose modification time is `minute` minutes after a fixed moment, and loads it. */
  load(name: string, content: string | Buffer, options?: LoadOptions & { minute?: number }): Promise<LoadResult>;
  write(name: string, content: string | Buffer, minute?: number): string;
  rows<Row extends DatabaseRow = DatabaseRow>(sql: string): Promise<readonly Row[]>;
}

/** Without the sets over all sources, which have tests of their own: each load would make their rows, too. */
export const catalogue = withoutUnified(catalogueOf(metadataFolder));
export const anchor = Date.UTC(2026, 0, 1);

/** Files are loaded as the role that has no other rights than loads need, whatever the tests do besides. */
const asLoader = process.env['TESTS_AS_LOADER'] === '1';

async function loaderOn(database: Database, connectionString: string): Promise<Database> {
  const refused = await giveToLoader(database, loaderName);
  if (refused !== null) {
    throw new Error(refused);
  }
  const url = new URL(connectionString);
  url.username = loaderName;
  return openDatabase({ connection: url.href });
}

export function useFeed(of: Catalogue = catalogue): () => Feed {
  let feed: Feed | null = null;
  let drop: (() => Promise<void>) | null = null;
  before(async () => {
    const test = await provisionedDatabase(of);
    const database = await openDatabase({ connection: test.connectionString });
    const loads = asLoader ? await loaderOn(database, test.connectionString) : database;
    const folder = mkdtempSync(join(tmpdir(), 'gateway-ingest-'));
    const write = (name: string, content: string | Buffer, minute = 0): string => {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      const time = new Date(anchor + minute * 60_000);
      utimesSync(path, time, time);
      return path;
    };
    feed = {
      catalogue: of,
      database,
      folder,
      connectionString: test.connectionString,
      write,
      load: (name, content, { minute, ...options } = {}) =>
        loadFile({ catalogue: of, database: loads }, write(name, content, minute), options),
      rows: async <Row extends DatabaseRow>(sql: string) => (await database.query<Row>(sql)).rows,
    };
    drop = async () => {
      await database.close();
      await (loads === database ? null : loads.close());
      await test.drop();
      rmSync(folder, { recursive: true, force: true });
    };
  });
  after(async () => drop?.());
  return () => {
    if (feed === null) {
      throw new Error('the feed is not open yet');
    }
    return feed;
  };
}

/** CSV text of rows, quoted where needed. */
export function csv(rows: readonly (readonly (string | number | null)[])[], delimiter = ','): string {
  const cell = (value: string | number | null): string => {
    const text = value === null ? '' : String(value);
    return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${rows.map((row) => row.map(cell).join(delimiter)).join('\n')}\n`;
}

/** A file of an export: its documented headers, and rows given by property; missing cells are empty. */
export function exportFile(
  name: string,
  rows: readonly Readonly<Record<string, string | number | null>>[],
  of: Catalogue = catalogue,
): string {
  const target = of.exports.find((one) => `${one.source}/${one.name}` === name);
  if (target === undefined) {
    throw new Error(`no export ${name}: ${of.exports.map((one) => `${one.source}/${one.name}`)}`);
  }
  return csv([
    target.columns.map((column) => column.headers[0]?.text ?? ''),
    ...rows.map((row) => target.columns.map((column) => row[column.property] ?? null)),
  ]);
}
