/**
 * Whether there is a related entity parts groups as its properties do: rows that lead nowhere, and rows that lead to an
 * entity whose property is null, have other projections (Data Aggregation 4.0, 3.2.3.1), `"Nav":null` and
 * `"Nav":{"Property":null}`. So each navigation of a path that may lead nowhere is a key of its own, under a name that no
 * request can write.
 */
const segment = '$present';

/** The path of the key that says whether the entity at `prefix` is there. */
export const presencePath = (prefix: readonly string[]): readonly string[] => [...prefix, segment];

export const isPresence = (path: readonly string[]): boolean => path.at(-1) === segment;

/** Names that a message may show. */
export const isNamed = (name: string): boolean => !name.endsWith(`/${segment}`);

/** Whether the presence is that of an entity on the way of `path`. */
export const isOnWay = (presence: readonly string[], path: readonly string[]): boolean =>
  presence.length <= path.length && presence.slice(0, -1).every((name, index) => name === path[index]);
