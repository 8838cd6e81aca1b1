import type { QueryOptions } from '../../../uri/syntax.ts';
import { fault, notImplemented, type Scope } from '../scope.ts';

export type OptionName = keyof QueryOptions;

/** Options about the reply, which http reads; they may stand on every request. */
const everywhere: ReadonlySet<OptionName> = new Set<OptionName>(['format', 'schemaversion']);

/** Options inside of an `$expand` of a single entity. */
export const singleOptions: readonly OptionName[] = ['select', 'expand', 'compute', 'levels'];

/**
 * Refuses every option that has no meaning where it stands: nothing is ignored silently.
 * @throws GatewayError `InvalidOption` naming the option
 */
export function allowOptions(
  options: QueryOptions,
  allowed: readonly OptionName[],
  { scope, what }: { readonly scope: Scope; readonly what: string },
): void {
  for (const [name, value] of Object.entries(options)) {
    const option = optionNames.find((known) => known === name);
    if (value === undefined || option === undefined || everywhere.has(option) || allowed.includes(option)) {
      continue;
    }
    const named = { ...scope, option: `$${name}` };
    if (name === 'index') {
      throw notImplemented(named, 'ordered-collections', 'this feed has no ordered collections.');
    }
    if (name === 'apply') {
      throw notImplemented(named, 'apply-elsewhere', `not supported on ${what}.`);
    }
    throw fault(named, 'InvalidOption', `the option has no meaning on ${what}.`);
  }
}

const optionNames: readonly OptionName[] = [
  'filter',
  'orderby',
  'select',
  'expand',
  'compute',
  'search',
  'apply',
  'top',
  'skip',
  'count',
  'levels',
  'format',
  'skiptoken',
  'deltatoken',
  'schemaversion',
  'id',
  'index',
];
