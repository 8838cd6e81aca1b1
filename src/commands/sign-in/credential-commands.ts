import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { type CredentialLine, endOfDay, hashKey, lastDay, readCredentials } from '../../sign-in/files/credentials.ts';
import { editLines } from '../../sign-in/files/edit-lines.ts';
import { hashPassword } from '../../sign-in/password/scrypt-hash.ts';
import { exitCodes } from '../support/exit-code.ts';

/** Where credentials are, and how somebody is talked to. */
export interface CredentialContext {
  /** The file; null: the setting is not given. */
  readonly file: string | null;
  readonly setting: 'AUTH_BASIC_FILE' | 'AUTH_KEY_FILE';
  readonly print: (line: string) => void;
}

export interface PasswordInput {
  readonly input: AsyncIterable<unknown>;
  /** Asks a person who types the input, which Enter ends then; absent: it is a pipe or a file. */
  readonly prompt?: (text: string) => void;
}

/** Characters that a password has at least. */
export const shortestPassword = 12;

/** The password on standard input; null, and told, where it is too short. */
export async function readPassword(
  { input, prompt }: PasswordInput,
  print: (line: string) => void,
): Promise<string | null> {
  prompt?.(`Password (at least ${shortestPassword} characters, shown as you type), then Enter: `);
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    // A person at a terminal ends with Enter, a pipe with its end.
    if (prompt !== undefined && text.endsWith('\n')) {
      break;
    }
  }
  const password = text.replace(/\r?\n$/, '');
  if ([...password].length < shortestPassword) {
    print(`The password, read from standard input, must have at least ${shortestPassword} characters.`);
    return null;
  }
  return password;
}

/** Why a name cannot stand in a line; null: it can. */
export function nameFault(name: string): string | null {
  return /[:\p{Cc}]/u.test(name) || name.startsWith('#') || name.trim() !== name || name === '' || name.length > 200
    ? 'The name must not contain ":" or control characters, not start with "#" or a blank, and have 1 to 200 characters.'
    : null;
}

/** `gateway user add NAME`: a password from standard input, in place of one that the name had. */
export async function addUserCommand(name: string, context: CredentialContext, asked: PasswordInput): Promise<number> {
  const file = fileOf(name, context);
  if (file === null) {
    return exitCodes.usage;
  }
  const password = await readPassword(asked, context.print);
  if (password === null) {
    return exitCodes.failed;
  }
  const had = await put(file, name, `${name}:${await hashPassword(password)}`);
  context.print(`${name} ${had ? 'has another password' : 'was added'}: ${file}`);
  return exitCodes.ok;
}

/** `gateway key add NAME`: prints a random key, once, which counts until `day` (YYYY-MM-DD) is over. */
export async function addKeyCommand(name: string, day: string, context: CredentialContext): Promise<number> {
  const file = fileOf(name, context);
  if (file === null) {
    return exitCodes.usage;
  }
  const key = randomBytes(24).toString('base64url');
  const had = await put(file, name, `${name}:${hashKey(key)}:${day}`);
  context.print(`key (shown once): ${key}`);
  context.print(`${name} ${had ? 'has another key' : 'was added'}, until ${day}: ${file}`);
  return exitCodes.ok;
}

/** `gateway user remove NAME`, `gateway key remove NAME`. */
export async function removeCommand(name: string, context: CredentialContext): Promise<number> {
  const file = fileOf(name, context);
  if (file === null) {
    return exitCodes.usage;
  }
  const removed = await editLines(file, (lines) => {
    const left = lines.filter((line) => !isOf(line, name));
    return left.length === lines.length ? null : left;
  });
  context.print(removed ? `${name} was removed: ${file}` : `There is no ${name} in ${file}`);
  return removed ? exitCodes.ok : exitCodes.failed;
}

/** `gateway user list`, `gateway key list`: names alone, and how long keys count. */
export function listCommand({ file, setting, print }: CredentialContext): number {
  if (file === null) {
    print(`${setting} is not set`);
    return exitCodes.usage;
  }
  const { lines, faults } = readCredentials(file);
  for (const { name, endsAt } of lines) {
    print(endsAt === null ? name : `${name}, until ${lastDay(endsAt)}`);
  }
  faults.forEach(print);
  return faults.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** The day from which on a key made now does not count. Throws InvalidArgumentError. */
export function dayOf(text: string): string {
  const day = /^\d{1,4}$/.test(text)
    ? new Date(Date.now() + Number(text) * 86_400_000).toISOString().slice(0, 10)
    : text;
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || !(endOfDay(day) > Date.now())) {
    throw new InvalidArgumentError('must be a day to come, as 2027-11-30, or a number of days');
  }
  return day;
}

