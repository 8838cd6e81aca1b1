import { createHash } from 'node:crypto';
import type { StoredSet } from '../../../catalogue/catalogue.ts';
import { GatewayError } from '../../../errors.ts';
import type { Bound, CollectionPlan } from '../../../plan/model/read-plan.ts';
import { type DeltaToken, decodeDeltaToken, encodeDeltaToken } from '../../../plan/position/page-position.ts';
import { historyTables, quoteRelation } from '../../../sql/identifier.ts';
import { literal } from '../../../sql/literal.ts';
import type { ReadSession } from '../../../warehouse/database.ts';
import type { Reading } from '../../data-source.ts';
import { trackableSet } from './trackable.ts';

/** The history of one set, and where in it a reply stands. */
export interface Tracking {
  readonly since: bigint | null;
  /** What the delta link at the end of the pages will say: nothing that changed after it was surely seen. */
  readonly start: bigint;
  readonly epoch: string;
  readonly fingerprint: string;
  /** The client asked for it with this request; a token says it for all that follow. */
  readonly asked: boolean;
}

/**
 * Whether the changes of the rows are followed: by a token, or asked for with `track-changes` where that can be done.
 * Throws GatewayError NotImplemented for a token on a request whose changes cannot be followed.
 */
export function isTracked(plan: Bound<CollectionPlan>, reading: Reading): boolean {
  const can = !plan.volatile && trackableSet(plan, reading.catalogue) !== null;
  if (reading.deltaToken === null) {
    return can && reading.trackChanges;
  }
  if (can) {
    return true;
  }
  throw new GatewayError(
    'NotImplemented',
    'The changes of this request cannot be followed: $expand, $top and $skip cannot',
    {
      feature: 'untracked-changes',
      target: '$deltatoken',
    },
  );
}

/**
 * Reads the set's version in the snapshot of the reply (Protocol 11.3). null: the set has no history yet. Throws
 * GatewayError DeltaLinkExpired for a token of another history, or of a version whose tombstones are not kept.
 */
export async function openTracking(
  plan: Bound<CollectionPlan>,
  { catalogue, deltaToken }: Reading,
  session: ReadSession,
): Promise<Tracking | null> {
  const set = trackableSet(plan, catalogue);
  const { fingerprint } = plan;
  const token = deltaToken === null ? null : decodeDeltaToken(deltaToken, fingerprint);
  const history = set === null ? null : await historyOf(set, plan, session);
  if (token === null) {
    return history === null
      ? null
      : { since: null, start: history.version, epoch: history.epoch, fingerprint, asked: true };
  }
  checkToken(token, history);
  return { since: token.since, start: token.start ?? history.version, epoch: history.epoch, fingerprint, asked: false };
}

interface History {
  readonly version: bigint;
  readonly keptSince: bigint;
  readonly epoch: string;
}

async function historyOf(
  set: StoredSet,
  { selection, rowConditions }: Bound<CollectionPlan>,
  session: ReadSession,
): Promise<History | null> {
  const text = (value: string): string => literal({ type: 'Edm.String', value });
  const relation = `to_regclass(${text(quoteRelation(set.relation))})::oid::text AS relation`;
  // Where the history lies on another server, that one would tell which table it has itself, and another one after a move.
  const isElsewhere = set.history !== undefined;
  const { rows } = await session.query<{ version: string; kept_since: string; epoch: string; relation?: string }>(
    `SELECT version::text, kept_since::text, epoch::text${isElsewhere ? '' : `, ${relation}`} FROM ${historyTables(set).versions} WHERE entity_set = ${text(set.name)}`,
  );
  const [row] = rows;
  if (row === undefined) {
    return null;
  }
  const here = isElsewhere ? (await session.query<{ relation: string }>(`SELECT ${relation}`)).rows[0] : row;
  // A table that was made again, properties that came or went, and other rows for the reader begin a new history.
  const properties = [...selection.type.properties.values()].map((property) => [property.name, property.type]);
  const named = JSON.stringify([
    row.epoch,
    here?.relation,
    properties,
    ...(rowConditions === '' ? [] : [rowConditions]),
  ]);
  const epoch = createHash('sha256').update(named).digest('base64url').slice(0, 16);
  return { version: BigInt(row.version), keptSince: BigInt(row.kept_since), epoch };
}

function checkToken({ since, start, epoch }: DeltaToken, history: History | null): asserts history is History {
  const expired = (why: string): never => {
    throw new GatewayError('DeltaLinkExpired', `The delta link cannot be followed any more: ${why}`, {
      target: '$deltatoken',
    });
  };
  if (history === null || epoch !== history.epoch) {
    expired('the set was made anew');
  } else if ((since ?? 0n) > history.version || (start ?? 0n) > history.version) {
    expired('the set was set back');
  } else if ((since ?? start ?? 0n) < history.keptSince) {
    expired('it is older than what is kept of removed rows');
  }
}

/**
 * Text of `$deltatoken` for the end of a page: behind the last one it leads to the changes since the first page was read;
 * before, the next page remembers what the first one saw.
 */
export function deltaTokenOf({ since, start, epoch, fingerprint }: Tracking, page: { readonly last: boolean }): string {
  return encodeDeltaToken(page.last ? { since: start, start: null, epoch } : { since, start, epoch }, fingerprint);
}
