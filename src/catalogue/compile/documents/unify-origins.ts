import type { ExportEntry } from '../schema/schema.ts';
import type { ContributionEntry } from '../schema/unify-schema.ts';
import type { DraftIndex, SetDraft, SourceDraft, UnifiedSource } from './draft.ts';

/** What one set says of itself for one unified set, and where in its document. */
export interface SaidContribution {
  readonly draft: SetDraft;
  /** Without a prefix, as the document names it. */
  readonly target: string;
  readonly entry: ContributionEntry;
  readonly path: readonly (string | number)[];
}

/** All that sets say of themselves for unified ones, in the order of the sets. */
export function saidContributions(sets: Iterable<SetDraft>): readonly SaidContribution[] {
  return [...sets].flatMap((draft) =>
    Object.entries(draft.entry.unify ?? {}).flatMap(([target, given]) =>
      (Array.isArray(given) ? given : [given]).map((entry, number) => ({
        draft,
        target,
        entry,
        path: Array.isArray(given) ? ['unify', target, number] : ['unify', target],
      })),
    ),
  );
}

/** The row of a source that a unified row was made of: how a unified set leads there. */
export interface Origin {
  /** Set with the row, and the name that its navigation property has. */
  readonly set: string;
  readonly as: string;
  /** Own property of the unified set to the key property there and the property that its value is taken from. */
  readonly pairs: readonly { readonly property: string; readonly key: string; readonly from: string }[];
}

/** Types whose examples stand in files as they stand everywhere. */
const plainTypes = new Set(['String', 'Int16', 'Int32', 'Int64', 'Guid', 'Byte', 'Date', 'TimeOfDay']);

/** Where the own rows of a contribution are: in its set, if the id is its key, or where the id leads. null: nothing is one row. */
export function originOf(
  { draft, entry }: SaidContribution,
  index: Pick<DraftIndex, 'sets' | 'prefixes'>,
): Origin | null {
  const target = entry.grouped === true ? null : originSet(draft, entry, index);
  const prefix = index.prefixes.get(draft.source) ?? '';
  const plain = entry.id.every((name) => plainTypes.has(draft.entry.properties[name]?.type ?? ''));
  if (target === null || !plain || target.entry.key.length !== entry.id.length) {
    return null;
  }
  return {
    set: target.setName,
    as: target.typeName,
    pairs: entry.id.map((from, place) => ({
      // Feeds call the ids of many things the same.
      property:
        draft.form === 'upstream' ? target.typeName + from.charAt(0).toUpperCase() + from.slice(1) : prefix + from,
      from,
      key: target === draft ? from : (target.entry.key[place] ?? from),
    })),
  };
}

function originSet(
  draft: SetDraft,
  { id }: ContributionEntry,
  index: Pick<DraftIndex, 'sets' | 'prefixes'>,
): SetDraft | null {
  if ([...draft.entry.key].sort().join() === [...id].sort().join()) {
    const [only] = id;
    const led = id.length === 1 && only !== undefined ? leadsTo(draft, only, index) : null;
    return led ?? draft;
  }
  const [only, ...more] = id;
  return only === undefined || more.length > 0 ? null : leadsTo(draft, only, index);
}

function leadsTo(draft: SetDraft, property: string, index: Pick<DraftIndex, 'sets' | 'prefixes'>): SetDraft | null {
  const given = draft.entry.properties[property]?.references;
  const reference = typeof given === 'string' ? given : given?.set;
  if (reference === undefined || reference.includes('.')) {
    return null;
  }
  const target = index.sets.get((index.prefixes.get(draft.source) ?? '') + reference);
  return target === undefined || target.form === 'upstream' ? null : target;
}

/** The index with a property and a navigation property on each unified set for each set that has its rows. */
export function withOrigins(sources: readonly SourceDraft[], index: Omit<DraftIndex, 'unified'>): DraftIndex {
  const [first, ...more] = sources.filter(({ entry }) => entry.kind === 'unified');
  for (const other of more) {
    other.report(
      ['kind'],
      `${first?.name ?? ''} has the sets over all sources already.`,
      'Put all of them into one folder.',
    );
  }
  if (first === undefined) {
    return { ...index, unified: null };
  }
  const sets = new Map(index.sets);
  for (const said of saidContributions(index.sets.values())) {
    const name = first.entry.prefix + said.target;
    const target = sets.get(name);
    const origin = target?.source === first.name ? originOf(said, index) : null;
    if (target !== undefined && origin !== null) {
      sets.set(name, { ...target, entry: withOrigin(target.entry, said.draft, origin, index) });
    }
  }
  return { ...index, sets, unified: unifiedSource(first, sources) };
}

function withOrigin(
  entry: ExportEntry,
  from: SetDraft,
  origin: Origin,
  index: Pick<DraftIndex, 'prefixes'>,
): ExportEntry {
  const prefix = index.prefixes.get(from.source) ?? '';
  const set = `${from.source}.${origin.set.slice(prefix.length)}`;
  const description = `The row of ${origin.set} that this one is made of.`;
  const single = origin.pairs.length === 1;
  const properties = { ...entry.properties };
  for (const { property, from: theirs } of origin.pairs) {
    const own = from.entry.properties[theirs];
    if (own === undefined || properties[property] !== undefined) {
      continue;
    }
    properties[property] = {
      type: own.type,
      nullable: true,
      personalData: own.personalData,
      // The name of the set is in the description of the navigation, which whoever may not see the set does not see either.
      description: 'Key of the row of its source that this one is made of; null: it comes from elsewhere.',
      example: own.example,
      ...(single ? { references: { set, as: origin.as, oneWay: true } } : {}),
    };
  }
  if (single) {
    return { ...entry, properties };
  }
  const join = Object.fromEntries(origin.pairs.map(({ property, key }) => [property, key]));
  return {
    ...entry,
    properties,
    navigation: { ...entry.navigation, [origin.as]: { set, join, oneWay: true, description } },
  };
}

function unifiedSource(unified: SourceDraft, sources: readonly SourceDraft[]): UnifiedSource {
  const known = new Set(sources.map(({ name }) => name));
  const precedence = new Map<string, number>();
  for (const [number, names] of (unified.entry.moved ?? []).entries()) {
    for (const [place, name] of names.entries()) {
      if (!known.has(name)) {
        unified.report(['moved', number, place], `There is no source "${name}".`, 'Name folders of metadata.');
      }
      precedence.set(name, place);
    }
  }
  return {
    name: unified.name,
    products: new Map(sources.map(({ name, entry }) => [name, entry.extends ?? name])),
    precedence,
  };
}
