import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ErrorCode, errorCatalogue } from '../../../src/error-catalogue.ts';
import type { Database, DatabaseRow } from '../../../src/warehouse/database.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { testDatabase } from '../../support/postgres.ts';
import { gatewayCommand, type Outcome } from './command-line.ts';

type Keys = Readonly<Record<string, unknown>>;

/** Keys of a set's metadata file; what each needs and no scenario is about is added. */
export interface SetFile extends Keys {
  readonly properties: Readonly<Record<string, Keys>>;
}

/** A gateway's folders and database, its metadata made up, for one scenario after the other. */
export class World {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-remedies-'));
  readonly #drop: () => Promise<void>;
  readonly #database: Database;
  readonly #environment: Readonly<Record<string, string>>;

  // biome-ignore lint/style/useConsistentMemberAccessibility: made by its static method alone, which waits for what it needs
  private constructor(database: Database, connectionString: string, drop: () => Promise<void>) {
    this.#database = database;
    this.#drop = drop;
    this.#environment = {
      DATA_DIR: path.join(this.folder, 'data'),
      METADATA_DIR: path.join(this.folder, 'metadata'),
      DATABASE_URL: connectionString,
    };
  }

  static async open(): Promise<World> {
    const test = await testDatabase();
    return new World(await openDatabase({ connection: test.connectionString }), test.connectionString, test.drop);
  }

  /** Empty database, empty folders. */
  async begin(): Promise<void> {
    await this.#database.query(
      'DROP SCHEMA IF EXISTS feed CASCADE; DROP SCHEMA IF EXISTS gateway_archive CASCADE; DROP SCHEMA IF EXISTS gateway CASCADE',
    );
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder);
  }

  async close(): Promise<void> {
    await this.#database.close();
    await this.#drop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Writes the metadata file of a set; JSON is YAML. */
  metadata(name: string, { properties, ...set }: SetFile, source = 'acme'): void {
    const filled = Object.entries(properties).map(([property, given]) => {
      const { type = 'String' } = given as { type?: string };
      const example = { DateTimeOffset: '2026-01-01T00:00:00Z', Date: '2026-01-01', Boolean: 'yes', Binary: 'AQID' }[
        type
      ];
      return [property, { type, personalData: 'none', description: 'Of the test.', example: example ?? '1', ...given }];
    });
    const text = {
      title: name,
      description: 'Of the test.',
      write: { mode: 'upsert' },
      ...set,
      properties: Object.fromEntries(filled),
    };
    const about = {
      title: source,
      description: 'Of the test.',
      kind: 'files',
      prefix: source === 'acme' ? 'Acme' : 'Beta',
    };
    this.file(`metadata/${source}/source.yaml`, JSON.stringify(about));
    this.file(`metadata/${source}/${name}.yaml`, JSON.stringify(text));
  }

  /** Writes a file whose time is `minute` minutes after a fixed moment; gives its path. */
  file(name: string, content: string | Buffer, minute = 0): string {
    const file = path.join(this.folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    const time = new Date(Date.UTC(2026, 0, 1) + minute * 60_000);
    utimesSync(file, time, time);
    return file;
  }

  run(line: string): Promise<Outcome> {
    return gatewayCommand(line, this.#environment);
  }

  /** Runs a command that ends with this error, or whose file does, and prints what to do as the documents do. */
  async fails(code: ErrorCode, line: string): Promise<string> {
    const outcome = await this.run(line);
    assert.notEqual(outcome.code, 0, outcome.output);
    assert.ok(outcome.output.includes(`${code}: `), `${line} gives no ${code}:\n${outcome.output}`);
    assert.ok(outcome.output.includes(errorCatalogue[code].remedy), `${line} prints no remedy:\n${outcome.output}`);
    return outcome.output;
  }

  /** Runs a command that does what it is there for. */
  async works(line: string): Promise<string> {
    const outcome = await this.run(line);
    assert.equal(outcome.code, 0, `${line}:\n${outcome.output}`);
    return outcome.output;
  }

  /** Cells of all rows of a query, joined. */
  async rows(sql: string): Promise<readonly string[]> {
    const { rows } = await this.#database.query<DatabaseRow>(sql);
    return rows.map((row) => Object.values(row).map(String).join('|'));
  }
}

/** What the remedy of a code prints that fits the pattern. */
export function printed(code: ErrorCode, pattern: RegExp): string {
  const found = pattern.exec(errorCatalogue[code].remedy)?.[0];
  assert.ok(found !== undefined, `the remedy of ${code} does not say ${String(pattern)}`);
  return found;
}
