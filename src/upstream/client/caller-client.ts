import type { UpstreamClient } from './upstream-client.ts';

/** The same client, with the Authorization header of whoever asked us in each request; null: there was none. */
export function callerClient(client: UpstreamClient, caller: string | null): UpstreamClient {
  return caller === null
    ? client
    : { root: client.root, get: (request) => client.get({ ...request, caller }), close: () => client.close() };
}
