import type { Database, Transaction } from '../warehouse/database.ts';

/** An alert that is to be sent. */
export interface OutgoingAlert extends Record<string, unknown> {
  readonly alert_id: string;
  readonly message_id: string;
  readonly kind: string;
  readonly source: string | null;
  readonly export: string | null;
  readonly details: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly raised: string;
  readonly attempts: number;
}

/** How much is sent one by one; the rest goes into digests. */
export interface OutboxLimits {
  /** Alerts of a kind that are sent by themselves in an hour. */
  readonly singles: number;
  /** Minutes between two digests of a kind. */
  readonly digestMinutes: number;
}

const returned = `alert_id::text, message_id::text, kind, source, export, details, to_char(raised_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS raised, attempts`;

/** Alerts of one kind that nobody was told of yet. */
interface NewAlerts extends Record<string, unknown> {
  readonly kind: string;
  readonly n: number;
  /** Alerts of the kind that were told by themselves within an hour. */
  readonly told: number;
  /** A digest of the kind was made a short while ago. */
  readonly digested: boolean;
}

/**
 * Takes alerts that are due for this gateway, the oldest first: for five minutes nobody else takes them, so what a gateway that dies had taken is sent by
 * another one. Of a kind of which there are too many all new ones become one digest first, or wait for the next.
 */
export function takeAlerts(database: Database, limits: OutboxLimits, most: number): Promise<readonly OutgoingAlert[]> {
  return database.transaction(async (transaction) => {
    await transaction.query(`SELECT pg_advisory_xact_lock(hashtextextended('gateway.outbox', 0))`);
    // From before there was a gateway that tells: news of some days ago is none.
    await transaction.query(
      `UPDATE gateway.alert SET state = 'kept', done_at = now() WHERE state = 'pending' AND attempts = 0 AND raised_at < now() - interval '3 days'`,
    );
    const { rows: kinds } = await transaction.query<NewAlerts>(
      `SELECT p.kind, count(*)::integer AS n,
              (SELECT count(*)::integer FROM gateway.alert t WHERE t.kind = p.kind AND t.state <> 'digested' AND t.first_attempt_at > now() - interval '1 hour') AS told,
              EXISTS (SELECT FROM gateway.alert d WHERE d.kind = 'digest' AND d.details ->> 'type' = p.kind AND d.raised_at > now() - make_interval(mins => $1)) AS digested
         FROM gateway.alert p WHERE p.state = 'pending' AND p.attempts = 0 AND p.kind <> 'digest' GROUP BY p.kind`,
      [limits.digestMinutes],
    );
    const tooMany = kinds.filter(({ n, told }) => told + n > limits.singles);
    for (const { kind } of tooMany.filter(({ digested }) => !digested)) {
      await digest(transaction, kind);
    }
    const { rows } = await transaction.query<OutgoingAlert>(
      `UPDATE gateway.alert SET attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, now()), next_attempt_at = now() + interval '5 minutes'
        WHERE alert_id IN (SELECT alert_id FROM gateway.alert WHERE state = 'pending' AND next_attempt_at <= now() AND NOT (attempts = 0 AND kind = ANY($1)) ORDER BY alert_id LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING ${returned}`,
      [tooMany.map(({ kind }) => kind), most],
    );
    return [...rows].sort((a, b) => Number(a.alert_id) - Number(b.alert_id));
  });
}

/** All new alerts of a kind as one, with how many they are of which export. */
async function digest(transaction: Transaction, kind: string): Promise<void> {
  const { rows } = await transaction.query<{ id: string }>(
    `INSERT INTO gateway.alert (kind, details)
     SELECT 'digest', jsonb_build_object('type', $1::text, 'count', sum(n), 'first', min(first), 'last', max(last), 'exports', (array_agg(jsonb_build_object('source', source, 'export', export, 'count', n) ORDER BY n DESC, source, export))[1:20])
       FROM (SELECT source, export, count(*) AS n, min(raised_at) AS first, max(raised_at) AS last FROM gateway.alert WHERE kind = $1 AND state = 'pending' AND attempts = 0 GROUP BY 1, 2) AS g
     RETURNING alert_id::text AS id`,
    [kind],
  );
  await transaction.query(
    `UPDATE gateway.alert SET state = 'digested', digest_id = $2, done_at = now() WHERE kind = $1 AND state = 'pending' AND attempts = 0`,
    [kind, rows[0]?.id],
  );
}

/** What was told to nobody yet is nobody's news: it is kept, and not sent. */
export async function keepUntold(database: Database): Promise<void> {
  await database.query(
    `UPDATE gateway.alert SET state = 'kept', done_at = now() WHERE state = 'pending' AND attempts = 0`,
  );
}

/** Somebody took them, or there is nobody to send them to. */
export async function alertDone(database: Database, id: string, state: 'sent' | 'kept'): Promise<void> {
  await database.query(
    `UPDATE gateway.alert SET state = $2, done_at = now(), last_error = NULL WHERE alert_id = $1 AND state = 'pending'`,
    [id, state],
  );
}

/** Nobody took it: it is sent again after some seconds; null: never again. */
export async function alertFailed(
  database: Database,
  id: string,
  { reason, wait }: { readonly reason: string; readonly wait: number | null },
): Promise<void> {
  await database.query(
    `UPDATE gateway.alert SET last_error = $2, next_attempt_at = now() + make_interval(secs => coalesce($3::double precision, 0)), state = CASE WHEN $3::double precision IS NULL THEN 'given-up' ELSE state END, done_at = CASE WHEN $3::double precision IS NULL THEN now() END WHERE alert_id = $1 AND state = 'pending'`,
    [id, reason, wait],
  );
}

/** Alerts that were taken and not tried: they are due again, as if nobody had. */
export async function giveBack(database: Database, ids: readonly string[], wait: number): Promise<void> {
  await database.query(
    `UPDATE gateway.alert SET attempts = attempts - 1, first_attempt_at = CASE WHEN attempts > 1 THEN first_attempt_at END, next_attempt_at = now() + make_interval(secs => $2) WHERE alert_id = ANY($1::bigint[]) AND state = 'pending'`,
    [ids, wait],
  );
}

/** Alerts that the webhook did not take three times, or that were given up in the last day. */
export async function untoldAlerts(database: Pick<Database, 'query'>): Promise<number> {
  const { rows } = await database.query<{ n: number }>(
    `SELECT count(*)::integer AS n FROM gateway.alert WHERE (state = 'pending' AND attempts >= 3) OR (state = 'given-up' AND done_at > now() - interval '1 day')`,
  );
  return rows[0]?.n ?? 0;
}

/** Days that alerts are kept. */
const keptDays = 90;

/** Forgets old alerts that are done with; resolves to how many. */
export async function pruneAlerts(database: Database): Promise<number> {
  const { rowCount } = await database.query(
    `DELETE FROM gateway.alert WHERE state <> 'pending' AND raised_at < now() - make_interval(days => $1) AND (digest_id IS NULL OR digest_id IN (SELECT alert_id FROM gateway.alert WHERE raised_at < now() - make_interval(days => $1)))
        AND NOT EXISTS (SELECT FROM gateway.alert m WHERE m.digest_id = gateway.alert.alert_id AND m.raised_at >= now() - make_interval(days => $1))`,
    [keptDays],
  );
  return rowCount;
}
