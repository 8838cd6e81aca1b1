import { isAbsolute, resolve } from 'node:path';

/**
 * Why a file cannot be read, for whoever named it. A relative path says where it was looked for: who typed it may be in another folder than he thinks.
 * `cause`: what the file system threw.
 */
export function whyUnreadable(path: string, cause: unknown): string {
  if (!(cause instanceof Error)) {
    return String(cause);
  }
  if (!('code' in cause && cause.code === 'ENOENT')) {
    return cause.message;
  }
  return `there is no such file${isAbsolute(path) ? '' : `, it was looked for at ${resolve(path)}`}`;
}
