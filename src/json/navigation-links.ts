import type { ByteOutput } from './bytes/byte-output.ts';

/** Writes the links of one navigation property of the entity with that id, each with a comma before it. */
export type LinkWriter = (id: string, output: ByteOutput) => void;

/**
 * `Nav@odata.associationLink` and `Nav@odata.navigationLink`, absolute (OData JSON 8.1, 8.2), from the id of the entity
 * relative to `root`. Makes its own room: each link repeats the id, so the length of the row is no bound for it.
 */
export function linkWriter(name: string, root: string): LinkWriter {
  const segment = encodeURIComponent(name);
  const link = (kind: string): string => `,${JSON.stringify(`${name}@odata.${kind}`)}:"${root}`;
  const association = link('associationLink');
  const navigation = `/${segment}/$ref"${link('navigationLink')}`;
  return (id, output) => output.appendText(`${association}${id}${navigation}${id}/${segment}"`);
}
