import type { EntitySet, EntityType, Model, NavigationProperty } from '../../edm/model.ts';
import type { Catalogue, Export, PropertyHint, SetBinding, Source, StoredSet, UpstreamSet } from '../catalogue.ts';
import { buildDerivation, fixedRows } from './derived/build-derivation.ts';
import { checkUnify } from './derived/build-unified.ts';
import { type DraftIndex, resolveSetName, type SetDraft, type SourceDraft } from './documents/draft.ts';
import type { Environment } from './documents/expand-environment.ts';
import { type Fault, faultText } from './documents/fault.ts';
import { type MetadataFile, parseMetadata } from './documents/parse-document.ts';
import { resolveDocuments } from './documents/resolve-documents.ts';
import { buildExport, fileDefaults } from './export/build-export.ts';
import { sourceRetention } from './export/retention-of.ts';
import { ledgerSets, ledgerSource } from './ledger-sets.ts';
import { checkPersonalData } from './personal/check-personal-data.ts';
import { PersonalPolicies } from './personal/personal-policies.ts';
import { type Matches, plainMatches } from './schema/pattern-cost.ts';
import { buildNavigation, type Navigations } from './sets/build-navigation.ts';
import { type BuiltProperties, buildProperties } from './sets/build-properties.ts';
import { checkDocument } from './sets/check-document.ts';
import { isTimeZone } from './sets/conversions.ts';
import { archiveOf, checkArchive, sourceArchive } from './source/build-archive.ts';
import { buildDeliveries } from './source/build-deliveries.ts';
import { buildSignIn } from './source/build-sign-in.ts';

export const schemaNamespace = 'Gateway';
export const containerName = 'Container';

export interface CatalogueResult {
  /** null where there are faults. */
  readonly catalogue: Catalogue | null;
  /** All faults of all files, in the order of the files. */
  readonly faults: readonly Fault[];
}

/**
 * Builds the catalogue from the texts of the metadata files (docs/metadata.md). Pure: the same texts and environment
 * give the same catalogue. Every fault is found in one go, none is thrown. `matches` tries the patterns of the files.
 */
export function buildCatalogue(
  files: readonly MetadataFile[],
  environment: Environment,
  matches: Matches = plainMatches,
): CatalogueResult {
  const faults = new Map<string, Fault>();
  const note = (fault: Fault): void => {
    faults.set(faultText(fault), fault);
  };
  const documents = [...files]
    .sort((left, right) => (left.file < right.file ? -1 : 1))
    .map((file) => {
      const { document, faults: syntax } = parseMetadata(file);
      syntax.forEach(note);
      return document;
    });
  const { sources, index } = resolveDocuments(documents, environment, note);
  const catalogue = assemble(sources, index, matches);
  const order = new Map(documents.map((document, position) => [document.file, position]));
  const sorted = [...faults.values()].sort(
    (left, right) => (order.get(left.file) ?? 0) - (order.get(right.file) ?? 0) || (left.line ?? 0) - (right.line ?? 0),
  );
  return sorted.length > 0 ? { catalogue: null, faults: sorted } : { catalogue, faults: [] };
}

function assemble(sources: readonly SourceDraft[], index: DraftIndex, matches: Matches): Catalogue {
  const drafts = [...index.sets.values()];
  for (const draft of [...drafts, ...index.doubles]) {
    checkDocument(draft, matches);
  }
  for (const draft of index.doubles) {
    buildProperties(draft);
  }
  checkOwnNames(drafts);
  for (const source of sources) {
    checkSource(source);
    checkArchive(source);
  }
  checkUnify(index);
  const navigations = buildNavigation(index);
  const policies = new PersonalPolicies(sources, index);
  checkPersonalData(policies, index);
  const entitySets = new Map<string, EntitySet>();
  const sets = new Map<string, SetBinding>();
  const exports: Export[] = [];
  for (const draft of drafts) {
    const built = buildProperties(draft);
    const source = sources.find((candidate) => candidate.name === draft.source);
    const archive = archiveOf(draft, source, { policies, index });
    const kept = archive === null ? {} : { archive };
    const stored = draft.form !== 'upstream';
    sets.set(draft.setName, stored ? storedSet(draft, built, index) : { ...upstreamSet(draft, index), ...kept });
    entitySets.set(
      draft.setName,
      entitySet(draft, built, {
        navigations,
        sourceTitle: source?.entry.title ?? null,
        unified: draft.source === index.unified?.name,
      }),
    );
    if (draft.form === 'export' && source !== undefined) {
      exports.push(buildExport(source, draft, { index, policies }));
    }
  }
  for (const { set, binding } of ledgerSets) {
    entitySets.set(set.name, set);
    sets.set(binding.name, binding);
  }
  const named = new Map(
    [...sources.map((source) => buildSource(source, matches)), ledgerSource].map((source) => [source.name, source]),
  );
  return Object.freeze({ model: buildModel(entitySets), sources: named, sets, exports });
}

