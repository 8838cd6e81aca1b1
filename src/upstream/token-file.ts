import { readFile, stat } from 'node:fs/promises';
import { GatewayError } from '../errors.ts';

/** Gives the bearer token of a file, read again whenever the file changed. */
export type TokenFile = () => Promise<string | null>;

/** `path` null: no token is sent. The returned function throws GatewayError UpstreamRefused when there is no token in the file. */
export function tokenFile(path: string | null, source: string): TokenFile {
  let read: { readonly token: string; readonly stamp: string } | null = null;
  return async () => {
    if (path === null) {
      return null;
    }
    try {
      const { mtimeMs, size, ino } = await stat(path);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (read?.stamp !== stamp) {
        read = { token: (await readFile(path, 'utf8')).trim(), stamp };
      }
    } catch (cause) {
      throw new GatewayError('UpstreamRefused', `The token file of the proxied feed ${source} cannot be read.`, {
        cause,
      });
    }
    if (!/^[\x21-\x7e]+$/.test(read.token)) {
      throw new GatewayError('UpstreamRefused', `The token file of the proxied feed ${source} holds no token.`);
    }
    return read.token;
  };
}
