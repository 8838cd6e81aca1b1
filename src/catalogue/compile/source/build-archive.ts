import type { PersonalData } from '../../../edm/model.ts';
import {
  type ArchivePolicies,
  type ArchiveSettings,
  type SourceArchive,
  spanSeconds,
  treatsAny,
} from '../../archive-settings.ts';
import type { PersonalPolicy } from '../../personal-data.ts';
import { keptFor } from '../../retention.ts';
import type { DraftIndex, SetDraft, SourceDraft } from '../documents/draft.ts';
import { identifyingProperties } from '../personal/identifying-properties.ts';
import type { PersonalPolicies } from '../personal/personal-policies.ts';
import type { ExportEntry, PersonalPoliciesEntry, SourceEntry } from '../schema/schema.ts';

const usual: ArchiveSettings = {
  by: null,
  overlapSeconds: 3 * 86_400,
  serve: 'both',
  wholeEverySeconds: 86_400,
  keep: null,
  personal: { byProperty: new Map(), byClass: new Map(), exact: new Set() },
  freshSeconds: 60,
};
const usualSchedule = '20 * * * *';

type SetEntry = Exclude<NonNullable<ExportEntry['archive']>, boolean>;

function settingsOf(entry: SetEntry, before: ArchiveSettings): ArchiveSettings {
  const span = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : (spanSeconds(text) ?? otherwise);
  return {
    by: entry.by === undefined ? before.by : entry.by,
    overlapSeconds: span(entry.overlap, before.overlapSeconds),
    serve: entry.serve ?? before.serve,
    wholeEverySeconds: span(entry.wholeEvery, before.wholeEverySeconds),
    personal: before.personal,
    keep: entry.keep === undefined ? before.keep : keptFor(entry.keep),
    freshSeconds: span(entry.freshFor, before.freshSeconds),
  };
}

/**
 * Rows that somebody's own token was needed for are for nobody else: none are kept, whatever `archive` says. How the gateway signs in is a setting of the
 * environment, for which nobody should have to change a vendor's metadata.
 */
const ofCallers = ({ upstream }: SourceEntry): boolean => upstream?.signIn?.kind === 'caller';

/** What is kept of a proxied source. */
export function sourceArchive(source: SourceEntry): SourceArchive {
  const { archive, personalData = {} } = source;
  const { schedule = usualSchedule, ...rest } = typeof archive === 'object' ? archive : {};
  const kept = archive !== undefined && archive !== false && !ofCallers(source);
  const personal = { ...usual.personal, byClass: byClassOf(personalData) };
  return { schedule, sets: kept ? settingsOf(rest, { ...usual, personal }) : null };
}

const byClassOf = ({ extras: _, ...classes }: PersonalPoliciesEntry): ArchivePolicies['byClass'] =>
  new Map(Object.entries(classes) as [Exclude<PersonalData, 'none'>, PersonalPolicy][]);

/** What the policies of the metadata come to for one set. */
interface Policies {
  readonly policies: PersonalPolicies;
  readonly index: DraftIndex;
}

/** Whether and how a set is kept; null: it is not. */
export function archiveOf(
  draft: SetDraft,
  source: SourceDraft | undefined,
  { policies, index }: Policies,
): ArchiveSettings | null {
  const { entry, report } = draft;
  const { archive } = entry;
  if (draft.form !== 'upstream') {
    if (archive !== undefined) {
      report(['archive'], 'Only rows of a proxied feed are archived.', 'Remove it: what files bring is stored anyway.');
    }
    return null;
  }
  const all = source === undefined ? null : sourceArchive(source.entry).sets;
  const isForCallers = source !== undefined && ofCallers(source.entry);
  if (isForCallers || archive === false || (archive === undefined && all === null)) {
    return null;
  }
  const treated = policies.rules(draft).policies;
  const personal: ArchivePolicies = {
    byProperty: new Map(Object.keys(entry.properties).map((name) => [name, treated.get(name) ?? 'keep'])),
    byClass: byClassOf({ ...source?.entry.personalData, ...entry.personalData }),
    exact: identifyingProperties(draft, index),
  };
  const settings = { ...settingsOf(typeof archive === 'object' ? archive : {}, all ?? usual), personal };
  const policyOfBy = personal.byProperty.get(settings.by ?? '') ?? 'keep';
  if (policyOfBy !== 'keep') {
    const message = `${settings.by} is not kept as it is (${policyOfBy}), so rows cannot be copied by it.`;
    report(['archive', 'by'], message, 'Name another property, or give this one policy: keep.');
  }
  if (settings.serve === 'live' && treatsAny(personal)) {
    const message =
      'Rows that are served live are as the feed has them, whatever becomes of personal data in the archive.';
    report(['archive'], message, 'Use serve: archive or both.');
  }
  const { by } = settings;
  const property = by === null ? undefined : entry.properties[by];
  if (by !== null && (property?.type !== 'DateTimeOffset' || property.collection === true)) {
    const message = property === undefined ? `There is no property ${by}.` : `${by} says no point in time.`;
    report(['archive', 'by'], message, 'Name a property of type DateTimeOffset that holds UTC, or leave it out.');
    return null;
  }
  if (typeof archive === 'object' && archive.keep !== undefined && by === null) {
    const message = 'Nothing says how old a row is, so none can be kept for a while only.';
    report(['archive', 'keep'], message, 'Name the property with the point in time under by, or leave it out.');
  }
  return settings;
}

/** Reports what a source cannot say. */
export function checkArchive({ entry, report }: SourceDraft): void {
  if (entry.kind === 'files' && entry.archive !== undefined) {
    report(
      ['archive'],
      '"archive" has no meaning for a source of files.',
      'Remove it: what files bring is stored anyway.',
    );
  }
}
