import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { HttpEvent } from '../../observation/events/http.ts';
import type { WarehouseEvent } from '../../observation/events/warehouse.ts';
import { routeOf } from './route.ts';

/** Seconds: from a reply out of memory to the longest statement. */
const seconds = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300];

/** What requests cost and get. All of it is counted once a request, a wait or a connection, never a row. */
export class ServingFigures {
  readonly #requests: Counter<'route' | 'status'>;
  readonly #durations: Histogram<'route'>;
  readonly #rows: Counter;
  readonly #cached: Counter;
  readonly #broken: Counter;
  readonly #defects: Counter;
  readonly #turns: Histogram;
  readonly #connectionWaits: Histogram;
  readonly #uploads: Counter<'status'>;
  readonly #uploadBytes: Counter;
  readonly #register: Registry;

  constructor(register: Registry) {
    const registers = [register];
    this.#register = register;
    this.#requests = new Counter({
      name: 'gateway_http_requests_total',
      help: 'Requests of the feed that were answered, those in batches included.',
      labelNames: ['route', 'status'],
      registers,
    });
    this.#durations = new Histogram({
      name: 'gateway_http_request_duration_seconds',
      help: 'Time from a request of the feed to the end of its reply.',
      labelNames: ['route'],
      buckets: seconds,
      registers,
    });
    this.#rows = new Counter({ name: 'gateway_feed_rows_sent_total', help: 'Rows sent in replies.', registers });
    this.#cached = new Counter({
      name: 'gateway_http_kept_replies_total',
      help: 'Requests answered with a reply kept from another one.',
      registers,
    });
    this.#broken = new Counter({
      name: 'gateway_http_broken_replies_total',
      help: 'Replies that had begun and were broken off.',
      registers,
    });
    this.#defects = new Counter({
      name: 'gateway_defects_total',
      help: 'Faults that are the gateway’s own; the log has each.',
      registers,
    });
    this.#turns = new Histogram({
      name: 'gateway_read_turn_wait_seconds',
      help: 'Time that large reads waited for their turn, where that was a millisecond or more.',
      buckets: seconds,
      registers,
    });
    this.#connectionWaits = new Histogram({
      name: 'gateway_postgres_connection_wait_seconds',
      help: 'Time until a connection to PostgreSQL was free, where that was a millisecond or more.',
      buckets: seconds,
      registers,
    });
    this.#uploads = new Counter({
      name: 'gateway_uploads_total',
      help: 'Requests that sent a file or a part of one, or asked how much is here.',
      labelNames: ['status'],
      registers,
    });
    this.#uploadBytes = new Counter({
      name: 'gateway_upload_received_bytes_total',
      help: 'Bytes of uploaded files.',
      registers,
    });
  }

  tell(event: HttpEvent | WarehouseEvent): void {
    switch (event.event) {
      case 'request': {
        const route = routeOf(event.path);
        this.#requests.inc({ route, status: event.status });
        this.#durations.observe({ route }, event.milliseconds / 1000);
        this.#rows.inc(event.rows ?? 0);
        if (event.fromCache) {
          this.#cached.inc();
        }
        return;
      }
      case 'upload':
        this.#uploads.inc({ status: event.status });
        this.#uploadBytes.inc(event.bytes);
        return;
      case 'request-broken':
        this.#broken.inc();
        return;
      case 'defect':
        this.#defects.inc();
        return;
      case 'turn-wait':
        this.#turns.observe(event.milliseconds / 1000);
        return;
      case 'connection-wait':
        this.#connectionWaits.observe(event.milliseconds / 1000);
        return;
      default:
        return;
    }
  }

  /** Counts the bytes of all connections of a server where the system counts them: nothing is done while they flow. */
  watch(server: Server): void {
    const open = new Set<Socket>();
    let sent = 0;
    let received = 0;
    server.on('connection', (socket: Socket) => {
      open.add(socket);
      socket.once('close', () => {
        open.delete(socket);
        sent += socket.bytesWritten;
        received += socket.bytesRead;
      });
    });
    const sum = (of: (socket: Socket) => number): number => [...open].reduce((all, socket) => all + of(socket), 0);
    const registers = [this.#register];
    // Counters that are read, not added to.
    new Counter({
      name: 'gateway_http_sent_bytes_total',
      help: 'Bytes sent to clients, heads of replies included.',
      registers,
      collect() {
        this.reset();
        this.inc(sent + sum(({ bytesWritten }) => bytesWritten));
      },
    });
    new Counter({
      name: 'gateway_http_received_bytes_total',
      help: 'Bytes received from clients.',
      registers,
      collect() {
        this.reset();
        this.inc(received + sum(({ bytesRead }) => bytesRead));
      },
    });
    new Gauge({
      name: 'gateway_http_connections',
      help: 'Open connections of clients.',
      registers,
      collect() {
        this.set(open.size);
      },
    });
  }
}
