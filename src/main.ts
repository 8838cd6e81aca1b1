import process from 'node:process';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { DateTime } from 'luxon';
import { testAlertCommand } from './commands/alert.ts';
import { type ArchiveFlags, archiveCommand } from './commands/archive.ts';
import { type BackupFlags, backupCommand } from './commands/backup.ts';
import { checkCommand } from './commands/check.ts';
import { type ConnectFlags, connectCommand } from './commands/connect.ts';
import { type DraftFlags, draftCommand } from './commands/draft.ts';
import { type EraseFlags, eraseCommand } from './commands/erase.ts';
import type { ExplainFlags } from './commands/explain/explain.ts';
import { hashPasswordCommand } from './commands/hash-password.ts';
import { type IngestFlags, ingestCommand, mostAtOnce } from './commands/ingest.ts';
import { inspectCommand } from './commands/inspect.ts';
import { migrateCommand } from './commands/migrate.ts';
import { type PlaceFlags, placeCommand } from './commands/place.ts';
import { pruneCommand } from './commands/prune.ts';
import { type RebuildFlags, rebuildCommand } from './commands/rebuild.ts';
import { rejectCommands } from './commands/rejects/arguments.ts';
import { type RestoreFlags, restoreCommand } from './commands/restore.ts';
import { sampleCommand } from './commands/sample.ts';
import { serveCommand } from './commands/serve.ts';
import { diskCommand } from './commands/serving/disk.ts';
import { readServingConfig } from './commands/serving/serving-faults.ts';
import { credentialCommands } from './commands/sign-in/credential-commands.ts';
import { statusCodes, statusCommand } from './commands/status.ts';
import { countArgument } from './commands/support/count-argument.ts';
import { exitCodes } from './commands/support/exit-code.ts';
import type { Surroundings } from './commands/support/surroundings.ts';
import { programVersion } from './commands/support/version.ts';
import { type SyncFlags, syncCommand } from './commands/sync.ts';
import { type Config, ConfigError, examineConfig, readConfig, useUtc } from './config.ts';
import { isNoSpace } from './embedded/disk-space.ts';
import { errorCatalogue } from './error-catalogue.ts';
import { GatewayError, operatorMessage } from './errors.ts';
import { log } from './observation/log.ts';
import type { Observation } from './observation/observation.ts';
import { type Observe, unobserved } from './observation/observe.ts';
import type { SampleOrder } from './samples/sample-order.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function progress(line: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  }
}

/** Only this file hands the process's environment on. */
function surroundings(config: Config = readConfig(process.env)): Surroundings {
  const isTerminal = process.stderr.isTTY;
  return { config, environment: process.env, print, progress, isTerminal, observe: logOf(config, 'debug') };
}

/** A command prints what it has to say: only one that serves logs at every level, others when somebody looks for the reason of something. */
function logOf({ logLevel, logLiterals }: Config, from: 'debug' | 'any'): Observe<Observation> {
  const looking = logLevel === 'debug' || logLevel === 'trace';
  return from === 'any' || looking ? log({ level: logLevel, values: logLiterals }) : unobserved;
}

function serving(): Surroundings {
  const config = readServingConfig(process.env);
  return { ...surroundings(config), observe: logOf(config, 'any') };
}

/** A monitor takes 1 for a warning: whatever keeps the question from being answered is an error. */
async function monitored(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    explain(error);
    return statusCodes.error;
  }
}

function day(text: string): string {
  const date = DateTime.fromISO(text, { zone: 'utc' });
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || !date.isValid) {
    throw new InvalidArgumentError('must be a day such as 2026-11-30');
  }
  return text;
}

/** Days of made-up data: ten years. */
const mostDays = 3660;

/** All values of an option that stands several times. */
const several = (value: string, others: readonly string[] = []): readonly string[] => [...others, value];

/** Milliseconds within which signals are one: a service manager signals every process of a group, and some pass theirs on. */
const oneSignal = 1000;

