import type { Catalogue, StoredSet } from '../catalogue/catalogue.ts';
import { everyone } from '../observation/observe.ts';
import { quoteRelation } from '../sql/identifier.ts';
import type { Database } from '../warehouse/database.ts';
import { requireMigrated } from '../warehouse/migrate.ts';
import { placeGroups } from '../warehouse/placement/place-groups.ts';
import { citusServers, type Places, placeName, placesOf } from '../warehouse/placement/places.ts';
import { groupName, sourceGroups } from '../warehouse/placement/source-groups.ts';
import { prepare } from './migrate.ts';
import { storedRowsTo } from './support/console.ts';
import { exitCodes } from './support/exit-code.ts';
import { catalogueOf, type Surroundings, withExistingWarehouse } from './support/surroundings.ts';

export interface PlaceFlags {
  readonly dryRun?: boolean;
}

/** `gateway place`: spreads the sources of a warehouse over the servers of Citus, and says what lies where. */
export async function placeCommand(surroundings: Surroundings, { dryRun = false }: PlaceFlags): Promise<number> {
  const { print } = surroundings;
  const catalogue = catalogueOf(surroundings);
  return withExistingWarehouse(surroundings, async ({ database }) => {
    const servers = await citusServers(database);
    if (servers === null) {
      print(
        'There is no Citus in this database, so its tables lie on one server. docs/scale.md says when Citus is worth having, and how it comes in.',
      );
      return exitCodes.failed;
    }
    if (servers.workers.length === 0) {
      print('Citus has no server here that tables can lie on: add one with citus_add_node, as docs/scale.md says.');
      return exitCodes.failed;
    }
    if (dryRun) {
      await requireMigrated(database);
    } else {
      await prepare(database, catalogue, { observe: everyone(surroundings.observe, storedRowsTo(print)) });
      await placeGroups(database, catalogue, (group, tables) =>
        print(
          tables === 0
            ? `${groupName(group)}: lies where it lay`
            : `${groupName(group)}: laid on a worker, ${String(tables)} tables`,
        ),
      );
    }
    await printPlaces(surroundings, database, { catalogue, dryRun });
    return exitCodes.ok;
  });
}

async function printPlaces(
  { print }: Pick<Surroundings, 'print'>,
  database: Database,
  { catalogue, dryRun }: { readonly catalogue: Catalogue; readonly dryRun: boolean },
): Promise<void> {
  const places = await placesOf(database);
  const totals = new Map<string, Size & { tables: number }>();
  const groupOf = new Map(
    sourceGroups(catalogue).flatMap((group) => group.sets.map((set) => [set.name, groupName(group)] as const)),
  );
  const sets = [...catalogue.sets.values()].filter((set) => set.kind === 'stored' && set.role !== 'ledger');
  for (const set of sets) {
    const size = set.kind === 'stored' ? await sizeOf(database, set, places) : null;
    if (size === null || set.kind !== 'stored') {
      continue;
    }
    const group = groupOf.get(set.name);
    const server = places.get(placeName(set.relation))?.server;
    const unified = catalogue.sources.get(set.source)?.kind === 'builtin';
    const there = server ?? (unified ? 'coordinator, for all sources' : 'coordinator');
    const goes = dryRun && server === undefined && group !== undefined ? `, to lie with ${group} on a worker` : '';
    print(`${set.name}: ${there}${goes}, ${count(size.rows)} rows, ${megabytes(size.bytes)}`);
    const where = goes === '' ? (server ?? 'coordinator') : `a worker, with ${group ?? ''}`;
    const total = totals.get(where) ?? { tables: 0, rows: 0, bytes: 0 };
    totals.set(where, {
      tables: total.tables + 1,
      rows: total.rows + size.rows,
      bytes: total.bytes + size.bytes,
    });
  }
  for (const [where, { tables, rows, bytes }] of [...totals].sort()) {
    print(`on ${where}: ${String(tables)} tables, ${count(rows)} rows, ${megabytes(bytes)}`);
  }
  print(
    'Sets over all sources, the ledger and copies of feeds stay on the coordinator: their rows take its disk, and a request that joins them with rows of a source brings those there.',
  );
  if (!dryRun) {
    print('Restart gateways that run: until then they may read a version of a moment beside that of the rows.');
  }
}

interface Size {
  readonly rows: number;
  readonly bytes: number;
}

/** null: the set has no table yet. */
async function sizeOf(database: Database, { relation }: StoredSet, places: Places): Promise<Size | null> {
  const table = quoteRelation(relation);
  const { rows: there } = await database.query<{ there: boolean }>(`SELECT to_regclass($1) IS NOT NULL AS there`, [
    table,
  ]);
  if (there[0]?.there !== true) {
    return null;
  }
  const bytesOf = places.has(placeName(relation)) ? 'citus_total_relation_size' : 'pg_total_relation_size';
  const bytes = await database.query<{ bytes: string }>(`SELECT ${bytesOf}($1::regclass)::text AS bytes`, [table]);
  const rows = await database.query<{ n: string }>(`SELECT count(*)::text AS n FROM ${table}`);
  return { rows: Number(rows.rows[0]?.n ?? 0), bytes: Number(bytes.rows[0]?.bytes ?? 0) };
}

const count = (number: number): string => number.toLocaleString('en-US');
const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;
