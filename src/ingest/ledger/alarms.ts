import type { Database, Transaction } from '../../warehouse/database.ts';
import { signInNoticeDays, signInStates } from '../../warehouse/sign-ins.ts';
import { type AlertKind, raiseAlert } from './alerts.ts';
import { archiveFigures } from './archive-figures.ts';
import { troubledDeliveries, unfreshExports } from './freshness.ts';

/** Something that is wrong as long as it lasts. */
interface Alarm {
  readonly kind: keyof typeof endings;
  readonly subject: string;
  /** Another one where it is wrong anew: a further file that did not come. */
  readonly occurrence: string;
  readonly source: string | null;
  readonly export: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What is told when it is over. */
const endings = {
  'file.missing': 'file.arrived',
  'fetch.failed': 'fetch.restored',
  'upload.stuck': 'upload.finished',
  'archive.failed': 'archive.restored',
  'signin.missing': 'signin.restored',
  'signin.ended': 'signin.restored',
  'access.refused': 'access.restored',
} as const satisfies Partial<Record<AlertKind, AlertKind>>;

/**
 * Looks at what is wrong now (late exports, deliveries whose rounds fail, stuck uploads, archives that are not copied, sign-ins that end, or were never made)
 * and raises an alert for what was not told yet, and one for what is over. One gateway at a time: where another one looks, nothing happens. `signedIn`: sources
 * whose feeds want the sign-in of a person. `rules`: why the file of rules is not taken over; null: it is. Resolves to how many alerts were raised.
 */
export function checkAlarms(
  database: Database,
  signedIn: readonly string[] = [],
  rules: string | null = null,
): Promise<number> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ mine: boolean }>(
      `SELECT pg_try_advisory_xact_lock(hashtextextended('gateway.alarms', 0)) AS mine`,
    );
    return rows[0]?.mine === true ? settle(transaction, { signedIn, rules }) : 0;
  });
}

interface Known {
  readonly signedIn: readonly string[];
  readonly rules: string | null;
}

async function settle(transaction: Transaction, { signedIn, rules }: Known): Promise<number> {
  const now = [...(await alarmsOf(transaction, signedIn)), ...(rules === null ? [] : [refusedRules(rules)])];
  const { rows: told } = await transaction.query<ToldAlarm>(
    `SELECT kind, subject, occurrence, source, export, details FROM gateway.alarm`,
  );
  const news = now.filter((one) => !told.some((other) => isSame(one, other) && one.occurrence === other.occurrence));
  const over = told.filter((one) => !now.some((other) => isSame(one, other)));
  for (const one of news) {
    await transaction.query(
      `INSERT INTO gateway.alarm (kind, subject, occurrence, source, export, details) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (kind, subject) DO UPDATE SET occurrence = excluded.occurrence, details = excluded.details, raised_at = excluded.raised_at`,
      [one.kind, one.subject, one.occurrence, one.source, one.export, JSON.stringify(one.details)],
    );
    await raiseAlert(transaction, one);
  }
  for (const one of over) {
    await transaction.query(`DELETE FROM gateway.alarm WHERE kind = $1 AND subject = $2`, [one.kind, one.subject]);
    await raiseAlert(transaction, { ...one, kind: endings[one.kind] });
  }
  return news.length + over.length;
}

interface ToldAlarm extends Record<string, unknown>, Alarm {}

const isSame = (one: Alarm, other: Alarm): boolean => one.kind === other.kind && one.subject === other.subject;

const refusedRules = (fault: string): Alarm => ({
  ...{ kind: 'access.refused', subject: 'ACCESS_FILE', occurrence: fault, source: null, export: null },
  details: { fault },
});

async function alarmsOf(transaction: Transaction, signedIn: readonly string[]): Promise<readonly Alarm[]> {
  const late = (await unfreshExports(transaction))
    .filter(({ state }) => state === 'late')
    .map(({ name, due, missing, days }): Alarm => {
      const [source = '', of = ''] = name.split('/');
      const details = { due, missing, days };
      return { kind: 'file.missing', subject: name, occurrence: due ?? '', source, export: of, details };
    });
  const troubled = (await troubledDeliveries(transaction)).map(({ kind, source, delivery, what, since }): Alarm => {
    const failed = kind === 'failed-fetch';
    return {
      kind: failed ? 'fetch.failed' : 'upload.stuck',
      subject: failed ? delivery : `${delivery}/${what}`,
      occurrence: since,
      source,
      export: null,
      details: { delivery, since, ...(failed ? { code: what } : { path: what }) },
    };
  });
  const kept = await signInStates(transaction);
  const missing = signedIn
    .filter((source) => !kept.some((one) => one.source === source))
    .map(
      (source): Alarm => ({
        kind: 'signin.missing',
        subject: source,
        occurrence: '',
        source,
        export: null,
        details: {},
      }),
    );
  const signIns = kept
    .filter(({ ended, days }) => ended !== null || days < signInNoticeDays)
    .map(
      ({ source, endsOn, days, ended }): Alarm => ({
        ...{ kind: 'signin.ended', subject: source, occurrence: ended ?? endsOn, source, export: null },
        details: ended === null ? { endsOn, days } : { reason: ended },
      }),
    );
  return [...late, ...troubled, ...(await failedArchives(transaction)), ...missing, ...signIns];
}

/** Seconds for which a feed may be away, or busy, before somebody is told: copies are made again and again. */
const patience = 3600;
const passing: ReadonlySet<string> = new Set(['UpstreamUnavailable', 'Busy']);

async function failedArchives(transaction: Transaction): Promise<readonly Alarm[]> {
  return (await archiveFigures(transaction)).flatMap(({ source, set, copiedAt, failing }): readonly Alarm[] => {
    if (failing === null || (passing.has(failing.code) && failing.seconds < patience)) {
      return [];
    }
    const { since, code } = failing;
    const told = { subject: set, occurrence: `${since} ${code}`, source, export: null };
    return [{ kind: 'archive.failed', ...told, details: { set, since, code, copiedAt } }];
  });
}
