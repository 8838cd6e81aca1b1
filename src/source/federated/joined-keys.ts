import { GatewayError } from '../../errors.ts';
import { valuesPlan, type WantedValues } from '../../plan/federate/keyed-plans.ts';
import { isNever } from '../../plan/logic/condition.ts';
import type { JoinContext } from './join-context.ts';
import { pickLocal } from './pick-local.ts';

/** The joined values of the rows of a set that a condition holds for. */
export interface WantedKeys extends WantedValues {
  /** Several rows may have one key. */
  readonly repeated: boolean;
  /** Keys that the rows joined to them can be filtered by. */
  readonly most: number;
}

/** Rows looked at for their keys, where several have the same one. */
const mostRows = 100_000;
const rowsPerPage = 5_000;

/**
 * Each key once, in one order. Nothing is fetched but the joined properties.
 * @throws GatewayError LimitExceeded where there are more than may be fetched
 */
export async function joinedKeys(wanted: WantedKeys, context: JoinContext): Promise<readonly (readonly string[])[]> {
  if (isNever(wanted.condition)) {
    return [];
  }
  const found = new Map<string, readonly string[]>();
  const most = wanted.repeated ? mostRows : wanted.most;
  let rows = 0;
  const source = pickLocal(wanted.set, context);
  const plan = valuesPlan(wanted, { top: most + 1, pageSize: rowsPerPage });
  for await (const key of source.keys(plan, wanted.properties)) {
    rows += 1;
    if (key !== null) {
      found.set(JSON.stringify(key), key);
    }
    if (found.size > wanted.most) {
      throw tooMany(wanted, `${wanted.most} different keys`);
    }
    if (rows > most) {
      throw tooMany(wanted, `${most} rows`);
    }
  }
  context.observe({ event: 'keys-found', set: wanted.set.name, keys: found.size });
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);
}

function tooMany({ set }: WantedKeys, what: string): GatewayError {
  return new GatewayError(
    'LimitExceeded',
    `$filter: the condition on rows of ${set.name}, which another source has, leads to more than ${what}; narrow it`,
    { target: '$filter' },
  );
}
