import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import cron from 'node-cron';
import { z } from 'zod';
import { isTimeZone } from './catalogue/compile/sets/conversions.ts';
import { isProxyEntry } from './http/edge/request-origin.ts';
import { defaultLimits, type UnpackLimits } from './ingest/container/limits.ts';
import { type SignInSettings, signInFaults, signInSettings, signInShape, words } from './sign-in/settings.ts';
import { hostsOf } from './warehouse/standby/host-list.ts';

/** Everything the program takes from its environment. Read once at start; only `main.ts` and this file see `process.env`. */
export interface Config {
  readonly port: number;
  readonly host: string;
  /** Where metrics and health are told; null: metrics nowhere. */
  readonly metricsPort: number | null;
  readonly metricsHost: string;
  /** Absolute, without a final slash, e.g. `https://feed.example.com`; null: links are built from the Host header. */
  readonly publicUrl: string | null;
  /** Addresses and networks of proxies that are believed where a request came from. */
  readonly trustProxy: readonly string[];
  /** Origins whose pages may read the feed with a browser. */
  readonly corsOrigins: readonly string[];
  /** What one reader may ask for; null: no limit. */
  readonly readers: {
    readonly requestsPerMinute: number | null;
    readonly requestsAtOnce: number | null;
    readonly rowsPerDay: number | null;
  };
  /** Where it is kept who asked for what; null: as whether anybody signs in. */
  readonly audit: 'off' | 'table' | 'log' | 'both' | null;
  readonly auditDays: number;
  /** Files of the certificate and its key; null: plain HTTP. */
  readonly tls: { readonly certificate: string; readonly key: string } | null;
  /** null: the embedded PostgreSQL under `dataDir`. */
  readonly databaseUrl: string | null;
  /** The same server and database, with the user that files are taken in as; null: that of `databaseUrl`, or of the embedded server. */
  readonly loadDatabaseUrl: string | null;
  /** Addresses of standbys of that server, one a server, which stored rows are read from; empty: from it alone. */
  readonly readDatabaseUrls: readonly string[];
  /** Milliseconds that a standby may be behind and still be read. */
  readonly readMaxLag: number;
  readonly dataDir: string;
  readonly metadataDir: string;
  readonly dropDir: string;
  /** Milliseconds that a file there must have been seen unchanged; null: what each source says. */
  readonly dropMinimumAge: number | null;
  /** Rows of one page. */
  readonly pageSize: number;
  /** Cron expression in UTC. */
  readonly ingestSchedule: string;
  /** Whether the log has the values of requests where it has texts of them. */
  readonly logLiterals: 'hidden' | 'shown';
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  /** Milliseconds that PostgreSQL may take for one request. */
  readonly statementTimeout: number;
  /** Milliseconds in which everything is answered still when the program was told to stop, and /health/ready says that it leaves. */
  readonly drainTime: number;
  /** Milliseconds that running replies get at shutdown. */
  readonly shutdownTimeout: number;
  /** Whether an empty warehouse is filled with samples at the first start. */
  readonly samples: boolean;
  /** File of `name:hash` lines for Basic authentication; null: off. */
  readonly basicFile: string | null;
  /** File of `name:hash` lines for keys (Bearer, header or query); null: off. */
  readonly keyFile: string | null;
  /** File of rules: who may read what (docs/rights.md); null: whoever is let in reads. */
  readonly accessFile: string | null;
  /** PostgreSQL holds reads to the rows that these rules give, too. */
  readonly rowLevelSecurity: boolean;
  /** File of `name:hash` lines of those who may send files; null: nobody may. */
  readonly ingestKeysFile: string | null;
  /** Where files lie that were sent. */
  readonly uploadDir: string;
  /** Bytes of one file that is sent. */
  readonly uploadBytes: number;
  /** Name of the header and of the query option that may carry a key. */
  readonly keyName: string;
  /** Names or ids of those who may replay and dismiss rejected rows in the console. */
  readonly operators: readonly string[];
  /** Large reads that run at once; null: as many as this machine has processors. */
  readonly heavyReads: number | null;
  /** Bytes of temporary files that one read may have PostgreSQL write. */
  readonly temporaryBytes: number;
  /** What one request may bring along of feeds, to be worked out here. */
  readonly evaluation: { readonly rows: number; readonly bytes: number };
  /** Such requests at once. */
  readonly evaluations: number;
  /** Where alerts are sent; null: nowhere. It may hold a secret. */
  readonly alertUrl: string | null;
  /** Keys that alerts are signed with, `whsec_` and base64: the first is the one in use, others are being changed. */
  readonly alertSecrets: readonly string[];
  /** Bytes of compressed replies that are kept for others who ask the same; 0: none. */
  readonly replyCacheBytes: number;
  /** What may come out of one `.zip` or `.gz`. */
  readonly unpack: UnpackLimits;
  /** Secret that personal data is hashed with; null: none. */
  readonly personalDataKey: string | null;
  /** Secrets that sign-ins at proxied feeds are sealed with: the first is the one in use, others are being changed. Empty: none are kept. */
  readonly signInKeys: readonly string[];
  /** How clients sign in, besides the files above. */
  readonly signIn: SignInSettings;
  /** IANA zone of local dates and hours in sets over all sources. */
  readonly reportingTimeZone: string;
}