/** SIGINT, SIGTERM or SIGHUP; another one later ends the program at once. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let told: number | null = null;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (told !== null && performance.now() - told > oneSignal) {
          process.exit(exitCodes.failed);
        }
        told ??= performance.now();
        resolve(signal);
      });
    }
  });
}

const run = (work: Promise<number>): Promise<void> =>
  work.then((code) => {
    process.exitCode = code;
  });

/** What a stop gave up (a load, a start of the database) does not keep the program: its transaction is undone. */
const runToTheEnd = (work: Promise<number>): Promise<void> =>
  run(work).then(() => {
    setTimeout(() => process.exit(), 500).unref();
  });

/**
 * What is written from now on, also by programs that are started, belongs to this user alone: rows are about people. Metadata and samples that
 * somebody asks for are theirs to give on.
 */
function keepFilesPrivate(command: string | undefined): void {
  if (command !== 'draft' && command !== 'sample') {
    process.umask(0o077);
  }
}

/** Whoever reads the output may leave (`| head -1`); the work goes on and its exit code stays. */
function letReadersLeave(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') {
        return;
      }
      process.exitCode = exitCodes.failed;
      if (stream === process.stdout) {
        process.stderr.write(`The output cannot be written: ${error.message}\n`);
      }
    });
  }
}

