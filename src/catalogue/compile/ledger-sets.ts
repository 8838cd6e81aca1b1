import type { EntitySet, EntityType, NavigationProperty, PrimitiveTypeName, Property } from '../../edm/model.ts';
import { primitiveType } from '../../edm/primitive-types.ts';
import type { Source, StoredSet } from '../catalogue.ts';

/** The gateway's own source: what was loaded, what was refused, what nobody had announced. */
export const ledgerSource: Source = {
  name: 'gateway',
  title: 'Gateway',
  description:
    'The ledger of the gateway itself: loads, refused rows, headers that the catalogue does not know, and copies of proxied feeds.',
  kind: 'builtin',
  prefix: '',
};

type Field = readonly [name: string, type: PrimitiveTypeName, nullable: boolean, description: string];

interface LedgerSet {
  readonly name: string;
  readonly type: string;
  readonly view: string;
  readonly key: readonly string[];
  readonly description: string;
  readonly fields: readonly Field[];
}

const loads: LedgerSet = {
  name: 'Loads',
  type: 'Load',
  view: 'loads',
  key: ['LoadId'],
  description: 'Every file that was taken in or refused, one row each.',
  fields: [
    ['LoadId', 'Edm.Int64', false, 'Number of the load.'],
    ['Source', 'Edm.String', true, 'Source the file belongs to; null while unknown.'],
    ['Export', 'Edm.String', true, 'Kind of file; null while unknown.'],
    ['FileName', 'Edm.String', false, 'Name of the file.'],
    ['Path', 'Edm.String', false, 'Where the file lay, below the delivery folder.'],
    ['Sha256', 'Edm.String', false, 'SHA-256 of the bytes, in hexadecimal: the same bytes are never loaded twice.'],
    ['SizeBytes', 'Edm.Int64', false, 'Length in bytes.'],
    ['ModifiedAt', 'Edm.DateTimeOffset', true, 'Time stamp of the file.'],
    [
      'State',
      'Edm.String',
      false,
      'loaded, duplicate, refused or failed; unpacked: a container whose members have rows of their own.',
    ],
    ['Encoding', 'Edm.String', true, 'Character encoding found.'],
    ['Delimiter', 'Edm.String', true, 'Delimiter found.'],
    ['PeriodStart', 'Edm.DateTimeOffset', true, 'Start of the period of an aggregate export.'],
    ['PeriodEnd', 'Edm.DateTimeOffset', true, 'End of the period of an aggregate export.'],
    ['RowsRead', 'Edm.Int64', false, 'Rows read: the sum of inserted, updated, unchanged, rejected and duplicate.'],
    ['RowsInserted', 'Edm.Int64', false, 'Rows that were new.'],
    ['RowsUpdated', 'Edm.Int64', false, 'Rows that changed a stored one.'],
    ['RowsUnchanged', 'Edm.Int64', false, 'Rows that were stored already, or are older than the stored ones.'],
    ['RowsRejected', 'Edm.Int64', false, 'Rows that were refused; see LoadRejects.'],
    ['RowsDuplicate', 'Edm.Int64', false, 'Rows whose key came again later in the same file.'],
    ['RowsRemoved', 'Edm.Int64', false, 'Stored rows that the file no longer holds.'],
    ['StartedAt', 'Edm.DateTimeOffset', false, 'When the load began.'],
    ['FinishedAt', 'Edm.DateTimeOffset', true, 'When the load ended.'],
    ['Message', 'Edm.String', true, 'Why the file was refused or failed.'],
    ['Removal', 'Edm.String', true, 'What became of stored rows that the file does not hold; null: it was not loaded.'],
    ['OutcomeCode', 'Edm.String', true, 'Why the file was refused or failed, as a stable code.'],
    ['Member', 'Edm.String', true, 'Path of the file inside its container; null: it came as it is.'],
    ['ContainerSha256', 'Edm.String', true, 'SHA-256 of the container that it came in; null: in none.'],
  ],
};

