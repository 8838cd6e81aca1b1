import type { AccessEvent } from './events/access.ts';
import type { AlarmEvent } from './events/alarm.ts';
import type { ArchiveEvent } from './events/archive.ts';
import type { CommandEvent } from './events/commands.ts';
import type { EmbeddedEvent } from './events/embedded.ts';
import type { HttpEvent } from './events/http.ts';
import type { IngestEvent } from './events/ingest.ts';
import type { SignInEvent } from './events/sign-in.ts';
import type { SourceEvent } from './events/source.ts';
import type { UpstreamEvent } from './events/upstream.ts';
import type { WarehouseEvent } from './events/warehouse.ts';

/**
 * Everything that the program tells of itself. A room's events stand in `events/<room>.ts`, which that room alone imports; here
 * they are one type. Values never hold secrets or whole query strings.
 */
export type Observation =
  | HttpEvent
  | SignInEvent
  | AccessEvent
  | SourceEvent
  | IngestEvent
  | UpstreamEvent
  | WarehouseEvent
  | EmbeddedEvent
  | CommandEvent
  | AlarmEvent
  | ArchiveEvent;

export type Level = 'error' | 'warn' | 'info' | 'debug' | 'trace';

type Kind = Observation['event'];
type EventOf<K extends Kind> = Extract<Observation, { readonly event: K }>;

/** What is to be known of a kind of event, whoever listens. */
export interface EventKind<Event> {
  readonly level: Level | ((event: Event) => Level);
  /** In one sentence; docs/log.md has it. */
  readonly text: string;
}

/** Alerts of something that is all right again. */
const over: ReadonlySet<string> = new Set([
  'file.arrived',
  'fetch.restored',
  'upload.finished',
  'signin.restored',
  'access.restored',
]);

