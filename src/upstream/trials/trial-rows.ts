import { keyProperties } from '../../edm/key-properties.ts';
import type { EntityType, Property } from '../../edm/model.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { canonicalText, valueText } from '../../json/reading/value-text.ts';
import { isRefusedForm } from '../client/upstream-fault.ts';
import { acceptJson, countIn, openPage, readPages } from '../reading/pages.ts';
import type { ReplyContext } from '../reading/reply-context.ts';
import type { UpstreamReadOptions } from '../upstream.ts';
import { encodeOption } from '../url/compile-url.ts';
import { upstreamPropertyName } from '../url/upstream-map.ts';

/** Whether the feed does what an option says; `no rows`: there are none that it could be wrong about. */
export type Verdict = 'done' | 'passed over' | 'no rows';

export interface TrialPlace {
  readonly options: Pick<UpstreamReadOptions, 'signal'>;
  readonly context: ReplyContext;
}

/** Rows that are looked at, among them, it is hoped, one that leads to two others. */
const mostRows = 50;

/** The same, as a feed can be asked for them. */
export const mostAsked = ({ context }: TrialPlace): number => Math.min(mostRows, context.map.maxTop ?? mostRows);

/** The properties of the key, as the feed calls them. */
export const keyNames = (type: EntityType): readonly string[] => keyProperties(type).map(upstreamPropertyName);

/** A condition that no row fulfils. */
export const noRow = (type: EntityType): string => `$filter=${keyNames(type)[0] ?? ''} eq null`;

/** The key alone. */
export const selected = (type: EntityType): string => `$select=${keyNames(type).join(',')}`;

/** The order of the key, or its reverse. */
export const keyOrder = (type: EntityType, direction: '' | ' desc' = ''): string =>
  `$orderby=${keyNames(type)
    .map((key) => `${key}${direction}`)
    .join(',')}`;

/** The key of a row, as the feed writes it. */
export function keyOf(type: EntityType): (raw: string) => string {
  const own = ownNames(type);
  return (raw) => {
    const members = own(readObject(raw));
    return type.key.map((name) => members.get(name) ?? '').join();
  };
}

export type Members = ReadonlyMap<string, string>;

/** Canonical texts of some values of a row; null: one of them is null. */
export function valuesOf(properties: readonly Property[]): (members: Members) => readonly string[] | null {
  const readers = properties.map((property) => ({ name: property.name, read: valueText(property, false) }));
  return (members) => {
    const texts = readers.map(({ name, read }) => read(members.get(name) ?? 'null'));
    return texts.includes('null') ? null : texts.map(canonicalText);
  };
}

/** Some rows, as they come. `path`: below the service root, encoded; `query`: options, not encoded. null: the feed refuses such a request. */
export async function rowsAt(
  path: string,
  query: readonly string[],
  { options, context }: TrialPlace,
): Promise<readonly string[] | null> {
  return unlessRefused(async () => {
    const rows: string[] = [];
    for await (const { raw } of readPages(`${path}?${queryText(query)}`, options, context)) {
      rows.push(raw);
      if (rows.length === mostRows) {
        break;
      }
    }
    return rows;
  });
}

/** The count that stands beside rows; `absent`: it is left out. null: the feed refuses such a request. */
export async function countBeside(
  path: string,
  query: readonly string[],
  { options, context }: TrialPlace,
): Promise<string | null> {
  return unlessRefused(async () => {
    const request = { path: `${path}?${queryText(query)}`, accept: acceptJson, pageSize: null, signal: options.signal };
    const page = await openPage(request, context);
    if (page.kind === 'absent') {
      return null;
    }
    // What stands behind the rows is known when they were read.
    for await (const _ of page.envelope.rows) {
    }
    return countIn(page.envelope.members) ?? 'absent';
  });
}

/** Options as the query of an address. */
export function queryText(query: readonly string[]): string {
  const texts = query.map((option) => {
    const at = option.indexOf('=');
    return `${option.slice(0, at)}=${encodeOption(option.slice(at + 1))}`;
  });
  return texts.join('&');
}

export async function unlessRefused<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (isRefusedForm(error)) {
      return null;
    }
    throw error;
  }
}