const rejects: LedgerSet = {
  name: 'LoadRejects',
  type: 'LoadReject',
  view: 'load_rejects',
  key: ['RejectId'],
  description: 'Rows that were refused and kept.',
  fields: [
    ['RejectId', 'Edm.Int64', false, 'Number of the refused row.'],
    ['LoadId', 'Edm.Int64', false, 'Load that refused it.'],
    ['Line', 'Edm.Int64', true, 'Line of the file the row begins at, from 1.'],
    ['ByteStart', 'Edm.Int64', true, 'First byte of the row, from 0.'],
    ['ByteEnd', 'Edm.Int64', true, 'First byte after the row.'],
    ['Property', 'Edm.String', true, 'Property whose value was refused; null: the row as a whole.'],
    ['Header', 'Edm.String', true, 'Column header of that property in the file.'],
    ['Code', 'Edm.String', false, 'Why, as a stable code.'],
    ['Message', 'Edm.String', false, 'Why, in words.'],
    ['RawText', 'Edm.String', true, 'The row as it stands in the file.'],
    ['State', 'Edm.String', false, 'open, replayed, superseded (a newer file brought the row), dismissed or skipped.'],
    [
      'ClosedAt',
      'Edm.DateTimeOffset',
      true,
      'When it stopped being open; null: it is open, or closed when this was not noted yet.',
    ],
    ['ClosedByLoadId', 'Edm.Int64', true, 'Load that brought the row, or that repeated its file; null: none did.'],
    ['Reason', 'Edm.String', true, 'Why somebody dismissed it.'],
  ],
};

const drift: LedgerSet = {
  name: 'LoadDrift',
  type: 'LoadDriftEntry',
  view: 'load_drift',
  key: ['DriftId'],
  description: 'Column headers that the catalogue does not know, or that a file did not have.',
  fields: [
    ['DriftId', 'Edm.Int64', false, 'Number of the finding.'],
    ['LoadId', 'Edm.Int64', false, 'Load that found it.'],
    ['Source', 'Edm.String', false, 'Source of the file.'],
    ['Export', 'Edm.String', false, 'Kind of file.'],
    ['Header', 'Edm.String', false, 'The column header.'],
    ['Kind', 'Edm.String', false, 'unknown: not in the catalogue; missing: not in the file.'],
    ['Sample', 'Edm.String', true, 'One value of the column.'],
  ],
};

const freshness: LedgerSet = {
  name: 'SourceFreshness',
  type: 'SourceFreshnessEntry',
  view: 'source_freshness',
  key: ['Source', 'Export'],
  description: 'How fresh each export is, one row each, as things are when it is asked for.',
  fields: [
    ['Source', 'Edm.String', false, 'Source of the files.'],
    ['Export', 'Edm.String', false, 'Kind of file.'],
    ['EntitySet', 'Edm.String', false, 'Entity set that the files fill.'],
    ['Expectation', 'Edm.String', true, 'How often files should come; null: nobody said.'],
    ['LastFile', 'Edm.String', true, 'Name of the newest file, by what it speaks of; null: none came yet.'],
    ['LastFileTime', 'Edm.DateTimeOffset', true, 'Time that the newest file speaks of.'],
    ['LastLoadedAt', 'Edm.DateTimeOffset', true, 'When a file of the export was taken in last.'],
    [
      'NewestRow',
      'Edm.DateTimeOffset',
      true,
      'Newest value of the time that tells the newer row, else that of the newest file.',
    ],
    ['DueAt', 'Edm.DateTimeOffset', true, 'When the next file is due; where it is late, when it was.'],
    ['Late', 'Edm.Boolean', false, 'The file that was due last is not there.'],
    [
      'MissingDays',
      'Edm.Int32',
      false,
      'Days, or other times of the expectation, without a file, from the first known to the one due last.',
    ],
    ['MissingDayList', 'Edm.String', true, 'The first day of each of them, the last hundred at most, between commas.'],
    ['OpenRejects', 'Edm.Int64', false, 'Rejected rows of the export that wait for somebody.'],
    ['RefusedFiles', 'Edm.Int64', false, 'Refused files of the export that wait for somebody.'],
    ['StuckUploads', 'Edm.Int64', false, 'Files of the source that have been incomplete for too long.'],
    [
      'State',
      'Edm.String',
      false,
      'The first that holds of late, refused, stuck, incomplete, rejects, unknown (no file yet) and fresh.',
    ],
  ],
};

