import type { CollectionPlan } from '../../plan/model/read-plan.ts';
import type { Upstream, UpstreamReadOptions } from '../../upstream/upstream.ts';

/** The rows of all pages of a feed, as JSON objects. `absent` is called where what they are reached from is not there: there are none then. */
export async function* objectsOf(
  upstream: Pick<Upstream, 'read'>,
  plan: CollectionPlan,
  options: UpstreamReadOptions,
  absent: () => void = () => undefined,
): AsyncGenerator<string> {
  for (let skipToken: string | null = null; ; ) {
    const reply = await upstream.read(plan, { ...options, skipToken });
    if (reply.kind !== 'collection') {
      absent();
      return;
    }
    let whole = false;
    try {
      yield* reply.objects;
      whole = true;
    } finally {
      if (!whole) {
        reply.discard();
      }
    }
    skipToken = reply.end().next;
    if (skipToken === null) {
      return;
    }
  }
}
