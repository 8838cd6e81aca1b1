import { isNoSpace } from '../embedded/disk-space.ts';
import { type ErrorCode, GatewayError } from '../errors.ts';

/** SQLSTATE of an error of the driver, or of one we made from it; null where the server did not speak. */
export function sqlState(error: unknown): string | null {
  if (error instanceof GatewayError) {
    return sqlState(error.cause);
  }
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

/** unique_violation and lock_not_available (PostgreSQL manual, appendix A). */
export const uniqueViolation = '23505';
export const lockNotAvailable = '55P03';

/** Classes and codes of PostgreSQL's appendix A that are not our own fault; the first prefix wins. */
const codesByState: readonly (readonly [prefix: string, code: Exclude<ErrorCode, 'NotImplemented'>])[] = [
  ['57014', 'QueryTimeout'],
  ['25P03', 'QueryTimeout'],
  // `lock_timeout`: tables are being changed.
  [lockNotAvailable, 'Busy'],
  // `temp_file_limit`: what one query may write to the disk for sorting and grouping.
  ['53400', 'LimitExceeded'],
  // Reads on a standby: its primary has removed rows, or locked a table, that they look at.
  ['40001', 'RecoveryConflict'],
  // Two transactions waited for each other, and this one had to give way: nothing is wrong with what it did.
  ['40P01', 'Busy'],
  // A standby has taken the place of the primary, or an administrator, or a full disk, has it take no changes.
  ['25006', 'DatabaseUnavailable'],
  ['57P', 'DatabaseUnavailable'],
  ['08', 'DatabaseUnavailable'],
  ['53100', 'StorageFull'],
  ['53', 'DatabaseUnavailable'],
  ['28', 'DatabaseUnavailable'],
  ['3D000', 'DatabaseUnavailable'],
  // Of the reader: a table that `gateway rebuild` made for other metadata is closed until a gateway starts with these.
  ['42501', 'RestartNeeded'],
  // A regular expression too large to be built: the binder has checked that it is one.
  ['2201B', 'LimitExceeded'],
  ['22', 'ComputationFailed'],
  ['54', 'LimitExceeded'],
];

/** A deadlock with the recovery has the state of any other one. */
const isOfRecovery = (state: string, message: string): boolean =>
  state === '40P01' && /conflict with recovery/i.test(message);

/** "cannot convert NaN to integer" is a feature not supported, for PostgreSQL. */
const isOfNoNumber = (state: string, message: string): boolean =>
  state === '0A000' && /convert (NaN|-?infinity)/i.test(message);

/**
 * A server lost another one in the middle of a statement, as Citus does a worker that crashes: an internal error (XX000) with the words of Citus or of libpq, or
 * none at all; an input or output error (58030) of COPY (citus `remote_commands.c`, `multi_copy.c`). No statement is at fault, and the same one succeeds once the other
 * server is back.
 */
const isOfOtherServer = (state: string, message: string): boolean =>
  (state === 'XX000' && (message === '' || lostServer.test(message))) ||
  (state === '58030' && /^failed to (complete )?COPY/.test(message));

const lostServer =
  /connection marked as essential|remote node|SSL SYSCALL error|SSL connection has been closed|server closed the connection|connection not open|invalid socket|(receive data from|send data to) server/i;

/** Where the state says too little. */
function codeByWords(state: string, message: string): 'ComputationFailed' | 'DatabaseUnavailable' | null {
  if (isOfNoNumber(state, message)) {
    return 'ComputationFailed';
  }
  return isOfOtherServer(state, message) ? 'DatabaseUnavailable' : null;
}

/** `errno` names and texts with which the driver reports that there is no connection. */
const lost =
  /ECONN|EPIPE|ENOENT|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|EACCES|Connection terminated|timeout exceeded|not queryable|connection error|SSL|pool after calling end/i;

/** One sentence and a stable code for what the driver threw; a GatewayError passes through. */
export function postgresError(error: unknown): Error {
  if (error instanceof GatewayError) {
    return error;
  }
  if (!(error instanceof Error)) {
    return new GatewayError('Internal', 'PostgreSQL failed.', { cause: error });
  }
  const state = sqlState(error);
  if (state !== null && isOfRecovery(state, error.message)) {
    return new GatewayError('RecoveryConflict', resources['40001'] ?? error.message, { cause: error });
  }
  if (state !== null) {
    const known = codesByState.find(([prefix]) => state.startsWith(prefix))?.[1] ?? 'Internal';
    const code = isNoSpace(error) ? 'StorageFull' : (codeByWords(state, error.message) ?? known);
    return new GatewayError(code, resources[state] ?? sentence(code, error.message), { cause: error });
  }
  const errno = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (lost.test(`${errno} ${error.message}`)) {
    return new GatewayError('DatabaseUnavailable', sentence('DatabaseUnavailable', error.message || errno), {
      cause: error,
    });
  }
  // Not of PostgreSQL: the caller's own error, thrown inside its work.
  return error;
}

/** Of a transaction that is READ ONLY by our own word: a statement that wants to write there is a fault of ours, whatever the server is. */
export function readOnlyError(error: unknown): Error {
  return sqlState(error) === '25006'
    ? new GatewayError('Internal', 'PostgreSQL refused a statement of the gateway that only reads.', { cause: error })
    : postgresError(error);
}

/** What the server says of these names its files, or is no help to whoever asked. */
const resources: Readonly<Partial<Record<string, string>>> = {
  '53200': 'PostgreSQL has no memory left.',
  '53300': 'PostgreSQL has no connection left.',
  [lockNotAvailable]: 'A table that the query reads is being changed.',
  '40P01': 'Two pieces of work in PostgreSQL waited for each other, and this one was ended.',
  '25006': 'PostgreSQL takes no changes now: the server of DATABASE_URL is a standby, or was set to be read only.',
  '40001': 'The standby that read the rows ended the read: its primary has removed or changed what was read.',
  '53400': 'The query needs more room to sort, join or group than one query may take of the disk.',
};

/** A socket is a file of the server, and these texts come into replies. */
const fileName = /\s*(?:"[^"]*\/[^"]*"|'[^']*\/[^']*'|(?<![\w:/.])\/\S+)/g;

function sentence(code: Exclude<ErrorCode, 'NotImplemented'>, message: string): string {
  const text = (code === 'DatabaseUnavailable' ? message.replace(fileName, '') : message).replace(/[.\s]+$/, '');
  if (code === 'DatabaseUnavailable') {
    return `PostgreSQL cannot be reached: ${text}.`;
  }
  if (code === 'StorageFull') {
    return 'The disk of the database has no space left.';
  }
  if (code === 'QueryTimeout') {
    return 'The query took longer than the time limit.';
  }
  if (code === 'ComputationFailed') {
    return `A value cannot be computed: ${text}.`;
  }
  if (code === 'LimitExceeded') {
    return `PostgreSQL cannot hold the query: ${text}.`;
  }
  if (code === 'RestartNeeded') {
    return `PostgreSQL does not let the gateway do this: ${text}.`;
  }
  // What went wrong inside stays in the log, with the cause.
  return 'PostgreSQL refused a statement of the gateway.';
}
