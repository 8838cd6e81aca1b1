import type { Config } from '../../config.ts';
import type { AuditRecord } from '../../http/audit/audit-record.ts';
import type { ScheduledWork } from '../../ingest/delivery/schedules.ts';
import type { CommandEvent } from '../../observation/events/commands.ts';
import type { Observe } from '../../observation/observe.ts';
import { type AuditRow, pruneAuditEvents, writeAuditEvents } from '../../warehouse/audit-events.ts';
import type { Database } from '../../warehouse/database.ts';

/** Records that wait for PostgreSQL at most: some 5 MB. */
const mostWaiting = 10_000;
/** Of one statement. */
const mostAtOnce = 1000;
/** Milliseconds between two looks at what waits. */
const every = 1000;

export interface AuditSettings {
  readonly days: number;
  readonly observe: Observe<CommandEvent>;
  readonly now?: () => Date;
}

/**
 * Who asked for what, written to PostgreSQL beside the replies: serving never waits for it. While PostgreSQL is away records wait in memory, up to a bound; beyond it
 * the newest are left out, counted and told in the log. What waits when the process is killed is lost: a second of it as a rule.
 */
export class AuditTrail {
  readonly #database: Pick<Database, 'query'>;
  readonly #settings: AuditSettings;
  readonly #timer: NodeJS.Timeout;
  #waiting: AuditRow[] = [];
  #leftOut = 0;
  #writing: Promise<void> | null = null;

  constructor(database: Pick<Database, 'query'>, settings: AuditSettings) {
    this.#database = database;
    this.#settings = settings;
    this.#timer = setInterval(() => void this.flush(), every);
    this.#timer.unref();
  }

  readonly add = (record: AuditRecord): void => {
    if (this.#waiting.length >= mostWaiting) {
      this.#leftOut += 1;
      return;
    }
    const { requestId, at, principal, name, address, method, path, query, status } = record;
    const { errorCode, rows, bytes, milliseconds, client, agent } = record;
    // PostgreSQL has no text with U+0000.
    const text = (value: string): string => value.replaceAll('\0', '\u{fffd}');
    this.#waiting.push([
      ...([requestId, at, principal, name, address, method, text(path), text(query), status] as const),
      ...([errorCode, rows, bytes, milliseconds, client, text(agent)] as const),
    ]);
  };

  /** Writes what waits, as far as it can be. Never throws. */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const some = this.#waiting.slice(0, mostAtOnce);
        await writeAuditEvents(this.#database, some);
        this.#waiting.splice(0, some.length);
      }
    } catch {
      // It is away, which others tell; what waits is tried again.
    }
    if (this.#leftOut > 0 && this.#waiting.length < mostWaiting) {
      this.#settings.observe({ event: 'audit-gap', records: this.#leftOut });
      this.#leftOut = 0;
    }
  }

  work(): ScheduledWork {
    const { days, now = () => new Date() } = this.#settings;
    const before = (): string => new Date(now().getTime() - days * 86_400_000).toISOString();
    return {
      name: 'audit',
      expression: '47 3 * * *',
      run: () => pruneAuditEvents(this.#database, before()),
      atStart: true,
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
    await this.flush();
  }
}

export interface Audit {
  /** null: it is kept nowhere. */
  readonly add: ((record: AuditRecord) => void) | null;
  readonly works: readonly ScheduledWork[];
  close(): Promise<void>;
}

/** As AUDIT says, else a table where somebody signs in. */
export function openAudit(
  { audit, auditDays }: Pick<Config, 'audit' | 'auditDays'>,
  database: Pick<Database, 'query'>,
  { signsIn, observe }: { readonly signsIn: boolean; readonly observe: Observe<CommandEvent> },
): Audit {
  const kept = audit ?? (signsIn ? 'table' : 'off');
  const trail = kept === 'table' || kept === 'both' ? new AuditTrail(database, { days: auditDays, observe }) : null;
  const isLogged = kept === 'log' || kept === 'both';
  const add = (record: AuditRecord): void => {
    trail?.add(record);
    if (isLogged) {
      observe({ event: 'audit', ...record });
    }
  };
  return {
    add: kept === 'off' ? null : add,
    works: trail === null ? [] : [trail.work()],
    close: async () => trail?.close(),
  };
}
