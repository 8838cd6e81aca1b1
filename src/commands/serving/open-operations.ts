import type { Config } from '../../config.ts';
import type { Health } from '../../http/operations/health.ts';
import { operationsListener } from '../../http/operations/operations-listener.ts';
import type { Observation } from '../../observation/observation.ts';
import { everyone, type Observe } from '../../observation/observe.ts';
import { GatewayMetrics } from '../metrics/gateway-metrics.ts';
import { programVersion } from '../support/version.ts';
import { listenOn } from './listen.ts';

/** The port for whoever runs the program, from before the feed is there until it has ended. */
export interface Operations {
  /** null: nobody asks for metrics, and nothing is counted. */
  readonly metrics: GatewayMetrics | null;
  /** Tells the log, and whoever counts. */
  readonly observe: Observe<Observation>;
  close(): Promise<void>;
}

/** Throws GatewayError AddressInUse. */
export async function openOperations(
  { metricsPort, metricsHost }: Config,
  { health, observe }: { readonly health: Health; readonly observe: Observe<Observation> },
): Promise<Operations> {
  if (metricsPort === null) {
    return { metrics: null, observe, close: async () => {} };
  }
  const metrics = new GatewayMetrics(programVersion(), health);
  const app = operationsListener(metricsHost, health, metrics);
  const port = await listenOn(app, { host: metricsHost, port: metricsPort, setting: 'METRICS_PORT' });
  observe({ event: 'operations', address: `http://${metricsHost}:${port}/metrics` });
  return { metrics, observe: everyone(observe, metrics.observe), close: () => app.close() };
}
