import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ArchiveEvent } from '../../observation/events/archive.ts';
import type { CommandEvent } from '../../observation/events/commands.ts';
import type { IngestEvent } from '../../observation/events/ingest.ts';
import type { UpstreamEvent } from '../../observation/events/upstream.ts';

/** What becomes of files, and how proxied feeds are. Labels are names of the metadata, and words of closed lists. */
export class LoadingFigures {
  readonly #loads: Counter<'source' | 'state'>;
  readonly #rows: Counter<'source' | 'outcome'>;
  readonly #rounds: Counter<'delivery' | 'outcome'>;
  readonly #failures: Counter<'delivery'>;
  readonly #retries: Counter<'delivery'>;
  readonly #notices: Counter<'kind'>;
  readonly #works: Counter<'work'>;
  readonly #archives: Counter<'source' | 'outcome'>;
  readonly #upstreams: Gauge<'source'>;
  readonly #asked: Counter<'source' | 'status'>;
  readonly #answers: Histogram<'source'>;
  readonly #copies: Counter<'source' | 'state'>;
  readonly #again: Counter<'source' | 'reason'>;
  readonly #circuits: Gauge<'source' | 'state'>;
  /** Proxied feeds whose `$metadata` could not be read last. */
  readonly #unread = new Set<string>();
  /** Those that are not asked, or by one request that tries. */
  readonly #leftAlone = new Set<string>();

  constructor(register: Registry) {
    const registers = [register];
    this.#loads = new Counter({
      name: 'gateway_loads_total',
      help: 'Files that were loaded, known already, unpacked, refused or failed; a source that nobody could tell is empty.',
      labelNames: ['source', 'state'],
      registers,
    });
    this.#rows = new Counter({
      name: 'gateway_load_rows_total',
      help: 'Rows of loaded files by what became of them; removed: stored rows that left with a load.',
      labelNames: ['source', 'outcome'],
      registers,
    });
    this.#rounds = new Counter({
      name: 'gateway_delivery_rounds_total',
      help: 'Rounds in which a server was asked for files; busy: another gateway asked it.',
      labelNames: ['delivery', 'outcome'],
      registers,
    });
    this.#failures = new Counter({
      name: 'gateway_delivery_failures_total',
      help: 'Rounds that ended early.',
      labelNames: ['delivery'],
      registers,
    });
    this.#retries = new Counter({
      name: 'gateway_delivery_retries_total',
      help: 'Transfers and connections that were tried again.',
      labelNames: ['delivery'],
      registers,
    });
    this.#notices = new Counter({
      name: 'gateway_drop_folder_notices_total',
      help: 'What in the drop folder waits for a person, told once each.',
      labelNames: ['kind'],
      registers,
    });
    this.#works = new Counter({
      name: 'gateway_scheduled_work_failures_total',
      help: 'Works on a schedule that failed.',
      labelNames: ['work'],
      registers,
    });
    this.#archives = new Counter({
      name: 'gateway_archive_copies_total',
      help: 'Copies of sets of proxied feeds, by source and outcome; busy: another gateway was at it.',
      labelNames: ['source', 'outcome'],
      registers,
    });
    this.#upstreams = new Gauge({
      name: 'gateway_upstream_up',
      help: 'Whether a proxied feed is asked (its circuit is closed), and the last reading of its $metadata succeeded.',
      labelNames: ['source'],
      registers,
    });
    this.#asked = new Counter({
      name: 'gateway_upstream_requests_total',
      help: 'Requests to proxied feeds by class of the status; none: no answer, or an error in place of one.',
      labelNames: ['source', 'status'],
      registers,
    });
    this.#answers = new Histogram({
      name: 'gateway_upstream_request_duration_seconds',
      help: 'Time until a proxied feed began to answer.',
      labelNames: ['source'],
      buckets: [0.05, 0.2, 1, 5, 20, 60],
      registers,
    });
    this.#copies = new Counter({
      name: 'gateway_upstream_copies_total',
      help: 'Requests to proxied feeds that were answered from a copy, fresh or stale.',
      labelNames: ['source', 'state'],
      registers,
    });
    this.#again = new Counter({
      name: 'gateway_upstream_retries_total',
      help: 'Requests to proxied feeds that were tried again, by what had failed.',
      labelNames: ['source', 'reason'],
      registers,
    });
    this.#circuits = new Gauge({
      name: 'gateway_upstream_circuit',
      help: 'The state that a proxied feed is in is 1: asked (closed), left alone after failures (open), tried (half-open). None before the first failures.',
      labelNames: ['source', 'state'],
      registers,
    });
  }

  tell(event: IngestEvent | UpstreamEvent | CommandEvent | ArchiveEvent): void {
    switch (event.event) {
      case 'archive':
        this.#archives.inc({ source: event.source, outcome: event.outcome });
        return;
      case 'load':
        this.#loads.inc({ source: event.source ?? '', state: event.outcome });
        for (const [outcome, rows] of Object.entries(event.counts ?? {})) {
          if (outcome !== 'read') {
            this.#rows.inc({ source: event.source ?? '', outcome }, rows);
          }
        }
        return;
      case 'delivery-round':
        this.#rounds.inc({ delivery: event.delivery, outcome: event.outcome });
        return;
      case 'delivery-failed':
        this.#failures.inc({ delivery: event.delivery });
        return;
      case 'delivery-retry':
        this.#retries.inc({ delivery: event.delivery });
        return;
      case 'drop-folder':
        this.#notices.inc({ kind: event.kind });
        return;
      case 'scan-failed':
        this.#works.inc({ work: event.work });
        return;
      case 'upstream':
        this.#unread.delete(event.source);
        if (event.state !== 'ok') {
          this.#unread.add(event.source);
        }
        this.#tellUpstream(event.source);
        return;
      case 'upstream-copy':
        this.#copies.inc({ source: event.source, state: event.stale ? 'stale' : 'fresh' });
        return;
      case 'upstream-retry':
        this.#again.inc({ source: event.source, reason: event.reason });
        return;
      case 'upstream-circuit':
        for (const state of ['closed', 'open', 'half-open'] as const) {
          this.#circuits.set({ source: event.source, state }, state === event.state ? 1 : 0);
        }
        this.#leftAlone.delete(event.source);
        if (event.state !== 'closed') {
          this.#leftAlone.add(event.source);
        }
        this.#tellUpstream(event.source);
        return;
      case 'upstream-answer': {
        const { source, status, milliseconds } = event;
        this.#asked.inc({ source, status: status === null ? 'none' : `${Math.floor(status / 100)}xx` });
        this.#answers.observe({ source }, milliseconds / 1000);
        return;
      }
      default:
        return;
    }
  }

  #tellUpstream(source: string): void {
    this.#upstreams.set({ source }, this.#unread.has(source) || this.#leftAlone.has(source) ? 0 : 1);
  }
}
