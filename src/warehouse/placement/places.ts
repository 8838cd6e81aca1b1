import type { Catalogue, SetHistory } from '../../catalogue/catalogue.ts';
import type { Database, Transaction } from '../database.ts';
import { historyOf, placedSchema, sourceGroups } from './source-groups.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** Whether Citus is in the database, and which servers it can lay tables on. */
export interface Servers {
  /** `host:port` of each; without other servers the coordinator is the only one. */
  readonly workers: readonly string[];
}

/** null: there is no Citus in the database. */
export async function citusServers(asker: Asker): Promise<Servers | null> {
  const { rows: there } = await asker.query<{ there: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') AS there`,
  );
  if (there[0]?.there !== true) {
    return null;
  }
  const { rows } = await asker.query<{ server: string }>(
    `SELECT nodename || ':' || nodeport AS server FROM pg_dist_node WHERE isactive AND shouldhaveshards ORDER BY 1`,
  );
  return { workers: rows.map(({ server }) => server) };
}

/** Where a table lies, by its name as SQL has it (`schema.name`, quoted where it has to be). */
export type Places = ReadonlyMap<string, { readonly server: string; readonly group: string }>;

/** Distributed tables of the gateway. Only where there is Citus. */
export async function placesOf(asker: Asker): Promise<Places> {
  const { rows } = await asker.query<{ name: string; server: string; group: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, min(d.nodename || ':' || d.nodeport) AS server, p.colocationid::text AS group
       FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_dist_shard s ON s.logicalrelid = p.logicalrelid JOIN pg_dist_placement l ON l.shardid = s.shardid
       JOIN pg_dist_node d ON d.groupid = l.groupid AND d.noderole = 'primary'
      WHERE n.nspname IN ('feed', '${placedSchema}') GROUP BY 1, p.colocationid`,
  );
  return new Map(rows.map(({ name, server, group }) => [name, { server, group }]));
}

/** The name of a table as `Places` has it. */
export const placeName = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  `${named(schema)}.${named(name)}`;

/** As `format('%I')`: all names of sets have capitals or are quoted for their signs; those of our own schemas are not. */
const named = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

/** The catalogue with the history of each placed set where it lies: whoever reads by it gets rows and version of one moment. */
export async function withHistories(asker: Asker, catalogue: Catalogue): Promise<Catalogue> {
  const { rows: there } = await asker.query<{ there: boolean }>(
    `SELECT to_regclass('${placedSchema}.home') IS NOT NULL AS there`,
  );
  if (there[0]?.there !== true) {
    return catalogue;
  }
  const { rows } = await asker.query<{ name: string }>(`SELECT entity_set AS name FROM ${placedSchema}.home`);
  const placed = new Set(rows.map(({ name }) => name));
  const histories = new Map<string, SetHistory>(
    sourceGroups(catalogue).flatMap((group) => group.sets.map(({ name }) => [name, historyOf(group)] as const)),
  );
  const sets = [...catalogue.sets].map(([name, set]) => {
    const history = placed.has(name) ? histories.get(name) : undefined;
    return [name, set.kind === 'stored' && history !== undefined ? { ...set, history } : set] as const;
  });
  return { ...catalogue, sets: new Map(sets) };
}
