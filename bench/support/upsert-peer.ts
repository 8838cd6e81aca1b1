import { createReadStream } from 'node:fs';
import type { Export } from '../../src/catalogue/catalogue.ts';
import { storedTable } from '../../src/ingest/stored/stored-table.ts';
import { quoteIdentifier } from '../../src/sql/identifier.ts';
import { hasPsql, runPsql } from './copy.ts';
import { processorTime } from './gateway.ts';
import type { BenchWarehouse } from './warehouse.ts';

/** What it is called in tables. */
export const upsertName = hasPsql ? 'psql' : 'the same statements over pg (there is no psql)';

/**
 * What somebody with `psql` does with an export: COPY into a table of text, then one `INSERT ... SELECT ... ON CONFLICT DO UPDATE` with
 * casts, into a table like the set's, with the same indexes.
 */
export class UpsertPeer {
  readonly table = 'public.peer_rows';
  readonly #warehouse: BenchWarehouse;
  readonly #statements: readonly [copy: string, upsert: string];

  constructor(warehouse: BenchWarehouse, target: Export) {
    this.#warehouse = warehouse;
    const stored = storedTable(warehouse.catalogue, target.set);
    const columns = target.columns.map(({ property }) => {
      const { name, sqlType } = stored.columns.get(property) ?? { name: property, sqlType: 'text' };
      return { name: quoteIdentifier(name), sqlType };
    });
    const names = columns.map(({ name }) => name).join(', ');
    const key = stored.key.map(quoteIdentifier);
    const casts = columns.map(({ name, sqlType }) => `nullif(${name}, '')::${sqlType}`).join(', ');
    const others = columns.filter(({ name }) => !key.includes(name));
    const updates = others.map(({ name }) => `${name} = excluded.${name}`).join(', ');
    this.#statements = [
      `COPY public.peer_staging (${names}) FROM STDIN (FORMAT csv, HEADER true)`,
      `INSERT INTO ${this.table} (${names}) SELECT ${casts} FROM public.peer_staging ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${updates}`,
    ];
    this.#create = [
      `DROP TABLE IF EXISTS ${this.table}, public.peer_staging`,
      `CREATE TABLE ${this.table} (LIKE ${stored.name} INCLUDING ALL)`,
      `CREATE UNLOGGED TABLE public.peer_staging (${columns.map(({ name }) => `${name} text`).join(', ')})`,
    ];
  }

  readonly #create: readonly string[];

  /** Its tables, empty. */
  async empty(): Promise<void> {
    for (const statement of this.#create) {
      await this.#warehouse.database.query(statement);
    }
  }

  /** Milliseconds, the start of psql included. */
  async load(file: string): Promise<number> {
    const [copy, upsert] = this.#statements;
    await this.#warehouse.database.query('TRUNCATE public.peer_staging');
    if (hasPsql) {
      return runPsql(this.#warehouse, ['-1', '-c', `SET TimeZone TO 'UTC'`, '-c', copy, '-c', upsert], file);
    }
    const started = performance.now();
    await this.#overPg(file, () => undefined);
    return performance.now() - started;
  }

  /** Milliseconds of processor time that PostgreSQL takes for the upsert, which other work on the machine does not change; null: not known here. */
  async processorTime(file: string): Promise<number | null> {
    const times: (number | null)[] = [];
    await this.#warehouse.database.query('TRUNCATE public.peer_staging');
    await this.#overPg(file, (pid) => times.push(processorTime(pid)));
    const [before = null, after = null] = times;
    return before === null || after === null ? null : after - before;
  }

  /** `around` is told the server's process before the upsert and after it. */
  async #overPg(file: string, around: (pid: number) => void): Promise<void> {
    const [copy, upsert] = this.#statements;
    await this.#warehouse.database.transaction(async (transaction) => {
      const { rows } = await transaction.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await transaction.query(`SET LOCAL TimeZone TO 'UTC'`);
      await transaction.copyIn(copy, createReadStream(file));
      around(rows[0]?.pid ?? 0);
      await transaction.query(upsert);
      around(rows[0]?.pid ?? 0);
    });
  }
}
