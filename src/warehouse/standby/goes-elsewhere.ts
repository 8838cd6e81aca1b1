import { GatewayError } from '../../errors.ts';
import { sqlState } from '../postgres-errors.ts';

/**
 * Faults of a standby that its primary need not have. It has no room, is gone, or does not let us in; it has not been told of a table
 * as yet; and what it does not have, or not any more, may have come to the primary since.
 */
const ofTheServer: ReadonlySet<string> = new Set([
  ...['DatabaseUnavailable', 'Busy', 'StorageFull', 'RestartNeeded'],
  ...['EntityNotFound', 'DeltaLinkExpired'],
]);

/** Whether a read that failed so on a standby is to be tried on another server. */
export function goesElsewhere(error: unknown): boolean {
  if (!(error instanceof GatewayError)) {
    return false;
  }
  return ofTheServer.has(error.code) || (error.code === 'Internal' && sqlState(error) !== null);
}
