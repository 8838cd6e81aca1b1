import { type ArchiveContext, Archives } from '../../archive/archives.ts';
import { archiveRecords } from '../../archive/records.ts';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { ScheduledWork } from '../../ingest/delivery/schedules.ts';
import type { Database } from '../../warehouse/database.ts';
import { oncePerMoment } from '../../warehouse/shared/scheduled-work.ts';
import { signInStore } from '../../warehouse/sign-ins.ts';
import { type ConnectedUpstreams, connectUpstreams } from '../feeds/connect-upstreams.ts';
import { signInKeys } from '../sharing/open-sharing.ts';
import type { Surroundings } from '../support/surroundings.ts';

/** The proxied feeds, and what is kept of them. */
export interface ConnectedArchives {
  readonly proxied: ConnectedUpstreams;
  readonly archives: Archives;
}

/** Connects the feeds, and looks which archives there are of them; again whenever a feed declares something else. */
export async function connectArchives(
  surroundings: Surroundings,
  catalogue: Catalogue,
  database: Database,
): Promise<ConnectedArchives> {
  const kept = new Set((await archiveRecords(database)).map(({ source }) => source));
  const keys = signInKeys(surroundings);
  const keeping = {
    store: signInStore(database),
    get secrets() {
      return keys();
    },
  };
  const proxied = await connectUpstreams(surroundings, catalogue, { kept, keeping });
  const { feeds, modelled } = proxied;
  const { observe } = surroundings;
  const context: ArchiveContext = { database, documents: catalogue, live: proxied.catalogue, feeds, modelled, observe };
  const archives = new Archives(context);
  try {
    await archives.look();
  } catch (error) {
    await proxied.close();
    throw error;
  }
  proxied.onChange(() => {
    archives.look().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      surroundings.observe({ event: 'scan-failed', work: 'archives', reason });
    });
  });
  return { proxied, archives };
}

/** The sources whose sets are kept, each on its schedule, each moment of which comes once among the gateways of a database. */
export function archiveWorks(
  catalogue: Catalogue,
  archives: Pick<Archives, 'run'>,
  {
    database,
    signal,
    source: only,
  }: {
    readonly database: Pick<Database, 'query' | 'exclusively'>;
    readonly signal: AbortSignal;
    readonly source?: string | undefined;
  },
): readonly ScheduledWork[] {
  return [...catalogue.sources.values()].flatMap(({ name, archive }) => {
    if (archive === undefined || !isKept(catalogue, name) || (only !== undefined && only !== name)) {
      return [];
    }
    const copy = async (): Promise<boolean> => {
      await archives.run({ source: name, signal });
      return true;
    };
    const work = `archive of ${name}`;
    const run = (moment: Date | null) => oncePerMoment(database, { name: work, moment, signal }, copy);
    return [{ name: work, expression: archive.schedule, run }];
  });
}

/** Whether anything of a source is kept. */
export const isKept = (catalogue: Catalogue, source: string): boolean =>
  (catalogue.sources.get(source)?.archive?.sets ?? null) !== null ||
  [...catalogue.sets.values()].some(
    (set) => set.kind === 'upstream' && set.source === source && set.archive !== undefined,
  );
