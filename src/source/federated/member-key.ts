import type { Property } from '../../edm/model.ts';
import { stringValue } from '../../json/reading/json-scan.ts';
import { type JoinKey, keyOfTexts } from '../../plan/federate/join-key.ts';

/** The members of one JSON object, values as raw JSON text. */
export type Members = ReadonlyMap<string, string>;

/** Reads the joined values out of rows of JSON. Throws as `keyOfTexts` does. */
export function joinKeyOf(properties: readonly Property[]): (row: Members) => JoinKey {
  const keyOf = keyOfTexts(properties);
  return (row) =>
    keyOf(
      properties.map(({ name }) => {
        const raw = row.get(name) ?? 'null';
        return raw === 'null' ? null : (stringValue(raw) ?? raw);
      }),
    );
}
