import type { UpstreamEvent } from '../../observation/events/upstream.ts';
import type { Observe } from '../../observation/observe.ts';
import type { TimeSource } from '../sign-in/time-source.ts';
import { Circuit } from './circuit.ts';
import { circuitClient } from './circuit-client.ts';
import { gatedClient, type Places } from './gated-client.ts';
import { retryingClient } from './retrying-client.ts';
import type { UpstreamClient } from './upstream-client.ts';

/** How a feed is asked by requests that somebody waits for. */
export interface Patience {
  readonly source: string;
  /** Milliseconds that one request may take. */
  readonly longest: number;
  /** Who may ask at once. Absent: everybody. */
  readonly places?: Places | undefined;
  readonly time: TimeSource;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly observe: Observe<UpstreamEvent>;
}

/** The client for these: one of a few at a time, asked again where that may help, and left alone after many failures. */
export function patientClient(
  client: UpstreamClient,
  { source, longest, places, time, random, observe }: Patience,
): UpstreamClient {
  const circuit = new Circuit(
    () => time.now(),
    (state, { wait, reason }) => {
      const left = state === 'open' ? { seconds: Math.ceil(wait / 1000), reason } : {};
      observe({ event: 'upstream-circuit', source, state, ...left });
    },
  );
  const asked = circuitClient(client, circuit, { source, observe });
  const gated = places === undefined ? asked : gatedClient(asked, { places, source, longest });
  return retryingClient(gated, { source, time, random, circuit, observe });
}
