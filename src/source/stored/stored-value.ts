import { GatewayError } from '../../errors.ts';
import type { Exchange } from '../../http/exchange.ts';
import { endEmpty } from '../../http/reply-head.ts';
import { cellText } from '../../json/cells/cell-text.ts';
import { entityContext, propertyContext } from '../../json/context-url.ts';
import { rowWriter } from '../../json/row-writer.ts';
import type { EntityPlan, PropertyPlan } from '../../plan/model/read-plan.ts';
import { type FoundRow, firstRow, rendered } from './first-row.ts';
import { countRows } from './known-answers.ts';
import {
  appliedTo,
  contextMember,
  type Ending,
  ending,
  openSink,
  type StoredRead,
  type StoredSource,
} from './stored-read.ts';

/** One entity; 404 or 204 where there is none. */
export async function replyEntity(
  read: StoredRead<EntityPlan>,
  { session, compiled, tag }: StoredSource,
): Promise<Ending> {
  const { plan, exchange, negotiated } = read;
  const found = await firstRow(session, compiled, { final: true });
  if (found === null) {
    return absent(exchange, plan);
  }
  const sink = openSink(read, { contentType: negotiated.mediaType, etag: await tag(), applied: appliedTo(read) });
  const { output } = sink;
  const start = output.position;
  rowWriter(compiled.shape, negotiated.json, compiled.control ?? null).row(found.input, found.span, output);
  if (negotiated.json.metadata !== 'none') {
    const row = Buffer.from(output.bytes.subarray(start + 1, output.position));
    output.position = start;
    const more = row.length > 1 ? ',' : '';
    output.appendText(`{${contextMember(entityContext(exchange.root, plan))}${more}`);
    output.append(row);
  }
  exchange.rows = 1;
  return ending(sink);
}

/** A missing entity is 404 where it was named by key, and 204 where a navigation leads nowhere (Protocol 11.2.4). */
function absent(exchange: Exchange, plan: EntityPlan): Ending {
  const { name } = plan.selection.set;
  if (plan.empty === 'no-content') {
    return async () => endEmpty(exchange, 204);
  }
  throw new GatewayError('EntityNotFound', `No entity of ${name} has this key`, { target: name });
}

/** The value of one property, as JSON or raw. */
export async function replyProperty(
  read: StoredRead<PropertyPlan>,
  { session, compiled, tag }: StoredSource,
): Promise<Ending> {
  const { plan, exchange, negotiated } = read;
  const found = await firstRow(session, compiled, { final: true });
  if (found === null) {
    throw new GatewayError('EntityNotFound', `No entity of ${plan.set.name} has this key`, { target: plan.set.name });
  }
  const text = cellText(found.input, found.span.start, false);
  if (text === null) {
    return async () => endEmpty(exchange, 204);
  }
  const etag = await tag();
  if (plan.raw) {
    return replyRaw(read, { text, found, etag });
  }
  const sink = openSink(read, { contentType: negotiated.mediaType, etag });
  const { name, type, collection } = plan.property;
  const shape = { fields: [{ kind: 'value', name: 'value', type, collection }] } as const;
  const member = contextMember(propertyContext(exchange.root, plan));
  const row = rendered(rowWriter(shape, negotiated.json), found);
  sink.output.appendText(negotiated.json.metadata === 'none' ? row : `{${member},${row.slice(1)}`);
  exchange.rows = name === '' ? 0 : 1;
  return ending(sink);
}

/** `/$value`: the bare value, binary as bytes (Protocol 11.2.4.1). */
async function replyRaw(
  read: StoredRead<PropertyPlan>,
  value: { readonly text: string; readonly found: FoundRow; readonly etag: string | null },
): Promise<Ending> {
  const { type, collection } = read.plan.property;
  const binary = type === 'Edm.Binary';
  const contentType = binary ? 'application/octet-stream' : 'text/plain;charset=utf-8';
  const sink = openSink(read, { contentType, etag: value.etag });
  if (binary) {
    sink.output.append(Buffer.from(value.text.slice(2), 'hex'));
  } else if (type === 'Edm.String' || collection) {
    sink.output.appendText(value.text);
  } else {
    const format = { ...read.negotiated.json, metadata: 'minimal', ieee754Compatible: false } as const;
    const row = rendered(rowWriter({ fields: [{ kind: 'value', name: 'v', type, collection }] }, format), value.found);
    sink.output.appendText(row.slice('{"v":'.length, -1).replace(/^"(.*)"$/, '$1'));
  }
  return ending(sink);
}

/** `/$count`: a bare number. */
export async function replyCount(
  read: StoredRead,
  { session, compiled, versions, tag }: StoredSource,
): Promise<Ending> {
  const count = await countRows(compiled, { session, versions, known: read.feed.known }, { final: true });
  const sink = openSink(read, { contentType: 'text/plain;charset=utf-8', etag: await tag() });
  sink.output.appendText(count);
  return ending(sink);
}
