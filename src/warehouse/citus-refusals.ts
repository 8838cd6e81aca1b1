import { GatewayError } from '../errors.ts';
import { sqlState } from './postgres-errors.ts';

/**
 * NotImplemented for a read that Citus does not run over tables on several servers; null: the error is another one. Citus says so as
 * feature_not_supported (0A000), and of joins that would move rows between workers as internal_error (XX000), in words.
 */
export function refusedByCitus(error: unknown, sets: readonly string[]): GatewayError | null {
  const state = sqlState(error);
  const cause = error instanceof GatewayError ? error.cause : error;
  if (
    !(error instanceof Error) ||
    !(cause instanceof Error) ||
    (error instanceof GatewayError && error.code !== 'Internal')
  ) {
    return null;
  }
  if (state !== '0A000' && !(state === 'XX000' && /repartition/i.test(cause.message))) {
    return null;
  }
  const named = sets.length === 0 ? '' : ` over ${sets.join(', ')}`;
  return new GatewayError(
    'NotImplemented',
    `Citus does not run this request${named}: ${cause.message.replace(/[.\s]+$/, '')}.`,
    {
      feature: 'distributed',
      cause: error,
    },
  );
}
