import { GatewayError } from '../../errors.ts';
import { cellText } from '../../json/cells/cell-text.ts';
import { entityContext, propertyContext } from '../../json/context-url.ts';
import { rowWriter } from '../../json/row-writer.ts';
import type { EntityPlan, PropertyPlan } from '../../plan/model/read-plan.ts';
import type { FollowedPreferences, SourceReply } from '../data-source.ts';
import { countRows } from './result-cache.ts';
import { type FoundRow, firstRow, rowJson } from './single-row.ts';
import type { StoredRead } from './stored-read.ts';

const final = { final: true } as const;
const noPreferences: FollowedPreferences = { omitNulls: false, pageSize: null, trackChanges: false };

/**
 * One entity. A missing one is 404 where it was named by key, and nothing where a navigation leads nowhere (Protocol
 * 11.2.4).
 */
export async function storedEntity(read: StoredRead<EntityPlan>): Promise<SourceReply> {
  const { plan, reading, session, compiled, validator } = read;
  const found = await firstRow(session, compiled, final);
  if (found === null) {
    if (plan.empty === 'no-content') {
      return { kind: 'nothing' };
    }
    throw notFound(plan.selection.set);
  }
  return {
    kind: 'object',
    context: entityContext(reading.format.root, plan),
    validator,
    followed: { ...noPreferences, omitNulls: true },
    json: rowJson(rowWriter(compiled.shape, reading.format, compiled.control ?? null), found),
  };
}

/** The value of one property, as JSON or raw. */
export async function storedProperty(read: StoredRead<PropertyPlan>): Promise<SourceReply> {
  const { plan, reading, session, compiled, validator } = read;
  const found = await firstRow(session, compiled, final);
  if (found === null) {
    throw notFound(plan.set);
  }
  const text = cellText(found.input, found.span.start, false);
  if (text === null) {
    return { kind: 'nothing' };
  }
  if (plan.raw) {
    return { kind: 'text', validator, followed: noPreferences, ...rawValue(read, text, found), rows: 1 };
  }
  const { type, collection } = plan.property;
  const shape = { fields: [{ kind: 'value', name: 'value', type, collection }] } as const;
  return {
    kind: 'object',
    context: propertyContext(reading.format.root, plan),
    validator,
    followed: noPreferences,
    json: rowJson(rowWriter(shape, reading.format), found),
  };
}

/** `/$value`: the bare value, binary as bytes (Protocol 11.2.4.1). */
function rawValue(
  { plan, reading }: StoredRead<PropertyPlan>,
  text: string,
  found: FoundRow,
): { readonly contentType: string; readonly body: string | Uint8Array } {
  const { type, collection } = plan.property;
  if (type === 'Edm.Binary') {
    return { contentType: 'application/octet-stream', body: Buffer.from(text.slice(2), 'hex') };
  }
  const contentType = 'text/plain;charset=utf-8';
  if (type === 'Edm.String' || collection) {
    return { contentType, body: text };
  }
  const format = { ...reading.format, metadata: 'minimal', ieee754Compatible: false } as const;
  const row = rowJson(rowWriter({ fields: [{ kind: 'value', name: 'v', type, collection }] }, format), found);
  return { contentType, body: row.slice('{"v":'.length, -1).replace(/^"(.*)"$/, '$1') };
}

/** `/$count`: a bare number. */
export async function storedCount({ session, compiled, validator, results }: StoredRead): Promise<SourceReply> {
  const { versions } = validator;
  const body = await countRows(compiled, { session, versions, results }, final);
  return {
    kind: 'text',
    validator,
    followed: noPreferences,
    contentType: 'text/plain;charset=utf-8',
    body,
    rows: null,
  };
}

const notFound = ({ name }: { readonly name: string }): GatewayError =>
  new GatewayError('EntityNotFound', `No entity of ${name} has this key`, { target: name });
