import { controlInformation } from '../../json/reading/control-information.ts';
import { broken, readObject, stringValue } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { isRowOf, referenceText, rowText } from '../../json/reading/row-text.ts';
import { canonicalText, valueText } from '../../json/reading/value-text.ts';
import type { RowSource } from '../../plan/model/read-plan.ts';
import { jsonBody } from '../client/expected-body.ts';
import { refused } from '../client/upstream-fault.ts';
import type { UpstreamPlan, UpstreamReadOptions, UpstreamReply } from '../upstream.ts';
import { rowAsCollection } from '../url/row-conditions.ts';
import { shortEnough } from './asked-request.ts';
import { acceptJson, followIn, readPages, unbroken } from './pages.ts';
import { readCollection } from './read-collection.ts';
import { readCount } from './read-count.ts';
import { type ReplyContext, rowFormat } from './reply-context.ts';
import { wholeText } from './whole-text.ts';

/** One plan to one reply; see `Upstream.read`. */
export async function readUpstream(
  plan: UpstreamPlan,
  options: UpstreamReadOptions,
  context: ReplyContext,
): Promise<UpstreamReply> {
  const conditioned = rowAsCollection(plan);
  const from = performance.now();
  const request = shortEnough(conditioned ?? plan, options, context);
  options.onStage?.('compile', performance.now() - from);
  const readRow = conditioned === null ? readWhole : readFirst;
  const format = rowFormat(options, context);
  switch (plan.kind) {
    case 'Collection':
      return (
        (await readCollection({ plan, options, context, format, request })) ??
        readUpstream(plan, options, { ...context, map: { ...context.map, whole: new Set() } })
      );
    case 'Entity': {
      const raw = await readRow(request, options, context);
      if (raw === null) {
        return { kind: 'absent' };
      }
      const row = (plan.references ? referenceText : rowText)(plan.selection, format);
      const text = await row(raw, followIn(options, context, contextOf(raw)));
      return { kind: 'entity', json: Buffer.from(text, 'utf8') };
    }
    case 'PropertyRead': {
      const raw = await readRow(request, options, context);
      if (raw === null) {
        return { kind: 'absent' };
      }
      const { property } = plan;
      const convert = valueText(property, options.ieee754Compatible);
      const members = ownNames(plan.set.entityType)(readObject(raw));
      if (!isRowOf({ type: plan.set.entityType, expands: [] })(members)) {
        throw broken('an object holds no property of its set');
      }
      const json = convert(members.get(property.name) ?? (property.collection ? '[]' : 'null'));
      return { kind: 'property', json, raw: json === 'null' ? null : canonicalText(json) };
    }
    case 'Count': {
      const reply = await readCount(request, options, context);
      if (reply.kind === 'absent' && startsWithAll(plan.source)) {
        throw refused(context.map.source, `does not count ${plan.set.name}`, 404);
      }
      return reply;
    }
  }
}

/** Whether there is nothing on the way to the rows that may not be there. */
const startsWithAll = (source: RowSource): boolean =>
  source.kind === 'Set' || (source.kind === 'Filtered' && startsWithAll(source.from));

/** The first raw row of a collection; null where it has none. */
async function readFirst(request: string, options: UpstreamReadOptions, context: ReplyContext): Promise<string | null> {
  for await (const { raw } of readPages(request, options, context)) {
    return raw;
  }
  return null;
}

/** The whole body of one entity; null where it does not exist. */
async function readWhole(request: string, options: UpstreamReadOptions, context: ReplyContext): Promise<string | null> {
  const { client, map } = context;
  const { signal } = options;
  return unbroken(async () => {
    const response = await client.get({ path: request, accept: acceptJson, pageSize: null, signal });
    return response.kind === 'absent' ? null : wholeText(jsonBody(response.body, map.source));
  });
}

/** The context URL in the text of an entity. */
function contextOf(raw: string): string | null {
  const members = readObject(raw);
  return stringValue(controlInformation(members, 'context') ?? '');
}
