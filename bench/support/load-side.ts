import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { setsTouched } from '../../src/ingest/derive/derived-sets.ts';
import { loadFile } from '../../src/ingest/load/load-file.ts';
import { storedTable } from '../../src/ingest/stored/stored-table.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { migrate } from '../../src/warehouse/migrate.ts';
import { placeGroups } from '../../src/warehouse/placement/place-groups.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { postgresTime } from './processor-time.ts';

/** One load into a side. */
export interface SideLoad {
  readonly ms: number;
  /** Processor time in ms of this process and all servers of the side; null where the platform does not say, or they are elsewhere. */
  readonly processorTime: number | null;
  /** That were sent to the server which the gateway is connected to. */
  readonly statements: number;
}

/** A warehouse with nothing in it, which files are loaded into by this process. */
export class LoadSide {
  readonly name: string;
  readonly #catalogue: Catalogue;
  readonly #database: Database;
  /** All servers of it, the one that the gateway is connected to first. */
  readonly #servers: readonly Database[];
  readonly #statements: () => number;

  // biome-ignore lint/style/useConsistentMemberAccessibility: made by its static method alone, which waits for what it needs
  private constructor(
    name: string,
    catalogue: Catalogue,
    {
      servers,
      statements,
    }: { readonly servers: readonly [Database, ...Database[]]; readonly statements: () => number },
  ) {
    this.name = name;
    this.#catalogue = catalogue;
    [this.#database] = servers;
    this.#servers = servers;
    this.#statements = statements;
  }

  /** An empty database; `workers`: the same database on each worker of Citus, where the sources are spread over them. */
  static async open(
    name: string,
    catalogue: Catalogue,
    { url, workers = [] }: { readonly url: string; readonly workers?: readonly string[] },
  ): Promise<LoadSide> {
    let statements = 0;
    const observe = ({ event }: { readonly event: string }): void => {
      statements += event === 'statement' ? 1 : 0;
    };
    const prepared = await openDatabase({ connection: url });
    await migrate(prepared);
    await provision(prepared, catalogue);
    if (workers.length > 0) {
      await placeGroups(prepared, catalogue, () => {});
    }
    await prepared.close();
    const others = await Promise.all(workers.map((connection) => openDatabase({ connection })));
    const servers = [await openDatabase({ connection: url, observe }), ...others] as const;
    return new LoadSide(name, catalogue, { servers, statements: () => statements });
  }

  async close(): Promise<void> {
    for (const one of this.#servers) {
      await one.close();
    }
  }

  /** Nothing is loaded into a set, nor into what is made of it. */
  async empty(set: string): Promise<void> {
    for (const name of setsTouched(this.#catalogue, set)) {
      await this.#database.query(`TRUNCATE ${storedTable(this.#catalogue, name).name}`);
    }
    await this.#database.query('TRUNCATE gateway.load, gateway.confirmation CASCADE');
    await this.settle();
  }

  /** What servers do at moments of their own is done now. */
  async settle(): Promise<void> {
    for (const one of this.#servers) {
      await one.query('VACUUM (ANALYZE)');
      await one.query('CHECKPOINT');
    }
  }

  /** Loads a file as the gateway loads one of its drop folder. */
  async load(file: string): Promise<SideLoad> {
    const times = await Promise.all(this.#servers.map((database) => postgresTime({ database })));
    const used = (): number | null => {
      const all = times.map((time) => time());
      const { user, system } = process.cpuUsage();
      return all.includes(null) ? null : all.reduce<number>((sum, one) => sum + (one ?? 0), (user + system) / 1000);
    };
    const [before, sent, started] = [used(), this.#statements(), performance.now()];
    const result = await loadFile({ catalogue: this.#catalogue, database: this.#database }, file);
    const ms = performance.now() - started;
    if (result.state !== 'loaded') {
      throw new Error(`${this.name}: ${JSON.stringify(result)}`);
    }
    const after = used();
    return {
      ms,
      processorTime: before === null || after === null ? null : after - before,
      statements: this.#statements() - sent,
    };
  }
}
