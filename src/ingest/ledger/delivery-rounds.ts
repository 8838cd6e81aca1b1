import type { Database, Transaction } from '../../warehouse/database.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** How the rounds of a delivery go; times as ISO text. */
export interface DeliveryState {
  readonly delivery: string;
  readonly source: string;
  readonly lastRoundAt: string | null;
  /** When one ended last that could look at everything. */
  readonly lastDoneAt: string | null;
  /** null: the last round was all right. */
  readonly failing: { readonly since: string; readonly code: string; readonly message: string } | null;
  /** Files that wait to be complete, and those among them that were told to wait for too long. */
  readonly waiting: number;
  readonly stuck: number;
}

/** All deliveries that a gateway of this database has asked, by name. */
export async function deliveryStates(asker: Asker): Promise<readonly DeliveryState[]> {
  interface Row extends Record<string, unknown> {
    readonly delivery: string;
    readonly source: string;
    readonly round: string | null;
    readonly done: string | null;
    readonly since: string | null;
    readonly code: string | null;
    readonly message: string | null;
    readonly waiting: number;
    readonly stuck: number;
  }
  const { rows } = await asker.query<Row>(
    `SELECT d.delivery, d.source, d.last_round_at::text AS round, d.last_done_at::text AS done, d.failing_since::text AS since,
            d.error_code AS code, d.error_message AS message,
            count(f.path) FILTER (WHERE f.state = 'waits')::int AS waiting, count(f.told_at)::int AS stuck
       FROM gateway.delivery d LEFT JOIN gateway.delivery_file f USING (delivery) GROUP BY d.delivery ORDER BY d.delivery`,
  );
  return rows.map(({ delivery, source, round, done, since, code, message, waiting, stuck }) => ({
    ...{ delivery, source, waiting, stuck, lastRoundAt: round, lastDoneAt: done },
    failing: since === null || code === null ? null : { since, code, message: message ?? '' },
  }));
}

/** A round could look at everything. */
export async function noteRoundDone(
  asker: Asker,
  { id, source }: { readonly id: string; readonly source: string },
): Promise<void> {
  await asker.query(
    `INSERT INTO gateway.delivery (delivery, source, last_round_at, last_done_at) VALUES ($1, $2, now(), now())
     ON CONFLICT (delivery) DO UPDATE SET last_round_at = now(), last_done_at = now(), failing_since = NULL, error_code = NULL,
       error_message = NULL, login_refused_at = NULL, login_salt = NULL, login_digest = NULL`,
    [id, source],
  );
}

/** Why a round ended early, and with what a login was refused. */
export interface RoundFailure {
  readonly code: string;
  readonly message: string;
  /** null: the login was not refused. */
  readonly login: { readonly salt: Buffer; readonly digest: Buffer } | null;
}

/** A round ended early. Resolves to whether the one before was all right. */
export async function noteRoundFailed(
  asker: Asker,
  { id, source }: { readonly id: string; readonly source: string },
  { code, message, login }: RoundFailure,
): Promise<boolean> {
  const { rows } = await asker.query<{ first: boolean }>(
    `INSERT INTO gateway.delivery AS d (delivery, source, last_round_at, failing_since, error_code, error_message, login_refused_at, login_salt, login_digest)
     VALUES ($1, $2, now(), now(), $3, $4, CASE WHEN $6::bytea IS NOT NULL THEN now() END, $5, $6)
     ON CONFLICT (delivery) DO UPDATE SET last_round_at = now(), failing_since = coalesce(d.failing_since, excluded.failing_since),
       error_code = excluded.error_code, error_message = excluded.error_message, login_refused_at = excluded.login_refused_at,
       login_salt = excluded.login_salt, login_digest = excluded.login_digest
     RETURNING failing_since = last_round_at AS first`,
    [id, source, code, message.replaceAll('\0', '␀'), login?.salt ?? null, login?.digest ?? null],
  );
  return rows[0]?.first === true;
}

/** A login that the server refused, and when (milliseconds ago by the database's clock); null: the last one was not refused. */
export async function refusedLogin(
  asker: Asker,
  delivery: string,
): Promise<{ readonly salt: Buffer; readonly digest: Buffer; readonly ago: number; readonly message: string } | null> {
  const { rows } = await asker.query<{ salt: Buffer; digest: Buffer; ago: string; message: string }>(
    `SELECT login_salt AS salt, login_digest AS digest, (extract(epoch FROM now() - login_refused_at) * 1000)::bigint::text AS ago, error_message AS message
       FROM gateway.delivery WHERE delivery = $1 AND login_refused_at IS NOT NULL`,
    [delivery],
  );
  const [row] = rows;
  return row === undefined ? null : { ...row, ago: Number(row.ago) };
}
