import { randomBytes } from 'node:crypto';
import { hashKey, hashPassword } from '../sign-in/files/credentials.ts';
import { exitCodes } from './exit-code.ts';

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
  if (name.includes(':') || name.startsWith('#')) {
    options.print('The name must not contain ":" and not start with "#".');
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
  options.prompt?.('Password (at least 8 characters, shown as you type), then Enter: ');
  let text = '';
  for await (const chunk of options.input) {
    text += String(chunk);
    // A person at a terminal ends with Enter, a pipe with its end.
    if (options.prompt !== undefined && text.endsWith('\n')) {
      break;
    }
  }
  const password = text.replace(/\r?\n$/, '');
  if (password.length < 8) {
    options.print('The password, read from standard input, must have at least 8 characters.');
    return exitCodes.failed;
  }
  options.print(`${name}:${await hashPassword(password)}`);
  return exitCodes.ok;
}
