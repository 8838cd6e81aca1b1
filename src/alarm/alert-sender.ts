import type { AlarmEvent } from '../observation/events/alarm.ts';
import type { Observe } from '../observation/observe.ts';
import type { Database } from '../warehouse/database.ts';
import { alertDone, alertFailed, giveBack, type OutboxLimits, type OutgoingAlert, takeAlerts } from './outbox.ts';
import { messageId, sendMessage, type WebhookMessage, type WebhookSettings } from './webhook.ts';

export interface SenderOptions {
  /** null: alerts are told in the log alone. */
  readonly webhook: WebhookSettings | null;
  readonly observe: Observe<AlarmEvent>;
  /** Ends the round after the alert at hand. */
  readonly signal?: AbortSignal;
  readonly limits?: OutboxLimits;
}

/** Ten of a kind in an hour, then one every ten minutes that tells of all others. */
const usualLimits: OutboxLimits = { singles: 10, digestMinutes: 10 };

/** Seconds until the next attempt, by how many there were; afterwards the last one. */
const pauses = [10, 30, 120, 600, 1800, 3600, 7200, 14_400];

/** Attempts over about three days; then nobody wants to know any more. */
const mostAttempts = 24;

/** Alerts of one round. */
const batch = 20;

/**
 * Tells what was noted as an alert: once in the log, and at the webhook until that takes it. Several gateways share the work. What a webhook took just before
 * the gateway died is sent again, with the same id.
 */
export class AlertSender {
  readonly #database: Database;
  readonly #options: SenderOptions;

  constructor(database: Database, options: SenderOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** Sends what is due. Throws DatabaseUnavailable and the like; what the webhook says is told. */
  async round(): Promise<void> {
    const { limits = usualLimits, signal } = this.#options;
    const alerts = await takeAlerts(this.#database, limits, batch);
    for (const [index, alert] of alerts.entries()) {
      const goesOn = signal?.aborted !== true && (await this.#tell(alert));
      if (!goesOn) {
        const rest = signal?.aborted === true ? alerts.slice(index) : alerts.slice(index + 1);
        await giveBack(this.#database, ids(rest), signal?.aborted === true ? 0 : (pauses[0] ?? 0));
        return;
      }
    }
  }

  /** Whether the next one should be tried now. */
  async #tell(alert: OutgoingAlert): Promise<boolean> {
    const { webhook, observe, signal } = this.#options;
    const { alert_id: id, attempts } = alert;
    const message = messageOf(alert);
    if (attempts === 1) {
      const { kind: type, source, export: name, details } = alert;
      observe({ event: 'alert', id: message.id, type, source, export: name, details: JSON.stringify(details) });
    }
    if (webhook === null) {
      await alertDone(this.#database, id, 'kept');
      return true;
    }
    const answer = await sendMessage(webhook, message, signal);
    if (answer.taken) {
      await alertDone(this.#database, id, 'sent');
      return true;
    }
    const { reason, gone } = answer;
    const last = gone || attempts >= mostAttempts;
    const pause = pauses[Math.min(attempts, pauses.length) - 1] ?? 0;
    // Gateways that failed together do not come back together.
    const wait = last ? null : Math.max(pause * (0.8 + Math.random() * 0.4), answer.wait ?? 0);
    observe({ event: 'alert-not-sent', id: message.id, type: message.type, attempt: attempts, reason, last });
    await alertFailed(this.#database, id, { reason, wait });
    return false;
  }
}

const ids = (alerts: readonly OutgoingAlert[]): readonly string[] => alerts.map(({ alert_id: id }) => id);

function messageOf({
  message_id: id,
  kind: type,
  source,
  export: name,
  details,
  raised,
}: OutgoingAlert): WebhookMessage {
  const of = { ...(source === null ? {} : { source }), ...(name === null ? {} : { export: name }) };
  return { id: messageId(id), type, timestamp: raised, data: { ...of, ...details } };
}
