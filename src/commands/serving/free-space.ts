import { spaceFault } from '../../embedded/disk-space.ts';
import { GatewayError } from '../../errors.ts';

/** A load that began on a full disk would stop PostgreSQL, and all reading with it. Throws StorageFull. */
export function requireSpace(folder: string | null): void {
  const fault = folder === null ? null : spaceFault(folder);
  if (fault !== null) {
    throw new GatewayError('StorageFull', fault);
  }
}

/** Why no file was taken in; where the disk is full, how much is free and what to free. */
export function failureOf(error: unknown, folder: string | null): string {
  const fault = folder === null ? null : spaceFault(folder);
  const reason = error instanceof Error ? error.message : String(error);
  return fault === null || reason === fault ? reason : `${reason} ${fault}`;
}
