import { GatewayError } from '../../errors.ts';
import { collectionContext, entityContext, propertyContext } from '../../json/context-url.ts';
import type { Bound, PropertyPlan } from '../../plan/model/read-plan.ts';
import type { Upstream, UpstreamPlan, UpstreamReadOptions, UpstreamReply } from '../../upstream/upstream.ts';
import {
  type DataSource,
  onlyOmitNulls,
  type Reading,
  type Recipient,
  type SourceReply,
  unversioned,
} from '../data-source.ts';
import { lendObjects } from '../object-page.ts';

/** Rows of a proxied feed. Nobody says when they change. */
export class UpstreamSource implements DataSource<UpstreamPlan> {
  readonly #upstream: Pick<Upstream, 'read'>;

  constructor(upstream: Pick<Upstream, 'read'>) {
    this.#upstream = upstream;
  }

  async read<T>(plan: Bound<UpstreamPlan>, reading: Reading, recipient: Recipient<T>): Promise<T> {
    const reply = await this.#upstream.read(plan, { ...upstreamOptions(reading), skipToken: reading.skipToken });
    if (reply.kind === 'collection' && plan.kind === 'Collection') {
      return lendObjects(collectionContext(reading.format.root, plan), reply, recipient);
    }
    return recipient.take(valueReply(plan, reply, reading.format.root));
  }
}

/** How feeds are read for a request, from the first page on: a `$skiptoken` is the addressed set's alone. */
export const upstreamOptions = ({
  format,
  signal,
  caller,
  observe,
  timing,
  headOnly,
  onCopy,
}: Pick<
  Reading,
  'format' | 'signal' | 'caller' | 'observe' | 'timing' | 'headOnly' | 'onCopy'
>): UpstreamReadOptions => ({
  ...format,
  signal,
  caller,
  observe,
  skipToken: null,
  // A copy is received whole, and of a head nothing is to be read.
  ...(headOnly ? {} : { onCopy }),
  onStage: (stage, milliseconds) => timing.note(stage, milliseconds),
});

function valueReply(plan: UpstreamPlan, reply: UpstreamReply, root: string): SourceReply {
  if (reply.kind === 'absent') {
    return absentReply(plan);
  }
  if (reply.kind === 'entity' && plan.kind === 'Entity') {
    return objectReply(entityContext(root, plan), Buffer.from(reply.json).toString('utf8'));
  }
  if (reply.kind === 'property' && plan.kind === 'PropertyRead') {
    return propertyReply(plan, reply, root);
  }
  if (reply.kind === 'count') {
    return numberReply(reply.count);
  }
  throw new GatewayError('Internal', `The upstream answered a ${plan.kind} with a ${reply.kind}`);
}

/** An entity that is not there: 404 where it was named by key, and nothing where a navigation leads nowhere. */
export function absentReply(plan: UpstreamPlan): SourceReply {
  if (plan.kind === 'Entity' && plan.empty === 'no-content') {
    return { kind: 'nothing' };
  }
  throw new GatewayError('EntityNotFound', 'No entity has this key');
}

function propertyReply(plan: PropertyPlan, reply: UpstreamReply & { kind: 'property' }, root: string): SourceReply {
  if (reply.raw === null) {
    return { kind: 'nothing' };
  }
  return plan.raw ? textReply(reply.raw, 1) : objectReply(propertyContext(root, plan), `{"value":${reply.json}}`);
}

export const objectReply = (context: string, json: string): SourceReply => ({
  kind: 'object',
  context,
  json,
  validator: unversioned,
  followed: onlyOmitNulls,
});

/** `/$count`: a bare number. */
export const numberReply = (digits: string): SourceReply => textReply(digits, null);

const textReply = (body: string, rows: number | null): SourceReply => ({
  kind: 'text',
  contentType: 'text/plain;charset=utf-8',
  body,
  rows,
  validator: unversioned,
  followed: onlyOmitNulls,
});
