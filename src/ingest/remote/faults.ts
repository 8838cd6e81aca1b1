import { GatewayError } from '../../errors.ts';

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether an error of this machine's disk says that there is no space, or no more for this user. */
export function isFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return code === 'ENOSPC' || code === 'EDQUOT';
}

export function spoolFull(error: unknown): GatewayError {
  const where = error instanceof Error && 'path' in error && typeof error.path === 'string' ? ` for ${error.path}` : '';
  return new GatewayError('SpoolFull', `No space is left on this machine${where}: ${reasonOf(error)}`, {
    cause: error,
  });
}

/** Whether another try, on a new connection, may succeed at once. */
export const mayPass = (error: unknown): error is GatewayError =>
  error instanceof GatewayError && (error.code === 'ServerUnreachable' || error.code === 'TransferRefused');