function buildModel(entitySets: ReadonlyMap<string, EntitySet>): Model {
  const entityTypes = new Map([...entitySets.values()].map((set) => [set.entityType.name, set.entityType]));
  return Object.freeze({ namespace: schemaNamespace, container: containerName, entityTypes, entitySets });
}

/** Names the gateway uses itself, and entity type names that come twice. */
function checkOwnNames(drafts: readonly SetDraft[]): void {
  const types = new Map<string, string>();
  for (const { set } of ledgerSets) {
    types.set(set.entityType.name.toLowerCase(), set.name);
  }
  for (const draft of drafts) {
    if (ledgerSets.some(({ set }) => set.name.toLowerCase() === draft.setName.toLowerCase())) {
      draft.report(['set'], `${draft.setName} is a set of the gateway itself.`, 'Choose another name or a prefix.');
    }
    const earlier = types.get(draft.typeName.toLowerCase());
    if (earlier !== undefined) {
      const message = `The entity type ${draft.typeName} is already that of ${earlier}.`;
      draft.report([draft.entry.entity === undefined ? 'set' : 'entity'], message, 'Choose another entity name.');
    }
    types.set(draft.typeName.toLowerCase(), draft.setName);
  }
}

function checkSource(source: SourceDraft): void {
  const { entry } = source;
  if (entry.kind === 'odata' && entry.upstream === undefined) {
    source.report(['upstream'], 'This key is missing.', 'Add upstream: with the url of the feed, or kind: files.');
  }
  if (entry.kind === 'files' && entry.upstream !== undefined) {
    source.report(['upstream'], '"upstream" has no meaning for a source of files.', 'Remove it, or use kind: odata.');
  }
  if (entry.kind === 'odata' && entry.delivery !== undefined) {
    source.report(['delivery'], '"delivery" has no meaning for a proxied feed.', 'Remove it, or use kind: files.');
  }
  for (const { report } of entry.kind === 'odata' ? source.deliveries : []) {
    report([], 'A proxied feed has no files to fetch.', 'Remove it, or use kind: files.');
  }
  if (entry.kind === 'odata' && entry.retention !== undefined) {
    source.report(['retention'], 'Nothing of a proxied feed is stored.', 'Remove it, or use kind: files.');
  }
  if (entry.kind === 'odata' && entry.personalData !== undefined && !(entry.archive ?? false)) {
    const message = 'Rows of a proxied feed are not stored, so nothing is done to their personal data here.';
    source.report(['personalData'], message, 'Remove it, or have the rows kept: archive: true.');
  }
  const zone = entry.files?.timeZone;
  if (zone !== undefined && !isTimeZone(zone)) {
    const message = `There is no time zone "${zone}".`;
    source.report(['files', 'timeZone'], message, 'Use an IANA name, e.g. Europe/Amsterdam.');
  }
  const url = entry.upstream?.url;
  if (typeof url === 'string' && !/^https?:\/\/[^\s?#/@]+(?:\/[^\s?#]*)?$/.test(url)) {
    // Credentials in it are shown to nobody.
    const shown = url.replace(/[?#].*$/s, '?...').replace(/\/\/.*@/s, '//...@');
    const message = `"${shown}" is no absolute http or https address without a query, name or password.`;
    source.report(
      ['upstream', 'url'],
      message,
      'Give the service root of the feed; what it is asked with belongs in signIn.',
    );
  }
}

function buildSource(source: SourceDraft, matches: Matches): Source {
  const { entry } = source;
  const { title, description, kind, prefix } = entry;
  const common = {
    name: source.name,
    title,
    description,
    kind: kind === 'unified' ? ('builtin' as const) : kind,
    prefix,
  };
  if (entry.kind === 'unified') {
    return common;
  }
  if (entry.kind === 'files') {
    const { minimumAgeSeconds = 60, completeMark = null } = entry.delivery ?? {};
    return {
      ...common,
      files: fileDefaults(entry.files),
      delivery: { minimumAgeSeconds, completeMark },
      retention: sourceRetention(entry),
      deliveries: buildDeliveries(source, matches),
    };
  }
  const url = entry.upstream?.url ?? null;
  return {
    ...common,
    archive: sourceArchive(entry),
    upstream: {
      url: url === null ? null : `${url.replace(/\/+$/, '')}/`,
      urlVariable: source.urlVariable,
      signIn: buildSignIn(source),
      maxUrlLength: entry.upstream?.maxUrlLength ?? 2048,
      timeoutSeconds: entry.upstream?.timeoutSeconds ?? 120,
      maxConcurrentRequests: entry.upstream?.maxConcurrentRequests ?? 8,
      metadataSchedule: entry.upstream?.metadataSchedule ?? '10 0 * * *',
    },
  };
}

interface SetPlace {
  readonly navigations: Navigations;
  readonly sourceTitle: string | null;
  /** It is of no source alone. */
  readonly unified: boolean;
}

function entitySet(
  draft: SetDraft,
  built: BuiltProperties,
  { navigations, sourceTitle, unified }: SetPlace,
): EntitySet {
  const own = navigations.get(draft.setName) ?? new Map<string, { property: NavigationProperty; set: string }>();
  const entityType: EntityType = Object.freeze({
    kind: 'EntityType',
    name: draft.typeName,
    key: draft.entry.key,
    properties: built.properties,
    navigationProperties: new Map([...own].map(([name, navigation]) => [name, navigation.property])),
    description: draft.entry.description,
  });
  return Object.freeze({
    kind: 'EntitySet',
    name: draft.setName,
    // Sources of one product have sets of the same title.
    title: sourceTitle === null || unified ? draft.entry.title : `${sourceTitle}: ${draft.entry.title}`,
    entityType,
    navigationPropertyBindings: new Map([...own].map(([name, navigation]) => [name, navigation.set])),
    description: draft.entry.description,
    searchable: draft.entry.searchable ?? [],
  });
}

function storedSet(draft: SetDraft, built: BuiltProperties, index: DraftIndex): StoredSet {
  const write = draft.entry.write;
  const roles = {
    export: 'export',
    rows: 'codeList',
    bridge: 'derived',
    dimension: 'derived',
    unified: 'derived',
    calendar: 'derived',
    upstream: 'export',
  } as const;
  const seeds = draft.entry.seedRows === undefined ? {} : { seedRows: fixedRows(draft, 'seedRows') };
  return {
    kind: 'stored',
    name: draft.setName,
    source: draft.source,
    role: roles[draft.form],
    relation: { schema: 'feed', name: draft.setName },
    columns: built.columns,
    rowId: '_row',
    versionColumn: '_version',
    hiddenBy: write?.mode === 'snapshot' && write.missing === 'hide' ? '_deleted_at' : null,
    indexes: indexesOf(draft),
    derivation: buildDerivation(draft, index),
    ...seeds,
  };
}

/** References, points in time and what the document asks for; the key has its index anyway. */
function indexesOf(draft: SetDraft): readonly (readonly string[])[] {
  const { properties, key, navigation = {}, indexes = [] } = draft.entry;
  // Each costs loads of all sources: such a set says itself which ones it is read by.
  if (draft.form === 'unified') {
    return indexes;
  }
  const single = Object.entries(properties)
    .filter(([, entry]) => entry.references !== undefined || entry.type === 'DateTimeOffset' || entry.type === 'Date')
    .map(([name]) => [name]);
  const joined = Object.values(navigation).map((entry) => Object.keys(entry.join));
  const all = [...single, ...joined, ...indexes].filter((names) => names.join() !== key.slice(0, names.length).join());
  return [...new Map(all.map((names) => [names.join(), names])).values()];
}

/** Of a text as the schema lets it through. */
function refreshedAt(text: string | undefined): Pick<UpstreamSet, 'refreshed'> {
  const [, hours, minutes] = /(\d\d):(\d\d)/.exec(text ?? '') ?? [];
  return hours === undefined ? {} : { refreshed: Number(hours) * 60 + Number(minutes) };
}

function upstreamSet(draft: SetDraft, index: DraftIndex): UpstreamSet {
  const hints = new Map<string, PropertyHint>();
  for (const [name, entry] of Object.entries(draft.entry.properties)) {
    const codeList = entry.codeList === undefined ? null : resolveSetName(index, draft.source, entry.codeList);
    const upstreamNames = entry.upstreamNames?.map((one) => ({ name: one.name, divisor: one.divisor ?? null }));
    hints.set(name, { example: entry.example, codeList, ...(upstreamNames && { upstreamNames }) });
  }
  return {
    kind: 'upstream',
    name: draft.setName,
    source: draft.source,
    upstreamName: draft.entry.upstreamName ?? null,
    title: draft.entry.title,
    hints,
    ...refreshedAt(draft.entry.refreshed),
  };
}
