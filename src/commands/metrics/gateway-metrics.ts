import type { Server } from 'node:http';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Health } from '../../http/operations/health.ts';
import type { Exposition } from '../../http/operations/operations-listener.ts';
import type { Observation } from '../../observation/observation.ts';
import type { Database } from '../../warehouse/database.ts';
import { archiveGauges } from './archive-gauges.ts';
import { LoadingFigures } from './loading-figures.ts';
import { ServingFigures } from './serving-figures.ts';
import { type Busy, WarehouseFigures } from './warehouse-figures.ts';

/**
 * What `/metrics` tells. It listens to what the program tells of itself, as the log does, and asks for the rest when somebody scrapes. Names follow
 * the conventions of Prometheus; labels hold names of the metadata and words of closed lists, nothing that a client writes.
 */
export class GatewayMetrics implements Exposition {
  readonly #register = new Registry();
  readonly #serving = new ServingFigures(this.#register);
  readonly #loading = new LoadingFigures(this.#register);

  constructor(version: string, health: Health) {
    const registers = [this.#register];
    collectDefaultMetrics({ register: this.#register });
    new Gauge({ name: 'gateway_info', help: 'The program.', labelNames: ['version'], registers }).set({ version }, 1);
    new Gauge({
      name: 'gateway_ready',
      help: 'Whether the feed is served and PostgreSQL answers, as /health/ready says.',
      registers,
      async collect() {
        this.set((await health.unready()) === null ? 1 : 0);
      },
    });
  }

  get contentType(): string {
    return this.#register.contentType;
  }

  text(): Promise<string> {
    return this.#register.metrics();
  }

  readonly observe = (event: Observation): void => {
    switch (event.event) {
      case 'request':
      case 'upload':
      case 'request-broken':
      case 'defect':
      case 'turn-wait':
      case 'connection-wait':
        this.#serving.tell(event);
        return;
      case 'load':
      case 'delivery-round':
      case 'delivery-failed':
      case 'delivery-retry':
      case 'drop-folder':
      case 'scan-failed':
      case 'archive':
      case 'upstream':
      case 'upstream-answer':
      case 'upstream-copy':
      case 'upstream-retry':
      case 'upstream-circuit':
        this.#loading.tell(event);
        return;
      default:
        return;
    }
  };

  /** The feed's listener and its database are there. Once. `holds`: milliseconds that figures of the ledger hold. */
  serves(server: Server, database: Database, holds = 15_000, busy: Busy = database): void {
    this.#serving.watch(server);
    new WarehouseFigures(this.#register, database, { holds, busy });
    archiveGauges(this.#register, database, holds);
  }
}
