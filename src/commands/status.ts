import { untoldAlerts } from '../alarm/outbox.ts';
import { type ArchiveFigures, archiveFigures } from '../ingest/ledger/archive-figures.ts';
import { troubledDeliveries, type UnfreshExport, unfreshExports } from '../ingest/ledger/freshness.ts';
import { type ExportSummary, exportSummaries, openRejectCounts } from '../ingest/ledger/load-summary.ts';
import { type OpenFile, openFiles } from '../ingest/ledger/open-files.ts';
import type { Database } from '../warehouse/database.ts';
import { type FeedTrouble, feedTroubles } from '../warehouse/feed-troubles.ts';
import { signInFindings } from './feeds/sign-in-findings.ts';
import { accessFindings } from './serving/access-works.ts';
import type { Finding } from './support/finding.ts';
import { type Surroundings, withLedger } from './support/surroundings.ts';

/** What `gateway status` tells a monitor by its exit code. */
export const statusCodes = { fine: 0, warning: 1, error: 2 } as const;

/** Refused files shown one by one. */
const shownFiles = 10;

const counted = (count: string, one: string): string => `${count} ${one}${count === '1' ? '' : 's'}`;

function sourceLine({ name, loads, rows, removed, refused, failed, last }: ExportSummary): string {
  const loaded = name === null ? [] : [counted(loads, 'load'), counted(rows, 'new row')];
  const others = [
    ...(removed === '0' ? [] : [`${removed} removed`]),
    ...(refused === '0' ? [] : [`${refused} refused`]),
    ...(failed === '0' ? [] : [`${failed} failed`]),
    ...(last === null ? [] : [`last ${last}`]),
  ];
  return `${name ?? 'files of no known export'}: ${[...loaded, ...others].join(', ')}`;
}

const archiveLine = ({ set, complete, copiedAt, lacking }: ArchiveFigures): string =>
  `archive of ${set}: ${complete ? '' : 'not whole yet, '}${copiedAt === null ? 'not copied yet' : `copied at ${copiedAt}`}${lacking === null ? '' : `; not as documented: ${lacking}`}`;

/**
 * `gateway status`: what was loaded, and what waits for somebody now, whatever once was. 0 where nothing does, 1 for warnings, 2 for errors,
 * also where there is no warehouse or it cannot be asked. Only reads: it makes and changes nothing.
 */
export async function statusCommand(surroundings: Surroundings, { json }: { readonly json: boolean }): Promise<number> {
  const { print } = surroundings;
  let asked: number | null = null;
  await withLedger(surroundings, async ({ database }) => {
    const exports = await exportSummaries(database);
    const archives = await archiveFigures(database);
    const findings = [
      ...accessFindings(surroundings.config, surroundings.environment),
      ...(await findingsOf(database)),
      ...(await signInFindings(database, surroundings)),
    ];
    asked = codeOf(findings);
    if (json) {
      print(JSON.stringify({ state: stateOf(findings), findings, exports, archives }));
      return asked;
    }
    if (exports.length === 0) {
      print('Nothing was loaded yet.');
    }
    for (const one of exports) {
      print(sourceLine(one));
    }
    for (const one of archives) {
      print(archiveLine(one));
    }
    for (const { level, message } of findings) {
      print(`${level}: ${message}`);
    }
    if (findings.length === 0) {
      print('Nothing waits for anybody.');
    }
    return asked;
  });
  return asked ?? statusCodes.error;
}

const codeOf = (findings: readonly Finding[]): number => statusCodes[stateOf(findings)];

function stateOf(findings: readonly Finding[]): keyof typeof statusCodes {
  if (findings.some(({ level }) => level === 'error')) {
    return 'error';
  }
  return findings.length > 0 ? 'warning' : 'fine';
}

/** What is said of an export whose files are missing. */
export function freshnessFinding({ name, state, due, missing, days }: UnfreshExport): Finding {
  const shown = days?.split(', ').length ?? 0;
  const since = days === null ? '' : ` (${missing > shown ? 'the last of them ' : ''}${days})`;
  const message =
    state === 'late'
      ? `${name}: the file due at ${due ?? ''} is not there; ${missing} ${missing === 1 ? 'is' : 'are'} missing${since}`
      : `${name}: ${missing} earlier ${missing === 1 ? 'file is' : 'files are'} missing${since}`;
  return { level: 'warning', kind: state === 'late' ? 'late-export' : 'missing-files', message };
}

const untoldFinding = (count: number): Finding => ({
  level: 'warning',
  kind: 'unsent-alerts',
  message: `${count} ${count === 1 ? 'alert was' : 'alerts were'} not taken by the webhook (gateway alert --test tries it)`,
});

const feedFinding = ({ source, kind, since, message }: FeedTrouble): Finding => ({
  level: 'warning',
  kind: `feed-${kind}`,
  message: `the proxied feed ${source}, since ${since}: ${message}`,
});

async function findingsOf(database: Database): Promise<readonly Finding[]> {
  const files = await openFiles(database);
  const rejects = await openRejectCounts(database);
  const unfresh = await unfreshExports(database);
  const deliveries = await troubledDeliveries(database);
  const untold = await untoldAlerts(database);
  const archives = await archiveFigures(database);
  const feeds = await feedTroubles(database);
  return [
    ...files.slice(0, shownFiles).map(fileFinding),
    ...(files.length > shownFiles
      ? [
          {
            level: 'error',
            kind: 'refused-file',
            message: `and ${files.length - shownFiles} more refused or failed files (Loads of the feed has them all)`,
          } as const,
        ]
      : []),
    ...unfresh.map(freshnessFinding),
    ...deliveries.map(({ kind, message }): Finding => ({ level: 'warning', kind, message })),
    ...archives.flatMap(({ set, failing }): readonly Finding[] => {
      if (failing === null) {
        return [];
      }
      const { since, code, message } = failing;
      const text = `${set}: not copied into its archive since ${since}: ${code}: ${message}`;
      return [{ level: 'warning', kind: 'archive-failing', message: text }];
    }),
    ...feeds.map(feedFinding),
    ...(untold === 0 ? [] : [untoldFinding(untold)]),
    ...rejects.map(
      ({ code, n }): Finding => ({
        level: 'warning',
        kind: 'open-rejects',
        message: `rejected rows to look at: ${n} ${code} (gateway rejects --code ${code})`,
      }),
    ),
  ];
}

function fileFinding({ load_id: load, path, state, code, seen_at: at }: OpenFile): Finding {
  const message = `${path} was ${state} at ${at}: ${code}. Load it again, or gateway dismiss --load ${load} --reason TEXT`;
  return { level: 'error', kind: 'refused-file', message };
}
