import type { UpstreamReadOptions } from '../upstream.ts';
import type { UpstreamClient } from './upstream-client.ts';

/** The same client, with the time that each request waits for the head of its reply told. */
export function timedClient(
  client: UpstreamClient,
  onStage: NonNullable<UpstreamReadOptions['onStage']>,
): UpstreamClient {
  return {
    root: client.root,
    async get(request) {
      const from = performance.now();
      try {
        return await client.get(request);
      } finally {
        onStage('feed', performance.now() - from);
      }
    },
    close: () => client.close(),
  };
}
