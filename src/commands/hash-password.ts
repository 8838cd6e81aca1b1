import { randomBytes } from 'node:crypto';
import { hashKey } from '../sign-in/files/credentials.ts';
import { hashPassword } from '../sign-in/password/scrypt-hash.ts';
import { nameFault, readPassword } from './sign-in/credential-commands.ts';
import { exitCodes } from './support/exit-code.ts';

/**
 * `gateway hash-password`: prints a line for AUTH_BASIC_FILE from a password on standard input, or with `key` makes a
 * random key and prints it with its line for AUTH_KEY_FILE, with `ingest` one with its line for INGEST_KEYS_FILE, of `sources` alone
 * where it names some.
 */
export async function hashPasswordCommand(
  name: string,
  options: {
    readonly key: boolean;
    readonly ingest?: boolean;
    readonly sources?: readonly string[];
    readonly input: AsyncIterable<unknown>;
    /** Asks a person who types the input, which Enter ends then; absent: it is a pipe or a file. */
    readonly prompt?: (text: string) => void;
    readonly print: (line: string) => void;
  },
): Promise<number> {
  const fault = nameFault(name);
  if (fault !== null) {
    options.print(fault);
    return exitCodes.usage;
  }
  const { key: reads, ingest = false, sources = [] } = options;
  if ((reads && ingest) || (sources.length > 0 && !ingest)) {
    options.print(
      'A key is for reading (--key) or for uploads (--ingest), which alone may be of some sources (--source).',
    );
    return exitCodes.usage;
  }
  if (reads || ingest) {
    const key = randomBytes(24).toString('base64url');
    const of = sources.length === 0 ? '' : `:${sources.join(',')}`;
    options.print(`key (shown once): ${key}`);
    options.print(`line for ${ingest ? 'INGEST_KEYS_FILE' : 'AUTH_KEY_FILE'}: ${name}:${hashKey(key)}${of}`);
    return exitCodes.ok;
  }
  const password = await readPassword(options, options.print);
  if (password === null) {
    return exitCodes.failed;
  }
  options.print(`${name}:${await hashPassword(password)}`);
  return exitCodes.ok;
}