const archivedSets: LedgerSet = {
  name: 'ArchivedSets',
  type: 'ArchivedSet',
  view: 'archived_sets',
  key: ['EntitySet'],
  description: 'Sets of proxied feeds whose rows are kept, one row each.',
  fields: [
    ['EntitySet', 'Edm.String', false, 'Entity set whose rows are kept.'],
    ['Source', 'Edm.String', false, 'Source of the feed.'],
    ['Complete', 'Edm.Boolean', false, 'All that the feed had was copied once.'],
    [
      'Watermark',
      'Edm.DateTimeOffset',
      true,
      'Rows of before were copied; null: none yet, or the set is compared whole.',
    ],
    ['CopiedAt', 'Edm.DateTimeOffset', true, 'When the archive was brought up to the feed last; null: never.'],
    ['ComparedAt', 'Edm.DateTimeOffset', true, 'When all of it was compared with the feed last.'],
    ['FailingSince', 'Edm.DateTimeOffset', true, 'When the first copy failed since the last good one; null: none did.'],
    ['ErrorCode', 'Edm.String', true, 'Why the last one did, as a stable code.'],
    ['ErrorMessage', 'Edm.String', true, 'Why, in words.'],
    [
      'Lacking',
      'Edm.String',
      true,
      'Documented properties that are not in the feed, or of another type: null in sets over all sources. Null: all are there.',
    ],
  ],
};

const archiveCopies: LedgerSet = {
  name: 'ArchiveCopies',
  type: 'ArchiveCopy',
  view: 'archive_copies',
  key: ['CopyId'],
  description:
    'Copies of rows of proxied feeds that changed something or compared a whole set, one row for each transaction.',
  fields: [
    ['CopyId', 'Edm.Int64', false, 'Number of the copy.'],
    ['EntitySet', 'Edm.String', false, 'Entity set whose rows were copied.'],
    [
      'Kind',
      'Edm.String',
      false,
      'window: rows of a time; timeless: rows without one; whole: the whole set; purged: nothing but marks of what the feed has no longer.',
    ],
    ['FromTime', 'Edm.DateTimeOffset', true, 'Points in time of the rows, from this one on; null: no bound.'],
    ['ToTime', 'Edm.DateTimeOffset', true, 'And before this one.'],
    ['RowsRead', 'Edm.Int64', false, 'Rows read: the sum of inserted, updated, unchanged and duplicate.'],
    ['RowsInserted', 'Edm.Int64', false, 'Rows that were new.'],
    ['RowsUpdated', 'Edm.Int64', false, 'Rows that changed a stored one.'],
    ['RowsUnchanged', 'Edm.Int64', false, 'Rows that were stored already.'],
    ['RowsDuplicate', 'Edm.Int64', false, 'Rows whose key came again later in the same copy.'],
    ['RowsErased', 'Edm.Int64', false, 'Rows of persons who were erased, which were left out.'],
    ['RowsPurged', 'Edm.Int64', false, 'Stored rows that the feed was found to have purged.'],
    ['RowsDeleted', 'Edm.Int64', false, 'Stored rows that were deleted at the feed.'],
    ['CopiedAt', 'Edm.DateTimeOffset', false, 'When.'],
  ],
};

