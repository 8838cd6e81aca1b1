import { GatewayError } from '../../errors.ts';
import type { UpstreamEvent } from '../../observation/events/upstream.ts';
import type { Observe } from '../../observation/observe.ts';
import type { Circuit } from './circuit.ts';
import type { UpstreamClient } from './upstream-client.ts';
import { Outage, outageOf, outageReason } from './upstream-fault.ts';

/**
 * The same client, which asks nothing while the feed is to be left alone, and tells the circuit how each request ended. Throws
 * GatewayError UpstreamUnavailable then, with the seconds until it will be asked again.
 */
export function circuitClient(
  client: UpstreamClient,
  circuit: Circuit,
  { source, observe }: { readonly source: string; readonly observe: Observe<UpstreamEvent> },
): UpstreamClient {
  return {
    root: client.root,
    async get(request) {
      requireClosed(circuit, source);
      const settle = circuit.enter();
      try {
        const response = await client.get(request);
        settle('alive');
        return response;
      } catch (error) {
        const outage = outageOf(error);
        // Who asks too much with a token of his own is told so himself: others have their own measure.
        const isHis = outage?.status === 429 && request.caller != null;
        if (outage?.retryAfter != null && !isHis) {
          circuit.hold(outage.retryAfter * 1000);
          observe({ event: 'upstream-held', source, seconds: outage.retryAfter, reason: outageReason(error) });
        }
        // A feed that has too much to do is alive, and so is one that refuses.
        const isAlive = outage === null || outage.status === 429;
        settle(request.signal?.aborted === true ? 'abandoned' : isAlive ? 'alive' : 'failed', outageReason(error));
        throw error;
      }
    },
    close: () => client.close(),
  };
}

/** Throws where nobody may ask now. */
export function requireClosed(circuit: Circuit, source: string): void {
  const { wait, state } = circuit;
  if (wait === 0) {
    return;
  }
  const seconds = Math.max(1, Math.ceil(wait / 1000));
  // A feed that answers may say so, too.
  const asked = state === 'closed';
  const why = asked
    ? `wants to be left alone for ${seconds} s`
    : `has failed several times in a row and is asked again in ${seconds} s`;
  throw new GatewayError('UpstreamUnavailable', `The proxied feed ${source} ${why}.`, {
    retryAfter: seconds,
    cause: asked ? new Outage('held', { retryAfter: wait / 1000 }) : new Outage('closed'),
  });
}
