import { type ReadMetadata, readMetadata } from '../edm/read-metadata.ts';
import { checkedText } from './client/expected-body.ts';
import type { UpstreamClient } from './client/upstream-client.ts';
import { refused } from './client/upstream-fault.ts';
import { wholeText } from './reading/whole-text.ts';

/** A `$metadata` document as it came, and what it says. */
export interface FetchedMetadata {
  readonly xml: string;
  readonly read: ReadMetadata;
}

/** Asks a feed for its `$metadata`. Throws GatewayError as `Upstream` says, and what `readMetadata` throws. */
export async function fetchMetadata(source: string, client: UpstreamClient): Promise<FetchedMetadata> {
  const response = await client.get({ path: '$metadata', accept: 'application/xml', pageSize: null, signal: null });
  if (response.kind === 'absent') {
    throw refused(source, 'has no $metadata');
  }
  const xml = checkedText(await wholeText(response.body.chunks), response.body, source);
  return { xml, read: readMetadata(xml) };
}
