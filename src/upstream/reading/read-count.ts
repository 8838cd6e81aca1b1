import { checkedText } from '../client/expected-body.ts';
import { refused } from '../client/upstream-fault.ts';
import type { UpstreamReadOptions, UpstreamReply } from '../upstream.ts';
import { unbroken } from './pages.ts';
import type { ReplyContext } from './reply-context.ts';
import { wholeText } from './whole-text.ts';

/** The rows that a request counts. */
export async function readCount(
  request: string,
  options: Pick<UpstreamReadOptions, 'signal'>,
  context: ReplyContext,
): Promise<UpstreamReply> {
  const { client, map } = context;
  const { signal } = options;
  const text = await unbroken(async () => {
    const response = await client.get({ path: request, accept: 'text/plain, */*;q=0.1', pageSize: null, signal });
    if (response.kind === 'absent') {
      return null;
    }
    return checkedText((await wholeText(response.body.chunks)).trim(), response.body, map.source);
  });
  if (text === null) {
    return { kind: 'absent' };
  }
  if (!/^\d{1,19}$/.test(text)) {
    throw refused(map.source, 'does not answer /$count with a number');
  }
  return { kind: 'count', count: text };
}