/** The environment is not usable. `faults` has one sentence for each setting at fault. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/**
 * Makes UTC the zone of this process and of those that it starts, whatever the machine's is: nothing here means local time, and schedules would stand
 * still, and their timer spin, for the hour that comes twice in autumn (`findings/node-cron-autumn.sh`).
 */
export function useUtc(): void {
  process.env['TZ'] = 'UTC';
}

export type Environment = Readonly<Record<string, string | undefined>>;

const count = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= from && value <= to, `must be from ${from} to ${to}`);

const webAddress = z
  .url({ protocol: /^https?$/, error: 'must be an absolute http or https URL' })
  .refine((text) => !/[?#]/.test(text), 'must have no query and no fragment')
  .transform((text) => text.replace(/\/+$/, ''));

const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://')
  .refine((text) => URL.canParse(text), 'must be a URL; percent-encode special characters of the password');

const list = (fits: (entry: string) => boolean, must: string) => words.refine((entries) => entries.every(fits), must);

/** As browsers write it: scheme, host and port alone. */
const isOrigin = (text: string): boolean =>
  /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;

const schema = z.object({
  PORT: count(0, 65_535).default(8080),
  HOST: z.string().default('127.0.0.1'),
  METRICS_PORT: count(0, 65_535).optional(),
  METRICS_HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: webAddress.optional(),
  TRUST_PROXY: list(isProxyEntry, 'must be addresses or networks, e.g. 127.0.0.1 10.0.0.0/8').optional(),
  CORS_ORIGINS: list(isOrigin, 'must be origins, e.g. https://reports.example.com').optional(),
  AUDIT: z.enum(['off', 'table', 'log', 'both']).optional(),
  AUDIT_DAYS: count(1, 3650).default(90),
  READER_REQUESTS_PER_MINUTE: count(0, 1_000_000).default(0),
  READER_REQUESTS_AT_ONCE: count(0, 10_000).default(0),
  READER_ROWS_PER_DAY: z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .default(0),
  TLS_CERT_FILE: z.string().optional(),
  TLS_KEY_FILE: z.string().optional(),
  DATABASE_URL: postgresUrl.optional(),
  LOAD_DATABASE_URL: postgresUrl.optional(),
  READ_DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://')
    .transform((text, context) => {
      const hosts = hostsOf(text);
      if (hosts === null) {
        const message =
          'must be a URL of one host, or of several with commas between them, e.g. postgres://user@one:5432,two:5432/warehouse; percent-encode special characters of the password';
        context.addIssue({ code: 'custom', message });
      }
      return hosts ?? [];
    })
    .optional(),
  READ_MAX_LAG: count(1, 86_400).default(10),
  PGPASSWORD: z.string().optional(),
  DATA_DIR: z.string().default('./data'),
  METADATA_DIR: z.string().default('./metadata'),
  DROP_DIR: z.string().optional(),
  DROP_MIN_AGE: count(0, 86_400).optional(),
  PAGE_SIZE: count(1, 1_000_000).default(20_000),
  INGEST_SCHEDULE: z
    .string()
    .refine((text) => cron.validate(text), 'must be a cron expression, e.g. "* * * * *"')
    .default('* * * * *'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  LOG_LITERALS: z.enum(['hidden', 'shown']).default('hidden'),
  STATEMENT_TIMEOUT: count(1, 3600).default(300),
  DRAIN_SECONDS: count(0, 600).default(0),
  SHUTDOWN_TIMEOUT: count(0, 600).default(20),
  SAMPLES: z.enum(['on', 'off']).default('on'),
  AUTH_BASIC_FILE: z.string().optional(),
  AUTH_KEY_FILE: z.string().optional(),
  ACCESS_FILE: z.string().optional(),
  ROW_LEVEL_SECURITY: z.enum(['on', 'off']).default('off'),
  INGEST_KEYS_FILE: z.string().optional(),
  UPLOAD_DIR: z.string().optional(),
  UPLOAD_MAX_MB: count(1, 1_000_000).default(4096),
  AUTH_KEY_NAME: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'must be a name of letters, digits, - and _')
    .default('api-key'),
  OPERATORS: words.optional(),
  HEAVY_READS: count(1, 64).optional(),
  TEMP_FILES_MB: count(1, 1_000_000).default(8192),
  EVALUATE_MAX_ROWS: count(1, 999_999_999).default(1_000_000),
  EVALUATE_MAX_MB: count(1, 1_000_000).default(1024),
  EVALUATE_AT_ONCE: count(1, 32).default(2),
  ALERT_URL: z.url({ protocol: /^https?$/, error: 'must be an absolute http or https URL' }).optional(),
  ALERT_SECRET: z
    .string()
    .transform((text) => text.split(/\s+/))
    .refine(
      (keys) => keys.every(isWebhookKey),
      'must be whsec_ and 24 to 64 random bytes in base64: make one with  echo whsec_$(openssl rand -base64 32)',
    )
    .optional(),
  REPORTING_TIME_ZONE: z
    .string()
    .refine(isZoneName, 'must be the IANA name of a time zone, e.g. Europe/Amsterdam')
    .default('UTC'),
  REPLY_CACHE_MB: count(0, 1_000_000).default(256),
  UNPACK_MAX_MB: count(1, 100_000_000).default(defaultLimits.bytes / 1024 ** 2),
  UNPACK_MAX_RATIO: count(2, 2000).default(defaultLimits.ratio),
  UNPACK_MAX_FILES: count(1, 1_000_000).default(defaultLimits.members),
  PERSONAL_DATA_KEY: z.string().min(32, 'must have 32 characters or more, at random').optional(),
  SIGN_IN_KEY: z
    .string()
    .transform((text) => text.split(/\s+/))
    .refine(
      (keys) => keys.every(({ length }) => length >= 32),
      'must have 32 characters or more, at random: make one with  openssl rand -hex 32',
    )
    .optional(),
  ...signInShape,
});

/** Offsets such as `UTC+2` are none: PostgreSQL counts them the other way. */
function isZoneName(text: string): boolean {
  return /^(UTC|[A-Za-z_]+(\/[A-Za-z0-9_+-]+)+)$/.test(text) && isTimeZone(text);
}

/** A key of Standard Webhooks: 24 to 64 bytes. */
function isWebhookKey(text: string): boolean {
  const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const { length } = Buffer.from(base64, 'base64');
  return length >= 24 && length <= 64;
}

/** Settings whose value may stand in a file named by `<name>_FILE`, so that secrets need not stand in the environment. */
const secretNames = [
  ...(['DATABASE_URL', 'READ_DATABASE_URL', 'PGPASSWORD', 'ALERT_URL', 'ALERT_SECRET', 'PERSONAL_DATA_KEY'] as const),
  ...(['LOAD_DATABASE_URL', 'SIGN_IN_KEY', 'ENTRA_CLIENT_SECRET', 'OIDC_CLIENT_SECRET'] as const),
];

/** Files that hold secrets, with the settings that name them. */
export function secretFiles(environment: Environment): readonly { readonly setting: string; readonly file: string }[] {
  const settings = [
    ...secretNames.map((name) => `${name}_FILE`),
    'AUTH_BASIC_FILE',
    'AUTH_KEY_FILE',
    'INGEST_KEYS_FILE',
    'TLS_KEY_FILE',
  ];
  return settings.flatMap((setting) => {
    const file = environment[setting] ?? '';
    return file === '' ? [] : [{ setting, file: path.resolve(file) }];
  });
}

/**
 * Reads and checks the whole configuration; an empty value counts as not given. Relative folders are resolved against
 * the working directory. Throws ConfigError with all faults at once.
 */
export function readConfig(environment: Environment): Config {
  const { config, faults } = examineConfig(environment);
  if (faults.length > 0) {
    throw new ConfigError(faults);
  }
  return config;
}

/** The same with the faults beside it. A setting at fault has its default, so that all others can be looked at further. */
export function examineConfig(environment: Environment): {
  readonly config: Config;
  readonly faults: readonly string[];
} {
  const faults: string[] = [];
  const given = withSecretFiles(environment, faults);
  const { error } = schema.safeParse(given);
  for (const { path: names, message } of error?.issues ?? []) {
    faults.push(`${String(names[0])}: ${message}`);
    delete given[String(names[0])];
  }
  if (given['ALERT_URL'] !== undefined && given['ALERT_SECRET'] === undefined && error === undefined) {
    faults.push(
      'ALERT_SECRET: must be given with ALERT_URL, so that the receiver can tell who sends; see docs/alarms.md',
    );
  }
  if (given['READ_DATABASE_URL'] !== undefined && given['DATABASE_URL'] === undefined) {
    faults.push(
      'READ_DATABASE_URL: must be given with DATABASE_URL, whose standbys it names; the embedded PostgreSQL has none',
    );
  }
  if (given['LOAD_DATABASE_URL'] !== undefined && given['DATABASE_URL'] === undefined) {
    faults.push(
      'LOAD_DATABASE_URL: must be given with DATABASE_URL; the embedded PostgreSQL has a role of its own for loads',
    );
  }
  if ((given['TLS_CERT_FILE'] === undefined) !== (given['TLS_KEY_FILE'] === undefined)) {
    faults.push('TLS_CERT_FILE, TLS_KEY_FILE: give both, the certificate and the key that belongs to it, or none');
  }
  const settings = schema.parse(given);
  faults.push(...(error === undefined ? signInFaults(settings) : []));
  return { config: configOf(settings), faults };
}

function configOf(settings: z.infer<typeof schema>): Config {
  const dataDir = path.resolve(settings.DATA_DIR);
  return {
    port: settings.PORT,
    host: settings.HOST,
    metricsPort: settings.METRICS_PORT ?? null,
    metricsHost: settings.METRICS_HOST,
    publicUrl: settings.PUBLIC_URL ?? null,
    trustProxy: settings.TRUST_PROXY ?? [],
    corsOrigins: settings.CORS_ORIGINS ?? [],
    audit: settings.AUDIT ?? null,
    auditDays: settings.AUDIT_DAYS,
    // 0 means none.
    readers: {
      requestsPerMinute: settings.READER_REQUESTS_PER_MINUTE || null,
      requestsAtOnce: settings.READER_REQUESTS_AT_ONCE || null,
      rowsPerDay: settings.READER_ROWS_PER_DAY || null,
    },
    tls:
      settings.TLS_CERT_FILE === undefined || settings.TLS_KEY_FILE === undefined
        ? null
        : { certificate: path.resolve(settings.TLS_CERT_FILE), key: path.resolve(settings.TLS_KEY_FILE) },
    databaseUrl: settings.DATABASE_URL === undefined ? null : withPassword(settings.DATABASE_URL, settings.PGPASSWORD),
    loadDatabaseUrl: settings.LOAD_DATABASE_URL ?? null,
    readDatabaseUrls: (settings.READ_DATABASE_URL ?? []).map((url) => withPassword(url, settings.PGPASSWORD)),
    readMaxLag: settings.READ_MAX_LAG * 1000,
    dataDir,
    metadataDir: path.resolve(settings.METADATA_DIR),
    dropDir: settings.DROP_DIR === undefined ? path.join(dataDir, 'drop') : path.resolve(settings.DROP_DIR),
    dropMinimumAge: settings.DROP_MIN_AGE === undefined ? null : settings.DROP_MIN_AGE * 1000,
    pageSize: settings.PAGE_SIZE,
    ingestSchedule: settings.INGEST_SCHEDULE,
    logLevel: settings.LOG_LEVEL,
    logLiterals: settings.LOG_LITERALS,
    statementTimeout: settings.STATEMENT_TIMEOUT * 1000,
    drainTime: settings.DRAIN_SECONDS * 1000,
    shutdownTimeout: settings.SHUTDOWN_TIMEOUT * 1000,
    samples: settings.SAMPLES === 'on',
    basicFile: settings.AUTH_BASIC_FILE === undefined ? null : path.resolve(settings.AUTH_BASIC_FILE),
    keyFile: settings.AUTH_KEY_FILE === undefined ? null : path.resolve(settings.AUTH_KEY_FILE),
    accessFile: settings.ACCESS_FILE === undefined ? null : path.resolve(settings.ACCESS_FILE),
    rowLevelSecurity: settings.ROW_LEVEL_SECURITY === 'on',
    ingestKeysFile: settings.INGEST_KEYS_FILE === undefined ? null : path.resolve(settings.INGEST_KEYS_FILE),
    uploadDir: settings.UPLOAD_DIR === undefined ? path.join(dataDir, 'uploads') : path.resolve(settings.UPLOAD_DIR),
    uploadBytes: settings.UPLOAD_MAX_MB * 1024 * 1024,
    keyName: settings.AUTH_KEY_NAME,
    operators: settings.OPERATORS ?? [],
    heavyReads: settings.HEAVY_READS ?? null,
    temporaryBytes: settings.TEMP_FILES_MB * 1024 * 1024,
    evaluation: { rows: settings.EVALUATE_MAX_ROWS, bytes: settings.EVALUATE_MAX_MB * 1024 * 1024 },
    evaluations: settings.EVALUATE_AT_ONCE,
    alertUrl: settings.ALERT_URL ?? null,
    alertSecrets: settings.ALERT_SECRET ?? [],
    replyCacheBytes: settings.REPLY_CACHE_MB * 1024 * 1024,
    unpack: {
      bytes: settings.UNPACK_MAX_MB * 1024 * 1024,
      ratio: settings.UNPACK_MAX_RATIO,
      members: settings.UNPACK_MAX_FILES,
    },
    personalDataKey: settings.PERSONAL_DATA_KEY ?? null,
    signInKeys: settings.SIGN_IN_KEY ?? [],
    signIn: signInSettings(settings, settings.PUBLIC_URL ?? null),
    reportingTimeZone: settings.REPORTING_TIME_ZONE,
  };
}

function withSecretFiles(environment: Environment, faults: string[]): Record<string, string> {
  const given = Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => (entry[1] ?? '') !== ''),
  );
  for (const name of secretNames) {
    const file = given[`${name}_FILE`];
    if (file === undefined) {
      continue;
    }
    if (given[name] !== undefined) {
      faults.push(`${name}_FILE: ${name} is given too; give one of them`);
    }
    try {
      given[name] = readFileSync(file, 'utf8').trim();
    } catch {
      faults.push(`${name}_FILE: the file ${file} cannot be read`);
    }
  }
  return given;
}

function withPassword(databaseUrl: string, password: string | undefined): string {
  if (password === undefined) {
    return databaseUrl;
  }
  const url = new URL(databaseUrl);
  if (url.password === '') {
    url.password = encodeURIComponent(password);
  }
  return url.href;
}