const isOf = (line: string, name: string): boolean => !line.startsWith('#') && line.startsWith(`${name}:`);

/** Resolves to whether the name had a line. */
async function put(file: string, name: string, line: string): Promise<boolean> {
  let had = false;
  await editLines(file, (lines) => {
    const at = lines.findIndex((one) => isOf(one, name));
    had = at >= 0;
    return had
      ? lines.map((one, index) => (index === at ? line : one)).filter((one, index) => index <= at || !isOf(one, name))
      : [...lines, line];
  });
  return had;
}

function fileOf(name: string, { file, setting, print }: CredentialContext): string | null {
  const fault =
    nameFault(name) ??
    (file === null ? `${setting} is not set: it names the file to write, which need not exist` : null);
  if (fault !== null) {
    print(fault);
    return null;
  }
  return file;
}

/** What should be done about lines that count, for `gateway check`. */
export function linesToRenew(
  setting: CredentialContext['setting'],
  lines: readonly CredentialLine[],
  weak: readonly string[],
): readonly string[] {
  const soon = Date.now() + 30 * 86_400_000;
  const command = setting === 'AUTH_BASIC_FILE' ? 'gateway user add' : 'gateway key add';
  const ending = lines.filter(({ endsAt }) => endsAt !== null && endsAt < soon);
  const endless = setting === 'AUTH_KEY_FILE' ? lines.filter(({ endsAt }) => endsAt === null) : [];
  const names = (some: readonly { readonly name: string }[]): string => some.map(({ name }) => name).join(', ');
  return [
    ...(weak.length === 0
      ? []
      : [
          `${setting}: the hashes of ${weak.join(', ')} are of a form that is cheap to guess: renew them with "${command}"`,
        ]),
    ...(ending.length === 0
      ? []
      : [
          `${setting}: ended, or ending within 30 days: ${ending.map(({ name, endsAt }) => `${name} (${lastDay(endsAt ?? 0)})`).join(', ')}`,
        ]),
    ...(endless.length === 0
      ? []
      : [`${setting}: the keys of ${names(endless)} never end: renew them with "${command}"`]),
  ];
}

/** How the commands reach the world. */
export interface CredentialWorld {
  /** Made when a command runs. */
  readonly files: () => { readonly basicFile: string | null; readonly keyFile: string | null };
  readonly print: (line: string) => void;
  readonly asked: () => PasswordInput;
  readonly run: (work: Promise<number>) => Promise<void>;
}

export function credentialCommands(gateway: Command, { files, print, asked, run }: CredentialWorld): void {
  const users = (): CredentialContext => ({ file: files().basicFile, setting: 'AUTH_BASIC_FILE', print });
  const keys = (): CredentialContext => ({ file: files().keyFile, setting: 'AUTH_KEY_FILE', print });
  const user = gateway.command('user').description('passwords in AUTH_BASIC_FILE');
  user
    .command('add')
    .description('add a name, or give it another password, read from standard input')
    .argument('<name>')
    .action((name: string) => run(addUserCommand(name, users(), asked())));
  user
    .command('remove')
    .description('take a name away; it cannot sign in any more at once')
    .argument('<name>')
    .action((name: string) => run(removeCommand(name, users())));
  user
    .command('list')
    .description('the names')
    .action(() => run(Promise.resolve(listCommand(users()))));
  const key = gateway.command('key').description('API keys in AUTH_KEY_FILE');
  key
    .command('add')
    .description('make a random key and print it, once; one that the name had does not count any more')
    .argument('<name>')
    .option('--until <day>', 'its last day (2027-11-30), or in how many days', dayOf, dayOf('365'))
    .action((name: string, { until }: { until: string }) => run(addKeyCommand(name, until, keys())));
  key
    .command('remove')
    .description('withdraw the key of a name; it does not count any more at once')
    .argument('<name>')
    .action((name: string) => run(removeCommand(name, keys())));
  key
    .command('list')
    .description('the names, and how long their keys count')
    .action(() => run(Promise.resolve(listCommand(keys()))));
}