function program(): Command {
  const gateway = new Command('gateway')
    .description('One OData v4 feed over contact-centre exports and other feeds, for Power BI and Excel.')
    .version(programVersion(), '--version', 'print the version')
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 1 failed; 2 done, but rows were rejected or files refused; 64 wrong use. Those of status: 0 fine, 1 warnings, 2 errors.\nSettings come from the environment, see README.md.',
    );
  gateway
    .command('serve')
    .description('serve the feed and load what is dropped into DROP_DIR')
    .action(() => runToTheEnd(serveCommand(serving(), { stop: stopSignal() })));
  gateway
    .command('ingest')
    .description('load files, or all files in folders')
    .argument('<paths...>')
    .option('--source <name>', 'the source that wrote them')
    .option('--export <name>', 'the kind of export')
    .option('--period <from..to>', 'the period, where neither rows nor file name say it')
    .option('--force', 'load a file however many rows it lacks or has rejected')
    .option('--again', 'load bytes that were loaded before anew, as the metadata reads them now')
    .option(
      '--parallel <count>',
      `files loaded at once where they touch no set in common, up to ${mostAtOnce}`,
      countArgument(1, mostAtOnce),
    )
    .action((paths: string[], flags: IngestFlags) => run(ingestCommand(surroundings(), paths, flags)));
  gateway
    .command('sync')
    .description('fetch files from the servers that the metadata declares, on their schedules')
    .argument('[source]', 'only those of one source')
    .option('--once', 'one round of each, then the end')
    .option('--dry-run', 'connect and list, and say what would be fetched and why; changes nothing')
    .option('--retry-login', 'try a login again that was refused as it is')
    .action((source: string | undefined, flags: SyncFlags) =>
      runToTheEnd(
        syncCommand(flags.once || flags.dryRun ? surroundings() : serving(), source, { ...flags, stop: stopSignal() }),
      ),
    );
  gateway
    .command('archive')
    .description('keep rows of proxied feeds in the database, as the metadata says, on their schedules')
    .argument('[source]', 'only those of one source')
    .option('--once', 'one copy of each set, then the end')
    .option('--set <name>', 'only this set, once')
    .option('--dry-run', 'say what is kept, and how far it is; changes nothing')
    .option('--whole', 'compare the whole sets now')
    .option('--force', 'delete rows that the feed has no longer, however many they are')
    .option('--forget', 'let the archived rows of the source, or of the set, go; there is no way back')
    .action((source: string | undefined, flags: ArchiveFlags) => {
      const ends = flags.once || flags.dryRun || flags.set !== undefined || flags.forget;
      return runToTheEnd(archiveCommand(ends ? surroundings() : serving(), source, { ...flags, stop: stopSignal() }));
    });
  gateway
    .command('inspect')
    .description('say what a load would make of a file; needs no database')
    .argument('<file>')
    .option('--source <name>')
    .option('--export <name>')
    .option('--period <from..to>')
    .action((file: string, flags: IngestFlags) => run(inspectCommand(surroundings(), file, flags)));
  gateway
    .command('status')
    .description('what was loaded, and what waits for somebody; exit codes for a monitor: 0 fine, 1 warnings, 2 errors')
    .option('--json', 'one JSON object', false)
    .action((flags: { json: boolean }) => run(monitored(() => statusCommand(surroundings(), flags))));
  gateway
    .command('explain')
    .description(
      'say what becomes of a URL: syntax, plan, SQL or request to a proxied feed, and the plan of PostgreSQL',
    )
    .argument('<url>', 'absolute, from /odata/, or from the name of a set: "Loads?$top=1"')
    .option('--as <name>', 'as whom to ask: rights of ACCESS_FILE')
    .option('--claims <json>', 'what the token of that name says, as JSON; without it the name is of a password or key')
    .option('--analyze', 'run the statements, and say what they took')
    .option('--values', 'show the values of the request, which are hidden otherwise')
    .action(async (url: string, flags: ExplainFlags) => {
      // Formatting SQL is what no other command does.
      const { explainCommand } = await import('./commands/explain/explain.ts');
      return run(explainCommand(surroundings(), url, flags));
    });
  gateway
    .command('migrate')
    .description('bring the database to what program and metadata need')
    .action(() => run(migrateCommand(surroundings())));
  gateway
    .command('check')
    .description('check configuration, credentials, metadata and proxied feeds; needs no database')
    .option('--connect', 'connect to the servers of deliveries, too, and list their files')
    .option(
      '--public',
      'whether Power BI could sign in by organizational account, and the checklist for the Entra portal',
    )
    .option('--upstream', 'ask each set of the proxied feeds for a row, too; a feed that does not answer is a fault')
    .action((flags: { connect?: boolean; upstream?: boolean; public?: boolean }) => {
      const { config, faults } = examineConfig(process.env);
      const { connect: connects = false, upstream: asksRows = false, public: isPublic = false } = flags;
      return run(checkCommand(surroundings(config), faults, { connects, asksRows, public: isPublic }));
    });
  gateway
    .command('connect')
    .description(
      'sign in at a proxied feed for the gateway, where a person has to: prints an address and a code, waits',
    )
    .argument('[source]', 'as its folder in the metadata is called')
    .option('--forget', 'forget the sign-in that is kept')
    .action((source: string | undefined, flags: ConnectFlags) =>
      runToTheEnd(connectCommand(surroundings(), source, { ...flags, stop: stopSignal() })),
    );
  gateway
    .command('sample')
    .description('write made-up exports')
    .requiredOption('--out <directory>', 'where to')
    .option('--rows <count>', 'rows of a file that grows day by day', countArgument(1, 100_000_000))
    .option('--seed <number>', 'same seed, same bytes', countArgument(0, 999_999_999))
    .option('--days <count>', 'days of data', countArgument(1, mostDays))
    .option(
      '--days-per-file <count>',
      'days in one file, where files say the days of their rows',
      countArgument(1, mostDays),
    )
    .option('--from <date>', 'first day, yyyy-MM-dd', day)
    .option('--broken <count>', 'broken rows added to each file', countArgument(0, 1_000_000))
    .action(({ out, ...order }: { readonly out: string } & Partial<SampleOrder>) =>
      run(sampleCommand(surroundings(), out, order)),
    );
  gateway
    .command('alert')
    .description('try where alerts are sent (ALERT_URL)')
    .requiredOption('--test', 'send one test message')
    .action(() => run(testAlertCommand(surroundings())));
  rejectCommands(gateway, { surroundings, run });
  gateway
    .command('rebuild')
    .description('make sets anew from the files that they were loaded from, after a type or key changed')
    .argument('<sets...>')
    .option(
      '--from <folder>',
      'where the files lie, if neither where they were loaded from nor in loaded/; may stand several times',
      several,
      [],
    )
    .action((sets: string[], flags: RebuildFlags) => run(rebuildCommand(surroundings(), sets, flags)));
  gateway
    .command('disk')
    .description('what takes how much room: sets, indexes, kept files, and how it grows')
    .action(() => run(diskCommand(surroundings())));
  gateway
    .command('draft')
    .description('propose the metadata of a new export from its files; needs no database')
    .argument('<files...>')
    .option('--source <name>', 'the source that wrote them; one that is new gets its file, too', 'draft')
    .option('--name <set>', 'name of the entity set, without prefix')
    .option('--out <folder>', 'the metadata folder to write into; otherwise it is printed')
    .action((files: string[], flags: DraftFlags) => run(draftCommand(surroundings(), files, flags)));
  gateway
    .command('backup')
    .description('write all that belongs to the gateway into one file, while it runs')
    .argument('<to>', 'a folder, or the file to write')
    .option('--check', 'only read the backup <to>, and say whether it is whole')
    .option('--no-files', 'without the files of loaded/ and refused/')
    .action((to: string, flags: BackupFlags) => run(backupCommand(surroundings(), to, flags)));
  gateway
    .command('restore')
    .description('put a backup into an empty database, its files into the drop folder')
    .argument('<file>')
    .option('--replace', 'let go what the database holds')
    .option('--no-files', 'leave the files of loaded/ and refused/ in the backup')
    .action((file: string, flags: RestoreFlags) => run(restoreCommand(surroundings(), file, flags)));
  gateway
    .command('erase')
    .description('take a person out of all rows, rejected rows and kept files; counts only, unless --yes is said')
    .requiredOption(
      '--person <value>',
      'a name, address, telephone number or id that the person is known by; may stand several times',
      several,
    )
    .option('--source <name>', 'only what comes from this source')
    .option('--dry-run', 'count only, which is what happens without --yes')
    .option('--yes', 'do it; there is no way back')
    .action((flags: EraseFlags) => run(eraseCommand(surroundings(), flags)));
  gateway
    .command('prune')
    .description('remove rows, texts of rejected rows and kept files that are older than the metadata has them kept')
    .option('--dry-run', 'only count them')
    .action((flags: { dryRun?: boolean }) => run(pruneCommand(surroundings(), flags)));
  gateway
    .command('place')
    .description('spread the sources over the servers of Citus, and say what lies where (docs/scale.md)')
    .option('--dry-run', 'only say it')
    .action((flags: PlaceFlags) => run(placeCommand(surroundings(), flags)));
  gateway
    .command('hash-password')
    .description(
      'make a line for AUTH_BASIC_FILE from a password on standard input, with --key one for AUTH_KEY_FILE, or with --ingest one for INGEST_KEYS_FILE',
    )
    .argument('<name>')
    .option('--key', 'make a random key, for reading', false)
    .option('--ingest', 'make a random key, for uploads', false)
    .option('--source <name>', 'a source whose files may be uploaded with it; may stand several times', several, [])
    .action((name: string, flags: { key: boolean; ingest: boolean; source: readonly string[] }) => {
      const { key, ingest, source: sources } = flags;
      const asking = process.stdin.isTTY ? { prompt } : {};
      return run(hashPasswordCommand(name, { key, ingest, sources, input: process.stdin, print, ...asking }));
    });
  credentialCommands(gateway, {
    files: () => surroundings().config,
    print,
    asked: () => ({ input: process.stdin, ...(process.stdin.isTTY ? { prompt } : {}) }),
    run,
  });
  return gateway;
}

/** Beside standard output, which may go to a file. */
function prompt(text: string): void {
  process.stderr.write(text);
}

/** A person at a terminal gets one message and what to do, never a stack, unless the fault is the program's own. */
function explain(error: unknown): number {
  progress('');
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
  } else if (error instanceof GatewayError) {
    process.stderr.write(`${error.code}: ${operatorMessage(error)}\n${error.remedy}\n`);
  } else if (isNoSpace(error)) {
    const { message, path = '' } = error as NodeJS.ErrnoException;
    process.stderr.write(
      `StorageFull: No space is left for ${path || 'the files of this command'}: ${message}\n${errorCatalogue.StorageFull.remedy}\n`,
    );
  } else {
    process.stderr.write(
      `The program failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  }
  return exitCodes.failed;
}

useUtc();
keepFilesPrivate(process.argv[2]);
letReadersLeave();
try {
  await program().parseAsync(process.argv);
} catch (error) {
  process.exitCode = explain(error);
}