const auditEvents: LedgerSet = {
  name: 'AuditEvents',
  type: 'AuditEvent',
  view: 'audit_events',
  key: ['EventId'],
  description: 'Who asked the feed for what, one row a request; for administrators.',
  fields: [
    ['EventId', 'Edm.Int64', false, 'Number of the row, in the order of writing.'],
    ['RequestId', 'Edm.String', false, 'As the reply said in X-Request-Id.'],
    ['At', 'Edm.DateTimeOffset', false, 'When the request came.'],
    ['Principal', 'Edm.String', true, 'Id of whoever signed in; null: nobody did.'],
    ['Name', 'Edm.String', true, 'Name of whoever signed in.'],
    ['Address', 'Edm.String', false, 'IP address of the client, as a proxy of TRUST_PROXY says it.'],
    ['Method', 'Edm.String', false, 'GET, HEAD, POST and so on.'],
    ['Path', 'Edm.String', false, 'Names alone; keys are marks.'],
    ['Query', 'Edm.String', false, 'Decoded; literals are marks where personal data is named.'],
    ['Status', 'Edm.Int32', false, 'Status of the reply; 499: the client left.'],
    ['ErrorCode', 'Edm.String', true, 'Code of the error; null: none.'],
    ['Rows', 'Edm.Int64', true, 'Rows that were sent; null: the reply has none.'],
    ['Bytes', 'Edm.Int64', true, 'Bytes that were sent, the head included; null: part of a batch, or answered later.'],
    ['Milliseconds', 'Edm.Int32', false, 'From the first byte of the request to the end of the reply.'],
    [
      'Client',
      'Edm.String',
      true,
      'Power Query, Excel, curl, Python, R or browser, as the user agent says; null: another.',
    ],
    ['Agent', 'Edm.String', false, 'The user agent, cut to 200 characters.'],
  ],
};

const backTo = (set: LedgerSet): NavigationProperty => ({
  kind: 'NavigationProperty',
  name: 'Load',
  target: loads.type,
  collection: false,
  nullable: false,
  partner: set === rejects ? 'Rejects' : 'Drift',
  join: [{ property: 'LoadId', referencedProperty: 'LoadId' }],
});

const onLoads = (set: LedgerSet): NavigationProperty => ({
  ...backTo(set),
  name: set === rejects ? 'Rejects' : 'Drift',
  target: set.type,
  collection: true,
  partner: 'Load',
});

const relations = new Map<LedgerSet, readonly (readonly [NavigationProperty, LedgerSet])[]>([
  [
    loads,
    [
      [onLoads(rejects), rejects],
      [onLoads(drift), drift],
    ],
  ],
  [rejects, [[backTo(rejects), loads]]],
  [drift, [[backTo(drift), loads]]],
]);

/** Entity sets of the ledger; their rows are views of the schema `gateway`. */
export const ledgerSets: readonly { readonly set: EntitySet; readonly binding: StoredSet }[] = [
  loads,
  rejects,
  drift,
  freshness,
  archivedSets,
  archiveCopies,
  auditEvents,
].map((ledger) => ({ set: entitySet(ledger), binding: binding(ledger) }));

function entitySet(ledger: LedgerSet): EntitySet {
  const navigations = relations.get(ledger) ?? [];
  const entityType: EntityType = {
    kind: 'EntityType',
    name: ledger.type,
    key: ledger.key,
    properties: new Map(ledger.fields.map((field) => [field[0], property(field)])),
    navigationProperties: new Map(navigations.map(([navigation]) => [navigation.name, navigation])),
    description: ledger.description,
  };
  return {
    kind: 'EntitySet',
    name: ledger.name,
    title: `${ledgerSource.title}: ${ledger.name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ')}`,
    entityType,
    navigationPropertyBindings: new Map(navigations.map(([navigation, target]) => [navigation.name, target.name])),
    description: ledger.description,
    searchable: [],
  };
}

function property([name, type, nullable, description]: Field): Property {
  const personalData = name === 'RawText' || name === 'Sample' || name === 'Reason' ? 'content' : 'none';
  return { kind: 'Property', name, type, collection: false, nullable, description, personalData };
}

function binding(ledger: LedgerSet): StoredSet {
  return {
    kind: 'stored',
    name: ledger.name,
    source: ledgerSource.name,
    role: 'ledger',
    relation: { schema: 'gateway', name: ledger.view },
    columns: new Map(ledger.fields.map(([name, type]) => [name, { name, sqlType: primitiveType(type).postgres }])),
    rowId: '_row',
    versionColumn: null,
    hiddenBy: null,
    indexes: [],
    derivation: null,
  };
}
