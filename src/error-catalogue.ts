/**
 * The closed catalogue of errors. A code is stable for ever: clients and operators match on it, `docs/errors.md`
 * explains it, and a test compares the two. `status` is the HTTP status where the error answers a request; `recovery`
 * says what may help: `fatal` (the same again fails: change the input, or report it), `retriable` (try again later), `skippable` (the rest
 * goes on without it).
 */
export interface ErrorKind {
  readonly status: number;
  readonly recovery: 'fatal' | 'retriable' | 'skippable';
  /** What to do next, in one sentence, shown to whoever meets the error. */
  readonly remedy: string;
  /** `everything`: other work would meet the same error now, so it waits, too. */
  readonly affects: 'this' | 'everything';
}

const kind = (
  status: number,
  recovery: ErrorKind['recovery'],
  remedy: string,
  affects: ErrorKind['affects'] = 'this',
): ErrorKind => ({
  status,
  recovery,
  remedy,
  affects,
});

export const errorCatalogue = {
  // The request's URL.
  UriSyntax: kind(400, 'fatal', 'Correct the URL at the position named.'),
  UnknownOption: kind(400, 'fatal', 'Remove the option or correct its name.'),
  InvalidOption: kind(400, 'fatal', 'Correct the value of the option named.'),
  UnknownProperty: kind(400, 'fatal', 'Use a property that $metadata declares for this type.'),
  TypeMismatch: kind(400, 'fatal', 'Compare and combine values of matching types.'),
  LimitExceeded: kind(400, 'fatal', 'Ask for less in one request.'),
  InvalidSkipToken: kind(400, 'fatal', 'Start again from the first page.'),
  UrlTooLong: kind(414, 'fatal', 'Shorten the URL, or send the query with POST to /$query.'),
  NotImplemented: kind(501, 'fatal', 'Leave the named feature out of the request.'),
  ResourceNotFound: kind(404, 'fatal', 'Read the service document for the names that exist.'),
  EntityNotFound: kind(404, 'fatal', 'Check the key.'),
  // The request's envelope.
  MethodNotAllowed: kind(405, 'fatal', 'Use a method that the Allow header names; the feed is read-only.'),
  NotAcceptable: kind(
    406,
    'fatal',
    'Accept application/json, text/csv for a collection, or application/xml for $metadata.',
  ),
  UnsupportedVersion: kind(400, 'fatal', 'Ask for OData 4.0 or newer.'),
  BadRequest: kind(400, 'fatal', 'Correct the request as the message says.'),
  UnsupportedMediaType: kind(415, 'fatal', 'Send a body of the type that the message names.'),
  FailedDependency: kind(424, 'fatal', 'Look at the reply to the request that this one depends on.'),
  TooManyRequests: kind(429, 'retriable', 'Try again after the seconds in Retry-After.'),
  AsyncRequestBroken: kind(500, 'retriable', 'Send the request again; the gateway log has the reason.'),
  DeltaLinkExpired: kind(410, 'fatal', 'Read the set again from its first page, asking for track-changes.'),
  PagesChanged: kind(410, 'fatal', 'Read again from the first page.'),
  HostNotServed: kind(
    421,
    'fatal',
    'Use the address that the gateway printed at its start; for any other name set PUBLIC_URL to it and configure authentication.',
  ),
  Unauthorized: kind(401, 'fatal', 'Send valid credentials.'),
  AccessDenied: kind(403, 'fatal', 'Ask whoever runs the feed for the right that the message names.'),
  TokenTooLong: kind(431, 'fatal', 'Have the application send roles in its tokens in place of groups.'),
  TooManyGuesses: kind(429, 'retriable', 'Wait for the seconds in Retry-After, then send the right password.'),
  SignInUnavailable: kind(503, 'retriable', 'Try again after the seconds in Retry-After.'),
  // The console.
  OperatorsOnly: kind(
    403,
    'fatal',
    'Ask whoever runs the gateway to name you in OPERATORS, or to give you a role that may replay.',
  ),
  OriginRefused: kind(403, 'fatal', 'Do it in the console itself, at the address of the gateway.'),
  // Uploads.
  UploadsOff: kind(
    404,
    'fatal',
    'Set INGEST_KEYS_FILE to a file of keys (gateway hash-password --ingest) and restart.',
  ),
  SourceUnknown: kind(404, 'fatal', 'Name a source of files that the metadata has.'),
  SourceForbidden: kind(403, 'fatal', 'Use a key that may load this source, or have it added to the line of this one.'),
  UploadBusy: kind(409, 'retriable', 'Wait until the other request for this file has ended, then try again.'),
  UploadMisplaced: kind(
    409,
    'fatal',
    'Send the bytes that follow those in the Range header, or all of them anew; a load balancer must send all parts of a file to one gateway.',
  ),
  UploadTooLarge: kind(413, 'fatal', 'Export less into one file, or have UPLOAD_MAX_MB raised.'),
  DigestMismatch: kind(400, 'retriable', 'Send the file again: it was damaged on its way, or changed meanwhile.'),
  // Starting.
  MetadataInvalid: kind(500, 'fatal', 'Correct the metadata files at the places named, then run `gateway check`.'),
  GrantInvalid: kind(500, 'fatal', 'Correct the rule of the entity set named, as the message says.'),
  AddressInUse: kind(500, 'fatal', 'Stop the other program, or set PORT and HOST to an address that is free.'),
  // Taking files in.
  FileUnreadable: kind(422, 'retriable', 'Check that the file is complete and can be read, then load it again.'),
  FileChangedAfterLoad: kind(
    422,
    'retriable',
    'Let the sender write under a temporary suffix, or a completeMark last, or raise minimumAgeSeconds of the source.',
  ),
  FileNotCsv: kind(422, 'skippable', 'Do what the message says, and load the CSV file that comes of it.'),
  ContainerDamaged: kind(
    422,
    'skippable',
    'Send the file again; where it is damaged at its origin, too, pack it anew there.',
  ),
  ContainerTooLarge: kind(
    422,
    'skippable',
    'Look into the file; where it is as it should be, raise the setting that the message names, and load it again.',
  ),
  MemberNotTaken: kind(422, 'skippable', 'Do what the message says, and load the file again.'),
  MembersRefused: kind(
    422,
    'skippable',
    'Do what is said of each member, and load the file again: members that were loaded are known, and not loaded twice.',
  ),
  FileJoined: kind(422, 'skippable', 'Split the file before the line named, and load each part by itself.'),
  FileUnknown: kind(
    422,
    'skippable',
    'Of an export that nobody described yet, gateway draft FILE --source NAME proposes the metadata. Of one that is described, name it (gateway ingest --source S --export E FILE), or add its headers to the metadata.',
  ),
  FileEmpty: kind(
    422,
    'skippable',
    'Export the file again; where it stands for an export without rows, name the source and the export.',
  ),
  FileAmbiguous: kind(
    422,
    'skippable',
    'Put the file into a folder named like its source, or name the source and the export.',
  ),
  ExportUnknown: kind(422, 'skippable', 'Use a source and an export that the metadata describes.'),
  HeaderMissing: kind(
    422,
    'skippable',
    'Export the file again with the columns named, or add their spelling to the metadata.',
  ),
  HeaderUnreadable: kind(
    422,
    'skippable',
    'Export the file again, or correct the quotes and characters of its header.',
  ),
  HeaderDuplicate: kind(422, 'skippable', 'Remove one of the columns named.'),
  PeriodMissing: kind(
    422,
    'skippable',
    'Say the period with --period FROM..TO, or name the file as the export names it.',
  ),
  PeriodInvalid: kind(
    422,
    'skippable',
    'Write the period as FROM..TO in ISO 8601, for example 2026-01-01..2026-02-01.',
  ),
  SnapshotTooSmall: kind(422, 'skippable', 'Check that the export is complete; load it with --force when it is.'),
  PeriodTooSmall: kind(
    422,
    'skippable',
    'Check that the export is whole for the period or parent named; load it with --force when it is.',
  ),
  TooManyRejects: kind(
    422,
    'skippable',
    'Correct the metadata, or the export, and load the file again; --force loads the good rows now and keeps the others for gateway replay.',
  ),
  // Fetching files from servers. What ends a round lets all files of that server wait.
  ServerUnreachable: kind(
    503,
    'retriable',
    'Check host, port, the way to it and that the server runs; the next round tries again by itself.',
    'everything',
  ),
  TransferRefused: kind(
    503,
    'retriable',
    'Have the passive ports of the server opened in its firewall, or more of them given; the next round tries again by itself.',
    'everything',
  ),
  LoginRefused: kind(
    502,
    'fatal',
    'Correct user, password or key of the delivery; as servers lock accounts, the same is not tried again for a day, unless somebody asks for it by hand.',
    'everything',
  ),
  HostKeyMismatch: kind(
    502,
    'fatal',
    'Ask whoever runs the server whether its host key changed; if so, put the new fingerprint into hostKey. If not, somebody stands in between.',
    'everything',
  ),
  CertificateRefused: kind(
    502,
    'fatal',
    'Have the certificate of the server renewed or corrected, or name the authority that signed it in caFile.',
    'everything',
  ),
  DirectoryUnreadable: kind(
    502,
    'retriable',
    'Correct the directory of the delivery, or have its user given the right to list it.',
    'everything',
  ),
  ListingCut: kind(
    502,
    'retriable',
    'Move old files away on the server (afterLoad can do so from now on), or have its limit of a listing raised; what was listed is fetched.',
    'everything',
  ),
  FilePermissionDenied: kind(
    502,
    'retriable',
    'Have the user of the delivery given the right to read the file; the next round tries again by itself.',
  ),
  DeliveryInvalid: kind(500, 'fatal', 'Do what the message says; the next round tries again by itself.', 'everything'),
  SpoolFull: kind(
    503,
    'retriable',
    'Free space on the disk that the message names; the files wait on their server, and the next round fetches them.',
    'everything',
  ),
  LoadCountMismatch: kind(500, 'fatal', 'Report this as a defect, with the file: nothing of it was loaded.'),
  // Serving.
  UpstreamUnavailable: kind(503, 'retriable', 'Try again after the seconds in Retry-After.'),
  UpstreamRefused: kind(502, 'retriable', 'The proxied feed refused the request; see its message.'),
  ArchiveRefused: kind(
    422,
    'fatal',
    'Do what the message says: until then nothing is copied, and nothing was changed.',
  ),
  ArchiveShrunk: kind(
    422,
    'retriable',
    'See whether the feed still shows all that it may; where the rows are gone for good, copy the set with --force.',
  ),
  DatabaseUnavailable: kind(503, 'retriable', 'Try again after the seconds in Retry-After.', 'everything'),
  StorageFull: kind(
    503,
    'retriable',
    'Free space on the disk of the database; the gateway goes on by itself as soon as there is some.',
    'everything',
  ),
  Busy: kind(503, 'retriable', 'Try again after the seconds in Retry-After.'),
  RecoveryConflict: kind(
    503,
    'retriable',
    'Try again after the seconds in Retry-After; where it comes often, have hot_standby_feedback turned on.',
  ),
  SlowReader: kind(503, 'retriable', 'Read faster, or ask for less in one request.'),
  QueryTimeout: kind(503, 'retriable', 'Ask for less, for example with $filter, $select or $top.'),
  ComputationFailed: kind(400, 'fatal', 'An expression cannot be computed for a row: see the message.'),
  // Starting.
  EmbeddedServerUnavailable: kind(
    503,
    'fatal',
    'Set DATABASE_URL to a PostgreSQL 16 or newer, or do what the message says.',
  ),
  DataFolderInUse: kind(503, 'fatal', 'Stop the other gateway, or set DATA_DIR to another folder.'),
  DatabaseUnsupported: kind(
    503,
    'fatal',
    'Use a database of PostgreSQL 16 or newer in UTF-8, and for READ_DATABASE_URL the same database on its standbys.',
  ),
  DatabaseIsStandby: kind(
    503,
    'fatal',
    'Set DATABASE_URL to the primary; a standby is read with READ_DATABASE_URL beside it.',
  ),
  MigrationRefused: kind(
    503,
    'fatal',
    'Run the gateway version this database was made for, or restore the migration named.',
  ),
  ProvisionRefused: kind(503, 'fatal', 'Change the metadata back, or run the command that the message names.'),
  RestartNeeded: kind(
    503,
    'retriable',
    'Restart the gateway: the set was rebuilt for other metadata than it runs with.',
  ),
  PersonalKeyMissing: kind(
    503,
    'fatal',
    'Set PERSONAL_DATA_KEY_FILE to a file with the key: 32 random characters or more, e.g. of `openssl rand -hex 32`.',
  ),
  PersonalKeyChanged: kind(
    503,
    'fatal',
    'Give PERSONAL_DATA_KEY_FILE the key that this database was filled with; docs/personal-data.md says how to change it.',
  ),
  ErasureRefused: kind(
    422,
    'fatal',
    'Say with --person what the person is known by, and with --source a source of the metadata.',
  ),
  RebuildRefused: kind(422, 'fatal', 'Do what the message says, then run the command again: nothing was changed.'),
  FilesMissing: kind(
    422,
    'fatal',
    'Put the files listed into a folder, with any names, and run the command again with --from FOLDER: nothing was changed.',
  ),
  DraftRefused: kind(422, 'fatal', 'Do what the message says, then run the command again: nothing was written.'),
  BackupUnwritable: kind(422, 'fatal', 'Free space there, or name another folder: nothing was left behind.'),
  BackupInvalid: kind(422, 'fatal', 'Use another backup: nothing was changed.'),
  RestoreRefused: kind(422, 'fatal', 'Do what the message says, then run the command again: nothing was changed.'),
  Internal: kind(500, 'fatal', 'Report this as a defect, with what the gateway log says of it.'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCatalogue;