/** Each kind of event: one that is missing here does not compile. */
export const eventKinds: { readonly [K in Kind]: EventKind<EventOf<K>> } = {
  plan: { level: 'debug', text: 'What a request means: names resolved and types checked.' },
  request: { level: 'info', text: 'A request was answered.' },
  upload: {
    level: ({ status }) => (status < 400 ? 'info' : 'warn'),
    text: 'Somebody sent a file, or a part of one; what became of its load is told by `load`.',
  },
  'request-broken': { level: 'warn', text: 'A reply that had begun was broken off.' },
  defect: { level: 'error', text: 'A fault that is the gateway’s own; `err` has the stack.' },
  'reply-not-kept': {
    level: 'warn',
    text: 'A compressed reply could not be kept on disk; told once until one was kept again.',
  },
  credentials: {
    level: ({ fault }) => (fault === null ? 'info' : 'error'),
    text: 'A changed file of credentials, or of rules (`ACCESS_FILE`), was not taken over and the one before it stays; `fault` null: it is good again, or, for PostgreSQL, was taken over.',
  },
  'access-rule': {
    level: 'error',
    text: 'An entry of `ACCESS_FILE` does not fit the set as it is now, and grants nothing of it.',
  },
  'sign-in-refused': {
    level: 'warn',
    text: 'Somebody was not let in: from which address, as whom, and why.',
  },
  'sign-in-notice': { level: 'warn', text: 'Somebody was let in, and something about it should be looked at.' },
  session: { level: 'info', text: 'A browser signed in, or out.' },
  'signing-keys': {
    level: ({ state }) => (state === 'read' ? 'info' : 'error'),
    text: 'The keys that tokens of an issuer are checked with were read, or cannot be had; `lasts`: how long those at hand are still used.',
  },
  // Files of which something was not taken are warnings.
  load: {
    level: ({ outcome, rejected }) => (outcome === 'refused' || outcome === 'failed' || rejected > 0 ? 'warn' : 'info'),
    text: 'A file was loaded, known already, refused, or failed.',
  },
  'load-step': { level: 'debug', text: 'A step of a load has ended.' },
  'load-progress': { level: 'trace', text: 'How much of a file was read so far.' },
  'not-settled': {
    level: 'warn',
    text: 'A file was taken in and could not be put away; it comes again, and is known.',
  },
  'drop-folder': {
    // Rows were served that were not all: somebody must look at the sender.
    level: ({ kind }) => (kind === 'changed' ? 'error' : 'warn'),
    text: 'Something in the drop folder waits for a person; `changed`: a file was loaded before it was whole.',
  },
  'delivery-round': { level: 'debug', text: 'A server was asked for files; `busy`: another gateway does it now.' },
  'delivery-failed': {
    // Told loudly once; as long as it lasts, `gateway status` says it.
    level: ({ first }) => (first ? 'error' : 'warn'),
    text: 'A server could not be asked for files, or not to the end.',
  },
  'delivery-retry': { level: 'info', text: 'A connection or a transfer failed, and is tried again in this round.' },
  'delivery-notice': {
    level: 'warn',
    text: 'A file on a server is not taken, or waits for too long to be complete.',
  },
  'upload-expired': {
    level: 'warn',
    text: 'A file that somebody began to upload did not come to its end within a day: what came of it was forgotten.',
  },
  upstream: {
    level: ({ state }) => (state === 'down' ? 'warn' : 'info'),
    text: 'The `$metadata` of a proxied feed was read, or could not be.',
  },
  'sign-in': {
    level: ({ state }) => (state === 'ok' ? 'info' : 'warn'),
    text: 'The gateway signed in at a proxied feed, could not, or somebody should look at how it does.',
  },
  'upstream-changed': {
    level: 'warn',
    text: 'A proxied feed declares other sets or properties than before; `$metadata` and its ETag have changed with it.',
  },
  'upstream-limits': {
    level: 'info',
    text: 'A proxied feed has shown what it takes: another form of a request was taken than the one it refused.',
  },
  'upstream-apply': {
    level: 'info',
    text: 'It was tried whether a proxied feed adds up rows as the gateway does; `here`: it does not show it, and they are added up here.',
  },
  'upstream-texts': {
    level: 'info',
    text: 'It was tried how a proxied feed compares texts; `otherwise`: not letter by letter, so that the rows that it finds by them are looked at again here.',
  },
  'upstream-request': { level: 'debug', text: 'A proxied feed is asked for something.' },
  'upstream-answer': {
    level: 'debug',
    text: 'A proxied feed has answered, all but the body; `status` null: it has not, or with an error.',
  },
  'upstream-copy': {
    level: ({ stale }) => (stale ? 'info' : 'debug'),
    text: 'A copy was used of what a proxied feed said before; `stale`: it has newer rows by now, and does not answer.',
  },
  'upstream-retry': { level: 'info', text: 'A request to a proxied feed failed and is tried again.' },
  'upstream-held': {
    level: 'info',
    text: 'A proxied feed wants to be left alone for a while (`Retry-After`), and is: its sets answer 503 meanwhile.',
  },
  'upstream-circuit': {
    level: ({ state }) => (state === 'open' ? 'warn' : 'info'),
    text: 'A proxied feed is not asked any more as it failed several times in a row (`open`), is tried (`half-open`), or asked again (`closed`).',
  },
  archive: {
    level: ({ outcome }) => (outcome === 'failed' ? 'warn' : outcome === 'busy' ? 'debug' : 'info'),
    text: 'An archived set was brought up to its feed, or could not be: then what it has is served.',
  },
  'archive-lacking': {
    level: ({ message }) => (message === null ? 'info' : 'warn'),
    text: 'Documented properties of an archived set are not in its feed, or of another type: sets over all sources have null there.',
  },
  'archive-progress': { level: 'info', text: 'How far a copy of an archived set has come that takes many parts.' },
  database: {
    level: ({ state }) => (state === 'down' ? 'error' : 'info'),
    text: 'The embedded PostgreSQL ended by itself, or runs again.',
  },
  'keys-found': {
    level: 'debug',
    text: 'A condition on rows of another source became a comparison with keys of theirs.',
  },
  'rows-brought': { level: 'debug', text: 'Rows of a feed are there, to be worked on by PostgreSQL.' },
  'rows-by-key': { level: 'debug', text: 'Rows are asked for by key, to complete rows of another source.' },
  statement: {
    // What is asked for a request is looked at more often than the bookkeeping.
    level: ({ role }) => (role === 'reader' ? 'debug' : 'trace'),
    text: 'A statement is sent to PostgreSQL: as `reader` for a request, as `owner` for loads and bookkeeping.',
  },
  'turn-wait': { level: 'debug', text: 'A large read waited for its turn.' },
  'connection-wait': { level: 'debug', text: 'A connection to PostgreSQL was waited for.' },
  standby: {
    level: ({ state }) => (state === 'current' ? 'info' : 'warn'),
    text: 'A standby is read from now on (`current`), or not any more: it is too far `behind`, or `lost`. The primary is read where none is.',
  },
  listening: { level: 'info', text: 'The feed answers at this address.' },
  operations: { level: 'info', text: 'Metrics and health are told at this address.' },
  stopping: { level: 'info', text: 'The program was told to stop.' },
  stopped: { level: 'info', text: 'The program has ended what it had begun.' },
  'scan-failed': {
    level: 'error',
    text: 'Work on a schedule stopped early: the drop folder could not be looked at, a server not be asked, or old tombstones not be forgotten.',
  },
  alert: {
    level: ({ type }) => (over.has(type) ? 'info' : 'warn'),
    text: 'Somebody should know of something; with ALERT_URL it is sent there, too.',
  },
  'alert-not-sent': {
    level: ({ last }) => (last ? 'error' : 'warn'),
    text: 'The webhook did not take an alert; it is tried again, unless `last`.',
  },
  'table-change': { level: 'debug', text: 'A table was made or changed, as program and metadata need it.' },
  'stored-rows': { level: 'info', text: 'Stored rows were changed at the start, or somebody should change them.' },
  audit: { level: 'info', text: 'Who asked for what; with AUDIT=log or both.' },
  'audit-gap': {
    level: 'warn',
    text: 'Rows are missing from the audit, as PostgreSQL did not take them for too long.',
  },
  'file-rights': {
    level: 'warn',
    text: 'Others could read files of the gateway, which were closed to them, or can still.',
  },
  'samples-loaded': { level: 'info', text: 'The warehouse was empty, and samples were loaded into it.' },
};

/** How much an event matters. */
export function levelOf(observation: Observation): Level {
  return levelOfKind(observation.event, observation);
}

function levelOfKind<K extends Kind>(kind: K, event: EventOf<K>): Level {
  const { level } = eventKinds[kind];
  return typeof level === 'function' ? level(event) : level;
}
