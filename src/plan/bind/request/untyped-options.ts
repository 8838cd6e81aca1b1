import type { QueryOptions } from '../../../uri/syntax.ts';
import { fault, inOption, notImplemented, type Scope } from '../scope.ts';

/**
 * Refuses the options of a collection of Edm.EntityType that speak of its rows' properties. A property named as if the
 * rows had it cannot exist: that is a mistake of the client's. What names none, or casts to a type before it names one, is
 * right and not done.
 * @throws GatewayError `UnknownProperty` or `NotImplemented`, naming the option
 */
export function refuseTyped(options: QueryOptions, scope: Scope): void {
  for (const name of ['filter', 'orderby', 'compute', 'select', 'expand', 'search', 'apply'] as const) {
    const value = options[name];
    if (value === undefined) {
      continue;
    }
    const inside = inOption(scope, `$${name}`);
    const at = name === 'select' || name === 'expand' ? namedItem(options[name] ?? []) : namedProperty(value);
    if (at !== null) {
      const message = `'${at.name}' cannot be a property of Edm.EntityType, which has none; ask a set, or $all/ and its type.`;
      throw fault(inside, 'UnknownProperty', message, at.at);
    }
    throw notImplemented(inside, 'typeless-options', 'not supported on $all; ask a set, or $all/ and a type.');
  }
}

interface Named {
  readonly name: string;
  readonly at: number;
}

function namedItem(items: readonly { readonly at: number; readonly path: readonly string[] }[]): Named | null {
  for (const { path, at } of items) {
    const [name] = path;
    if (name !== undefined && !name.includes('.')) {
      return { name, at };
    }
  }
  return null;
}

/** A path of an expression tree that begins with a plain name, or with `$it` and one. Chains of `and` are deep: no recursion. */
function namedProperty(tree: unknown): Named | null {
  const open: unknown[] = [tree];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node !== 'object' || node === null) {
      continue;
    }
    if ('kind' in node && node.kind === 'MemberPath' && 'segments' in node && Array.isArray(node.segments)) {
      const [first, second] = node.segments as readonly unknown[];
      const found = plainName(isRowVariable(first) ? second : first);
      if (found !== null) {
        return found;
      }
    } else {
      open.push(...Object.values(node).filter((part) => part !== undefined));
    }
  }
  return null;
}

const isRowVariable = (segment: unknown): boolean =>
  typeof segment === 'object' && segment !== null && 'name' in segment && ['$it', '$this'].includes(`${segment.name}`);

function plainName(segment: unknown): Named | null {
  if (typeof segment !== 'object' || segment === null || !('kind' in segment) || segment.kind !== 'Name') {
    return null;
  }
  const { name, at } = segment as unknown as Named;
  return name.includes('.') ? null : { name, at };
}
