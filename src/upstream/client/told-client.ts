import type { UpstreamEvent } from '../../observation/events/upstream.ts';
import type { Observe } from '../../observation/observe.ts';
import { urlText } from '../url/url-text.ts';
import type { UpstreamClient } from './upstream-client.ts';

/** The same client, with each request and its answer told. */
export function toldClient(source: string, client: UpstreamClient, observe: Observe<UpstreamEvent>): UpstreamClient {
  return {
    root: client.root,
    async get(request) {
      observe({
        event: 'upstream-request',
        source,
        url: (values) => urlText(new URL(client.root.href + request.path), values),
      });
      const from = performance.now();
      let status: number | null = null;
      try {
        const response = await client.get(request);
        status = response.kind === 'absent' ? response.status : 200;
        return response;
      } finally {
        observe({ event: 'upstream-answer', source, status, milliseconds: Math.round(performance.now() - from) });
      }
    },
    close: () => client.close(),
  };
}
