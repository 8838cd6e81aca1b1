import type { FaultPath } from './fault.ts';

/** Values by name; the caller reads the process environment, this room never does. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  readonly value: unknown;
  /** Names that the environment does not give and that have no default, with their places. */
  readonly unset: readonly { readonly path: FaultPath; readonly name: string }[];
}

const reference = /\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every string of a parsed document. A string that needs an unset name
 * becomes null where `mayBeNull` says so and stays as it is elsewhere; whether that is a fault is for the caller to say.
 */
export function expandEnvironment(
  value: unknown,
  environment: Environment,
  mayBeNull: (path: FaultPath) => boolean = () => false,
): Expansion {
  const unset: { path: FaultPath; name: string }[] = [];
  const walk = (node: unknown, path: FaultPath): unknown => {
    if (typeof node === 'string') {
      return expandText(node, path);
    }
    if (Array.isArray(node)) {
      return node.map((item, index) => walk(item, [...path, index]));
    }
    if (typeof node !== 'object' || node === null) {
      return node;
    }
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, walk(item, [...path, key])]));
  };
  const expandText = (text: string, path: FaultPath): string | null => {
    let complete = true;
    const expanded = text.replace(reference, (_, name: string, fallback: string | undefined) => {
      const given = environment[name];
      const found = given === undefined || given === '' ? fallback : given;
      if (found === undefined) {
        complete = false;
        unset.push({ path, name });
      }
      return found ?? '';
    });
    if (complete) {
      return expanded;
    }
    return mayBeNull(path) ? null : text;
  };
  return { value: walk(value, []), unset };
}

/** The first environment name that a text refers to, for messages. */
export function environmentName(text: unknown): string | null {
  if (typeof text !== 'string') {
    return null;
  }
  return new RegExp(reference.source).exec(text)?.[1] ?? null;
}
