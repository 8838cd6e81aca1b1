import type { Access } from '../../access/access.ts';
import type { Config } from '../../config.ts';
import type { ConsoleService, ReplayOutcome } from '../../http/console/console-service.ts';
import { dismiss } from '../../ingest/ledger/reject-work.ts';
import type { IngestContext } from '../../ingest/load/load-file.ts';
import { replayRejects } from '../../ingest/load/replay-rejects.ts';
import { modelSections } from '../../unify/model-page.ts';
import type { Database } from '../../warehouse/database.ts';
import type { ConnectedUpstreams } from '../feeds/connect-upstreams.ts';
import { programVersion } from '../support/version.ts';
import { builtFiles } from './built-files.ts';
import { feedStates } from './feed-states.ts';

export interface ConsoleParts {
  readonly config: Pick<Config, 'reportingTimeZone'>;
  readonly proxied: Pick<ConnectedUpstreams, 'upstreams' | 'feeds'>;
  readonly access: Pick<Access, 'allows'>;
  /** As its owner: what is said of feeds is none of the loads' business. */
  readonly owner: Database;
  /** Throws StorageFull where the disk of the database is full. */
  readonly requireSpace: () => void;
}

/** What the console is given of loads, feeds and the model: serving knows none of these itself. */
export function consoleWorks(context: IngestContext, parts: ConsoleParts): ConsoleService {
  const { catalogue, database } = context;
  const { config, proxied, access, owner, requireSpace } = parts;
  return {
    version: programVersion(),
    reportingTimeZone: config.reportingTimeZone,
    files: builtFiles,
    feeds: () => feedStates({ catalogue, proxied, database: owner }),
    model: () => modelSections(catalogue),
    mayOperate: (principal) => access.allows(principal, 'replay'),
    replay: async ({ ids, ...which }) => {
      requireSpace();
      const results = await replayRejects(context, { ...which, ...(ids === undefined ? {} : { rejectIds: ids }) });
      return results.reduce<ReplayOutcome>(
        (sum, { asked, tried, replayed, removed }) => ({
          asked: sum.asked + asked,
          tried: sum.tried + tried,
          replayed: sum.replayed + replayed,
          removed: sum.removed + removed,
        }),
        { asked: 0, tried: 0, replayed: 0, removed: 0 },
      );
    },
    dismiss: (which, word) => database.transaction((transaction) => dismiss(transaction, which, word)),
  };
}
