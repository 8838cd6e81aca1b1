import { GatewayError } from '../../errors.ts';

/** The container, or a member of it, cannot be read to its end, or is not what it says. */
export function damaged(name: string, why: string, cause?: unknown): GatewayError {
  return new GatewayError('ContainerDamaged', `${name} is damaged: ${why}`, {
    target: name,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What an error of reading or writing means: no space is left, the file cannot be read, else the bytes are at fault. */
export function unpackingError(name: string, cause: unknown): GatewayError {
  if (cause instanceof GatewayError) {
    return cause;
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new GatewayError('StorageFull', `No space is left to unpack ${name}: ${reason}`, { cause });
  }
  if (syscall !== undefined) {
    return new GatewayError('FileUnreadable', `${name} cannot be read: ${reason}`, { target: name, cause });
  }
  return damaged(name, reason, cause);
}
